//! The commands: arguments in, one call of the runtime, `render` out.

mod account;
mod auth;
mod check;
mod completions;
mod credential;
mod doctor;
mod exec;
mod explain;
mod graph;
mod keep;
mod lsp;
mod man;
mod models;
mod providers;
mod resolve;
mod run_flow;
mod schema;
mod serve;
mod setup;
mod simulate;
mod target;
mod test;
mod token;
mod trust;
mod untrust;
mod use_;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Ended;

/// All commands, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    RunFlow(run_flow::Args),
    Login(account::Login),
    Logout(account::Logout),
    Status(account::Status),
    Whoami(account::Whoami),
    Token(token::Args),
    Resolve(resolve::Args),
    Exec(exec::Args),
    Credential(credential::Args),
    Auth(auth::Args),
    Keep(keep::Args),
    Serve(serve::Args),
    Setup(setup::Args),
    Use(use_::Args),
    Doctor(doctor::Args),
    Providers(providers::Args),
    Models(models::Args),
    Check(check::Args),
    Test(test::Args),
    Explain(explain::Args),
    Graph(graph::Args),
    Simulate(simulate::Args),
    Schema(schema::Args),
    Lsp(lsp::Args),
    Trust(trust::Args),
    Untrust(untrust::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// Whether `./providers.d` is not looked at: another program runs the command, in whichever folder it works on.
    pub(crate) fn ignores_folder(&self) -> bool {
        match self {
            Command::Credential(_) => true,
            Command::Resolve(args) => args.is_for_helper(),
            _ => false,
        }
    }

    /// As the command line writes it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::RunFlow(_) => "run-flow",
            Command::Login(_) => "login",
            Command::Logout(_) => "logout",
            Command::Status(_) => "status",
            Command::Whoami(_) => "whoami",
            Command::Token(_) => "token",
            Command::Resolve(_) => "resolve",
            Command::Exec(_) => "exec",
            Command::Credential(_) => "credential",
            Command::Auth(_) => "auth",
            Command::Keep(_) => "keep",
            Command::Serve(_) => "serve",
            Command::Setup(_) => "setup",
            Command::Use(_) => "use",
            Command::Doctor(_) => "doctor",
            Command::Providers(_) => "providers",
            Command::Models(_) => "models",
            Command::Check(_) => "check",
            Command::Test(_) => "test",
            Command::Explain(_) => "explain",
            Command::Graph(_) => "graph",
            Command::Simulate(_) => "simulate",
            Command::Schema(_) => "schema",
            Command::Lsp(_) => "lsp",
            Command::Trust(_) => "trust",
            Command::Untrust(_) => "untrust",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }
}

/// Runs a command.
pub(crate) fn run(command: Command, context: &Context) -> Ended {
    match command {
        Command::RunFlow(args) => run_flow::run(args, context),
        Command::Login(args) => account::login(args, context),
        Command::Logout(args) => account::logout(args, context),
        Command::Status(args) => account::status(args, context),
        Command::Whoami(args) => account::whoami(args, context),
        Command::Token(args) => token::run(args, context),
        Command::Resolve(args) => resolve::run(args, context),
        Command::Exec(args) => exec::run(args, context),
        Command::Credential(args) => credential::run(args, context),
        Command::Auth(args) => auth::run(args, context),
        Command::Keep(args) => keep::run(args, context),
        Command::Serve(args) => serve::run(args, context),
        Command::Setup(args) => setup::run(args, context),
        Command::Use(args) => use_::run(args, context),
        Command::Providers(args) => providers::run(args, context),
        Command::Models(args) => models::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Test(args) => test::run(args, context),
        Command::Explain(args) => explain::run(args),
        Command::Graph(args) => graph::run(args, context),
        Command::Simulate(args) => simulate::run(args, context),
        Command::Schema(args) => schema::run(args),
        Command::Lsp(args) => lsp::run(args, context),
        Command::Trust(args) => trust::run(args, context),
        Command::Untrust(args) => untrust::run(args, context),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
