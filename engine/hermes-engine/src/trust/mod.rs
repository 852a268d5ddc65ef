//! Who vouches for a provider file. One that nobody vouches for acts on nothing of the user's.
//!
//! A file that came with a checkout must not be able to carry off a key, replace a stored login or choose where a client
//! sends. So it is judged by where it comes from, before anything that it says counts: what is built in is vouched for;
//! so is a file of `$HERMES_HOME/providers.d` or of a `--providers-dir` that nobody else can write; one of
//! `./providers.d` only where it says what the built-in file of its id says, or where the user trusts this content, or
//! this folder for no more than was shown.
//!
//! Note: nothing of a refused file is quoted, its faults included.

mod content;
mod facts;
mod file;
mod folder;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

pub use content::Content;
pub use facts::Facts;
pub use file::{Trust, TrustError, TrustedFile, TrustedFolder};
pub use folder::key as folder_key;

use crate::catalog::{Catalog, Entry, Opened, Place};
use crate::home::Home;
use crate::own_file::{Folder, Links, NotOwn, Owner};

/// Why a file does not act.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It came with the folder, and the user does not trust it.
    #[error("it came with this folder, and nobody has trusted it")]
    Untrusted,
    /// It is not the user's own.
    #[error("{0}")]
    NotOwn(NotOwn),
    /// It can't be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// What is trusted can't be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// A file that somebody vouches for.
#[derive(Debug)]
pub struct Vouched {
    /// The file.
    pub opened: Opened,
    /// Whether it says what a built-in one says, which was proved when the program was built.
    pub is_built_in: bool,
}

/// Reads a provider file that is to act.
///
/// # Errors
/// Nobody vouches for it, or it can't be read. Faults *in* a file that is vouched for are findings.
pub fn open(catalog: &Catalog, entry: &Entry, home: &Home) -> Result<Vouched, Refused> {
    let (opened, is_built_in) = match entry.place {
        Place::BuiltIn => (catalog.open(entry)?, true),
        Place::Home | Place::Named => (catalog.open_own(entry).map_err(not_own)?, false),
        Place::Here => {
            // A file that can't be read is not told from one that nobody trusts: nothing is said of it.
            let opened = catalog.open(entry).map_err(|_| Refused::Untrusted)?;
            let is_built_in = judge(catalog, &opened, home)?;
            (opened, is_built_in)
        }
    };
    Ok(Vouched { opened, is_built_in })
}

fn not_own(error: io::Error) -> Refused {
    NotOwn::of(&error).map_or_else(|| Refused::Unreadable(error), Refused::NotOwn)
}

/// Refuses a file of `./providers.d` that the user would have to be asked about. Gives whether it is as the built-in one.
fn judge(catalog: &Catalog, opened: &Opened, home: &Home) -> Result<bool, Refused> {
    let content = Content::of(opened);
    if content.as_ref().is_some_and(|content| is_as_built_in(catalog, content)) {
        return Ok(true);
    }
    let trust = Trust::read(home)?;
    let is_trusted = content.is_some_and(|content| trust.holds(&content))
        || is_in_trusted_folder(catalog, opened, &trust).unwrap_or(false);
    if is_trusted { Ok(false) } else { Err(Refused::Untrusted) }
}

/// Whether a file asks for no more than was shown when its folder was trusted. One with errors asks for nothing: it does
/// not act, and whoever edits it wants to know why.
fn is_in_trusted_folder(catalog: &Catalog, opened: &Opened, trust: &Trust) -> Option<bool> {
    let folder = opened.entry.path.as_deref()?.parent().filter(|_| !trust.folders.is_empty())?;
    let facts = Facts::of(catalog, opened).unwrap_or_default();
    Some(trust.holds_in(&folder_key(folder)?, &opened.entry.id, &facts) && is_own(folder, opened))
}

/// Whether a file says what the built-in one of its id says, but for words and limits that no flow depends on.
pub fn is_as_built_in(catalog: &Catalog, content: &Content) -> bool {
    built_in(catalog, &content.id).is_some_and(|built_in| content.is_as(&built_in))
}

/// What the built-in file of an id says.
pub fn built_in(catalog: &Catalog, id: &str) -> Option<Content> {
    Content::of(&catalog.open(&catalog.built_in(id)?).ok()?)
}

/// Whether nobody else can write to a folder: in a trusted one others' files would be trusted, too.
///
/// # Errors
/// Somebody else can, or it can't be opened.
pub fn folder_is_own(folder: &Path) -> io::Result<()> {
    Folder::open(folder, Links::of(folder))?.judge(Owner::MineOrRootRuns)
}

/// The same of a folder and a file in it.
fn is_own(folder: &Path, opened: &Opened) -> bool {
    let file = opened.entry.path.as_deref().and_then(|path| path.file_name());
    let owner = Owner::MineOrRootRuns;
    Folder::open(folder, Links::of(folder))
        .and_then(|folder| {
            folder.judge(owner)?;
            folder.open_file(file.unwrap_or_default(), owner)
        })
        .is_ok()
}
