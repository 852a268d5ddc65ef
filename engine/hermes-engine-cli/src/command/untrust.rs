//! `untrust`: take trust back.

use std::path::PathBuf;

use hermes_engine::trust::{Trust, folder_key};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::{safe, say};

/// Revoke the trust in a provider file or a folder.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A file, a folder, or the start of a SHA-256 that `trust --list` shows
    #[arg(value_name = "FILE|FOLDER|SHA256")]
    what: String,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let trust = Trust::read(&context.home)?;
    let path = std::fs::canonicalize(&args.what).unwrap_or_else(|_| PathBuf::from(&args.what));
    let name = path.display().to_string();
    let folder = super::trust::folder_of(&path);
    let is_hash = args.what.len() >= 8 && args.what.bytes().all(|byte| byte.is_ascii_hexdigit());
    let contents = trust.contents.iter().filter(|(hash, file)| {
        file.path == name || (is_hash && hash.starts_with(&args.what.to_ascii_lowercase()))
    });
    let folders = trust.folders.iter().filter(|(key, of)| {
        of.path == name
            || of.path == folder.display().to_string()
            || folder_key(&folder).as_ref() == Some(key)
    });
    let keys: Vec<String> =
        contents.map(|(key, _)| key).chain(folders.map(|(key, _)| key)).cloned().collect();
    if keys.is_empty() {
        return Err(Failure::usage(format!("`{}` is not trusted", safe(&args.what)))
            .help("`hermes-engine trust --list` shows what is"));
    }
    Trust::remove(&context.home, &keys)?;
    say(&format!("✓ `{}` is not trusted any more.", safe(&args.what)));
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine untrust providers.d/my-provider.toml
  hermes-engine untrust .";
