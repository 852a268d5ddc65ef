//! What may happen to a machine.

use std::fmt;

use hermes_format::secret::{Secret, equal_in_constant_time};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The request was answered.
    Answered(Response),
    /// The request was not answered.
    Failed(Failure),
    /// The pause is over.
    Woke,
    /// The listener is bound; this is its redirect URI, whole.
    Bound(String),
    /// The browser came back to the listener.
    CalledBack(CallbackQuery),
    /// The person pasted something.
    Pasted(Secret),
    /// The user agrees that the hosts take part.
    Agreed,
    /// The user does not agree, or can't be asked.
    Declined,
    /// The person gave up.
    Cancelled,
    /// The start page of this login was opened twice: somebody else may have its authorization URL.
    Intercepted,
}

/// The parameter that ties a callback to this login, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackTie {
    /// The name of the parameter: `state`, nearly always.
    pub name: String,
    /// The value that this run sent.
    pub value: Secret,
}

impl CallbackTie {
    /// Whether a callback brings the value back, once.
    pub fn holds(&self, query: &CallbackQuery) -> bool {
        let mut values = query.0.iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => equal_in_constant_time(value, self.value.expose_secret()),
            _ => false,
        }
    }

    /// Whether a callback has the parameter at all.
    pub fn is_named_in(&self, query: &CallbackQuery) -> bool {
        query.0.iter().any(|(name, _)| *name == self.name)
    }
}

/// An HTTP answer, as the driver hands it over: decoded, and cut at the limit.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// Whether the body went on past the limit.
    pub truncated: bool,
}

impl Response {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why a request was not answered.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// Whether bytes of the request may have reached the server.
    pub sent: bool,
    /// One sentence on what went wrong, without the URL.
    pub message: String,
}

/// What went wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The name could not be resolved, or nothing accepted the connection.
    Connect,
    /// TLS could not be agreed on.
    Tls,
    /// No answer within the limit.
    TimedOut,
    /// The connection broke.
    Broken,
    /// It was not sent: it would have left the simulation.
    NotSimulated,
}

/// The decoded query of a callback, in its order.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackQuery(pub Vec<(String, String)>);

impl fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s16_a_callback_is_of_a_login_that_sent_its_value_once() {
        let tie = CallbackTie { name: "state".to_owned(), value: Secret::new("ours") };
        let query = |parameters: &[(&str, &str)]| {
            let own = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            CallbackQuery(own.collect())
        };
        for (parameters, is_named, holds) in [
            (vec![("code", "x"), ("state", "ours")], true, true),
            (vec![("state", "other")], true, false),
            (vec![("state", "ours"), ("state", "ours")], true, false),
            (vec![("state", "ours"), ("state", "other")], true, false),
            (vec![("code", "ours"), ("State", "ours")], false, false),
            (vec![], false, false),
        ] {
            let query = query(&parameters);
            assert_eq!((tie.is_named_in(&query), tie.holds(&query)), (is_named, holds), "{parameters:?}");
        }
    }

    #[test]
    fn s13_a_callback_is_logged_by_its_names() {
        let query = CallbackQuery(vec![("code".to_owned(), "a-secret".to_owned())]);
        assert_eq!(format!("{query:?}"), "[\"code\"]");
    }
}
