//! What comes back from a browser, as the one JSON object that rules read.

use serde_json::{Map, Value};
use url::{Position, Url};

use super::event::CallbackQuery;

/// The object of a callback's parameters. Parameters must not stand twice
/// ([RFC 6749 §3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)): a query in which one does is no object, so every
/// path into it is absent.
pub(super) fn object(query: &CallbackQuery) -> Value {
    let mut object = Map::new();
    for (name, value) in &query.0 {
        if object.insert(name.clone(), Value::from(value.as_str())).is_some() {
            return Value::Null;
        }
    }
    Value::Object(object)
}

/// A paste, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// The whole URL that the browser came to: where, without its query, and the parameters.
    Url(String, CallbackQuery),
    /// Parameters without a URL.
    Parameters(CallbackQuery),
    /// Nothing that can be read.
    Empty,
}

/// Reads a paste: the full URL, `code=…&state=…`, `code#state`, or a bare code.
pub(super) fn read_paste(text: &str) -> Pasted {
    let text = text.trim();
    if text.is_empty() {
        return Pasted::Empty;
    }
    if let Some(url) = Url::parse(text).ok().filter(Url::has_host) {
        return Pasted::Url(place(&url), pairs(url.query().unwrap_or_default()));
    }
    let text = text.trim_start_matches('?');
    if text.starts_with("code=") || text.contains("&code=") || text.starts_with("error=") {
        return Pasted::Parameters(pairs(text));
    }
    let (code, state) = text.split_once('#').map_or((text, None), |(code, state)| (code, Some(state)));
    let mut query = vec![("code".to_owned(), code.to_owned())];
    query.extend(state.map(|state| ("state".to_owned(), state.to_owned())));
    Pasted::Parameters(CallbackQuery(query))
}

/// The address of a page, without its query and fragment.
pub(super) fn place(url: &Url) -> String {
    url[..Position::AfterPath].to_owned()
}

/// What a paste says: the address that it is, without its query, and the parameters.
pub fn pasted_query(text: &str) -> (Option<String>, CallbackQuery) {
    match read_paste(text) {
        Pasted::Url(place, query) => (Some(place), query),
        Pasted::Parameters(query) => (None, query),
        Pasted::Empty => (None, CallbackQuery(Vec::new())),
    }
}

fn pairs(query: &str) -> CallbackQuery {
    CallbackQuery(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(paste: &str, expect: Value) {
        let query = match read_paste(paste) {
            Pasted::Url(_, query) | Pasted::Parameters(query) => query,
            Pasted::Empty => panic!("nothing was read"),
        };
        assert_eq!(object(&query), expect);
    }

    #[test]
    fn the_four_forms_of_a_paste_are_read() {
        check(" http://127.0.0.1:7/cb?code=a%20b&state=s ", json!({"code": "a b", "state": "s"}));
        check("code=a&state=s", json!({"code": "a", "state": "s"}));
        check("?code=a&state=s", json!({"code": "a", "state": "s"}));
        check("a#s", json!({"code": "a", "state": "s"}));
        check("4/0Ab-c", json!({"code": "4/0Ab-c"}));
    }

    #[test]
    fn an_error_that_is_pasted_is_read() {
        check(
            "http://localhost:1/cb?error=access_denied&state=s",
            json!({"error": "access_denied", "state": "s"}),
        );
    }

    #[test]
    fn a_parameter_that_stands_twice_makes_every_path_absent() {
        check("code=a&code=b", Value::Null);
    }
}
