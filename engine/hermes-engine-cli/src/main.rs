//! The `hermes-engine` command.
//!
//! Only [`render`] prints, and only this file ends the program. Nothing is started before a command needs it: a command
//! that prints a stored token never sees an asynchronous runtime or TLS.

mod args;
mod audit;
mod command;
mod context;
#[cfg(test)]
mod docs;
mod door;
mod exit;
mod explain;
mod failure;
mod flow;
mod lsp;
mod options;
mod recipe;
mod render;
mod session;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Global, asks_for_json};
use context::Context;
use exit::Exit;
use failure::Failure;

fn main() -> ExitCode {
    hermes_engine::core_file::forbid();
    hermes_engine::process::close_inherited_on_exec();
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    let as_json = asks_for_json(&arguments);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return render::usage::print(&error, as_json).into(),
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            render::failure::print(&failure, as_json);
            failure.exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    render::set_color(cli.global.color);
    let no_folder = cli.global.no_folder || cli.command.ignores_folder();
    let context = Context::new(&Global { no_folder, ..cli.global }, cli.command.name())?;
    command::run(cli.command, &context)
}
