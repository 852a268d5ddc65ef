//! `completions`: what a shell needs to complete our command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::render;

/// Print shell completions.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: Args) -> Ended {
    render::answer(&script(args.shell))?;
    Ok(Exit::Done)
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hermes-engine", &mut script);
    // In the branches of its script for bash clap_complete takes the hyphen of the name for the space before a subcommand,
    // and then none of them is ever taken.
    String::from_utf8_lossy(&script).replace("hermes__subcmd__engine", "hermes__engine")
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine completions bash > ~/.local/share/bash-completion/completions/hermes-engine
  hermes-engine completions fish > ~/.config/fish/completions/hermes-engine.fish";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_bash_can_be_in_has_its_branch() {
        let script = script(Shell::Bash);
        let commands =
            script.lines().filter_map(|line| line.trim().strip_prefix("cmd=\"")?.strip_suffix('"'));
        let commands: Vec<&str> = commands.filter(|command| !command.is_empty()).collect();
        assert!(commands.len() > 20, "{}", commands.len());
        for command in commands {
            let branch = format!("{command})");
            assert!(script.lines().any(|line| line.trim() == branch), "{branch}");
        }
    }
}
