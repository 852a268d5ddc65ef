//! Whether the store can take what is about to come: asked before a person is asked for anything.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
use rustix::io::Errno;

use super::error::StoreError;
use super::port::wait;
use super::{FileStore, GrantKey, file};

impl FileStore {
    /// Proves, before a login begins, that what it brings could be kept: the file can be read, its locks can be had, and
    /// it can be replaced. A login that is found out at its end to be for nothing has cost a person their time, and the
    /// server a grant that nobody holds.
    pub fn prove_ready(&self, provider: &str) -> Result<(), StoreError> {
        wait(self.prove_login(provider))
    }

    /// The same, to be awaited.
    pub(super) async fn prove_login(&self, provider: &str) -> Result<(), StoreError> {
        self.read()?;
        match self.hold_grant(GrantKey::main(provider), Duration::ZERO).await.map(drop) {
            // A renewal that is under way is over before a login is.
            Ok(()) | Err(StoreError::Busy { .. }) => {}
            Err(error) => return Err(error),
        }
        self.prove_room(&file::resolve(&self.path())?).await
    }

    /// Whether the file could be replaced, as far as can be seen without leaving a trace. A home that is not there yet is
    /// none that can't be written.
    pub fn look_ready(&self) -> Result<(), StoreError> {
        let target = file::resolve(&self.path())?;
        let Some(folder) = target.parent().filter(|folder| folder.is_dir()) else { return Ok(()) };
        let (locks, lock) = (target.with_file_name("locks"), self.home.auth_lock());
        allowed(folder, Access::WRITE_OK | Access::EXEC_OK)?;
        if locks.exists() {
            allowed(&locks.join("."), Access::WRITE_OK | Access::EXEC_OK)?;
        }
        if lock.is_dir() {
            return Err(unwritable(&lock, Errno::ISDIR));
        }
        if lock.exists() { allowed(&lock, Access::WRITE_OK) } else { Ok(()) }
    }

    /// The providers with a renewal that was begun and is not finished: their journals are there.
    pub fn unfinished(&self) -> BTreeSet<String> {
        let targets = [self.target(false), self.target(true)].into_iter().flatten();
        let folders = targets.filter_map(|target| std::fs::read_dir(target.with_file_name("journal")).ok());
        let entries = folders.flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        // No id of a provider has a dot in it; what follows one tells its credentials apart.
        names
            .filter_map(|name| name.split('.').next().map(str::to_owned))
            .filter(|id| !id.is_empty())
            .collect()
    }
}

fn allowed(path: &Path, access: Access) -> Result<(), StoreError> {
    rustix::fs::access(path, access).map_err(|errno| unwritable(path, errno))
}

fn unwritable(path: &Path, errno: Errno) -> StoreError {
    StoreError::Unwritable { path: path.to_owned(), source: errno.into() }
}
