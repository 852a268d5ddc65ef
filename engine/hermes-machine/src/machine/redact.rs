//! Taking secrets out of a text that a server wrote.
//!
//! Note: a server may repeat a part of what it was sent, so a part of a secret counts as the secret.

use std::collections::HashSet;

use serde_json::Value;

use super::run::Run;
use hermes_format::label::is_secret_name;
use hermes_format::provider;
use hermes_format::template::{Name, Scope as _};
use hermes_format::text::sanitise_within;

/// What stands for a secret.
const REDACTED: &str = "[redacted]";
/// A text shorter than this occurs by chance.
const SHORTEST: usize = 8;
/// So many characters of a secret in a row are a part of it.
const PART: usize = 12;
/// From this length on, a word of letters of both cases and digits is taken for a token that nobody here knows.
const LONG_WORD: usize = 40;

/// A text from outside as a screen may show it: cleaned, without secrets, and no longer than `most` characters.
///
/// Note: it is cut last. A secret that was cut in two before it is looked for would show its beginning.
pub(super) fn shown_within(text: &str, secrets: &[String], most: usize) -> String {
    sanitise_within(&redact(&sanitise_within(text, usize::MAX), secrets), most)
}

/// The text without any of the secrets, whole or in part, and without words that look like tokens.
pub(super) fn redact(text: &str, secrets: &[String]) -> String {
    let mut hidden = vec![false; text.len()];
    let known = secrets.iter().map(String::as_bytes).filter(|secret| secret.len() >= SHORTEST);
    for secret in known {
        let part = secret.len().min(PART);
        let pieces: HashSet<&[u8]> = secret.windows(part).collect();
        for (at, window) in text.as_bytes().windows(part).enumerate() {
            if pieces.contains(window) {
                hidden[at..at + part].fill(true);
            }
        }
    }
    for (at, word) in words(text).filter(|(_, word)| is_like_a_token(word)) {
        hidden[at..at + word.len()].fill(true);
    }
    let mut clean = String::with_capacity(text.len());
    let mut is_gap = false;
    for (at, c) in text.char_indices() {
        let is_hidden = hidden[at..at + c.len_utf8()].contains(&true);
        match (is_hidden, is_gap) {
            (true, false) => clean.push_str(REDACTED),
            (true, true) => {}
            (false, _) => clean.push(c),
        }
        is_gap = is_hidden;
    }
    clean
}

/// The runs of characters that tokens are made of, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split(move |c| !is_of_word(c))
        .map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn is_like_a_token(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let is_mixed =
        has(char::is_ascii_digit) && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    // A JSON Web Token begins with `{"` in base64.
    (word.len() >= LONG_WORD && is_mixed) || (word.len() >= 20 && word.starts_with("eyJ"))
}

/// What may not be seen of a run in the answer to one of its requests: all secrets of the run, what the request carried
/// beside the file's own constants, and the secrets in the answer itself.
pub(super) fn secrets(
    run: &Run,
    sent: Option<&provider::Request>,
    (status, answer): (Option<u16>, Option<&Value>),
) -> Vec<String> {
    let mut all: Vec<String> = run.secrets().collect();
    if let Some(answer) = answer {
        // What an error calls `code` is a word about it.
        secret_leaves(answer, status.is_some_and(|status| status >= 400), &mut all);
    }
    let templates = sent.map(provider::Request::templates).unwrap_or_default();
    for (name, _) in
        templates.iter().flat_map(|template| template.names()).filter(|(name, _)| is_carried(name))
    {
        if let Some(Value::String(text)) = run.value(name) {
            all.push(text);
        }
    }
    all
}

/// The secrets in what a run holds: a credential, an answer that led on.
pub(super) fn in_held(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    secret_leaves(value, false, &mut all);
    all
}

/// The secrets in the answer that a run failed with, where `code` is about the error.
pub(super) fn in_failure(answer: &Value) -> Vec<String> {
    let mut all = Vec::new();
    secret_leaves(answer, true, &mut all);
    all.retain(|text| !text.is_empty());
    all
}

/// Whether a body is JSON that holds a token, as far as names tell: what a server gives once may be the only one.
pub fn holds_token(body: &[u8]) -> bool {
    holds_any(body, |_| true)
}

/// The same, where only some of the names count.
pub(super) fn holds_any(body: &[u8], counts: impl Fn(&str) -> bool) -> bool {
    super::json::read_answer(body).is_some_and(|value| has_secret(&value, false, &counts))
}

fn has_secret(value: &Value, is_error: bool, counts: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(members) => {
            let is_error = is_error || members.contains_key("error");
            members.iter().any(|(name, member)| {
                let about_error = is_error && matches!(name.as_str(), "code" | "key");
                let is_given = match member {
                    Value::String(text) => !text.is_empty(),
                    // A token in a shape of its own.
                    Value::Object(members) => !members.is_empty(),
                    _ => false,
                };
                (is_given && !about_error && is_secret_name(name) && counts(name))
                    || has_secret(member, is_error || name == "error", counts)
            })
        }
        Value::Array(list) => list.iter().any(|member| has_secret(member, is_error, counts)),
        _ => false,
    }
}

/// Whether a value that goes into a request is one of the run's own.
fn is_carried(name: &Name) -> bool {
    matches!(name, Name::Answer { .. } | Name::Token(_) | Name::PkceVerifier)
}

/// The texts of a value that stand under the name of a secret, at any depth. `error.code` and a `code` beside an `error`
/// are words about the error.
fn secret_leaves(value: &Value, is_error: bool, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_error = is_error || members.contains_key("error");
            for (name, member) in members {
                let about_error = is_error && matches!(name.as_str(), "code" | "key");
                match member {
                    Value::String(text) if !about_error && is_secret_name(name) => all.push(text.clone()),
                    _ => secret_leaves(member, is_error || name == "error", all),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|member| secret_leaves(member, is_error, all)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let secrets = ["device-code-of-acme-1234".to_owned(), "short77x".to_owned(), "tiny".to_owned()];
        assert_eq!(redact(text, &secrets), expect);
    }

    #[test]
    fn a_secret_is_taken_out_whole_or_in_part() {
        check("bad device-code-of-acme-1234!", "bad [redacted]!");
        check("bad code `vice-code-of-acme`", "bad code `[redacted]`");
        check("short77x and tiny", "[redacted] and tiny");
        check("the device code is unknown", "the device code is unknown");
    }

    #[test]
    fn a_code_is_a_secret_unless_it_is_about_an_error() {
        let held = |value| in_held(&value);
        assert_eq!(
            held(json!({"code": "a-code", "data": [{"access_token": "a-token"}]})),
            ["a-code", "a-token"]
        );
        assert_eq!(held(json!({"code": "denied", "error": "x", "access_token": "a-token"})), ["a-token"]);
        assert_eq!(held(json!({"error": {"code": "denied", "more": {"code": "too"}}})), Vec::<String>::new());
        assert_eq!(held(json!({"other": {"code": "a-code"}})), ["a-code"]);
        assert_eq!(
            in_failure(&json!({"code": "denied", "access_token": "", "key": "k"})),
            Vec::<String>::new()
        );
        assert!(holds_token(b"{\"data\": {\"access_token\": \"a\"}}"));
        assert!(!holds_token(b"{\"access_token\": \"\"}") && !holds_token(b"{\"message\": \"a\"}"));
    }

    #[test]
    fn s25_a_secret_that_a_limit_cuts_in_two_shows_no_part() {
        let secret = "device-code-of-acme-1234".to_owned();
        let token = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0n";
        let text = format!("you sent {secret}: no such code; got {token} in its place");
        for most in 0..text.len() + 2 {
            let shown = shown_within(&text, std::slice::from_ref(&secret), most);
            assert!(shown.chars().count() <= most.max(1), "{most}: {shown}");
            assert!(!shown.contains("dev") && !shown.contains("Ab3d"), "{most}: {shown}");
        }
    }

    #[test]
    fn what_looks_like_a_token_is_taken_out_and_what_identifies_a_request_stays() {
        check("got eyJhbGciOiJSUzI1NiJ9abcdef.x", "got [redacted].x");
        check("key Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0n no", "key [redacted] no");
        check(
            "Trace ID: 4f8b5a6e-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
            "Trace ID: 4f8b5a6e-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
        );
    }
}
