//! A condition as it is written: a table of which every key must hold.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

/// A table of which every key must hold: `exists`, `status`, `body`, and JSONPaths and known values with what they must be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Condition(pub IndexMap<String, Value>);

impl JsonSchema for Condition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A table of which every key must hold.",
            "type": "object",
            "properties": {
                "exists": {
                    "description": "JSONPaths, and values that are known already (`{{NAME}}`), each of which must be there, not null and not \"\".",
                    "type": "array", "items": { "type": "string", "pattern": "^(\\$|\\{\\{)" }, "minItems": 1
                },
                "status": {
                    "description": "The HTTP status: 200, \"2xx\", or a list of which any one is enough.",
                    "type": ["integer", "string", "array"],
                    "minimum": 100, "maximum": 599,
                    "pattern": "^[1-5]xx$",
                    "items": { "type": ["integer", "string"], "minimum": 100, "maximum": 599, "pattern": "^[1-5]xx$" },
                    "minItems": 1
                },
                "body": {
                    "description": "Plain words of which any one, whatever its case, must be in the raw text.",
                    "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1
                }
            },
            "patternProperties": {
                "^(\\$|\\{\\{)": {
                    "description": "The value that is selected, an item of the list for a path that ends in `[*]`, or a value that is known already, `{{NAME}}`; of a list any one is enough. Types must agree: 0 is not \"0\".",
                    "type": ["string", "number", "boolean", "array"],
                    "items": { "type": ["string", "number", "boolean"] }, "minItems": 1
                }
            },
            "additionalProperties": false,
            "minProperties": 1
        })
    }
}
