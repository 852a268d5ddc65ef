//! What a failed answer says outside of its body's fields: in a header, in a line of text.

use serde_json::{Map, Value};

use super::event::Response;
use hermes_format::label::may_name_secret;

/// The parameters of an error in a header ([RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
const MEMBERS: [&str; 3] = ["error", "error_description", "error_uri"];
/// A text that is longer is no sentence for a user.
const LONGEST: usize = 400;

/// An error as if JSON had said it; `None` where nothing is said.
pub(super) fn read(response: &Response, text: &str, is_page: bool) -> Option<Value> {
    if (200..300).contains(&response.status) {
        return None;
    }
    let header = || members(challenge(response.header("www-authenticate")?));
    header().or_else(|| line(response, text.trim()).filter(|_| !is_page))
}

/// A body that is one sentence.
fn line(response: &Response, text: &str) -> Option<Value> {
    let kind = response.header("content-type").unwrap_or("text/plain").trim_start().to_ascii_lowercase();
    let is_plain = kind.starts_with("text/plain") && !text.starts_with(['{', '[', '<']);
    let is_sentence = text.contains(' ') && text.len() <= LONGEST && !text.contains('\u{fffd}');
    let members = || Map::from_iter([("error_description".to_owned(), Value::from(text))]);
    (is_plain && is_sentence && !may_name_secret(text)).then(|| Value::Object(members()))
}

fn members(pairs: Vec<(String, String)>) -> Option<Value> {
    let known = pairs.into_iter().filter(|(name, _)| MEMBERS.contains(&name.as_str()));
    let members: Map<String, Value> = known.map(|(name, value)| (name, Value::from(value))).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// The parameters of a challenge: `Bearer realm="x", error="invalid_token"`.
fn challenge(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([' ', ',', '\t']).next().unwrap_or_default().to_ascii_lowercase();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name, value.trim().to_owned()));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, headers: &[(&str, &str)], text: &str, expect: Value) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let response = Response { status, headers, body: text.as_bytes().to_vec(), truncated: false };
        assert_eq!(read(&response, text, text.starts_with('<')).unwrap_or_default(), expect, "{text}");
    }

    #[test]
    fn an_error_is_read_from_a_header_and_a_line() {
        use serde_json::json;
        let header = r#"Bearer realm="a, b", error="invalid_token", error_description="It has expired", x=1"#;
        let read = json!({ "error": "invalid_token", "error_description": "It has expired" });
        check(401, &[("www-authenticate", header)], "", read);
        check(
            403,
            &[],
            "Your organization has blocked this.\n",
            json!({ "error_description": "Your organization has blocked this." }),
        );
        for nothing in ["<html>a b", "Forbidden", "{ a b", "the access_token=abcdefgh is bad", ""] {
            check(403, &[], nothing, Value::Null);
        }
        check(200, &[], "Welcome to the service", Value::Null);
        check(403, &[("content-type", "application/xml")], "a b", Value::Null);
        check(401, &[("www-authenticate", "Basic realm=\"x")], "", Value::Null);
    }
}
