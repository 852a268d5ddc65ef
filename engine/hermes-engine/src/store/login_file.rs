//! Where a login that was approved is kept until it is stored: beside the journals of renewals, and written like them.

use std::path::Path;
use std::time::Duration;

use super::error::StoreError;
use super::journal::Journal;
use super::lock::Lock;
use super::port::wait;
use super::{FileStore, file_name};

/// What the names of these files begin with. No name of a grant begins with a dot.
const PREFIX: &str = ".login.";

/// The file of a login, held by this process alone.
#[derive(Debug)]
pub(crate) struct LoginFile {
    /// The file.
    pub(crate) journal: Journal,
    _lock: Lock,
}

impl FileStore {
    /// The file for a login that gets this label, whether or not there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] where another process is about such a login.
    pub(crate) fn hold_login(&self, provider: &str, label: Option<&str>) -> Result<LoginFile, StoreError> {
        self.home.create().map_err(|source| self.unwritable(self.home.path(), source))?;
        let target = self.target(false)?;
        let name = login_name(provider, label);
        // Without a limit nothing is waited for.
        let lock = wait(self.lock_grant(&target, &name, Duration::ZERO))?;
        Ok(LoginFile { journal: Journal::at(&target.with_file_name("journal"), &name), _lock: lock })
    }

    /// The files of a provider that are there, to be read.
    pub(crate) fn login_journals(&self, provider: &str) -> Vec<Journal> {
        let Ok(target) = self.target(false) else { return Vec::new() };
        let folder = target.with_file_name("journal");
        let names = login_names(&target, provider);
        names.iter().map(|name| Journal::at(&folder, name)).collect()
    }

    /// Removes the file of a login. Tells whether there was one; what another process is about stays.
    pub(crate) fn clear_login(&self, provider: &str, label: Option<&str>) -> bool {
        let Ok(target) = self.target(false) else { return false };
        let name = login_name(provider, label);
        let journal = Journal::at(&target.with_file_name("journal"), &name);
        journal.exists() && self.clear_login_at(&target, &name)
    }

    /// The same for all of a provider.
    pub(crate) fn clear_logins(&self, provider: &str) -> bool {
        let Ok(target) = self.target(false) else { return false };
        let names = login_names(&target, provider).into_iter();
        names.filter(|name| self.clear_login_at(&target, name)).count() > 0
    }

    fn clear_login_at(&self, target: &Path, name: &str) -> bool {
        let Ok(_lock) = wait(self.lock_grant(target, name, Duration::ZERO)) else { return false };
        // What can't be removed now is read again at the next use, and is then of an earlier login.
        Journal::at(&target.with_file_name("journal"), name).clear().is_ok()
    }
}

fn login_names(target: &Path, provider: &str) -> Vec<String> {
    let own = login_name(provider, None);
    let is_own =
        |name: &String| name.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let entries = std::fs::read_dir(target.with_file_name("journal")).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_own).collect();
    names.sort();
    names
}

fn login_name(provider: &str, label: Option<&str>) -> String {
    let label = label.map(|label| format!(".{}", file_name(label))).unwrap_or_default();
    format!("{PREFIX}{}{label}", file_name(provider))
}
