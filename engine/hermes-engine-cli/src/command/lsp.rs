//! `lsp`: the language server, on stdin and stdout.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::lsp;

/// Run the language server for provider files.
///
/// Speaks the Language Server Protocol on stdin and stdout.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

pub(super) fn run(_: Args, context: &Context) -> Ended {
    let broken =
        |error: lsp::Broken| Failure::new(Exit::Usage, "protocol", format!("the editor went away: {error}"));
    lsp::serve(context).map_err(broken)?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine lsp        command for an editor, for TOML and YAML files";
