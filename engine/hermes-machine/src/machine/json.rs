//! JSON from outside, read strictly: no duplicate keys, no more than a few levels.
//!
//! A text that is not such JSON is no value at all, and then every path into it is absent.

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
