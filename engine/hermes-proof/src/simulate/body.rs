//! What a request carries, decoded, and found by where the file puts it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use url::form_urlencoded;

use super::wire::Asked;

/// Name and value pairs, in their order.
pub(super) type Pairs = Vec<(String, String)>;

/// The content of a request.
#[derive(Default)]
pub(super) struct Content {
    /// The parameters of the URL.
    pub(super) query: Pairs,
    /// The body as a form; empty where it is none.
    pub(super) form: Pairs,
    /// The body as JSON, where it is JSON.
    pub(super) json: Option<Value>,
    /// The client's id and secret ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    pub(super) basic: Option<(String, String)>,
    /// The bearer token ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    pub(super) bearer: Option<String>,
    /// The headers, names in lower case.
    pub(super) headers: Pairs,
}

impl Content {
    /// Decodes a request. What can't be decoded is absent.
    pub(super) fn of(asked: &Asked) -> Content {
        let content_type = asked.header("content-type").unwrap_or("").to_ascii_lowercase();
        let authorization = asked.header("authorization").unwrap_or("");
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        Content {
            query: pairs(asked.query.as_bytes()),
            form: if is_form { pairs(&asked.body) } else { Vec::new() },
            json: if is_form { None } else { serde_json::from_slice(&asked.body).ok() },
            basic: after_scheme(authorization, "basic").and_then(basic),
            bearer: after_scheme(authorization, "bearer").map(str::to_owned),
            headers: asked.headers.clone(),
        }
    }
}

/// The value of a name that occurs once; one that is repeated is absent
/// ([RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
pub(super) fn once<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    let mut found = pairs.iter().filter(|(known, _)| known == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value.as_str())
}

fn pairs(bytes: &[u8]) -> Pairs {
    form_urlencoded::parse(bytes).map(|(name, value)| (owned(name), owned(value))).collect()
}

fn owned(text: Cow<'_, str>) -> String {
    text.into_owned()
}

fn after_scheme<'a>(authorization: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = authorization.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn basic(text: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
