//! JSON from outside, read strictly: no duplicate keys, no more than a few levels.
//!
//! A text that is not such JSON is no value at all, and then every path into it is absent.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How many arrays and objects may stand in one another (S6).
const MAX_DEPTH: usize = 16;

/// The value of a JSON text, where it is one within the limits.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: MAX_DEPTH }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// Why a text is no value for rules.
pub(super) fn why_not(bytes: &[u8]) -> &'static str {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice::<de::IgnoredAny>(text) {
        _ if text.is_empty() => "the answer is empty",
        Ok(_) => "the answer is nested deeper than 16 levels, or has a key twice",
        Err(_) => "the answer is no JSON",
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Strict, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Strict { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
            if map.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands twice"));
            }
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
    fn s6_a_key_that_stands_twice_is_no_value() {
        check(r#"{"a":1,"a":2}"#, None);
    }

    #[test]
    fn s6_sixteen_levels_are_read_and_seventeen_are_not() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(nested(16).as_bytes()).is_some());
        check(&nested(17), None);
        check(&nested(100_000), None);
    }
}
