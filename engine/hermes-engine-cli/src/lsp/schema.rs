//! What the schema says of a place in a file.

use hermes_format::raw::schema::{provider_schema, test_schema};
use serde_json::{Map, Value};

/// The schema of one kind of file.
pub(super) struct Schema(Value);

impl Schema {
    /// That of test files, or of provider and flow files.
    pub(super) fn of(is_test: bool) -> Schema {
        Schema(if is_test { test_schema() } else { provider_schema() })
    }

    /// What may stand at a path; `*` is any element of a list.
    pub(super) fn at(&self, path: &[String]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |schema, key| self.step(schema, key))
    }

    /// The keys of the table at a path, with their descriptions.
    pub(super) fn keys(&self, path: &[String]) -> Vec<(&str, &str)> {
        let table = self.at(path).map(|schema| self.whole(schema));
        let properties = table.and_then(|table| table.get("properties")).and_then(Value::as_object);
        let keys = properties.into_iter().flatten();
        keys.map(|(key, schema)| (key.as_str(), self.description(schema))).collect()
    }

    /// The keys of the whole file whose values are tables, or lists of them: those that can have a heading.
    pub(super) fn tables(&self) -> Vec<(&str, &str)> {
        let is_table = |(key, _): &(&str, &str)| {
            let whole = self.at(&[(*key).to_owned()]).map(|schema| self.whole(schema));
            let items = whole.and_then(|schema| schema.get("items")).map(|items| self.whole(items));
            let is_object = |schema: &Value| {
                schema.get("properties").is_some()
                    || schema.get("additionalProperties").is_some_and(Value::is_object)
            };
            whole.into_iter().chain(items).any(is_object)
        };
        self.keys(&[]).into_iter().filter(is_table).collect()
    }

    /// The description of the key at a path.
    pub(super) fn describe(&self, path: &[String]) -> Option<&str> {
        Some(self.description(self.at(path)?)).filter(|text| !text.is_empty())
    }

    /// The words that may stand at a path.
    pub(super) fn words(&self, path: &[String]) -> Vec<&str> {
        let words =
            self.at(path).and_then(|schema| self.resolved(schema).get("enum")).and_then(Value::as_array);
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn description<'a>(&'a self, schema: &'a Value) -> &'a str {
        let own = schema.get("description").and_then(Value::as_str);
        own.or_else(|| self.resolved(schema).get("description").and_then(Value::as_str)).unwrap_or("")
    }

    fn step<'a>(&'a self, schema: &'a Value, key: &str) -> Option<&'a Value> {
        let schema = self.whole(schema);
        if key == "*" {
            return schema.get("items");
        }
        let named = schema.get("properties").and_then(|properties| properties.get(key));
        // The keys of a condition are paths.
        let patterns =
            || schema.get("patternProperties").and_then(Value::as_object).filter(|_| key.starts_with('$'));
        named
            .or_else(|| patterns()?.values().next())
            .or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()))
            // A list where one is enough, as the format has it.
            .or_else(|| self.step(schema.get("items")?, key))
    }

    /// The schema of the table, where a text would do too.
    fn whole<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = self.resolved(schema);
        let mut branch = ["then", "else"]
            .iter()
            .filter_map(|branch| schema.get(branch))
            .map(|branch| self.resolved(branch));
        let is_table = |schema: &&Value| {
            schema.get("properties").and_then(Value::as_object).is_some_and(|p: &Map<_, _>| !p.is_empty())
        };
        branch.find(is_table).unwrap_or(schema)
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        reference.and_then(|pointer| self.0.pointer(pointer)).unwrap_or(schema)
    }
}
