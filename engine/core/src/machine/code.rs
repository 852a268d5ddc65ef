//! The engine's own error codes, and the standard text of those that files use.
//!
//! A code has a class and so an exit status. What a file's `[errors]` says of a code comes before these texts.

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

const fn known(code: &'static str, class: TroubleClass, text: &'static str, help: &'static str) -> Known {
    Known { code, class, text, help }
}

/// The advice of every code that only a new login mends; `{id}` is the provider's.
pub const LOG_IN: &str = "log in with `hermes-engine run-flow {id}`";
/// The advice where a service does what its file does not expect.
pub(super) const LOOK_FOR_NEWER: &str =
    "the service may have changed: look for a newer version of this provider's file";
const AGAIN: &str = "start the login again";
const LATER: &str = "try again in a moment; the stored credential, if there is one, is unchanged";

/// All codes that have a standard text.
pub const KNOWN: [Known; 26] = [
    known("not_logged_in", TroubleClass::Login, "no credential is stored", LOG_IN),
    known("no_refresh_token", TroubleClass::Login, "the stored credential can't be renewed", LOG_IN),
    known("login_expired", TroubleClass::Login, "the login has ended", LOG_IN),
    known(
        "authorization_denied",
        TroubleClass::Denied,
        "the login was denied",
        "approve it in the browser, with the right account",
    ),
    known("authorization_failed", TroubleClass::Denied, "the server did not start the login", AGAIN),
    known(
        "authorization_incomplete",
        TroubleClass::Denied,
        "the server's answer lacks what a login needs",
        LOOK_FOR_NEWER,
    ),
    known("token_exchange_failed", TroubleClass::Denied, "the server gave no token", AGAIN),
    known(
        "token_incomplete",
        TroubleClass::Denied,
        "the server's token lacks what is needed",
        LOOK_FOR_NEWER,
    ),
    known("refresh_failed", TroubleClass::Retry, "the credential could not be renewed", LATER),
    known(
        "timeout",
        TroubleClass::TimedOut,
        "the login was not approved in time",
        "start it again and approve it before the time is over",
    ),
    known(
        "expired",
        TroubleClass::TimedOut,
        "the login's code expired",
        "start it again and approve it before the time is over",
    ),
    known(
        "network",
        TroubleClass::Retry,
        "the server could not be reached",
        "check the connection, proxy and certificates, then try again",
    ),
    known("server_unavailable", TroubleClass::Retry, "the server has trouble of its own", LATER),
    known("store_busy", TroubleClass::Retry, "another process holds the credential", LATER),
    known(
        "state_mismatch",
        TroubleClass::Refused,
        "the answer does not belong to this login (its `state` differs): it was refused",
        "start the login again; if it happens twice, something between you and the service changes the answers",
    ),
    known(
        "redirected",
        TroubleClass::Refused,
        "the server sent the request elsewhere",
        "if the service really moved, name its new host under `hosts`",
    ),
    known(
        "origin_refused",
        TroubleClass::Refused,
        "refused for safety",
        "name the host in the provider's file, or log in again",
    ),
    known(
        "plain_http",
        TroubleClass::Refused,
        "refused for safety",
        "write https, or for this computer 127.0.0.1",
    ),
    known(
        "untrusted_file",
        TroubleClass::Refused,
        "the provider's file is not trusted",
        "read it, then run `hermes-engine trust` on it",
    ),
    known("bad_answer", TroubleClass::Denied, "the server's answer can't be used", LOOK_FOR_NEWER),
    known(
        "listener_unavailable",
        TroubleClass::Retry,
        "the address that the browser comes back to can't be used",
        "close what uses the port, or run again without a browser and paste the address of the last page",
    ),
    known("missing_input", TroubleClass::Denied, "a value is missing", "supply it"),
    known("bad_input", TroubleClass::Denied, "a value can't be used", "supply another"),
    known(
        "not_supported",
        TroubleClass::File,
        "the provider's file has no such flow",
        "look at what it has with `hermes-engine providers show`",
    ),
    known(
        "discontinued",
        TroubleClass::File,
        "it is discontinued",
        "look for another provider with `hermes-engine providers`",
    ),
    known(
        "bad_flow",
        TroubleClass::File,
        "the provider's file can't be run to its end",
        "run `hermes-engine check` on it",
    ),
];

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
            assert!(!KNOWN[..i].iter().any(|other| other.code == known.code), "{}", known.code);
        }
    }
}
