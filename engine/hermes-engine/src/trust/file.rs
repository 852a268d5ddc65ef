//! `trust.json`: what the user trusts, by content and by folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Content, Facts};
use crate::clock;
use crate::home::Home;
use crate::store::{self, StoreError};

/// The version that this program writes; an earlier one knew texts by their bytes, and trusts nothing any more.
const VERSION: u32 = 2;

/// What the user trusts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trust {
    version: u32,
    /// Contents, by their SHA-256 in hex.
    #[serde(default)]
    pub contents: BTreeMap<String, TrustedFile>,
    /// Folders, by what they are known by ([`super::folder_key`]).
    #[serde(default)]
    pub folders: BTreeMap<String, TrustedFolder>,
}

/// A content that is trusted wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedFile {
    /// The provider's id.
    pub id: String,
    /// Where the file was when it was trusted.
    pub path: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What was shown.
    pub facts: Facts,
    /// What it said, for a comparison with what it says later.
    pub lines: Vec<String>,
}

/// A folder whose files are trusted as far as what was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedFolder {
    /// Where it was when it was trusted.
    pub path: String,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What was shown, by the provider's id.
    pub files: BTreeMap<String, Facts>,
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
    ///
    /// # Errors
    /// It is there and can't be read.
    pub fn read(home: &Home) -> Result<Trust, TrustError> {
        let text =
            store::read_file(&home.trust_json()).map_err(|error| TrustError::of(home, "read", error))?;
        let Some(text) = text else {
            return Ok(Trust { version: VERSION, contents: BTreeMap::new(), folders: BTreeMap::new() });
        };
        serde_json::from_str(&text).map_err(|error| TrustError {
            path: home.trust_json(),
            action: "read",
            reason: error.to_string(),
        })
    }

    /// Whether exactly this is trusted.
    pub fn holds(&self, content: &Content) -> bool {
        self.contents.get(&content.sha256()).is_some_and(|trusted| trusted.id == content.id)
    }

    /// Whether a file of a folder asks for nothing but what was shown when the folder was trusted.
    pub fn holds_in(&self, folder: &str, id: &str, facts: &Facts) -> bool {
        let shown = self.folders.get(folder).and_then(|folder| folder.files.get(id));
        shown.is_some_and(|shown| facts.is_within(shown))
    }

    /// What of an id was trusted last, by the same path where that was.
    pub fn last(&self, id: &str, path: &str) -> Option<&TrustedFile> {
        let of_id = self.contents.values().filter(|trusted| trusted.id == id);
        of_id.max_by_key(|trusted| (trusted.path == path, trusted.at))
    }

    /// Trusts a content, and remembers it.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn add(home: &Home, content: &Content, facts: Facts, path: &str) -> Result<(), TrustError> {
        let Content { id, lines } = content.clone();
        let trusted = TrustedFile { id, path: path.to_owned(), at: clock::wall().0, facts, lines };
        change(home, |trust| {
            trust.contents.insert(content.sha256(), trusted);
        })
    }

    /// Trusts a folder for what was shown of its files, and remembers it.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn add_folder(
        home: &Home,
        key: &str,
        path: &str,
        files: BTreeMap<String, Facts>,
    ) -> Result<(), TrustError> {
        let trusted = TrustedFolder { path: path.to_owned(), at: clock::wall().0, files };
        change(home, |trust| {
            trust.folders.insert(key.to_owned(), trusted);
        })
    }

    /// Forgets what is trusted, as far as a hash or key is among these. Gives how much that was.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn remove(home: &Home, keys: &[String]) -> Result<usize, TrustError> {
        let mut removed = 0;
        change(home, |trust| {
            let before = trust.contents.len() + trust.folders.len();
            trust.contents.retain(|key, _| !keys.contains(key));
            trust.folders.retain(|key, _| !keys.contains(key));
            removed = before - trust.contents.len() - trust.folders.len();
        })?;
        Ok(removed)
    }
}

/// Changes the file under a lock, so that of several changes at once none is lost.
fn change(home: &Home, how: impl FnOnce(&mut Trust)) -> Result<(), TrustError> {
    let failed = |error| TrustError::of(home, "written", error);
    let unwritable = |source| failed(StoreError::Unwritable { path: home.trust_json(), source });
    home.create().map_err(unwritable)?;
    let path = home.trust_json();
    let changed = store::with_file(home, &path, || {
        let mut trust = Trust::read(home)?;
        how(&mut trust);
        trust.version = VERSION;
        let text = serde_json::to_string_pretty(&trust).map_err(|error| unwritable(error.into()))?;
        store::replace_file(&path, &format!("{text}\n")).map_err(failed)
    });
    changed.map_err(failed)?
}
