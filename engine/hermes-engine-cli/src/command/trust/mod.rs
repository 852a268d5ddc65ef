//! `trust`: let a provider file, or the files of a folder, act.

mod consent;
mod list;

use std::path::{Path, PathBuf};

use hermes_engine::catalog::Place;
use hermes_engine::trust::{self, Refused};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::sha256;
use crate::render::{self, safe, say};
use consent::{OfFile, OfFolder};

/// Review and trust a provider file or a folder.
///
/// A file is trusted by its content, at any path, until it changes. A folder is trusted in every worktree of its
/// repository for what is shown: a file that later wants another host, variable, file, program or id is asked for again.
/// Shows everything first, with a diff since it was last trusted, and asks.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A provider file, or a folder such as `.`
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "list")]
    what: Option<PathBuf>,
    /// List trusted files and folders
    #[arg(long, conflicts_with_all = ["what", "yes"])]
    list: bool,
    /// Do not prompt
    #[arg(long, requires = "sha256")]
    yes: bool,
    /// Hash shown at review
    #[arg(long, value_name = "HEX", value_parser = sha256, requires = "yes")]
    sha256: Option<String>,
}

/// How the user consents.
#[derive(Clone, Copy)]
enum Consent<'a> {
    /// By an answer at the terminal.
    Asked,
    /// By the hash of what they have reviewed.
    Hash(&'a str),
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let Some(what) = args.what else { return list::list(context) };
    let consent = args.sha256.as_deref().map_or(Consent::Asked, Consent::Hash);
    if what.is_dir() {
        OfFolder::read(context, &folder_of(&what))?.decide(context, consent)
    } else {
        OfFile::read(context, &what)?.decide(context, consent)
    }
}

/// Asks about the file of a provider that nobody vouches for, where somebody can be asked.
pub(crate) fn ask_before(context: &Context, name: Option<&str>) -> Result<(), Failure> {
    let entry = context.find(name)?;
    let Some(path) = entry.path.clone().filter(|_| entry.place == Place::Here) else { return Ok(()) };
    let is_untrusted =
        || matches!(trust::open(&context.catalog, &entry, &context.home), Err(Refused::Untrusted));
    // Of one with errors nothing is quoted before somebody asks to review it.
    let is_whole = || context.catalog.open(&entry).is_ok_and(|opened| opened.provider.is_some());
    if !render::ask::at_terminal() || !is_untrusted() || !is_whole() {
        return Ok(());
    }
    let file = OfFile::read(context, &path)?;
    file.show(context)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let answers = [
        "No".to_owned(),
        "Trust this content of the file".to_owned(),
        format!("Review and trust the folder `{}`", safe(&folder.display().to_string())),
    ];
    match render::ask::choice("Trust it?", answers)? {
        1 => file.trust(context)?,
        2 => drop(OfFolder::read(context, folder)?.decide(context, Consent::Asked)?),
        _ => {}
    }
    Ok(())
}

/// The folder of provider files that a folder means: `providers.d` in it, or itself.
pub(super) fn folder_of(folder: &Path) -> PathBuf {
    let inner = folder.join("providers.d");
    match inner.is_dir() {
        true if folder == Path::new(".") => PathBuf::from("providers.d"),
        true => inner,
        false => folder.to_owned(),
    }
}

impl Consent<'_> {
    /// Whether the user consents to what was shown.
    fn is_given(self, sha256: &str, question: &str) -> Result<(), Failure> {
        let refused = |message: &str| Err(Failure::new(Exit::Refused, "untrusted_file", message));
        match self {
            Consent::Hash(given) if given == sha256 => Ok(()),
            Consent::Hash(_) => {
                refused("nothing was trusted: it is not what was reviewed, its hash is another")
            }
            Consent::Asked if !render::ask::at_terminal() => {
                refused("nothing was trusted: `trust` asks at a terminal, and there is none")
            }
            Consent::Asked => {
                say(&format!("sha256 {sha256}"));
                match render::ask::choice(question, ["No", "Yes"])? {
                    1 => Ok(()),
                    _ => refused("nothing was trusted"),
                }
            }
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine trust providers.d/my-provider.toml
  hermes-engine trust .                          all files of ./providers.d, for what they ask for now
  hermes-engine trust --list";
