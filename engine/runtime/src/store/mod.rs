//! The stored credentials: `auth.json` in Hermes Agent's format, its lock, and a lock for each grant.
//!
//! The port is narrow on purpose: [`Store::read`] takes no lock, [`Store::with_grant`] holds one grant still across
//! read, decide, redeem and write, and [`Store::commit`] changes the file under the lock that Hermes shares. A file that
//! can't be read or parsed is an error that names it; it is never taken as empty and never replaced.

mod document;
mod error;

use std::path::Path;
use std::time::Duration;

pub use document::{Document, Record};
pub use error::StoreError;

use crate::home::Home;

/// The store of one home.
#[derive(Debug, Clone)]
pub struct Store {
    home: Home,
}

/// A grant that is held still: nobody else of this engine refreshes or replaces it meanwhile.
pub struct Held<'a> {
    store: &'a Store,
    provider: &'a str,
}

impl Store {
    /// The store of a home. Touches no file.
    pub fn open(home: Home) -> Store {
        Store { home }
    }

    /// The home that the store is in.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Where the credentials are.
    pub fn path(&self) -> &Path {
        unimplemented!()
    }

    /// Reads the credentials, without a lock. A file that isn't there is an empty document.
    pub fn read(&self) -> Result<Document, StoreError> {
        unimplemented!()
    }

    /// Changes the credentials under `auth.lock`: reads, applies `change`, and writes durably.
    pub fn commit<T>(&self, change: impl FnOnce(&mut Document) -> T) -> Result<T, StoreError> {
        let _ = change;
        unimplemented!()
    }

    /// Holds the lock of a provider's grant while `work` runs; waits for it at most `limit`.
    pub fn with_grant<T>(
        &self,
        provider: &str,
        limit: Duration,
        work: impl FnOnce(&Held<'_>) -> T,
    ) -> Result<T, StoreError> {
        let _ = (provider, limit, work);
        unimplemented!()
    }
}

impl Held<'_> {
    /// Reads the credentials again, now that nobody else changes this grant.
    pub fn record(&self) -> Result<Option<Record>, StoreError> {
        Ok(self.store.read()?.record(self.provider))
    }
}
