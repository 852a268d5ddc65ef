//! The stored credentials: `auth.json` in Hermes Agent's format, its lock, and a lock for each grant.
//!
//! The port is narrow on purpose: [`Store::read`] takes no lock, [`Store::with_grant`] holds one grant still across
//! read, decide, redeem and write, and [`Store::commit`] changes the file under the lock that Hermes shares. A file that
//! can't be read or parsed is an error that names it; it is never taken as empty and never replaced.
//!
//! Where `auth.json` is a symlink, the locks of grants and the journal stand beside its target: homes that share one
//! file share them too.

mod change;
mod document;
mod error;
mod file;
mod forgive;
mod journal;
mod json;
mod lock;
pub(crate) mod moment;
mod pool;
mod ready;
mod record;
mod rest;
mod row;
mod slot;
#[cfg(test)]
mod tests;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use document::Document;
pub use error::StoreError;
pub use journal::{Answer, Intent, Journal, Pending};
pub use record::{Expiry, Mark, Pause, Record};
pub use rest::{Refusal, Rest};
pub(crate) use slot::Listed;
pub use slot::{MAIN, Row, Slot};

use crate::clock;
use crate::home::Home;
use lock::Lock;

/// How long Hermes Agent waits for `auth.lock`, and we with it.
const LOCK_LIMIT: Duration = Duration::from_secs(15);
/// The pause between attempts at the lock of a grant, which nobody else takes.
const GRANT_PAUSE: Duration = Duration::from_millis(20);

/// The store of one home.
#[derive(Debug, Clone)]
pub struct Store {
    home: Home,
    stop: Option<Arc<AtomicBool>>,
}

/// A grant that is held still: nobody else of this engine refreshes or replaces it meanwhile.
#[derive(Debug)]
pub struct Held<'a> {
    store: &'a Store,
    provider: &'a str,
    target: PathBuf,
    lock: Lock,
}

impl Store {
    /// The store of a home. Touches no file.
    pub fn open(home: Home) -> Store {
        Store { home, stop: None }
    }

    /// The same store for a process that goes on after a signal: once the flag is up nobody waits for the lock of a grant
    /// any more, and no renewal begins. One that has begun is brought to its end.
    pub fn stopping_at(self, flag: Arc<AtomicBool>) -> Store {
        Store { stop: Some(flag), ..self }
    }

    fn is_stopping(&self) -> bool {
        self.stop.as_ref().is_some_and(|flag| flag.load(Ordering::SeqCst))
    }

    /// The home that the store is in.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Where the credentials are, symlinks not resolved.
    pub fn path(&self) -> PathBuf {
        self.home.auth_json()
    }

    /// Reads the credentials, without a lock. A file that isn't there is an empty document.
    pub fn read(&self) -> Result<Document, StoreError> {
        let mut warnings = Vec::new();
        file::guard_folder(self.home.path(), &mut warnings)?;
        let text = file::read(&file::resolve(&self.path())?, &mut warnings)?;
        let mut document = Document::parse(&self.path(), text.as_ref().map(|text| text.as_str()))?;
        document.warnings = warnings;
        Ok(document)
    }

    /// Changes the credentials under `auth.lock`: reads, applies `change`, and writes durably what has changed.
    pub fn commit<T>(&self, change: impl FnOnce(&mut Document) -> T) -> Result<T, StoreError> {
        self.home.create().map_err(|source| self.unwritable(self.home.path(), source))?;
        let target = file::resolve(&self.path())?;
        // Whoever has something to store waits, whatever comes.
        let locks = self.lock_file(&target, &|| false)?;
        let mut document = self.read()?;
        let text = |document: &Document| document.text().map_err(|e| self.unwritable(&target, e.into()));
        let before = text(&document)?;
        let changed = change(&mut document);
        if text(&document)? != before {
            document.stamp(clock::wall());
            if !locks.is_empty() {
                file::sweep(&target);
            }
            file::replace(&target, &text(&document)?)?;
        }
        Ok(changed)
    }

    /// Takes `auth.lock`; for a file in another folder also the one there, which another home uses.
    fn lock_file(&self, target: &Path, is_over: &dyn Fn() -> bool) -> Result<Vec<Lock>, StoreError> {
        let mut paths = vec![file::resolve(&self.home.auth_lock())?];
        let beside = file::resolve(&target.with_file_name("auth.lock"))?;
        if !paths.contains(&beside) {
            paths.push(beside);
        }
        let mut held = Vec::new();
        for path in paths {
            match Lock::take_unless(is_over, &path, LOCK_LIMIT, lock::PAUSE) {
                Ok(lock) => held.push(lock),
                // A login is still worth keeping where nobody can be kept out; a refresh was refused before.
                Err(StoreError::NoLocks { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(held)
    }

    /// Holds the lock of a provider's grant while `work` runs; waits for it at most `limit`.
    pub fn with_grant<T>(
        &self,
        provider: &str,
        limit: Duration,
        work: impl FnOnce(&Held<'_>) -> T,
    ) -> Result<T, StoreError> {
        self.home.create().map_err(|source| self.unwritable(self.home.path(), source))?;
        let target = file::resolve(&self.path())?;
        let folder = target.with_file_name("locks");
        create_folder(&folder)?;
        let path = folder.join(file_name(provider));
        let lock = Lock::take_unless(&|| self.is_stopping(), &path, limit, GRANT_PAUSE)?;
        Ok(work(&Held { store: self, provider, target, lock }))
    }

    /// Whether a renewal of one of the provider's credentials, the one with this [`Slot::id`], may have been left
    /// unfinished.
    pub fn is_unfinished(&self, provider: &str, slot: &str) -> bool {
        file::resolve(&self.path()).is_ok_and(|target| journal(&target, provider, slot).exists())
    }

    fn unwritable(&self, path: &Path, source: std::io::Error) -> StoreError {
        StoreError::Unwritable { path: path.to_owned(), source }
    }
}

impl Held<'_> {
    /// The store.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The journal of one of the provider's credentials, by its [`Slot::id`].
    pub fn journal(&self, slot: &str) -> Journal {
        journal(&self.target, self.provider, slot)
    }

    /// The journals of the provider's credentials that are there.
    pub fn journals(&self) -> Vec<Journal> {
        let folder = self.target.with_file_name("journal");
        let first = file_name(self.provider);
        let is_ours = |name: &str| name.split('.').next() == Some(first.as_str());
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| is_ours(name)).map(|name| Journal::at(&folder, &name)).collect()
    }

    /// Proves, before a token is spent, that its successor can be kept: locks keep others out, the lock that a commit
    /// needs can be had, and the file can be replaced.
    ///
    /// # Errors
    ///
    /// [`StoreError::Interrupted`] where the process is asked to stop ([`Store::stopping_at`]), and others as they are.
    pub fn prove_ready(&self) -> Result<(), StoreError> {
        self.lock.prove()?;
        self.store.prove_room(&self.target)
    }
}

/// The journal of the provider's own record is called as the provider is; those of its rows bear their id too.
fn journal(target: &Path, provider: &str, slot: &str) -> Journal {
    let provider = file_name(provider);
    let name = if slot == MAIN { provider } else { format!("{provider}.{}", file_name(slot)) };
    Journal::at(&target.with_file_name("journal"), &name)
}

/// What an id is called in the name of a lock or a journal: as it is, or a hash of what is none. There is no dot in it.
fn file_name(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.is_empty() && id.len() <= 120 && id.chars().all(is_plain) { id.to_owned() } else { sha256(id) }
}

/// Holds a lock under which another file of the home is read, changed and replaced.
pub(crate) fn with_file<T>(home: &Home, path: &Path, work: impl FnOnce() -> T) -> Result<T, StoreError> {
    // No id of a provider has a dot in it, so no grant has this lock.
    let folder = home.locks_dir();
    create_folder(&folder)?;
    let name = path.file_name().unwrap_or_default();
    let _lock = match Lock::take(&folder.join(name), LOCK_LIMIT, lock::PAUSE) {
        // A setting is still worth keeping where nobody can be kept out.
        Err(StoreError::NoLocks { .. }) => None,
        taken => Some(taken?),
    };
    Ok(work())
}

/// Replaces such a file, durably and for its owner alone. A symlink stays one; its target is replaced.
pub(crate) fn replace_file(path: &Path, text: &str) -> Result<(), StoreError> {
    file::replace(&file::resolve(path)?, text)
}

/// Reads such a file; `None` where it is not there. One that somebody else owns is refused, one that others can read is
/// closed to them.
pub(crate) fn read_file(path: &Path) -> Result<Option<Zeroizing<String>>, StoreError> {
    file::read(&file::resolve(path)?, &mut Vec::new())
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|source| StoreError::Unwritable { path: folder.to_owned(), source })
}

/// SHA-256 in lower-case hex.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
