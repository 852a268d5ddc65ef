//! A commit that goes on when its caller has been answered.
//!
//! Note: it may, because the server's answer is durable by then. Who asks for the same grant meanwhile waits for its lock;
//! after a crash the next holder finishes what the journal holds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::{AnyStore, Attempt, Change, Lease};

/// Work that is brought to its end, whoever waits.
pub type Completion = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who brings commits to their end.
pub struct Later {
    /// The store that they are made in.
    pub store: Arc<dyn AnyStore>,
    /// Starts one.
    pub start: Box<dyn Fn(Completion) + Send + Sync>,
}

impl Later {
    /// Commits a change of a grant that is held until then.
    pub(super) fn commit(&self, mut lease: Lease, change: Change) {
        let store = self.store.clone();
        (self.start)(Box::pin(async move {
            // What can't be stored now is finished by the next use.
            let _ = store.commit(&mut lease, change, Attempt::Ends).await;
        }));
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}
