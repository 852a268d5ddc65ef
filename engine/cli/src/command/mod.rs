//! The commands: arguments in, one call of the runtime, `render` out.

mod completions;
mod man;
mod models;
mod providers;
mod schema;

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What a command comes to: its exit code, or why it failed.
pub(crate) type Ended = Result<Exit, Failure>;

/// All commands, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Providers(providers::Args),
    Models(models::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs a command.
pub(crate) fn run(command: Command, context: &Context) -> Ended {
    match command {
        Command::Providers(args) => providers::run(args, context),
        Command::Models(args) => models::run(args, context),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
