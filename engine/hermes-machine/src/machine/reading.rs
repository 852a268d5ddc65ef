//! What of an answer `$` is: its body as JSON or as a form, its headers, or what it asks a client to prove.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value};

use super::event::Response;
use super::json;
use hermes_format::provider::Read;

/// The value that rules read; `None` where the answer has none of the kind.
pub(super) fn value(read: Read, response: &Response) -> Option<Value> {
    match read {
        Read::Json if response.truncated => None,
        Read::Json => json::read_answer(&response.body),
        Read::Form if response.truncated => None,
        Read::Form => form(&response.body),
        Read::Headers => Some(headers(response)),
        Read::Challenge => challenge(response),
    }
}

/// Why an answer has no value.
pub(super) fn why_not(read: Read, response: &Response) -> &'static str {
    match read {
        Read::Json | Read::Form if response.truncated => "the answer is larger than 64 KiB",
        Read::Json => json::why_not(&response.body),
        Read::Form => "the answer is no form, or has a field with two values",
        Read::Headers => "the answer has no headers",
        Read::Challenge => "the answer has no `WWW-Authenticate` challenge",
    }
}

/// The fields of a form; none where one has two values, or where nothing is a field.
fn form(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?.trim();
    // JSON and pages would be read as one field without a value.
    if !text.contains('=') || text.starts_with(['{', '[', '<']) {
        return None;
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let value = Value::from(value.into_owned());
        if fields.get(name.as_ref()).is_some_and(|known| *known != value) {
            return None;
        }
        fields.insert(name.into_owned(), value);
    }
    Some(Value::Object(fields))
}

/// The first value of each header.
fn headers(response: &Response) -> Value {
    let mut all = Map::new();
    for (name, value) in &response.headers {
        all.entry(name.to_ascii_lowercase()).or_insert_with(|| Value::from(value.as_str()));
    }
    Value::Object(all)
}

/// The first challenge ([RFC 9110 §11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)): its parameters, names in
/// small letters, and its `scheme`.
fn challenge(response: &Response) -> Option<Value> {
    parse_challenge(response.header("www-authenticate")?)
}

/// The first challenge of a header's value.
pub fn parse_challenge(header: &str) -> Option<Value> {
    let mut rest = header.trim_start_matches([' ', ',', '\t']).chars().peekable();
    let scheme = token(&mut rest);
    let mut parameters = Map::new();
    while !scheme.is_empty() {
        while rest.next_if(|c| matches!(c, ' ' | '\t' | ',')).is_some() {}
        let name = token(&mut rest);
        blanks(&mut rest);
        // A word without a value is the scheme of the next challenge.
        if name.is_empty() || rest.next_if_eq(&'=').is_none() {
            break;
        }
        blanks(&mut rest);
        let value = if rest.next_if_eq(&'"').is_some() { quoted(&mut rest)? } else { token(&mut rest) };
        // A parameter that is given twice means nothing.
        if parameters.insert(name.to_ascii_lowercase(), Value::from(value)).is_some() {
            return None;
        }
    }
    if scheme.is_empty() {
        return None;
    }
    parameters.insert("scheme".to_owned(), Value::from(scheme));
    Some(Value::Object(parameters))
}

fn blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
}

fn token(rest: &mut Peekable<Chars<'_>>) -> String {
    let is_part = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | '=' | ';' | '(' | ')' | '\\');
    std::iter::from_fn(|| rest.next_if(is_part)).collect()
}

/// The text up to the closing quote; the opening one is read; `None` where it does not end.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Response { status: 401, headers, body: body.as_bytes().to_vec(), truncated: false }
    }

    #[test]
    fn the_parameters_of_the_first_challenge_are_read() {
        let check = |header: &str, expect: Value| {
            let read = value(Read::Challenge, &response(&[("www-authenticate", header)], ""));
            assert_eq!(read.unwrap_or_default(), expect, "{header}");
        };
        check(
            r#"Bearer resource_metadata="https://a.example/x?y=1,2", Scope="a b""#,
            json!({ "resource_metadata": "https://a.example/x?y=1,2", "scope": "a b", "scheme": "Bearer" }),
        );
        check(
            r#"Bearer error=invalid_token , realm="a \"b\"""#,
            json!({ "error": "invalid_token", "realm": "a \"b\"", "scheme": "Bearer" }),
        );
        check(r#"DPoP algs="ES256", Bearer scope="x""#, json!({ "algs": "ES256", "scheme": "DPoP" }));
        check("Negotiate", json!({ "scheme": "Negotiate" }));
        check(r#"Bearer scope="a", scope="b""#, Value::Null);
        check(r#"Bearer scope="a"#, Value::Null);
        check("", Value::Null);
        assert_eq!(value(Read::Challenge, &response(&[], "{}")), None);
    }

    #[test]
    fn a_form_is_read_and_nothing_else_is_one() {
        let check =
            |body: &str, expect: Option<Value>| assert_eq!(value(Read::Form, &response(&[], body)), expect);
        check("access_token=a%2Bb&scope=x+y", Some(json!({ "access_token": "a+b", "scope": "x y" })));
        check("a=1&a=1", Some(json!({ "a": "1" })));
        check("a=1&a=2", None);
        check(r#"{"a":"b=c"}"#, None);
        check("<p class=x>", None);
        check("", None);
    }

    #[test]
    fn headers_are_read_by_their_names_in_small_letters() {
        let read = value(Read::Headers, &response(&[("X-Token", "a"), ("x-token", "b")], "{}"));
        assert_eq!(read, Some(json!({ "x-token": "a" })));
    }
}
