//! What a client asks for: a token that is valid now.

use std::time::Duration;

use hermes_engine_core::machine::Trouble;
use hermes_engine_core::origin::Origins;
use hermes_engine_core::provider::Shared;
use hermes_engine_core::secret::Secret;
use hermes_engine_core::time::UnixMs;
use serde_json::Value;

use super::Inputs;
use crate::http::HttpOptions;
use crate::store::{Store, StoreError};

/// What is asked for.
pub struct Request<'a> {
    /// Where credentials are stored.
    pub store: &'a Store,
    /// The provider.
    pub provider: &'a Shared,
    /// The region, where no stored credential has one; `None` is the file's default.
    pub region: Option<&'a str>,
    /// The values of its inputs.
    pub inputs: &'a Inputs,
    /// Where the built-in (or trusted) file of this id lets its credentials go, for the record's region.
    pub built_in: Option<&'a dyn Fn(Option<&str>) -> Origins>,
    /// How long the token must live on, at least.
    pub min_ttl: Option<Duration>,
    /// SHA-256, in hex, of the token that a server has just refused.
    pub rejected_sha256: Option<&'a str>,
    /// How requests are sent, where any are.
    pub http: HttpOptions,
}

/// Where a credential came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// It was stored, and good.
    Stored,
    /// It has just been renewed.
    Renewed,
    /// It was made from inputs.
    Made,
}

/// A credential that can be used now.
#[derive(Clone)]
pub struct Credential {
    /// The access token.
    pub access_token: Secret,
    /// What `{{token.*}}` names, for [`hermes_engine_core::access::access`].
    pub token: Value,
    /// The region.
    pub region: Option<String>,
    /// The values of inputs, for the same.
    pub inputs: indexmap::IndexMap<String, String>,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// Where the credential may go.
    pub origins: Origins,
    /// Where it came from.
    pub source: Source,
    /// What a person should know; not yet made safe for a screen.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("source", &self.source)
            .field("region", &self.region)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why there is no credential.
#[derive(Debug)]
pub enum Error {
    /// Something is wrong; the class says whose turn it is.
    Trouble(Trouble),
    /// The person interrupted a renewal, which was brought to its end first (130).
    Interrupted,
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        Error::Trouble(trouble)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Error::Trouble(error.into())
    }
}

/// A token that is valid now: the stored one if it is fresh, else a renewed one. Never asks a person.
pub fn token(request: &Request<'_>) -> Result<Credential, Error> {
    let _ = request;
    unimplemented!()
}
