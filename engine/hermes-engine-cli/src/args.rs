//! The command line as a whole. Each command's own arguments stand in its file.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser};

use crate::command::Command;

/// Declarative logins for AI providers.
#[derive(Debug, Parser)]
#[command(
    name = "hermes-engine",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = TOP_EXAMPLES
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Directory of credentials and user files [env: HERMES_HOME] [default: ~/.hermes]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Directory of provider files that take precedence (repeatable) [env: HERMES_PROVIDERS_DIR]
    #[arg(long = "providers-dir", global = true, value_name = "DIR")]
    pub(crate) providers_dirs: Vec<PathBuf>,
    /// Ignore ./providers.d [env: HERMES_NO_FOLDER]
    #[arg(long, global = true)]
    pub(crate) no_folder: bool,
    /// Print more on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use color (honors NO_COLOR)
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

/// Whether arguments ask for JSON, before (or without) having been understood.
pub(crate) fn asks_for_json(arguments: &[String]) -> bool {
    let ours = arguments.split(|argument| argument == "--").next().unwrap_or_default();
    let pair = |pair: &[String]| matches!(pair, [flag, value] if flag == "--format" && value == "json");
    ours.windows(2).any(pair) || ours.iter().any(|argument| argument == "--format=json")
}

const TOP_EXAMPLES: &str = "\
Examples:
  hermes-engine providers                    list providers
  hermes-engine run-flow PROVIDER            log in
  hermes-engine token PROVIDER               print a valid access token
  hermes-engine exec PROVIDER -- COMMAND     run a program with the credential in its environment
  hermes-engine check my-provider.toml       check a provider file

Exit codes:
  0 done                       5 timed out or expired
  1 a bug in the program       6 network or server, worth trying again
  2 usage                      7 refused for safety
  3 a login is needed          8 the store can't be read or written
  4 denied, or the flow failed 9 a provider file is wrong, or no such provider
  126 `exec`: the program can't be run    127 `exec`: no such program    130 interrupted";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_help() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {} has no help",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn json_is_asked_for_before_a_double_dash_only() {
        let asks = |line: &str| asks_for_json(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(asks("token acme --format json"));
        assert!(asks("token --format=json acme"));
        assert!(!asks("exec acme -- tool --format json"));
        assert!(!asks("token acme --format text"));
    }
}
