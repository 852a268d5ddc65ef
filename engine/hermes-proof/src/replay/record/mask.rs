//! Puts made-up words in the place of everything that a server said.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};
use url::Url;

use crate::replay::leak::looks_real;
use hermes_format::label::is_secret_name;
use hermes_machine::machine::{CallbackQuery, Response};

/// Fields whose texts are words of a standard or of a protocol, never a secret.
const PUBLIC_FIELDS: [&str; 3] = ["error", "token_type", "grant_type"];

/// Headers of an answer that the engine reads.
const READ_HEADERS: [&str; 2] = ["location", "retry-after"];

/// The digits of a time in milliseconds.
const TIME_DIGITS: usize = 13;
/// The digits of a status or an error's number.
const SHORT_DIGITS: usize = 3;
/// What stands for a number.
const MADE_UP_NUMBER: u64 = 1234;

/// Replaces texts, each always by the same word.
pub(super) struct Mask {
    /// The texts that stay.
    words: BTreeSet<String>,
    /// What stands for what.
    known: IndexMap<String, String>,
}

impl Mask {
    pub(super) fn new(words: BTreeSet<String>) -> Mask {
        Mask { words, known: IndexMap::new() }
    }

    /// Says that a text is a value of the run itself, with a name.
    pub(super) fn name(&mut self, text: &str, name: String) {
        self.known.insert(text.to_owned(), name);
    }

    pub(super) fn response(&mut self, response: &Response) -> Value {
        let mut reply = Map::new();
        if response.status != 200 {
            reply.insert("status".to_owned(), response.status.into());
        }
        match serde_json::from_slice::<Value>(&response.body) {
            Ok(body) => reply.insert("json".to_owned(), self.value("body", &body)),
            Err(_) => reply.insert("text".to_owned(), self.words_in(&response.body).into()),
        };
        let headers: Map<String, Value> = response
            .headers
            .iter()
            .filter(|(name, _)| READ_HEADERS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), without_query(value).into()))
            .collect();
        if !headers.is_empty() {
            reply.insert("headers".to_owned(), Value::Object(headers));
        }
        Value::Object(reply)
    }

    /// What stands for a text that was learnt.
    pub(super) fn named(&self, text: &str) -> Option<String> {
        self.known.get(text).cloned()
    }

    pub(super) fn query(&mut self, query: &CallbackQuery) -> IndexMap<String, String> {
        query.0.iter().map(|(name, value)| (plain(name), self.text(name, value))).collect()
    }

    /// The word that stands for a text of a field.
    pub(super) fn text(&mut self, field: &str, text: &str) -> String {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let tells_nothing = text.is_empty() || self.words.contains(text) || text.parse::<Timestamp>().is_ok();
        if tells_nothing || PUBLIC_FIELDS.contains(&field) && is_word(text) {
            return text.to_owned();
        }
        let made_up = if Url::parse(text).is_ok_and(|url| url.has_host()) && !text.contains("{{") {
            without_query(text)
        } else {
            self.unsigned(text).unwrap_or_else(|| self.made_up(field))
        };
        self.known.insert(text.to_owned(), made_up.clone());
        made_up
    }

    /// A JSON Web Token with the claims of another, made up like everything else, and without a signature: a flow may
    /// read them.
    fn unsigned(&mut self, text: &str) -> Option<String> {
        let [_, claims, _] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let claims = self.value("claims", claims.is_object().then_some(&claims)?).to_string();
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        Some(format!("{}.{}.x", part(r#"{"alg":"none"}"#), part(&claims)))
    }

    fn made_up(&self, field: &str) -> String {
        let field = plain(field);
        let taken = |word: &String| self.known.values().any(|known| known == word);
        let numbered = (1..).map(|n| if n == 1 { field.clone() } else { format!("{field}-{n}") });
        numbered.into_iter().find(|word| !taken(word)).unwrap_or_default()
    }

    fn value(&mut self, field: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(field, text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(field, item)).collect(),
            Value::Object(members) => {
                let each = members.iter().map(|(key, value)| (plain(key), self.value(key, value)));
                Value::Object(each.collect())
            }
            Value::Number(number) if self.tells(field, number) => MADE_UP_NUMBER.into(),
            other => other.clone(),
        }
    }

    /// Whether a number says more than a status, a duration or a time: it is a secret by its field's name, or longer than a
    /// time in milliseconds. What rules compare with is known already.
    fn tells(&self, field: &str, number: &Number) -> bool {
        let digits = number.to_string().chars().filter(char::is_ascii_digit).count();
        let is_long = digits > TIME_DIGITS || digits > SHORT_DIGITS && is_secret_number(field);
        is_long && !self.words.contains(&number.to_string())
    }

    /// Of a text that is no JSON, the words that rules look for.
    fn words_in(&self, body: &[u8]) -> String {
        let body = String::from_utf8_lossy(body).to_lowercase();
        let found = self.words.iter().filter(|word| body.contains(&word.to_lowercase()));
        found.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Whether a number in a field of this name can be a secret: a one-time password, a PIN, a numeric token.
fn is_secret_number(field: &str) -> bool {
    let lower = field.to_ascii_lowercase();
    is_secret_name(field)
        || ["secret", "token", "password", "passcode", "pin", "otp"]
            .iter()
            .any(|word| lower.split(['_', '-']).any(|part| part == *word))
}

/// Short, lower case, as error codes are.
fn is_word(text: &str) -> bool {
    text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

/// A name as it is, unless it says more than a name does.
fn plain(name: &str) -> String {
    if looks_real(name) || name.contains(['{', '}']) { "name".to_owned() } else { name.to_owned() }
}

/// A URL's scheme, host and path, where no part of the path looks like a token.
fn without_query(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let bare = text.get(..end).unwrap_or_default();
    let Ok(mut url) = Url::parse(bare) else { return bare.to_owned() };
    if url.username().is_empty() && url.password().is_none() && !looks_real(url.path()) {
        return bare.to_owned();
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if looks_real(url.path()) {
        url.set_path("/path");
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_that_may_be_a_secret_is_replaced_and_times_and_statuses_stay() {
        let mut mask = Mask::new(BTreeSet::from(["4004".to_owned()]));
        let said = json!({
            "secret_number": 918_273_645_546_372_819_u64, "otp": 123_456, "pin": 9_876, "token": 123_456_789,
            "account_no": 12_345_678_901_234_567_u64, "x": 1.234_567_890_123_456,
            "expires_in": 3_600, "interval": 5, "expires_at": 1_767_225_600_000_u64, "code": 0, "key": 4_004, "ok": true,
        });
        let written = mask.value("body", &said);
        for name in ["secret_number", "otp", "pin", "token", "account_no", "x"] {
            assert_eq!(written[name], MADE_UP_NUMBER, "{name}");
        }
        for name in ["expires_in", "interval", "expires_at", "code", "key", "ok"] {
            assert_eq!(written[name], said[name], "{name}");
        }
    }
}
