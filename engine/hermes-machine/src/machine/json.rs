//! JSON from outside, read strictly: no duplicate keys, no more than a few levels.
//!
//! A text that is not such JSON is no value at all, and then every path into it is absent. In an answer a single number or
//! text that can't be represented does not decide on the whole: see [`read_answer`].

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How many arrays and objects may stand in one another (S6).
const MAX_DEPTH: usize = 16;

/// What is wrong with JSON that is JSON by its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It is nested too deeply.
    TooDeep,
    /// An object has a key twice.
    RepeatedKey,
}

/// The value of a JSON text, where it is one within the limits.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    read(bytes, &Cell::new(None))
}

/// The value of an answer: its JSON; with `null` for a number that is too large and U+FFFD for what is not Unicode; or the
/// fields of a form, where it is one of OAuth.
pub(super) fn read_answer(bytes: &[u8]) -> Option<Value> {
    parse(bytes).or_else(|| parse(repaired(bytes)?.as_bytes())).or_else(|| form(bytes))
}

fn read(bytes: &[u8], fault: &Cell<Option<Fault>>) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(bytes));
    let value = Strict { depth: MAX_DEPTH, fault }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Why a text is no value for rules.
pub(super) fn why_not(bytes: &[u8]) -> &'static str {
    let text = without_mark(bytes);
    if text.is_empty() {
        return "the answer is empty";
    }
    if serde_json::from_slice::<de::IgnoredAny>(text).is_err() {
        if is_form(text) {
            return "the answer is form-encoded (`name=value&…`), and only JSON can be read";
        }
        return "the answer is no JSON";
    }
    let fault = Cell::new(None);
    let _ = read(bytes, &fault);
    match fault.get() {
        Some(Fault::TooDeep) => "the answer is nested deeper than 16 levels",
        Some(Fault::RepeatedKey) => "the answer has a key twice in one object",
        None if has_giant_number(text) => "the answer has a number that is too large",
        None => "the answer has a text that is not Unicode",
    }
}

/// Whether a JSON text has a number that no 64 bits hold, not even roughly.
fn has_giant_number(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    // Every second piece between quotes that no backslash stands before is a string.
    let plain = text.replace("\\\\", "").replace("\\\"", "");
    let outside = plain.split('"').step_by(2);
    outside
        .flat_map(|part| part.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)))
        .any(|number| number.parse::<f64>().is_ok_and(f64::is_infinite))
}

/// A JSON text in which everything can be represented; `None` where nothing was to be changed.
fn repaired(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(without_mark(bytes));
    let mut repaired = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            '-' | '0'..='9' => {
                let is_of_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                rest.find(|c| !is_of_number(c)).unwrap_or(rest.len())
            }
            other => other.len_utf8(),
        };
        let (piece, after) = rest.split_at(end);
        match first {
            '"' => push_string(piece, &mut repaired),
            _ if piece.parse::<f64>().is_ok_and(f64::is_infinite) => repaired.push_str("null"),
            _ => repaired.push_str(piece),
        }
        rest = after;
    }
    (repaired.as_bytes() != without_mark(bytes)).then_some(repaired)
}

/// Where the string ends that a text begins with.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// Adds a string of JSON, each half of a surrogate pair that stands alone replaced.
fn push_string(string: &str, to: &mut String) {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        to.push_str(before);
        let next = || escape.get(6..).and_then(unit);
        let length = match unit(escape) {
            Some(0xD800..=0xDBFF) if matches!(next(), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                to.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            Some(_) => 6,
            None => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        let (whole, after) = escape.split_at(length.min(escape.len()));
        to.push_str(whole);
        rest = after;
    }
    to.push_str(rest);
}

/// The fields of an answer of OAuth that is a form. One that is given two values makes it none.
fn form(bytes: &[u8]) -> Option<Value> {
    const KNOWN: [&str; 6] =
        ["access_token", "device_code", "error", "oauth_token", "refresh_token", "token"];
    if !is_form(bytes) {
        return None;
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(bytes.trim_ascii()) {
        let before = fields.insert(name.into_owned(), Value::from(value.as_ref()));
        if before.is_some_and(|before| before != *value) {
            return None;
        }
    }
    KNOWN.iter().any(|name| fields.contains_key(*name)).then_some(Value::Object(fields))
}

/// Whether a text is `name=value&…` of nothing but what a form may hold.
fn is_form(text: &[u8]) -> bool {
    let is_of_form = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%+*=&:/,@!$'();".contains(b);
    text.contains(&b'=') && text.trim_ascii().iter().all(is_of_form)
}

#[derive(Clone, Copy)]
struct Strict<'f> {
    depth: usize,
    fault: &'f Cell<Option<Fault>>,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Strict { depth, ..self }),
            None => Err(self.fail(Fault::TooDeep)),
        }
    }

    fn fail<E: de::Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("not within the limits")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            // Written twice with one value it can mean only that.
            if map.get(&key).is_some_and(|known| *known != value) {
                return Err(self.fail(Fault::RepeatedKey));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<Value>) {
        assert_eq!(parse(text.as_bytes()), expect);
    }

    #[test]
    fn json_is_read() {
        check(
            r#"{"a": [1, 2.5, null, true, "x"]}"#,
            Some(serde_json::json!({"a": [1, 2.5, null, true, "x"]})),
        );
        check("\u{feff}1", Some(Value::from(1)));
    }

    #[test]
    fn what_is_not_json_is_no_value() {
        check("<html>", None);
        check("", None);
        check("{} {}", None);
        check(r#"{"a":1"#, None);
    }

    #[test]
    fn s6_a_key_with_two_values_is_no_value() {
        check(r#"{"a":1,"a":2}"#, None);
        check(r#"{"a":{"b":1},"a":{"b":1}}"#, Some(serde_json::json!({"a": {"b": 1}})));
    }

    #[test]
    fn s6_sixteen_levels_are_read_and_seventeen_are_not() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(nested(16).as_bytes()).is_some());
        check(&nested(17), None);
        check(&nested(100_000), None);
    }

    #[test]
    fn what_can_not_be_represented_does_not_decide_on_an_answer() {
        let check = |text: &[u8], expect: Option<Value>| {
            assert_eq!(read_answer(text), expect, "{}", String::from_utf8_lossy(text));
        };
        use serde_json::json;
        check(
            br#"{"access_token":"at","n":1e400,"m":-2}"#,
            Some(json!({"access_token": "at", "n": null, "m": -2})),
        );
        check(br#"{"s":"1e999 \" 1e999","n":[9e999]}"#, Some(json!({"s": "1e999 \" 1e999", "n": [null]})));
        check(
            br#"{"a":"x\ud800y","b":"\udc00","c":"\ud83d\ude00"}"#,
            Some(json!({"a": "x\u{fffd}y", "b": "\u{fffd}", "c": "\u{1f600}"})),
        );
        check(br#"{"a":"\\ud800\ud800"}"#, Some(json!({"a": "\\ud800\u{fffd}"})));
        check(b"{\"a\":\"\xff\"}", Some(json!({"a": "\u{fffd}"})));
        check(
            b"access_token=a%2Bb&expires_in=3600",
            Some(json!({"access_token": "a+b", "expires_in": "3600"})),
        );
        check(
            b"error=slow_down&error_description=not+so+fast\n",
            Some(json!({"error": "slow_down", "error_description": "not so fast"})),
        );
        for none in [
            "",
            "{",
            "[1e400",
            "\"\\u",
            "a=b",
            "dGVzdA==",
            "access_token=a&access_token=b",
            r#"{"a":1,"a":1e400}"#,
        ] {
            check(none.as_bytes(), None);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check =
            |text: &str, expect: &str| assert!(why_not(text.as_bytes()).contains(expect), "{text:.60}");
        check("", "empty");
        check("<html>", "no JSON");
        check(r#"{"a":1,"a":2}"#, "a key twice");
        check(r#"{"a":{"b":1,"b":2},"c":[]}"#, "a key twice");
        check(&("[".repeat(17) + &"]".repeat(17)), "deeper than 16");
        check(r#"{"expires_in":1e999999}"#, "a number that is too large");
        check(&format!(r#"{{"a":"x\"1","n":{}}}"#, "9".repeat(400)), "a number that is too large");
        check(r#"{"a":"\ud800"}"#, "not Unicode");
        check(r#"{"n":"1e999999","a":"\ud800"}"#, "not Unicode");
    }
}
