//! What `auth.json` holds.

use hermes_engine_core::origin::Origins;
use hermes_engine_core::secret::Secret;
use hermes_engine_core::time::UnixMs;
use indexmap::IndexMap;
use serde_json::Value;

/// The whole file. What this engine does not know stays as it is, to the byte.
#[derive(Clone, Default)]
pub struct Document {
    /// What was mended or could not be while reading, for a person: permissions that were too wide, ….
    pub warnings: Vec<String>,
}

/// The stored credential of one provider.
#[derive(Clone)]
pub struct Record {
    _value: Value,
}

impl Document {
    /// The record of a provider.
    pub fn record(&self, provider: &str) -> Option<Record> {
        let _ = provider;
        unimplemented!()
    }

    /// The ids of all records and pool rows, in their order.
    pub fn providers(&self) -> Vec<String> {
        unimplemented!()
    }

    /// The provider that Hermes Agent uses where nothing else is chosen.
    pub fn active_provider(&self) -> Option<String> {
        unimplemented!()
    }

    /// Removes every copy of a provider's credential: record, pool rows, active provider.
    pub fn remove(&mut self, provider: &str) -> bool {
        let _ = provider;
        unimplemented!()
    }
}

impl Record {
    /// The members that a file names as `token.*`.
    pub fn token(&self) -> Value {
        unimplemented!()
    }

    /// The access token.
    pub fn access_token(&self) -> Option<Secret> {
        unimplemented!()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<Secret> {
        unimplemented!()
    }

    /// The region of the login.
    pub fn region(&self) -> Option<String> {
        unimplemented!()
    }

    /// The typed values of inputs that are kept with the credential.
    pub fn inputs(&self) -> IndexMap<String, String> {
        unimplemented!()
    }

    /// Where the credential may go; `None` where another program wrote the record.
    pub fn origins(&self) -> Option<Origins> {
        unimplemented!()
    }

    /// When the access token expires; `None` is unknown.
    pub fn expires_at(&self) -> Option<UnixMs> {
        unimplemented!()
    }

    /// What a person calls it.
    pub fn label(&self) -> Option<String> {
        unimplemented!()
    }
}
