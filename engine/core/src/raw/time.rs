//! A time as it is written: a duration, or a table that says where the value comes from and in which unit.

use schemars::JsonSchema;
use serde::Deserialize;

use super::pattern;
use super::union::string_or_table;
use crate::time::UNITS;

/// A duration (`"90s"`: one number and `ms`, `s`, `m`, `h` or `d`), or a table.
#[derive(Debug, Clone)]
pub enum Time {
    /// A duration.
    Text(String),
    /// Where the value comes from, and what bounds it.
    Table(TimeTable),
}

/// Where a time comes from, in which unit it is, and what bounds it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeTable {
    /// A duration, a template, or (in `success`) a JSONPath.
    pub value: String,
    /// What the value counts; required unless it is a duration.
    #[schemars(extend("enum" = UNITS.map(|(name, _)| name)))]
    pub unit: Option<String>,
    /// The duration where the value is not present.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub default: Option<String>,
    /// The shortest duration that is taken.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub min: Option<String>,
    /// The longest duration that is taken.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub max: Option<String>,
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
    pub value: String,
    /// What the value counts; required unless it is a duration.
    #[schemars(extend("enum" = UNITS.map(|(name, _)| name)))]
    pub unit: Option<String>,
    /// The duration where the value is not present.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub default: Option<String>,
    /// The shortest pause.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub min: Option<String>,
    /// The longest pause.
    #[schemars(regex(pattern = pattern::DURATION))]
    pub max: Option<String>,
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
