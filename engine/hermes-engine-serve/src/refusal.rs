//! The proxy's own errors, in the shape and with the status that the client shows at once.
//!
//! Note: what a user must fix is never 401 or 5xx: clients repeat those in silence, and nobody reads the message.

use std::borrow::Cow;
use std::time::Duration;

use hermes_engine::catalog::ErrorShape;
use hermes_engine::{Error, ErrorKind};
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use crate::body::{Answer, text};
use crate::protocol::fill;

/// What tells a client to give up at once.
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// The longest wait that a client is told: some sleep on a longer one without a word.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// An answer that the server did not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    retry_after: Option<Duration>,
}

/// Who does what next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The user fixes something: 403, or what the protocol shows at once.
    User,
    /// The request is invalid, or none that is served.
    Invalid,
    /// The method is not served.
    Method,
    /// The body is too long.
    TooLong,
    /// The account was used too much.
    Limited,
    /// The server can't be reached.
    Unreachable,
    /// Worth another try.
    Busy,
    /// A bug.
    Bug,
}

impl Refusal {
    pub(crate) fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { kind, code: Cow::Borrowed(code), message: message.into(), retry_after: None }
    }

    pub(crate) fn after(self, wait: Duration) -> Refusal {
        Refusal { retry_after: Some(wait), ..self }
    }

    fn status(&self, shape: Option<&ErrorShape>) -> u16 {
        match self.kind {
            Kind::User => shape.and_then(|shape| shape.user_status).unwrap_or(403),
            Kind::Invalid => 400,
            Kind::Method => 405,
            Kind::TooLong => 413,
            Kind::Limited => 429,
            Kind::Unreachable => 502,
            Kind::Busy => 503,
            Kind::Bug => 500,
        }
    }

    /// Whether another try may go better.
    fn is_retryable(&self) -> bool {
        match self.kind {
            Kind::Unreachable | Kind::Busy => true,
            Kind::Limited => self.retry_after.is_some_and(|wait| wait <= LONGEST_WAIT),
            Kind::User | Kind::Invalid | Kind::Method | Kind::TooLong | Kind::Bug => false,
        }
    }

    /// The answer, in the shape that the client parses.
    pub(crate) fn answer(&self, shape: Option<&ErrorShape>) -> Response<Answer> {
        let status = self.status(shape);
        let body = shape.map_or_else(
            || json!({ "error": { "type": self.code, "code": self.code, "message": self.message } }),
            |shape| fill(&shape.body, status, &self.code, &self.message),
        );
        let mut answer = Response::new(text(body.to_string()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !self.is_retryable() {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        } else if let Some(wait) = self.retry_after.filter(|wait| *wait <= LONGEST_WAIT) {
            headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        answer
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let kind = match error.kind() {
            ErrorKind::Retryable if error.code() == "rate_limited" => Kind::Limited,
            ErrorKind::Retryable | ErrorKind::TimedOut | ErrorKind::Cancelled => Kind::Busy,
            ErrorKind::Bug => Kind::Bug,
            // Log in, fix the file, the store or the call; and whatever else there will be.
            _ => Kind::User,
        };
        let message = match error.help() {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        };
        Refusal {
            kind,
            code: Cow::Owned(error.code().to_owned()),
            message: hermes_format::text::sanitise(&message),
            retry_after: error.retry_after(),
        }
    }
}

/// A duration, in words.
pub(crate) fn words(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_must_fix_ends_at_once_and_what_passes_is_tried_again() {
        let headers = |refusal: Refusal| {
            let answer = refusal.answer(None);
            let of = |name: &HeaderName| {
                answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
            };
            (answer.status().as_u16(), of(&SHOULD_RETRY), of(&header::RETRY_AFTER))
        };
        let no = Some("false".to_owned());
        assert_eq!(headers(Refusal::new(Kind::User, "x", "x")), (403, no.clone(), None));
        assert_eq!(headers(Refusal::new(Kind::Unreachable, "x", "x")), (502, None, None));
        let limited = || Refusal::new(Kind::Limited, "x", "x");
        assert_eq!(headers(limited().after(Duration::from_secs(3))), (429, None, Some("3".to_owned())));
        assert_eq!(headers(limited().after(Duration::from_secs(3600))), (429, no, None));
    }

    #[test]
    fn a_wait_is_told_in_hours_and_minutes() {
        let told = |seconds| words(Duration::from_secs(seconds));
        assert_eq!((told(61), told(3600), told(3700)), ("2 min".into(), "1 h".into(), "1 h 2 min".into()));
    }
}
