//! What went wrong, and what the caller does next.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hermes_machine::machine::{Code, ServerError, Trouble, TroubleClass};

use crate::credential;
use crate::input::InputError;
use crate::store::StoreError;

/// The result of everything that the library does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Log in: nothing is stored, or what is stored was refused.
    LoginRequired,
    /// Nothing can be done at once: the user or the server said no.
    Denied,
    /// The user did not finish the login in time.
    TimedOut,
    /// Try again later; see [`Error::retry_after`].
    Retryable,
    /// Refused for safety; nothing was sent.
    Refused,
    /// Fix the credential store.
    Store,
    /// Fix the provider's file.
    File,
    /// Fix the call: an unknown provider, a missing or invalid input.
    Usage,
    /// The operation was cancelled.
    Cancelled,
    /// A bug of this library.
    Bug,
}

/// An error of the library: cheap to clone, so that many callers can share one outcome.
#[derive(Clone)]
pub struct Error(Arc<Fault>);

#[derive(Clone)]
struct Fault {
    kind: ErrorKind,
    code: Code,
    message: String,
    help: Option<String>,
    provider: Option<String>,
    state: Option<String>,
    host: Option<String>,
    relogin: bool,
    retry_after: Option<Duration>,
    server: Option<ServerError>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// What the caller does next.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The code: one of the engine's, or of the provider's file.
    pub fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// What to do about it, in words.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The id of the provider it is about.
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// The state of the provider's file in which a flow failed.
    pub fn state(&self) -> Option<&str> {
        self.0.state.as_deref()
    }

    /// The host that nothing was sent to, where that is why.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Whether what is stored is missing or refused, so that nothing but a new login helps.
    pub fn needs_login(&self) -> bool {
        self.0.relogin
    }

    /// How long to wait before another attempt, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the server said: `error`, `error_description`, `error_uri`, and its HTTP status.
    pub fn server(&self) -> Option<&ServerError> {
        self.0.server.as_ref()
    }

    pub(crate) fn new(kind: ErrorKind, code: impl Into<Code>, message: impl Into<String>) -> Error {
        Error(Arc::new(Fault {
            kind,
            code: code.into(),
            message: message.into(),
            help: None,
            provider: None,
            state: None,
            host: None,
            relogin: false,
            retry_after: None,
            server: None,
            source: None,
        }))
    }

    pub(crate) fn because(
        kind: ErrorKind,
        code: impl Into<Code>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        let error = Error::new(kind, code, source.to_string());
        error.change(|fault| fault.source = Some(Arc::new(source)))
    }

    /// The same with advice.
    pub(crate) fn with_help(self, help: impl Into<String>) -> Error {
        self.change(|fault| fault.help = Some(help.into()))
    }

    /// The same with another sentence.
    pub(super) fn with_message(self, message: impl Into<String>) -> Error {
        self.change(|fault| fault.message = message.into())
    }

    /// The same, about a provider.
    pub(super) fn about(self, provider: &str) -> Error {
        self.change(|fault| {
            fault.provider.get_or_insert_with(|| provider.to_owned());
        })
    }

    fn change(self, change: impl FnOnce(&mut Fault)) -> Error {
        let mut fault = Arc::unwrap_or_clone(self.0);
        change(&mut fault);
        Error(Arc::new(fault))
    }

    pub(super) fn cancelled() -> Error {
        Error::new(ErrorKind::Cancelled, "cancelled", "cancelled")
    }

    /// The engine's thread has ended: the work panicked, or the process is going down.
    pub(super) fn lost() -> Error {
        Error::new(ErrorKind::Bug, "bug", "the engine's thread ended before the work did")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("help", &self.0.help)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        let kind = match trouble.class {
            TroubleClass::Login => ErrorKind::LoginRequired,
            TroubleClass::Denied => ErrorKind::Denied,
            TroubleClass::TimedOut => ErrorKind::TimedOut,
            TroubleClass::Retry => ErrorKind::Retryable,
            TroubleClass::Refused => ErrorKind::Refused,
            TroubleClass::Store => ErrorKind::Store,
            TroubleClass::File => ErrorKind::File,
        };
        Error(Arc::new(Fault {
            kind,
            message: trouble.to_string(),
            code: trouble.code,
            help: trouble.help,
            provider: None,
            state: trouble.state,
            host: trouble.facts.host,
            relogin: trouble.relogin,
            retry_after: trouble.facts.retry_after,
            server: trouble.facts.server,
            source: None,
        }))
    }
}

impl From<credential::Error> for Error {
    fn from(error: credential::Error) -> Error {
        match error {
            credential::Error::Trouble(trouble) => trouble.into(),
            credential::Error::Interrupted => Error::cancelled(),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Interrupted => Error::cancelled(),
            error => Trouble::from(error).into(),
        }
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Error {
        let (kind, help) = match &error {
            InputError::Control { .. } => (ErrorKind::Usage, Some("write the value there as one line")),
            InputError::Quoted { .. } => (
                ErrorKind::Usage,
                Some("write the value there without quotes; `docker --env-file` keeps them"),
            ),
            InputError::NotAKey { .. } => (
                ErrorKind::Denied,
                Some("copy it again, the key alone: no `Bearer` before it, no blank in it"),
            ),
            _ => (ErrorKind::Usage, None),
        };
        let error = Error::because(kind, "bad_input", error);
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }
}
