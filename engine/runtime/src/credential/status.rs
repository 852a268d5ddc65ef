//! The one truth on what a stored credential is good for.

use hermes_engine_core::provider::Provider;
use hermes_engine_core::time::UnixMs;

use super::Inputs;
use crate::store::Document;

/// What a credential is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can be used as it is.
    LoggedIn,
    /// It has expired, and the next use renews it.
    Refreshable,
    /// Only a new login helps.
    ReloginRequired,
    /// There is none.
    NotLoggedIn,
}

/// What is known of a provider's credential without asking anybody.
#[derive(Debug, Clone)]
pub struct Status {
    /// What it is good for.
    pub standing: Standing,
    /// Why; a fragment without secrets, not yet made safe for a screen.
    pub reason: Option<String>,
    /// The code with which a use would fail.
    pub code: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// What a person calls the credential.
    pub label: Option<String>,
    /// Where it comes from: `auth.json`, or the variable, file or command of an input.
    pub source: Option<String>,
}

impl Standing {
    /// Whether a use would succeed, as far as can be known without asking.
    pub fn is_usable(self) -> bool {
        matches!(self, Standing::LoggedIn | Standing::Refreshable)
    }
}

/// Judges a provider's credential. Sends nothing and changes nothing.
pub fn status(document: &Document, provider: &Provider, inputs: &Inputs, now: UnixMs) -> Status {
    let _ = (document, provider, inputs, now);
    unimplemented!()
}
