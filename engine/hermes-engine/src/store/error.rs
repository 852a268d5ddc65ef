//! Why the store could not be read or written.

use std::path::PathBuf;

use hermes_machine::machine::{Code, Trouble, TroubleClass};

use crate::own_file::NotOwn;

/// Why the store could not be read or written; each names the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        let (code, class, help) = match &error {
            StoreError::Busy { .. } | StoreError::Unfinished { .. } | StoreError::Interrupted => {
                (Code::StoreBusy, TroubleClass::Retry, "try again in a moment")
            }
            StoreError::Unreadable { source, .. } => {
                let help = NotOwn::of(source).map_or("see that the file can be read by you", NotOwn::help);
                (Code::StoreUnreadable, TroubleClass::Store, help)
            }
            StoreError::Obstructed { .. } => (Code::StoreUnreadable, TroubleClass::Store, "remove it"),
            StoreError::Corrupt { .. } => {
                (Code::StoreCorrupt, TroubleClass::Store, "fix the file, or move it away and log in again")
            }
            StoreError::Unwritable { .. } => (
                Code::StoreUnwritable,
                TroubleClass::Store,
                "see that the folder can be written and has room",
            ),
            StoreError::Foreign { .. } => (
                Code::StoreForeign,
                TroubleClass::Store,
                "use a home of your own, or take the file over with chown",
            ),
            StoreError::NoLocks { .. } => {
                (Code::StoreNoLocks, TroubleClass::Store, "put the home on a local filesystem (--home)")
            }
        };
        Trouble { class, help: Some(help.to_owned()), ..Trouble::plain(code, error.to_string()) }
    }
}
