//! How a run ends.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::code::Code;
use super::server_error::ServerError;
use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;

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
    /// What a user should know of it; not yet made safe for a screen.
    pub warnings: Vec<String>,
    /// Whom the credential belongs to, where the answer says so; not yet made safe for a screen.
    pub account: Option<String>,
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

/// Why a flow failed. As text it is the message, and what neither it nor the file's own words have said yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The code: the file's, or one of the engine's.
    pub code: Code,
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
    /// What is known beside that.
    pub facts: Box<Facts>,
}

/// What is known of a failure beside its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What happened, where the file's own words took the place of the sentence that says it.
    pub detail: Option<String>,
    /// What the server said.
    pub server: Option<ServerError>,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The host that was refused, where that is what went wrong.
    pub host: Option<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = self.facts.detail.as_deref().filter(|detail| !self.message.contains(detail)) {
            write!(f, ": {detail}")?;
        }
        let said = self.facts.server.as_ref().filter(|said| said.is_said() && !self.quotes(said));
        said.map_or(Ok(()), |said| write!(f, ": {said}"))
    }
}

impl Trouble {
    /// A failure that is no provider's: a code and a sentence.
    pub fn plain(code: Code, message: impl Into<String>) -> Trouble {
        let class = code.class();
        Trouble {
            code,
            class,
            state: None,
            message: message.into(),
            help: None,
            relogin: class == TroubleClass::Login,
            facts: Box::default(),
        }
    }

    /// The same, of a host that was refused.
    pub fn at_host(mut self, host: &str) -> Trouble {
        self.facts.host = Some(host.to_owned());
        self
    }

    /// Whether the file's own words repeat what the server said.
    fn quotes(&self, said: &ServerError) -> bool {
        let text = said.error_description.as_ref().or(said.error.as_ref());
        text.is_some_and(|text| self.message.contains(text.trim_end_matches('…')))
    }
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
