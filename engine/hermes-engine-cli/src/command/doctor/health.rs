//! How the store is: whether it can be read and written, and whether anything in it waits to be finished.

use hermes_engine::input::env_file_trouble;
use hermes_engine::store::{Document, FileStore, StoreError};
use serde_json::{Value, json};

use crate::render::{safe, safe_sentence};

/// How the store is.
pub(super) struct Health {
    mark: char,
    /// What there is to say, the file first.
    message: String,
}

impl Health {
    /// Looks at the store, and leaves no trace there.
    pub(super) fn of(store: &FileStore, document: Result<&Document, &StoreError>) -> Health {
        let path = safe_sentence(&store.path().display().to_string());
        let document = match document {
            Ok(document) => document,
            Err(error) => {
                return Health {
                    mark: '✗',
                    message: format!("{path}: {}", safe_sentence(&error.to_string())),
                };
            }
        };
        let mut complaints: Vec<String> = document.warnings.iter().map(|warning| safe(warning)).collect();
        if let Err(error) = store.look_ready() {
            complaints
                .push(format!("nothing can be stored or renewed: {}", safe_sentence(&error.to_string())));
        }
        if let Some(error) = env_file_trouble(store.home()) {
            let path = store.home().env_file();
            complaints.push(safe_sentence(&format!("{} can't be read: {error}", path.display())));
        }
        complaints.extend(
            store
                .unfinished()
                .into_iter()
                .map(|id| format!("a renewal of `{}` is not finished; its next use finishes it", safe(&id))),
        );
        let mark = if complaints.is_empty() { '✓' } else { '⚠' };
        let root = document.root_path().map(|file| {
            format!(", those of the profile's root {} with them", safe_sentence(&file.display().to_string()))
        });
        let stored = format!("{path} ({} stored{})", document.providers().len(), root.unwrap_or_default());
        Health { mark, message: [vec![stored], complaints].concat().join("; ") }
    }

    /// The same as a line for a person.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.mark, self.message)
    }

    /// The same for a program.
    pub(super) fn object(&self) -> Value {
        json!({ "ok": self.mark == '✓', "message": self.line() })
    }
}
