//! A time as it is written: a duration, or a table that says where the value comes from and in which unit.

use schemars::JsonSchema;
use serde::Deserialize;

use super::pattern;
use super::union::{string_or_table, text_of};
use crate::time::UNITS;

/// A duration (`"90s"`: one number and `ms`, `s`, `m`, `h` or `d`), or a table.
#[derive(Debug, Clone)]
pub enum Time {
    /// A duration.
    Text(String),
    /// Where the value comes from, and what bounds it.
    Table(TimeTable),
}

/// A duration as it is written, where nothing else may stand: `"60s"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationText(pub String);

/// Where a time comes from as it is written: a duration, a template, or (in `success`) a JSONPath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSource(pub String);

text_of!(DurationText, "a duration such as \"60s\"", { "type": "string", "pattern": pattern::DURATION });
text_of!(TimeSource, "a duration such as \"60s\", a template or a JSONPath", { "type": "string" });

/// Where a time comes from, in which unit it is, and what bounds it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeTable {
    /// A duration, a template, or (in `success`) a JSONPath.
    pub value: TimeSource,
    /// What the value counts; required unless it is a duration.
    #[schemars(extend("enum" = UNITS.map(|(name, _)| name)))]
    pub unit: Option<String>,
    /// The duration where the value is not present.
    pub default: Option<DurationText>,
    /// The shortest duration that is taken.
    pub min: Option<DurationText>,
    /// The longest duration that is taken.
    pub max: Option<DurationText>,
}

/// A pause: a duration, or a table.
#[derive(Debug, Clone)]
pub enum Every {
    /// A duration.
    Text(String),
    /// Where the value comes from, what bounds it, and whether the first entry waits too.
    Table(EveryTable),
}

/// Where a pause comes from, what bounds it, and whether the first entry waits too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EveryTable {
    /// A duration, or a template.
    pub value: TimeSource,
    /// What the value counts; required unless it is a duration.
    #[schemars(extend("enum" = UNITS.map(|(name, _)| name)))]
    pub unit: Option<String>,
    /// The duration where the value is not present.
    pub default: Option<DurationText>,
    /// The shortest pause.
    pub min: Option<DurationText>,
    /// The longest pause.
    pub max: Option<DurationText>,
    /// Whether the first entry waits too (`wait`, the default, as RFC 8628 has it) or not (`at-once`).
    #[serde(default)]
    #[schemars(extend("default" = "wait"))]
    pub first: First,
}

/// What happens before the first request of a state with a pause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum First {
    /// The pause comes first ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).
    #[default]
    Wait,
    /// The request comes first.
    AtOnce,
}

string_or_table!(
    Time,
    TimeTable,
    "a duration such as \"90s\", or a table with `value` and `unit`",
    pattern::DURATION
);
string_or_table!(
    Every,
    EveryTable,
    "a duration such as \"5s\", or a table with `value` and `unit`",
    pattern::DURATION
);

/// When a token expires: a time, or a list of times of which the first counts that is present and can be used.
#[derive(Debug, Clone)]
pub enum Expires {
    /// One time.
    One(Time),
    /// Several, in this order.
    Many(Vec<Time>),
}

impl<'de> Deserialize<'de> for Expires {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Expires;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a duration such as \"90s\", a table with `value` and `unit`, or a list of these")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Expires, E> {
                Ok(Expires::One(Time::Text(text.to_owned())))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Expires, A::Error> {
                let table = serde::de::value::MapAccessDeserializer::new(map);
                TimeTable::deserialize(table).map(|table| Expires::One(Time::Table(table)))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Expires, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(Expires::Many)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Expires {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expires".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<TimeTable>();
        let item = generator.subschema_for::<Time>();
        schemars::json_schema!({
            "description": "Either a duration such as \"90s\", a table with `value` and `unit`, or a list of these: the first counts that is present and can be used.",
            "type": ["string", "object", "array"],
            "pattern": pattern::DURATION,
            "if": { "type": "object" },
            "then": table,
            "items": item,
            "minItems": 1
        })
    }
}
