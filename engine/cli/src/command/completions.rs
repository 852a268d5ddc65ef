//! `completions`: what a shell needs to complete our command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Ended;
use crate::args::Cli;
use crate::exit::Exit;
use crate::render;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: Args) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hermes-engine", &mut script);
    render::answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine completions bash > ~/.local/share/bash-completion/completions/hermes-engine
  hermes-engine completions fish > ~/.config/fish/completions/hermes-engine.fish";
