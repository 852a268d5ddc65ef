//! Keys of clients: what each may reach, and until when. A key is shown once, and stored as a hash.
//!
//! Note: a key is 32 random bytes, so a plain SHA-256 of it gives nothing away; a slow hash would only slow requests down.
//! A change of the file is seen by the next request.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hermes_engine::Secret;
use hermes_engine::own_file::{self, Links, Owner};
use rand::TryRng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every key begins with: a scanner finds one that was committed by mistake.
const PREFIX: &str = "hek_";
/// The file, in the home.
const FILE: &str = "serve-keys.json";
/// The longest file that is read.
const LIMIT: u64 = 1024 * 1024;

/// What a key may reach. An empty list is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The ids of providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<String>,
    /// The labels of accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The ids of models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// When it expires, in seconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

impl Scope {
    /// One provider, by its id.
    pub fn provider(id: impl Into<String>) -> Scope {
        Scope { providers: vec![id.into()], ..Scope::default() }
    }

    /// The same for so long from now.
    pub fn expiring_in(self, life: Duration) -> Scope {
        Scope { expires_at: Some(unix_seconds(SystemTime::now()).saturating_add(life.as_secs())), ..self }
    }

    /// Whether it is over.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|at| at <= unix_seconds(now))
    }

    /// Whether an account of a provider may be used; without a label, any of them may serve.
    pub(crate) fn allows_account(&self, provider: &str, label: Option<&str>) -> bool {
        let is_in = |list: &[String], name: Option<&str>| {
            list.is_empty() || name.is_some_and(|name| list.iter().any(|one| one == name))
        };
        is_in(&self.providers, Some(provider)) && is_in(&self.accounts, label)
    }

    /// Whether a model may be asked for, by one of its names.
    pub(crate) fn allows_model(&self, names: &[&str]) -> bool {
        self.models.is_empty() || names.iter().any(|name| self.models.iter().any(|one| one == name))
    }
}

/// A key, as far as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Whose it is.
    pub name: String,
    /// SHA-256 of the key, in hex.
    pub sha256: String,
    /// When it was made, in seconds of Unix time.
    pub created_at: u64,
    /// What it may reach.
    #[serde(flatten)]
    pub scope: Scope,
}

/// Why keys can't be read, or one can't be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("`{}` can't be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// The file is invalid.
    #[error("`{}` is invalid: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: serde_json::Error,
    },
    /// Another key has the name.
    #[error("a key named `{0}` exists")]
    Exists(String),
    /// The name is empty or holds control characters.
    #[error("a key needs a name of printable characters")]
    BadName,
    /// The system has no randomness.
    #[error("no randomness: {0}")]
    Entropy(String),
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    keys: Vec<Key>,
}

/// All keys: those of a file, and those of this process alone.
#[derive(Debug, Default)]
pub struct Keys {
    path: Option<PathBuf>,
    of_process: Vec<Arc<Key>>,
    of_file: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    stamp: Option<Stamp>,
    keys: Vec<Arc<Key>>,
}

/// What changes with a file: its inode and its time.
type Stamp = (u64, i64, i64);

impl Keys {
    /// Keys of this process alone.
    pub fn in_memory() -> Keys {
        Keys::default()
    }

    /// The keys of a home folder.
    pub fn of_home(home: &Path) -> Keys {
        Keys { path: Some(home.join(FILE)), ..Keys::default() }
    }

    /// Adds a key. It is returned this once: only its hash is kept.
    ///
    /// # Errors
    ///
    /// Another key has the name, or the file can't be written.
    pub fn add(&mut self, name: &str, scope: Scope) -> Result<Secret, KeyError> {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(KeyError::BadName);
        }
        let mut bytes = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| KeyError::Entropy(error.to_string()))?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let key = Key {
            name: name.to_owned(),
            sha256: sha256(&text),
            created_at: unix_seconds(SystemTime::now()),
            scope,
        };
        match self.path.clone() {
            None => self.of_process.push(Arc::new(key)),
            Some(path) => change(&path, |keys| {
                // One that has expired makes room.
                keys.retain(|one| one.name != key.name || !one.scope.is_expired(SystemTime::now()));
                if keys.iter().any(|one| one.name == key.name) {
                    return Err(KeyError::Exists(key.name.clone()));
                }
                keys.push(key);
                Ok(())
            })?,
        }
        Ok(Secret::new(text))
    }

    /// All keys of the file.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<Key>, KeyError> {
        self.path.as_deref().map_or(Ok(Vec::new()), read)
    }

    /// Takes a key away, by its name; tells whether there was one.
    ///
    /// # Errors
    ///
    /// The file can't be written.
    pub fn revoke(&mut self, name: &str) -> Result<bool, KeyError> {
        let Some(path) = self.path.clone() else { return Ok(false) };
        if read(&path)?.iter().all(|key| key.name != name) {
            return Ok(false);
        }
        change(&path, |keys| {
            keys.retain(|key| key.name != name);
            Ok(())
        })?;
        Ok(true)
    }

    /// The key that a client presents, expired or not. The time that it takes tells nothing of the keys.
    pub(crate) fn find(&self, presented: &str) -> Result<Option<Arc<Key>>, KeyError> {
        let hash = sha256(presented);
        let of_file = self.of_file()?;
        let mut found = None;
        for key in of_file.iter().chain(&self.of_process) {
            if bool::from(key.sha256.as_bytes().ct_eq(hash.as_bytes())) {
                found = Some(key.clone());
            }
        }
        Ok(found)
    }

    fn of_file(&self) -> Result<Vec<Arc<Key>>, KeyError> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        let stamp = stamp_of(path);
        let mut loaded = self.of_file.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp.is_none() || loaded.stamp != stamp {
            loaded.keys = read(path)?.into_iter().map(Arc::new).collect();
            loaded.stamp = stamp;
        }
        Ok(loaded.keys.clone())
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
}

fn read(path: &Path) -> Result<Vec<Key>, KeyError> {
    let bytes = match own_file::read(path, Links::of(path), Owner::MineOrRootRuns, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(reason) => return Err(KeyError::File { path: path.to_owned(), reason }),
    };
    let document: Document = serde_json::from_slice(&bytes)
        .map_err(|reason| KeyError::Invalid { path: path.to_owned(), reason })?;
    Ok(document.keys)
}

/// Changes the file under a lock: written beside it, made durable, renamed over it.
fn change(path: &Path, with: impl FnOnce(&mut Vec<Key>) -> Result<(), KeyError>) -> Result<(), KeyError> {
    let failed = |reason| KeyError::File { path: path.to_owned(), reason };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let lock = path.with_extension("lock");
    let held = OpenOptions::new().create(true).append(true).mode(0o600).open(&lock).map_err(failed)?;
    held.lock().map_err(failed)?;
    let mut keys = read(path)?;
    with(&mut keys)?;
    let text = serde_json::to_string_pretty(&Document { version: 1, keys })
        .map_err(|reason| KeyError::Invalid { path: path.to_owned(), reason })?;
    let beside = path.with_extension("new");
    let written = replace(path, &beside, &text);
    if written.is_err() {
        // Half a file is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed)
}

fn replace(path: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unix_seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_found_by_its_text_and_stored_as_a_hash() {
        let home = tempfile::tempdir().expect("a folder");
        let mut keys = Keys::of_home(home.path());
        let key = keys.add("laptop", Scope::provider("acme")).expect("a key");
        let text = key.expose_secret();
        assert!(text.starts_with("hek_") && text.len() == 47, "{text}");
        let stored = fs::read_to_string(home.path().join(FILE)).expect("a file");
        assert!(!stored.contains(text) && !stored.contains(&text[4..]), "{stored}");
        let mode = fs::metadata(home.path().join(FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Another process on the same home.
        let other = Keys::of_home(home.path());
        assert_eq!(other.find(text).unwrap().map(|key| key.name.clone()).as_deref(), Some("laptop"));
        assert_eq!(other.find("hek_other").unwrap(), None);
        assert!(matches!(keys.add("laptop", Scope::default()), Err(KeyError::Exists(_))));
        assert!(keys.revoke("laptop").unwrap() && !keys.revoke("laptop").unwrap());
        assert_eq!(other.find(text).unwrap(), None, "a revocation is seen by the next request");
    }

    #[test]
    fn keys_of_a_process_are_in_no_file() {
        let mut keys = Keys::in_memory();
        let key = keys.add("child", Scope::default()).expect("a key");
        assert!(keys.find(key.expose_secret()).unwrap().is_some());
        assert!(keys.list().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_others_can_write_to_holds_no_key() {
        let home = tempfile::tempdir().expect("a folder");
        let mut keys = Keys::of_home(home.path());
        keys.add("laptop", Scope::default()).expect("a key");
        let file = home.path().join(FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("permissions");
        assert!(matches!(Keys::of_home(home.path()).find("x"), Err(KeyError::File { .. })));
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/null", &file).unwrap();
        assert!(matches!(Keys::of_home(home.path()).find("x"), Err(KeyError::File { .. })));
    }

    #[test]
    fn a_scope_limits_providers_accounts_models_and_time() {
        let scope = Scope {
            providers: vec!["acme".to_owned()],
            accounts: vec!["work".to_owned()],
            models: vec!["large".to_owned()],
            expires_at: Some(100),
        };
        assert!(scope.allows_account("acme", Some("work")));
        assert!(!scope.allows_account("acme", None) && !scope.allows_account("other", Some("work")));
        assert!(
            scope.allows_model(&["big", "large"])
                && !scope.allows_model(&["small"])
                && !scope.allows_model(&[])
        );
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert!(!scope.is_expired(at(99)) && scope.is_expired(at(100)));
        assert!(Scope::default().allows_account("any", None) && Scope::default().allows_model(&[]));
    }

    #[test]
    fn an_expired_key_makes_room_for_one_of_the_same_name() {
        let home = tempfile::tempdir().expect("a folder");
        let mut keys = Keys::of_home(home.path());
        keys.add("ci", Scope { expires_at: Some(1), ..Scope::default() }).expect("a key");
        keys.add("ci", Scope::default()).expect("a key");
        assert_eq!(keys.list().unwrap().len(), 1);
    }
}
