//! Values that may be written in a short and a long form.
//!
//! serde's `untagged` would lose the place and the reason of an error; these keep both.

use schemars::JsonSchema;
use serde::Deserialize;

/// Lets `$type` be read from a string (`Text`) or from a table (`Table`), and describes both in the schema. The string has the `$pattern`.
macro_rules! string_or_table {
    ($type:ident, $table:ident, $expecting:literal, $pattern:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        Ok($type::Text(text.to_owned()))
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$type, A::Error> {
                        let table = serde::de::value::MapAccessDeserializer::new(map);
                        <$table as serde::Deserialize>::deserialize(table).map($type::Table)
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let table = generator.subschema_for::<$table>();
                schemars::json_schema!({
                    "description": concat!("Either ", $expecting, "."),
                    "type": ["string", "object"],
                    "pattern": $pattern,
                    "if": { "type": "object" },
                    "then": table
                })
            }
        }
    };
}
pub(super) use string_or_table;

/// Lets `$type` be read from a string that is called `$expecting` where something else stands, and describes it by `$schema`.
macro_rules! text_of {
    ($type:ident, $expecting:literal, $schema:tt) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        Ok($type(text.to_owned()))
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }

        impl std::ops::Deref for $type {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use text_of;

/// The text of an error code, or its text and the advice that goes with it.
#[derive(Debug, Clone)]
pub enum ErrorText {
    /// The text alone.
    Text(String),
    /// The text and the advice.
    Table(ErrorTable),
}

/// The text and the advice of an error code.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorTable {
    /// What went wrong, as a template.
    pub text: Option<String>,
    /// What to do about it, as a template.
    pub help: Option<String>,
}

string_or_table!(ErrorText, ErrorTable, "a text, or a table with `text` and `help`", "");

/// One text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl OneOrMany {
    /// Reads one or many; `expecting` says what where something else is written.
    fn read<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
        expecting: &'static str,
    ) -> Result<OneOrMany, D::Error> {
        struct Visitor(&'static str);
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(OneOrMany::Many)
            }
        }
        deserializer.deserialize_any(Visitor(expecting))
    }

    fn schema(description: &str, pattern: &str) -> schemars::Schema {
        schemars::json_schema!({
            "description": description,
            "type": ["string", "array"],
            "pattern": pattern,
            "items": { "type": "string", "pattern": pattern },
            "minItems": 1
        })
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::read(deserializer, "the name of a state, or a list of names")
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::schema("The name of a state, or a list of names.", super::pattern::NAME)
    }
}

/// One URL, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls(pub OneOrMany);

impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::read(deserializer, "a URL, or a list of URLs").map(Urls)
    }
}

impl JsonSchema for Urls {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Urls".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::schema("A URL, or a list of them.", ".")
    }
}

/// One loopback URL, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(pub OneOrMany);

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::read(deserializer, "a URL, or a list of URLs").map(Addresses)
    }
}

impl JsonSchema for Addresses {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Addresses".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::schema("A loopback URL, or a list of them.", super::pattern::WEB)
    }
}
