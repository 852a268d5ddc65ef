//! `trust`: let a provider file read what it names.

use std::path::PathBuf;

use hermes_engine::catalog::Catalog;
use hermes_engine::trust::{Trust, destinations, wants};

use super::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, say};

/// Trust a provider file to read the variables, files and commands that it names.
///
/// It holds for the file as it is now: after any change, it has to be said again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let name = args.file.display().to_string();
    let entry = Catalog::at_path(&args.file).filter(|_| args.file.is_file()).ok_or_else(|| {
        Failure::usage(format!("`{name}` is no provider file")).help("name a .toml, .yaml or .yml file")
    })?;
    let (opened, provider) = context.open(&entry)?;
    Trust::add(&context.home, &opened)?;
    say(&format!("✓ `{}` is trusted as it is now.", safe(&name)));
    for want in wants(&provider) {
        say(&format!("  It may read {}.", safe(&want.to_string())));
    }
    for host in destinations(&provider) {
        say(&format!("  It may send to {}.", safe(&host)));
    }
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine trust providers.d/my-provider.toml";
