//! The commands: arguments in, one call of the runtime, `render` out.

mod auth;
mod completions;
mod man;
mod models;
mod providers;
mod run_flow;
mod schema;
mod token;
mod trust;

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) use providers::refuse_discontinued;

/// What a command comes to: its exit code, or why it failed.
pub(crate) type Ended = Result<Exit, Failure>;

/// All commands, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    RunFlow(run_flow::Args),
    Token(token::Args),
    Auth(auth::Args),
    Providers(providers::Args),
    Models(models::Args),
    Schema(schema::Args),
    Trust(trust::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs a command.
pub(crate) fn run(command: Command, context: &Context) -> Ended {
    match command {
        Command::RunFlow(args) => run_flow::run(args, context),
        Command::Token(args) => token::run(args, context),
        Command::Auth(args) => auth::run(args, context),
        Command::Providers(args) => providers::run(args, context),
        Command::Models(args) => models::run(args, context),
        Command::Schema(args) => schema::run(args),
        Command::Trust(args) => trust::run(args, context),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
