//! How a run ends.

use serde_json::{Map, Value};

use crate::origin::Origins;
use crate::secret::Secret;
use crate::time::UnixMs;

/// The end of a run.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A credential was obtained or renewed.
    Success(Box<Grant>),
    /// An action without a credential is finished.
    Done {
        /// The status of the last answer, where there was one.
        status: Option<u16>,
    },
    /// The flow failed.
    Failed(Trouble),
    /// The person gave up.
    Cancelled,
}

/// A credential, as the last answer gave it. What is `None` was not present there.
#[derive(Clone)]
pub struct Grant {
    /// The access token.
    pub access_token: Secret,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The type of the token, as the answer wrote it.
    pub token_type: Option<String>,
    /// When the answer arrived.
    pub obtained_at: UnixMs,
    /// When the access token expires; `None` is unknown.
    pub expires_at: Option<UnixMs>,
    /// What else is kept.
    pub keep: Map<String, Value>,
    /// A message of the provider's; not yet made safe for a screen.
    pub notice: Option<String>,
    /// The region of the run.
    pub region: Option<String>,
    /// Where the credential may go.
    pub origins: Origins,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("region", &self.region)
            .field("expires_at", &self.expires_at)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// Why a flow failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The code: the file's, or one of the engine's.
    pub code: String,
    /// What the caller does next.
    pub class: TroubleClass,
    /// The state in which it failed.
    pub state: Option<String>,
    /// One sentence: what went wrong. May quote what `[errors]` puts there; not yet made safe for a screen.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether only a new login helps.
    pub relogin: bool,
}

/// Whose turn it is after a failure; each has an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleClass {
    /// Log in (3).
    Login,
    /// Denied, or the flow failed with a code of the file's (4).
    Denied,
    /// Timed out or expired (5).
    TimedOut,
    /// Network or server: worth trying again (6).
    Retry,
    /// Refused for safety (7).
    Refused,
    /// The store can't be read or written (8).
    Store,
    /// The file is wrong (9).
    File,
}
