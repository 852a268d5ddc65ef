//! `man`: the manual page.

use clap::CommandFactory as _;

use super::Ended;
use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Print the manual page.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A command, for its own page
    command: Option<String>,
}

pub(super) fn run(args: Args) -> Ended {
    let mut root = Cli::command();
    root.build();
    let command = match &args.command {
        Some(name) => root
            .find_subcommand(name)
            .ok_or_else(|| {
                Failure::usage(format!("there is no command `{name}`")).help("see `hermes-engine help`")
            })?
            .clone(),
        None => root,
    };
    let mut page = Vec::new();
    // Writing to memory can't fail.
    let _ = clap_mangen::Man::new(command).render(&mut page);
    render::answer(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine man | man -l -
  hermes-engine man run-flow > hermes-engine-run-flow.1";
