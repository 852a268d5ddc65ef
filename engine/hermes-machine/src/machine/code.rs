//! The engine's own error codes, and the standard text of those that files use.
//!
//! A code has a class and so an exit status. What a file's `[errors]` says of a code comes before these texts.

use std::fmt;

use super::outcome::TroubleClass;

/// What is known of a code: its class, its sentence after the provider's name, and its advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The code.
    pub code: &'static str,
    /// Whose turn it is.
    pub class: TroubleClass,
    /// The sentence: `NAME: {text}`.
    pub text: &'static str,
    /// The advice.
    pub help: &'static str,
}

/// The advice of every code that only a new login mends; `{id}` is the provider's.
pub const LOG_IN: &str = "log in with `hermes-engine run-flow {id}`";
/// The advice where a service does what its file does not expect.
pub(super) const LOOK_FOR_NEWER: &str =
    "the service may have changed: look for a newer version of this provider's file";
const AGAIN: &str = "start the login again";
const LATER: &str = "try again in a moment; the stored credential, if there is one, is unchanged";

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal, $class:ident, $text:literal, $help:expr;)*) => {
        /// The code of a failure: one of the engine's, or one of a file's own.
        ///
        /// As text it is what `fail = "…"` and `[errors]` write.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])* #[doc = concat!("`", $word, "`: ", $text, ".")] $variant,)*
            /// A code that only a provider's file knows.
            Own(Box<str>),
        }

        /// All codes that have a standard text.
        pub const KNOWN: &[Known] = &[$(Known {
            code: $word, class: TroubleClass::$class, text: $text, help: $help,
        }),*];

        impl Code {
            /// The code as files and programs write it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Code::$variant => $word,)*
                    Code::Own(word) => word,
                }
            }
        }

        impl From<&str> for Code {
            fn from(word: &str) -> Code {
                match word {
                    $($word => Code::$variant,)*
                    other => Code::Own(other.into()),
                }
            }
        }
    };
}

codes! {
    NotLoggedIn = "not_logged_in", Login,
        "no credential is stored",
        LOG_IN;
    NoRefreshToken = "no_refresh_token", Login,
        "the stored credential can't be renewed",
        LOG_IN;
    LoginExpired = "login_expired", Login,
        "the login has ended",
        LOG_IN;
    AuthorizationDenied = "authorization_denied", Denied,
        "the login was denied",
        "approve it in the browser, with the right account";
    InsufficientScope = "insufficient_scope", Denied,
        "the login does not allow what was asked",
        "ask an administrator of the service for the permission";
    AuthorizationFailed = "authorization_failed", Denied,
        "the server did not start the login",
        AGAIN;
    AuthorizationIncomplete = "authorization_incomplete", Denied,
        "the server's answer lacks what a login needs",
        LOOK_FOR_NEWER;
    TokenExchangeFailed = "token_exchange_failed", Denied,
        "the server gave no token",
        AGAIN;
    TokenIncomplete = "token_incomplete", Denied,
        "the server's token lacks what is needed",
        LOOK_FOR_NEWER;
    RefreshFailed = "refresh_failed", Retry,
        "the credential could not be renewed",
        LATER;
    Timeout = "timeout", TimedOut,
        "the login was not approved in time",
        "start it again and approve it before the time is over";
    Expired = "expired", TimedOut,
        "the login's code expired",
        "start it again and approve it before the time is over";
    Network = "network", Retry,
        "the server could not be reached",
        "check the connection, proxy and certificates, then try again";
    ServerUnavailable = "server_unavailable", Retry,
        "the server has trouble of its own",
        LATER;
    StoreBusy = "store_busy", Retry,
        "another process holds the credential",
        LATER;
    StateMismatch = "state_mismatch", Refused,
        "the answer does not belong to this login (its `state` differs): it was refused",
        "start the login again; if it happens twice, something between you and the service changes the answers";
    Redirected = "redirected", Refused,
        "the server sent the request elsewhere",
        LOOK_FOR_NEWER;
    OriginRefused = "origin_refused", Refused,
        "refused for safety",
        "name the host in the provider's file, or log in again";
    PlainHttp = "plain_http", Refused,
        "refused for safety",
        "write https, or for this computer 127.0.0.1";
    UntrustedFile = "untrusted_file", Refused,
        "the provider's file is not trusted",
        "read it, then run `hermes-engine trust` on it";
    BadAnswer = "bad_answer", Denied,
        "the server's answer can't be used",
        LOOK_FOR_NEWER;
    ListenerUnavailable = "listener_unavailable", Retry,
        "the address that the browser comes back to can't be used",
        "close what uses the port, or run again without a browser and paste the address of the last page";
    LoginIntercepted = "login_intercepted", Refused,
        "the login's start page was opened twice: somebody else on this computer may have been first",
        "start the login again; with --no-browser no page is served that somebody else could open";
    MissingInput = "missing_input", Denied,
        "a value is missing",
        "supply it";
    BadInput = "bad_input", Denied,
        "a value can't be used",
        "supply another";
    NotSupported = "not_supported", File,
        "the provider's file has no such flow",
        "look at what it has with `hermes-engine providers show`";
    Discontinued = "discontinued", File,
        "it is discontinued",
        "look for another provider with `hermes-engine providers`";
    BadFlow = "bad_flow", File,
        "the provider's file can't be run to its end",
        "run `hermes-engine check` on it";
    RateLimited = "rate_limited", Retry,
        "the server limits how often it is asked",
        "wait a few minutes, then try again";
    StoreUnreadable = "store_unreadable", Store,
        "the store can't be read",
        "see that the file can be read by you";
    StoreUnwritable = "store_unwritable", Store,
        "the store can't be written",
        "see that the folder can be written and has room";
    StoreCorrupt = "store_corrupt", Store,
        "the store is damaged",
        "fix the file, or move it away and log in again";
    StoreForeign = "store_foreign", Store,
        "the store belongs to another user",
        "use a home of your own, or take the file over with chown";
    StoreNoLocks = "store_no_locks", Store,
        "locks keep nobody out of the store",
        "put the home on a local filesystem (--home)";
}

impl Code {
    /// What is known of it; `None` for a file's own.
    pub fn known(&self) -> Option<&'static Known> {
        lookup(self.as_str())
    }

    /// Whose turn it is after a failure with this code.
    pub fn class(&self) -> TroubleClass {
        self.known().map_or(TroubleClass::Denied, |known| known.class)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of a code.
pub fn lookup(code: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_listed_twice() {
        for (i, known) in KNOWN.iter().enumerate() {
            assert_eq!(Code::from(known.code).known(), Some(known));
            assert!(!KNOWN[..i].iter().any(|other| other.code == known.code), "{}", known.code);
        }
    }
}
