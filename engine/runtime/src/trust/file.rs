//! `trust.json`: which files a person trusts, by path and by the hash of all the text that makes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::catalog::Opened;
use crate::home::Home;

/// The files that a person trusts.
#[derive(Debug, Clone)]
pub struct Trust {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Content {
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

impl Trust {
    /// Reads the file of a home; one that is not there trusts nothing.
    pub fn read(home: &Home) -> Result<Trust, TrustError> {
        let path = home.trust_json();
        let failed = |reason: String| TrustError { path: home.trust_json(), action: "read", reason };
        let content = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Content { version: 1, files: BTreeMap::new() }
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        Ok(Trust { path, content })
    }

    /// Whether exactly this text of a file, its flows included, is trusted.
    pub fn holds(&self, opened: &Opened) -> bool {
        key(opened).is_some_and(|key| self.content.files.get(&key) == Some(&fingerprint(opened)))
    }

    /// Trusts a file as it is now, and remembers it.
    pub fn add(&mut self, home: &Home, opened: &Opened) -> Result<(), TrustError> {
        let failed = |error: io::Error| TrustError {
            path: self.path.clone(),
            action: "written",
            reason: error.to_string(),
        };
        let key = key(opened).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        self.content.files.insert(key, fingerprint(opened));
        home.create().and_then(|()| self.write(home)).map_err(failed)
    }

    fn write(&self, home: &Home) -> io::Result<()> {
        // A temporary file is made for its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(home.path())?;
        file.write_all(&serde_json::to_vec_pretty(&self.content)?)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
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
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
