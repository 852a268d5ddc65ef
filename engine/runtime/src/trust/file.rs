//! `trust.json`: which files a person trusts, by path and by the hash of all the text that makes them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::catalog::Opened;
use crate::home::Home;
use crate::store::{self, StoreError, hex};

/// The files that a person trusts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trust {
    version: u32,
    /// SHA-256, in hex, by the file's absolute path.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// `trust.json` can't be read or written. It is never replaced by an empty one.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` can't be {action}: {reason}")]
pub struct TrustError {
    /// The file.
    pub path: PathBuf,
    /// `read` or `written`.
    pub action: &'static str,
    /// Why not.
    pub reason: String,
}

impl TrustError {
    fn of(home: &Home, action: &'static str, error: StoreError) -> TrustError {
        let reason = match error {
            StoreError::Unreadable { source, .. } | StoreError::Unwritable { source, .. } => {
                source.to_string()
            }
            StoreError::Foreign { owner, .. } => format!("it belongs to another user (uid {owner})"),
            other => other.to_string(),
        };
        TrustError { path: home.trust_json(), action, reason }
    }
}

impl Trust {
    /// Reads the file of a home; one that is not there trusts nothing. One that somebody else owns is not believed.
    pub fn read(home: &Home) -> Result<Trust, TrustError> {
        let text =
            store::read_file(&home.trust_json()).map_err(|error| TrustError::of(home, "read", error))?;
        let Some(text) = text else { return Ok(Trust { version: 1, files: BTreeMap::new() }) };
        serde_json::from_str(&text).map_err(|error| TrustError {
            path: home.trust_json(),
            action: "read",
            reason: error.to_string(),
        })
    }

    /// Whether exactly this text of a file, its flows included, is trusted.
    pub fn holds(&self, opened: &Opened) -> bool {
        key(opened).is_some_and(|key| self.files.get(&key) == Some(&fingerprint(opened)))
    }

    /// Trusts a file as it is now, and remembers it: under a lock, so that of several at once none is lost.
    pub fn add(home: &Home, opened: &Opened) -> Result<(), TrustError> {
        let failed = |error| TrustError::of(home, "written", error);
        let unwritable = |source| failed(StoreError::Unwritable { path: home.trust_json(), source });
        let key = key(opened).ok_or_else(|| unwritable(io::ErrorKind::NotFound.into()))?;
        home.create().map_err(unwritable)?;
        let path = home.trust_json();
        let added = store::with_file(home, &path, || {
            let mut trust = Trust::read(home)?;
            trust.files.insert(key, fingerprint(opened));
            let text = serde_json::to_string_pretty(&trust).map_err(|error| unwritable(error.into()))?;
            store::replace_file(&path, &format!("{text}\n")).map_err(failed)
        });
        added.map_err(failed)?
    }
}

/// A file's absolute path; a built-in one has none and needs no trust.
fn key(opened: &Opened) -> Option<String> {
    let path = opened.entry.path.as_ref()?.canonicalize().ok()?;
    Some(path.to_string_lossy().into_owned())
}

/// The hash of the file and of every flow that was merged into it: a changed flow is a changed file.
fn fingerprint(opened: &Opened) -> String {
    let mut hash = Sha256::new();
    for (_, source) in opened.sources.iter() {
        hash.update((source.text.len() as u64).to_be_bytes());
        hash.update(&source.text);
    }
    hex(&hash.finalize())
}
