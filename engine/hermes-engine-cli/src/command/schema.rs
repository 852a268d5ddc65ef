//! `schema`: the JSON Schemas of the files.

use clap::ValueEnum;
use hermes_format::raw::schema;

use crate::exit::Exit;
use crate::failure::Ended;
use crate::render;

/// Print the JSON Schema of provider, test or client files.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Kind of file
    #[arg(value_enum, default_value_t = Kind::Provider)]
    kind: Kind,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Provider and flow files
    Provider,
    /// Test files
    Test,
    /// Client files
    Client,
}

pub(super) fn run(args: Args) -> Ended {
    render::answer_json(&match args.kind {
        Kind::Provider => schema::provider_schema(),
        Kind::Test => schema::test_schema(),
        Kind::Client => schema::client_schema(),
    })?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine schema > provider.schema.json
  hermes-engine schema test > test.schema.json";
