//! What went wrong, and what the caller does next.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hermes_machine::machine::{Trouble, TroubleClass};

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

struct Fault {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    help: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// What the caller does next.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The code: one of the engine's, or of the provider's file.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What to do about it, in words.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// How long to wait before another attempt, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub(super) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Error {
        Error(Arc::new(Fault {
            kind,
            code: Cow::Borrowed(code),
            message: message.into(),
            help: None,
            retry_after: None,
            source: None,
        }))
    }

    pub(super) fn because(
        kind: ErrorKind,
        code: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        let message = source.to_string();
        let source = Some(Box::new(source) as Box<dyn std::error::Error + Send + Sync>);
        Error(Arc::new(Fault {
            kind,
            code: Cow::Borrowed(code),
            message,
            help: None,
            retry_after: None,
            source,
        }))
    }

    /// The same with advice.
    pub(super) fn with_help(self, help: impl Into<String>) -> Error {
        let mut fault = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Fault {
            kind: shared.kind,
            code: shared.code.clone(),
            message: shared.message.clone(),
            help: None,
            retry_after: shared.retry_after,
            source: None,
        });
        fault.help = Some(help.into());
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
            code: Cow::Owned(trouble.code.to_string()),
            message: trouble.to_string(),
            help: trouble.help,
            retry_after: trouble.facts.retry_after,
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
        Error::because(ErrorKind::Usage, "bad_input", error)
    }
}
