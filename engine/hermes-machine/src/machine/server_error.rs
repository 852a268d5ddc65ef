//! The reason that a server gives in an answer, whatever shape it has.
//!
//! Note: it is text from outside that repeats what it was sent: every part is cut, cleaned for a screen, and stripped of
//! secrets before it leaves this module.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::redact::shown_within;
use hermes_format::query::present;

/// The longest description that is kept, in characters; some services write 300.
const LONGEST: usize = 400;
/// The longest error code.
const LONGEST_CODE: usize = 100;

/// What a server says of a failure ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), and the shapes
/// that services have made of it). Safe for a screen, and without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerError {
    /// The code: `error`, `error.code`, `error.type`, `code`.
    pub error: Option<String>,
    /// The sentence: `error_description`, `error.message`, `message`, …
    pub error_description: Option<String>,
    /// The page on it: `error_uri`.
    pub error_uri: Option<String>,
    /// The HTTP status; `None` for a callback.
    pub status: Option<u16>,
}

impl ServerError {
    /// Whether the server said anything beside its status.
    pub fn is_said(&self) -> bool {
        self.error.is_some() || self.error_description.is_some() || self.error_uri.is_some()
    }
}

impl fmt::Display for ServerError {
    /// `invalid_scope: unknown scope (see https://…)`; empty where nothing was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, &self.error_description) {
            (Some(error), Some(description)) if error != description => write!(f, "{error}: {description}")?,
            (Some(text), _) | (None, Some(text)) => f.write_str(text)?,
            (None, None) => {}
        }
        match &self.error_uri {
            Some(uri) if self.error.is_some() || self.error_description.is_some() => {
                write!(f, " (see {uri})")
            }
            Some(uri) => write!(f, "see {uri}"),
            None => Ok(()),
        }
    }
}

/// Reads the reason out of an answer. `None` where the answer tells of no failure: a success without an `error`.
pub(super) fn read(json: Option<&Value>, status: Option<u16>, secrets: &[String]) -> Option<ServerError> {
    let failed = status.is_some_and(|status| !(200..300).contains(&status));
    let json = json.filter(|json| failed || tells_of_error(json));
    if json.is_none() && !failed {
        return None;
    }
    let clean = |text: String, most| {
        let text = shown_within(&text, secrets, most);
        Some(text).filter(|text| !text.is_empty())
    };
    Some(ServerError {
        error: json.and_then(|json| code(json, failed)).and_then(|text| clean(text, LONGEST_CODE)),
        error_description: json.and_then(description).and_then(|text| clean(text, LONGEST)),
        error_uri: json.and_then(uri).and_then(|text| clean(text, LONGEST)),
        status,
    })
}

/// Whether an answer gives a reason.
pub(super) fn is_told(json: &Value, status: u16) -> bool {
    read(Some(json), Some(status), &[]).is_some_and(|said| said.is_said())
}

/// Whether an answer that looks like a success says that it is none.
fn tells_of_error(json: &Value) -> bool {
    let is_false = |name: &str| json.get(name) == Some(&Value::Bool(false));
    let is_word = |name: &str| {
        let word = json.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
        word.is_some_and(|word| matches!(word.as_str(), "error" | "fail" | "failed" | "failure"))
    };
    let is_errors = json.get("errors").and_then(Value::as_array).is_some_and(|errors| !errors.is_empty());
    match json.get("error") {
        Some(Value::String(text)) if !text.is_empty() => true,
        Some(Value::Object(members)) if !members.is_empty() => true,
        Some(Value::Bool(true)) => true,
        _ => {
            is_false("success")
                || is_false("ok")
                || is_word("status")
                || is_errors
                || body_status(json).is_some()
        }
    }
}

/// The status that some services put in the body, where it is not the one of a success.
fn body_status(json: &Value) -> Option<i64> {
    const PLACES: [&str; 6] =
        ["/base_resp/status_code", "/errcode", "/error_code", "/errorCode", "/code", "/errno"];
    let status = PLACES.iter().find_map(|place| json.pointer(place)?.as_i64());
    status.filter(|status| !matches!(status, 0 | 200..=299))
}

fn code(json: &Value, failed: bool) -> Option<String> {
    let error = json.get("error");
    let word = |value: Option<&Value>| present(value)?.as_str().map(str::to_owned);
    let number = |value: Option<&Value>| value?.as_i64().map(|number| number.to_string());
    let in_error = |name: &str| error?.get(name);
    let at_top = |name: &str| json.get(name).filter(|_| failed);
    word(error)
        .or_else(|| ["code", "type", "status", "error"].iter().find_map(|name| word(in_error(name))))
        .or_else(|| number(in_error("code")))
        .or_else(|| ["code", "error_code", "errorCode"].iter().find_map(|name| word(at_top(name))))
        .or_else(|| body_status(json).map(|status| status.to_string()))
}

/// Where services put the sentence, the most telling first.
const SENTENCES: [&str; 12] = [
    "error_description",
    "error_message",
    "errorMessage",
    "error_msg",
    "errmsg",
    "message",
    "msg",
    "status_msg",
    "detail",
    "description",
    "reason",
    "title",
];

/// Where they put the object that has it.
const OBJECTS: [&str; 11] = [
    "/error",
    "/error_details",
    "",
    "/errors/0",
    "/error/errors/0",
    "/detail/0",
    "/error/detail/0",
    "/base_resp",
    "/data",
    "/result",
    "/response",
];

fn description(json: &Value) -> Option<String> {
    let text = |value: &Value| present(Some(value))?.as_str().map(str::to_owned);
    let standard = || text(json.get("error_description")?);
    let in_object = |place: &&str| {
        let object = json.pointer(place)?;
        // Below an object of its own the error may have a further one.
        let nested = object.get("error").filter(|_| !place.is_empty());
        let sentences = |object: &Value| SENTENCES.iter().find_map(|name| text(object.get(*name)?));
        nested.and_then(|nested| text(nested).or_else(|| sentences(nested))).or_else(|| sentences(object))
    };
    let as_text = || ["/errors/0", "/detail/0"].iter().find_map(|place| text(json.pointer(place)?));
    standard().or_else(|| OBJECTS.iter().find_map(in_object)).or_else(as_text)
}

/// The page that explains it: https, and nothing but a place.
fn uri(json: &Value) -> Option<String> {
    const PLACES: [&str; 4] = ["/error_uri", "/error/uri", "/error_details/url", "/documentation_url"];
    let page = |place: &&str| {
        let url = Url::parse(json.pointer(place)?.as_str()?).ok()?;
        let is_plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        is_plain.then(|| url.to_string()).filter(|url| url.len() <= LONGEST)
    };
    PLACES.iter().find_map(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(status: u16, answer: Value, expect: &str) {
        let read = read(Some(&answer), Some(status), &["the-secret-of-this-run".to_owned()]);
        assert_eq!(read.map(|said| said.to_string()).unwrap_or_default(), expect, "{answer}");
    }

    #[test]
    fn every_shape_of_a_reason_is_read() {
        check(400, json!({"error": "invalid_scope", "error_description": "no `x`"}), "invalid_scope: no `x`");
        check(403, json!({"error": {"code": 403, "message": "key disabled"}}), "403: key disabled");
        check(
            401,
            json!({"error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "wrong"}}),
            "invalid_api_key: wrong",
        );
        check(400, json!({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}), "INVALID_ARGUMENT");
        check(401, json!({"code": "token_invalidated"}), "token_invalidated");
        check(403, json!({"error_details": {"message": "no seat"}, "message": "Forbidden"}), "no seat");
        check(422, json!({"message": "bad"}), "bad");
        check(400, json!({"detail": "no such client"}), "no such client");
        check(
            400,
            json!({"error": "x", "error_uri": "https://docs.example/x"}),
            "x (see https://docs.example/x)",
        );
        check(400, json!({"error": "x", "error_uri": "javascript:alert(1)"}), "x");
        check(
            400,
            json!({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
            "1004: login fail",
        );
        check(400, json!({"error": "bad", "error_description": "bad"}), "bad");
        check(502, json!([1]), "");
        check(422, json!({"detail": [{"loc": ["body"], "msg": "field required"}]}), "field required");
        check(400, json!({"errors": ["not permitted here"]}), "not permitted here");
        check(400, json!({"errors": [{"code": "1001", "message": "not permitted"}]}), "not permitted");
        check(403, json!({"error": {"errors": [{"message": "blocked"}], "code": 403}}), "403: blocked");
        check(400, json!({"success": false, "data": {"message": "blocked"}}), "blocked");
        check(400, json!({"result": {"error": {"message": "blocked"}}}), "blocked");
        check(400, json!({"title": "Forbidden", "detail": "no such client"}), "no such client");
    }

    #[test]
    fn a_success_gives_a_reason_only_where_it_says_that_it_is_none() {
        let disabled = json!({"error": "device_flow_disabled", "error_description": "enable it"});
        check(200, disabled, "device_flow_disabled: enable it");
        check(
            200,
            json!({"base_resp": {"status_code": 2049, "status_msg": "invalid key"}}),
            "2049: invalid key",
        );
        check(200, json!({"code": 40013, "msg": "invalid app id"}), "40013: invalid app id");
        check(200, json!({"errcode": 40001, "errmsg": "invalid credential"}), "40001: invalid credential");
        check(200, json!({"success": false, "message": "blocked"}), "blocked");
        check(200, json!({"status": "error", "message": "blocked"}), "blocked");
        for fine in [0, 200] {
            check(200, json!({"code": fine, "msg": "ok", "success": true}), "");
        }
        check(200, json!({"message": "welcome", "code": "abc"}), "");
        check(200, json!({"error": null, "message": "welcome"}), "");
        check(200, json!({"base_resp": {"status_code": 0, "status_msg": "success"}}), "");
    }

    #[test]
    fn s25_a_reason_is_one_line_and_repeats_no_secret() {
        check(
            400,
            json!({"error": "x", "error_description": "bad \u{1b}[31mtoken\nthe-secret-of-this-run"}),
            "x: bad token [redacted]",
        );
        let long = json!({"error_description": "a ".repeat(1000)});
        let said = read(Some(&long), Some(400), &[]).unwrap().to_string();
        assert!(said.chars().count() <= LONGEST, "{said}");
    }
}
