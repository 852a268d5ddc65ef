//! Why the store could not be read or written.

use std::path::PathBuf;

use hermes_machine::machine::{Code, Trouble, TroubleClass};

use crate::own_file::NotOwn;

/// What is wrong with a store, by what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Somebody else holds what is needed: try again in a moment.
    Busy,
    /// It can't be read.
    Unreadable,
    /// It can't be written.
    Unready,
    /// What is stored is not what it should be.
    Corrupt,
    /// It belongs to somebody else.
    Foreign,
    /// It can't keep others out.
    NoLocks,
    /// What was held is held no more.
    Lost,
    /// The wait was given up, and nothing was done.
    Interrupted,
}

/// Why the store could not be read or written; those of a file name it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another store than that of files says so.
    #[error("{message}")]
    Other {
        /// What to do about it.
        kind: StoreErrorKind,
        /// What is wrong.
        message: String,
        /// Why.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The file can't be read.
    #[error("read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what it should be. It is left as it is.
    #[error("{} is damaged ({reason}); it was left as it is", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; quotes nothing of it.
        reason: String,
    },
    /// The file can't be written.
    #[error("write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something stands in a file's place that is none.
    #[error("{} is not a regular file", path.display())]
    Obstructed {
        /// Where.
        path: PathBuf,
    },
    /// An attempt to renew the credential has left something that is to be finished first.
    #[error("{} holds a renewal that is not finished yet", path.display())]
    Unfinished {
        /// The journal.
        path: PathBuf,
    },
    /// The file belongs to another user.
    #[error("{} belongs to another user (uid {owner})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Another process holds the lock for too long.
    #[error("{} is held by another process", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// The process is asked to stop, and nothing was done.
    #[error("the process is asked to stop")]
    Interrupted,
    /// Locks on this filesystem keep nobody out.
    #[error("locks on the filesystem of {} keep nobody out ({reason})", path.display())]
    NoLocks {
        /// The lock.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
}

impl StoreError {
    /// The error of a store that is no file.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError::Other { kind, message: message.into(), source: None }
    }

    /// The same with its cause.
    pub fn because(
        kind: StoreErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::Other { kind, message: message.into(), source: Some(source.into()) }
    }

    /// The same error once more: what fails for several is told to each.
    pub(super) fn again(&self) -> StoreError {
        let io = |error: &std::io::Error| match error.raw_os_error() {
            Some(code) => std::io::Error::from_raw_os_error(code),
            None => std::io::Error::new(error.kind(), error.to_string()),
        };
        match self {
            StoreError::Unreadable { path, source } => {
                StoreError::Unreadable { path: path.clone(), source: io(source) }
            }
            StoreError::Unwritable { path, source } => {
                StoreError::Unwritable { path: path.clone(), source: io(source) }
            }
            StoreError::Corrupt { path, reason } => {
                StoreError::Corrupt { path: path.clone(), reason: reason.clone() }
            }
            StoreError::NoLocks { path, reason } => {
                StoreError::NoLocks { path: path.clone(), reason: reason.clone() }
            }
            StoreError::Obstructed { path } => StoreError::Obstructed { path: path.clone() },
            StoreError::Unfinished { path } => StoreError::Unfinished { path: path.clone() },
            StoreError::Busy { path } => StoreError::Busy { path: path.clone() },
            StoreError::Foreign { path, owner } => StoreError::Foreign { path: path.clone(), owner: *owner },
            StoreError::Interrupted => StoreError::Interrupted,
            StoreError::Other { kind, message, .. } => StoreError::new(*kind, message.clone()),
        }
    }

    pub(super) fn lost(message: &str) -> StoreError {
        StoreError::new(StoreErrorKind::Lost, message)
    }

    /// What to do about it.
    pub fn kind(&self) -> StoreErrorKind {
        match self {
            StoreError::Other { kind, .. } => *kind,
            StoreError::Busy { .. } | StoreError::Unfinished { .. } => StoreErrorKind::Busy,
            StoreError::Interrupted => StoreErrorKind::Interrupted,
            StoreError::Unreadable { .. } | StoreError::Obstructed { .. } => StoreErrorKind::Unreadable,
            StoreError::Corrupt { .. } => StoreErrorKind::Corrupt,
            StoreError::Unwritable { .. } => StoreErrorKind::Unready,
            StoreError::Foreign { .. } => StoreErrorKind::Foreign,
            StoreError::NoLocks { .. } => StoreErrorKind::NoLocks,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        let (code, class, help) = plain(error.kind());
        let help = match &error {
            StoreError::Obstructed { .. } => Some("remove it"),
            StoreError::Unreadable { source, .. } => Some(NotOwn::of(source).map_or(help, NotOwn::help)),
            // What can be done about a file is nothing for a database.
            StoreError::Other { .. } if class == TroubleClass::Store => None,
            _ => Some(help),
        };
        let help = help.map(str::to_owned);
        Trouble { class, help, ..Trouble::plain(code, error.to_string()) }
    }
}

/// The code of a kind, and what to do about it where it is a file.
fn plain(kind: StoreErrorKind) -> (Code, TroubleClass, &'static str) {
    let store = TroubleClass::Store;
    match kind {
        StoreErrorKind::Busy | StoreErrorKind::Lost | StoreErrorKind::Interrupted => {
            (Code::StoreBusy, TroubleClass::Retry, "try again in a moment")
        }
        StoreErrorKind::Unreadable => (Code::StoreUnreadable, store, "see that the file can be read by you"),
        StoreErrorKind::Corrupt => {
            (Code::StoreCorrupt, store, "fix the file, or move it away and log in again")
        }
        StoreErrorKind::Unready => {
            (Code::StoreUnwritable, store, "see that the folder can be written and has room")
        }
        StoreErrorKind::Foreign => {
            (Code::StoreForeign, store, "use a home of your own, or take the file over with chown")
        }
        StoreErrorKind::NoLocks => (Code::StoreNoLocks, store, "put the home on a local filesystem (--home)"),
    }
}
