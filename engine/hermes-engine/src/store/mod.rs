//! The stored credentials: `auth.json` in Hermes Agent's format, its lock, and a lock for each grant.
//!
//! The port is narrow on purpose: [`FileStore::read`] takes no lock, [`FileStore::with_grant_of`] holds one grant still across
//! read, decide, redeem and write, and [`FileStore::commit`] changes the file under the lock that Hermes shares. A file that
//! can't be read or parsed is an error that names it; it is never taken as empty and never replaced.
//!
//! Where `auth.json` is a symlink, the locks of grants and the journal stand beside its target: homes that share one
//! file share them too. The home of a profile has the file of its root beneath its own: what is read there is renewed and
//! written there, under the locks of both, the profile's first.

mod change;
mod committer;
#[doc(hidden)]
pub mod conformance;
mod document;
mod error;
mod file;
mod file_port;
mod forgive;
mod grant;
mod in_place;
mod journal;
mod json;
mod lock;
mod login_file;
mod memory;
pub(crate) mod moment;
mod pool;
mod port;
mod ready;
mod record;
mod rest;
mod row;
mod slot;
#[cfg(test)]
mod tests;
mod timer;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use document::Document;
pub use error::{StoreError, StoreErrorKind};
pub use grant::{
    Attempt, Challenge, Change, Committed, FailedRenewal, GrantId, Health, ListedGrant, Made, NewGrant, Note,
    Renewal, Revision, Scope, Snapshot, StoredGrant, Tokens,
};
pub use journal::{Answer, Intent, Journal, Unfinished};
pub(crate) use journal::{FailedTry, Left};
pub(crate) use login_file::LoginFile;
pub use memory::MemoryStore;
pub use port::{AnyStore, Intended, Lease, Pending, Stamp, Store, StoreResult};
pub(crate) use port::{wait, wait_unless};
pub use record::{Expiry, Mark, Pause, Record};
pub use rest::{Refusal, Rest};
pub use slot::{MAIN, Row, Slot};

use crate::clock;
use crate::home::Home;
use committer::Committer;
use lock::Lock;

/// How long `auth.lock` is waited for: longer than Hermes Agent holds it during a refresh, which is up to 20 s.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// The pause between attempts at the lock of a grant, which nobody else takes.
const GRANT_PAUSE: Duration = Duration::from_millis(20);

/// The store of one home.
#[derive(Debug, Clone)]
pub struct FileStore {
    home: Home,
    stop: Option<Arc<AtomicBool>>,
    committer: Arc<Committer>,
}

/// Which of the stored grants is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantKey<'a> {
    /// The provider.
    pub provider: &'a str,
    /// Which of its credentials, by [`Slot::id`].
    pub slot: &'a str,
    /// Whether it is in the root of this profile.
    pub is_of_root: bool,
}

impl<'a> GrantKey<'a> {
    /// The provider's own record.
    pub fn main(provider: &'a str) -> GrantKey<'a> {
        GrantKey { provider, slot: MAIN, is_of_root: false }
    }
}

/// A grant that is held still: nobody else of this engine refreshes or replaces it meanwhile.
#[derive(Debug)]
pub struct Held {
    store: FileStore,
    provider: String,
    slot: String,
    is_of_root: bool,
    target: PathBuf,
    lock: Lock,
}

impl FileStore {
    /// The store of a home. Touches no file.
    pub fn open(home: Home) -> FileStore {
        FileStore { home, stop: None, committer: Arc::default() }
    }

    /// The same store for a process that goes on after a signal: once the flag is up nobody waits for the lock of a grant
    /// any more, and no renewal begins. One that has begun is brought to its end.
    pub fn stopping_at(self, flag: Arc<AtomicBool>) -> FileStore {
        FileStore { stop: Some(flag), ..self }
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
    ///
    /// What can't be read in the root of a profile is a warning: the profile's own credentials can be used all the same.
    pub fn read(&self) -> Result<Document, StoreError> {
        let mut document = read_file_of(&self.home)?;
        if let Some(root) = self.root()? {
            match read_file_of(&root) {
                Ok(mut beneath) => {
                    document.warnings.append(&mut beneath.warnings);
                    document.put_beneath(&root.auth_json(), beneath);
                }
                Err(error) => {
                    document.warnings.push(format!("the root of this profile is left out: {error}"))
                }
            }
        }
        Ok(document)
    }

    /// The root of this profile, where it has credentials in another file than this.
    fn root(&self) -> Result<Option<Home>, StoreError> {
        let Some(root) = self.home.root().filter(|root| root.auth_json().exists()) else { return Ok(None) };
        let is_same = file::resolve(&root.auth_json()).ok() == Some(file::resolve(&self.path())?);
        Ok(Some(root).filter(|_| !is_same))
    }

    /// The file that a grant is in.
    fn target(&self, is_of_root: bool) -> Result<PathBuf, StoreError> {
        match self.home.root().filter(|_| is_of_root) {
            Some(root) => file::resolve(&root.auth_json()),
            None => file::resolve(&self.path()),
        }
    }

    /// Changes the credentials under `auth.lock`: reads, applies `change`, and writes durably what has changed.
    pub fn commit<T>(&self, change: impl FnOnce(&mut Document) -> T) -> Result<T, StoreError> {
        self.home.create().map_err(|source| self.unwritable(self.home.path(), source))?;
        // Whoever has something to store waits, whatever comes.
        let locks = wait(self.lock_files(&|| false))?;
        self.write(change, !locks.is_empty())
    }

    fn write<T>(&self, change: impl FnOnce(&mut Document) -> T, is_locked: bool) -> Result<T, StoreError> {
        let (own, root) = (self.target(false)?, self.target(true)?);
        let mut document = self.read()?;
        let own = Writing::begin(&document, own)?;
        let root = document.beneath().map(|document| Writing::begin(document, root)).transpose()?;
        let changed = change(&mut document);
        // A renewal is in one of them; the root's is shared.
        if let (Some(writing), Some(root)) = (root, document.beneath_mut()) {
            writing.end(root, is_locked)?;
        }
        own.end(&mut document, is_locked)?;
        Ok(changed)
    }

    /// Takes `auth.lock`; for a file in another folder also the one there, which another home uses; in a profile then those
    /// of its root, unless nobody may write there.
    async fn lock_files(&self, is_over: &(dyn Fn() -> bool + Sync)) -> Result<Vec<Lock>, StoreError> {
        let beside = |target: &Path| file::resolve(&target.with_file_name("auth.lock"));
        let mut paths = vec![file::resolve(&self.home.auth_lock())?, beside(&self.target(false)?)?];
        let own = paths.clone();
        if let Some(root) = self.root()? {
            paths.extend([file::resolve(&root.auth_lock())?, beside(&self.target(true)?)?]);
        }
        let mut held: Vec<(PathBuf, Lock)> = Vec::new();
        for path in paths {
            if held.iter().any(|(other, _)| *other == path) {
                continue;
            }
            match Lock::take_unless(is_over, &path, LOCK_LIMIT, lock::PAUSE).await {
                Ok(lock) => held.push((path, lock)),
                // A login is still worth keeping where nobody can be kept out; a refresh was refused before.
                Err(StoreError::NoLocks { .. }) => {}
                // A root that can't be written is read only.
                Err(StoreError::Unwritable { .. }) if !own.contains(&path) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(held.into_iter().map(|(_, lock)| lock).collect())
    }

    /// Holds the lock of a provider's own record while `work` runs; waits for it at most `limit`.
    pub fn with_grant<T>(
        &self,
        provider: &str,
        limit: Duration,
        work: impl FnOnce(&Held) -> T,
    ) -> Result<T, StoreError> {
        self.with_grant_of(GrantKey::main(provider), limit, work)
    }

    /// Holds the lock of a grant while `work` runs; waits for it at most `limit`. Each of a provider's grants has a lock
    /// of its own.
    pub fn with_grant_of<T>(
        &self,
        key: GrantKey<'_>,
        limit: Duration,
        work: impl FnOnce(&Held) -> T,
    ) -> Result<T, StoreError> {
        Ok(work(&wait(self.hold_grant(key, limit))?))
    }

    /// Takes the lock of a grant; waits for it at most `limit`.
    pub(crate) async fn hold_grant(&self, key: GrantKey<'_>, limit: Duration) -> Result<Held, StoreError> {
        self.home.create().map_err(|source| self.unwritable(self.home.path(), source))?;
        let target = self.target(key.is_of_root)?;
        let lock = self.lock_grant(&target, &grant_name(key), limit).await?;
        if in_place::is_begun(&target) {
            // Whoever renews something completes it; what can't be completed now is read as if it were.
            let _ = self.change(|_| ()).await;
        }
        let GrantKey { provider, slot, is_of_root } = key;
        Ok(Held {
            store: self.clone(),
            provider: provider.to_owned(),
            slot: slot.to_owned(),
            is_of_root,
            target,
            lock,
        })
    }

    /// Takes the lock of a grant by the name that its journal has too.
    async fn lock_grant(&self, target: &Path, name: &str, limit: Duration) -> Result<Lock, StoreError> {
        let folder = target.with_file_name("locks");
        create_folder(&folder)?;
        Lock::take_unless(&|| self.is_stopping(), &folder.join(name), limit, GRANT_PAUSE).await
    }

    /// Removes the journals of a provider, each under its own lock: a renewal that is under way is waited for.
    pub(crate) async fn clear_journals(&self, provider: &str, limit: Duration) -> Result<(), StoreError> {
        let target = file::resolve(&self.path())?;
        for name in journal_names(&target, provider) {
            let _lock = self.lock_grant(&target, &name, limit).await?;
            Journal::at(&target.with_file_name("journal"), &name).clear()?;
        }
        Ok(())
    }

    /// Whether a renewal of one of the provider's credentials, the one with this [`Slot::id`], may have been left
    /// unfinished.
    pub fn is_unfinished(&self, provider: &str, slot: &str) -> bool {
        self.is_unfinished_of(GrantKey { provider, slot, is_of_root: false })
    }

    /// The same for any grant.
    pub fn is_unfinished_of(&self, key: GrantKey<'_>) -> bool {
        let target = self.target(key.is_of_root);
        target.is_ok_and(|target| journal(&target, key.provider, key.slot).exists())
    }

    fn unwritable(&self, path: &Path, source: std::io::Error) -> StoreError {
        StoreError::Unwritable { path: path.to_owned(), source }
    }
}

impl Held {
    /// Which grant it is.
    pub(crate) fn key(&self) -> GrantKey<'_> {
        GrantKey { provider: &self.provider, slot: &self.slot, is_of_root: self.is_of_root }
    }

    /// The journal of one of the provider's credentials, by its [`Slot::id`]. Only that of the grant that is held may be
    /// written.
    pub fn journal(&self, slot: &str) -> Journal {
        journal(&self.target, &self.provider, slot)
    }

    /// The journals of the provider's credentials that are there, to be looked at.
    pub fn journals(&self) -> Vec<Journal> {
        let folder = self.target.with_file_name("journal");
        journal_names(&self.target, &self.provider).map(|name| Journal::at(&folder, &name)).collect()
    }

    /// Shows each journal of the provider to `work`, under the lock that it needs: its own, and that of the slot whose it
    /// may turn out to be ([`Neighbour::move_to`]). One whose lock somebody else has is passed over.
    pub(crate) fn each_journal(&self, mut work: impl FnMut(Neighbour<'_>)) {
        for name in journal_names(&self.target, &self.provider) {
            if let Ok(lock) = self.lock_neighbour(&name) {
                let journal = Journal::at(&self.target.with_file_name("journal"), &name);
                work(Neighbour { held: self, journal, name, _lock: lock });
            }
        }
    }

    /// Takes the lock of a grant that may be another than this one, if it can be had at once.
    fn lock_neighbour(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        if name == grant_name(self.key()) {
            return Ok(None);
        }
        // Without a limit nothing is waited for.
        wait(self.store.lock_grant(&self.target, name, Duration::ZERO)).map(Some)
    }

    /// Proves, before a token is spent, that its successor can be kept: locks keep others out, the lock that a commit
    /// needs can be had, and the file can be replaced.
    ///
    /// # Errors
    ///
    /// [`StoreError::Interrupted`] where the process is asked to stop ([`FileStore::stopping_at`]), and others as they are.
    pub async fn prove_ready(&self) -> Result<(), StoreError> {
        self.lock.prove()?;
        self.store.prove_room(&self.target).await
    }
}

/// One of the files that a commit may change.
struct Writing {
    target: PathBuf,
    before: Zeroizing<String>,
}

impl Writing {
    fn begin(document: &Document, target: PathBuf) -> Result<Writing, StoreError> {
        file::recover(&target)?;
        let before = text_of(document, &target)?;
        Ok(Writing { target, before })
    }

    /// Writes the file durably, if it has changed. Who holds its lock takes away what killed writers have left.
    fn end(self, document: &mut Document, is_locked: bool) -> Result<(), StoreError> {
        if text_of(document, &self.target)? == self.before {
            return Ok(());
        }
        document.stamp(clock::wall());
        if is_locked {
            file::sweep(&self.target);
        }
        file::replace(&self.target, &text_of(document, &self.target)?)
    }
}

fn text_of(document: &Document, target: &Path) -> Result<Zeroizing<String>, StoreError> {
    let unwritable =
        |error: serde_json::Error| StoreError::Unwritable { path: target.to_owned(), source: error.into() };
    document.text().map_err(unwritable)
}

/// Reads the credentials of a home, and nothing of its root.
fn read_file_of(home: &Home) -> Result<Document, StoreError> {
    let path = home.auth_json();
    let mut warnings = Vec::new();
    file::guard_folder(home.path(), &mut warnings)?;
    let text = file::read(&file::resolve(&path)?, &mut warnings)?;
    let mut document = Document::parse(&path, text.as_ref().map(|text| text.as_str()))?;
    document.warnings = warnings;
    Ok(document)
}

/// A journal that may be another grant's than the one that is held. Its lock is held as well.
pub(crate) struct Neighbour<'h> {
    held: &'h Held,
    /// The journal.
    pub(crate) journal: Journal,
    name: String,
    _lock: Option<Lock>,
}

impl Neighbour<'_> {
    /// Gives the journal to the credential that it is of, unless that has one of its own or is in use.
    pub(crate) fn move_to(&self, slot: &str) {
        let key = GrantKey { slot, ..self.held.key() };
        let name = grant_name(key);
        if name == self.name {
            return;
        }
        if let Ok(_lock) = self.held.lock_neighbour(&name) {
            self.journal.move_to(&self.held.journal(slot));
        }
    }
}

fn journal(target: &Path, provider: &str, slot: &str) -> Journal {
    let key = GrantKey { provider, slot, is_of_root: false };
    Journal::at(&target.with_file_name("journal"), &grant_name(key))
}

/// What the lock and the journal of a grant are called: as the provider is; those of its rows bear their id too.
fn grant_name(key: GrantKey<'_>) -> String {
    let provider = file_name(key.provider);
    if key.slot == MAIN { provider } else { format!("{provider}.{}", file_name(key.slot)) }
}

/// The names of the journals of a provider that are there.
fn journal_names(target: &Path, provider: &str) -> impl Iterator<Item = String> + use<> {
    let first = file_name(provider);
    let entries = std::fs::read_dir(target.with_file_name("journal")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(move |name| name.split('.').next() == Some(first.as_str()))
}

/// What an id is called in the name of a lock or a journal: as it is, or a hash of what is none. There is no dot in it.
fn file_name(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.is_empty() && id.len() <= 120 && id.chars().all(is_plain) { id.to_owned() } else { sha256(id) }
}

/// Holds a lock under which another file of the home is read, changed and replaced.
pub(crate) fn with_file<T>(home: &Home, path: &Path, work: impl FnOnce() -> T) -> Result<T, StoreError> {
    let folder = home.locks_dir();
    create_folder(&folder)?;
    // No lock of a grant begins with a dot.
    let name = format!(".{}", path.file_name().unwrap_or_default().to_string_lossy());
    let _lock = match wait(Lock::take(&folder.join(name), LOCK_LIMIT, lock::PAUSE)) {
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
