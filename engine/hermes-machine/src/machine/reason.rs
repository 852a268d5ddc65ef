//! What to do about the reason that a server gave.

use super::code::{LOG_IN, LOOK_FOR_NEWER};
use super::server_error::ServerError;
use hermes_format::provider::Action;

/// A reason that has advice of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The service doesn't let this client log in this way.
    ClientNotAllowed,
    /// The client's id or its secret is wrong.
    UnknownClient,
    /// A scope is unknown or not allowed.
    Scope,
    /// The user, or an administrator, said no.
    Denied,
    /// The code of the login has expired, or was used before.
    CodeExpired,
    /// The grant is not valid any more.
    GrantInvalid,
    /// The service wants its user.
    UserNeeded,
    /// Too many requests.
    RateLimited,
    /// The service has trouble of its own.
    Unavailable,
    /// The request is not what the service expects.
    Request,
}

impl Reason {
    /// The reason by the error code, else by the status.
    pub fn of(said: &ServerError) -> Option<Reason> {
        let word = said.error.as_deref().map(str::to_ascii_lowercase);
        word.as_deref().and_then(by_word).or_else(|| by_status(said.status?))
    }

    /// What to do about it in a run of this kind; `{id}` is the provider's.
    pub(super) fn advice(self, action: Action) -> &'static str {
        let renews = action == Action::Refresh;
        match self {
            Reason::ClientNotAllowed => {
                "the service does not allow this client to log in this way: look for a newer version of this provider's file, or use another login of the service"
            }
            Reason::UnknownClient => {
                "the client id (or its secret) in this provider's file is not valid: correct it, or look for a newer version of the file"
            }
            Reason::Scope => {
                "correct the scopes in this provider's file, or log in with an account that may have them"
            }
            Reason::Denied if renews => LOG_IN,
            Reason::Denied => {
                "log in again, approve it in the browser, and use an account that may use this service"
            }
            Reason::CodeExpired => "start the login again, and approve it before its code expires",
            Reason::GrantInvalid if renews => LOG_IN,
            Reason::GrantInvalid => "the code has expired or was used already: start the login again",
            Reason::UserNeeded => LOG_IN,
            Reason::RateLimited => "the service limits requests: wait a few minutes, then try again",
            Reason::Unavailable => "the service has trouble of its own: try again in a few minutes",
            Reason::Request => LOOK_FOR_NEWER,
        }
    }
}

fn by_word(word: &str) -> Option<Reason> {
    Some(match word {
        "unauthorized_client"
        | "device_flow_disabled"
        | "unsupported_grant_type"
        | "unsupported_response_type"
        | "unapproved_client"
        | "disabled_client"
        | "org_internal" => Reason::ClientNotAllowed,
        "invalid_client" | "incorrect_client_credentials" | "client_not_found" => Reason::UnknownClient,
        "invalid_scope" | "insufficient_scope" => Reason::Scope,
        "access_denied"
        | "authorization_declined"
        | "authorization_denied"
        | "consent_required"
        | "permission_denied" => Reason::Denied,
        "expired_token"
        | "code_expired"
        | "bad_verification_code"
        | "incorrect_device_code"
        | "expired_code" => Reason::CodeExpired,
        "invalid_grant"
        | "invalid_token"
        | "invalid_refresh_token"
        | "token_expired"
        | "token_revoked"
        | "refresh_token_reused"
        | "refresh_token_expired"
        | "refresh_token_invalidated" => Reason::GrantInvalid,
        "login_required" | "interaction_required" | "account_selection_required" => Reason::UserNeeded,
        "slow_down"
        | "rate_limited"
        | "rate_limit"
        | "rate_limit_exceeded"
        | "rate_limit_error"
        | "too_many_requests" => Reason::RateLimited,
        "server_error" | "temporarily_unavailable" | "internal_error" | "overloaded_error" => {
            Reason::Unavailable
        }
        "invalid_request" | "redirect_uri_mismatch" | "invalid_target" | "invalid_redirect_uri" => {
            Reason::Request
        }
        _ => return None,
    })
}

fn by_status(status: u16) -> Option<Reason> {
    match status {
        429 => Some(Reason::RateLimited),
        408 | 425 | 500..=599 => Some(Reason::Unavailable),
        404 | 405 | 410 => Some(Reason::Request),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &str, status: u16, expect: Option<Reason>) {
        let error = Some(error).filter(|error| !error.is_empty()).map(str::to_owned);
        assert_eq!(
            Reason::of(&ServerError { error, status: Some(status), ..ServerError::default() }),
            expect
        );
    }

    #[test]
    fn a_reason_is_known_by_its_word_in_any_case_and_else_by_the_status() {
        check("unauthorized_client", 400, Some(Reason::ClientNotAllowed));
        check("Authorization_Declined", 400, Some(Reason::Denied));
        check("temporarily_unavailable", 400, Some(Reason::Unavailable));
        check("", 429, Some(Reason::RateLimited));
        check("odd", 503, Some(Reason::Unavailable));
        check("odd", 400, None);
    }
}
