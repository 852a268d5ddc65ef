//! What a machine wants to happen.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::outcome::Outcome;
use hermes_format::origin::Origin;
use hermes_format::provider::Method;
use hermes_format::secret::Secret;

/// What should happen next. Exactly one is outstanding at a time.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Send this request, and report its answer or its failure.
    Send(Request),
    /// Wait until `until` on the elapsed clock, then report `Woke`. A prompt is shown first.
    Wait {
        /// When to wake up, on [`hermes_format::time::Now::elapsed`].
        until: Duration,
        /// When the machine gives up, on the same clock, where it will.
        deadline: Option<Duration>,
        /// What to show first.
        show: Option<Prompt>,
        /// Why there is a pause, where the last answer was none that could be used; not yet made safe for a screen.
        note: Option<String>,
    },
    /// Ask the user whether these hosts, which an answer named, may take part, and report `Agreed` or `Declined`.
    Agree {
        /// The origins that would be sent to.
        origins: Vec<Origin>,
        /// Whether a secret that the user supplied may be sent there.
        sends_secret: bool,
    },
    /// Bind this listener, and report its redirect URI.
    Bind(Listener),
    /// Open the prompt's URL, and report what comes back; `Woke` when `until` has passed.
    Listen {
        /// The state that sends the person there.
        state: String,
        /// What to open and show.
        show: Prompt,
        /// When to give up, on [`hermes_format::time::Now::elapsed`].
        until: Duration,
        /// Whether a paste is the only way back. With a listener a paste is taken too.
        paste: bool,
        /// Why the last paste was none that could be taken: to be said before another is waited for.
        again: Option<&'static str>,
    },
    /// The run is over.
    Finish(Outcome),
}

/// What a person is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The page to open: judged, moved and re-serialised.
    pub url: Option<Url>,
    /// The code to enter there: printable, at most 64 characters.
    pub code: Option<String>,
}

/// A listener to bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The host as the redirect URI writes it: `127.0.0.1`, `[::1]` or `localhost`. A loopback literal is bound all the same.
    pub host: String,
    /// The port; 0 is any free one.
    pub port: u16,
    /// The exact path.
    pub path: String,
}

/// A request, complete.
#[derive(Clone)]
pub struct Request {
    /// The state that sends it.
    pub state: String,
    /// The method.
    pub method: Method,
    /// The URL, with its query.
    pub url: Url,
    /// Its path as the file writes it, with names in the place of values: what a log may show. Of a redirect `/…`.
    pub path_template: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, HeaderValue)>,
    /// The body.
    pub body: Option<Body>,
}

/// The value of a header, and whether it must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderValue {
    /// The value.
    pub value: Secret,
    /// Whether a secret went into it.
    pub sensitive: bool,
}

/// The body of a request.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `application/json`.
    Json(Value),
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.value.len())
    }
}

impl fmt::Debug for Body {
    /// Tells the names of the fields, not their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Form(fields) => f.debug_list().entries(fields.iter().map(|(name, _)| name)).finish(),
            Body::Json(value) => {
                f.debug_set().entries(value.as_object().into_iter().flat_map(|o| o.keys())).finish()
            }
        }
    }
}

impl fmt::Debug for Request {
    /// Tells the origin, the path as the file writes it, and names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("state", &self.state)
            .field("method", &self.method.as_str())
            .field("url", &format_args!("{}{}", self.url.origin().ascii_serialization(), self.path_template))
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish()
    }
}
