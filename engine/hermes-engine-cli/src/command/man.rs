//! `man`: the manual page.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render;

/// Print the manual page.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Command, such as `login` or `auth list`
    command: Vec<String>,
}

pub(super) fn run(args: Args) -> Ended {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for name in &args.command {
        let Some(found) = command.find_subcommand(name) else {
            let failure = Failure::usage(format!("there is no command `{}`", args.command.join(" ")));
            return Err(failure.help("see `hermes-engine help`"));
        };
        command = found;
    }
    let command = command.clone();
    let mut page = Vec::new();
    // Writing to memory can't fail.
    let _ = clap_mangen::Man::new(command).render(&mut page);
    render::answer(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine man | man -l -
  hermes-engine man run-flow > hermes-engine-run-flow.1
  hermes-engine man auth list | man -l -";
