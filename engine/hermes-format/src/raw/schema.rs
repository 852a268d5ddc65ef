//! The JSON Schemas of the files, made from their types (draft 2020-12).
//!
//! They serve editors. Where a plain schema of serde's types would be right but say little, it is rewritten: a key that may
//! be left out is not one that may be null, and a list of words is an `enum`, because of `anyOf` and `oneOf` an editor only
//! says that nothing matched. What a schema can't say well ("exactly one of") is left to the checks.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of a file type, with its name in the address (`provider`) and its title.
pub fn schema_of<T: JsonSchema>(name: &str, title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(without_null).with_transform(words_as_enum);
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("$id".to_owned(), json!(format!("urn:hermes-engine:schema:{name}")));
    root.insert("title".to_owned(), json!(title));
    if let Value::Object(generated) = schema {
        for (key, value) in generated {
            root.entry(key).or_insert(value);
        }
    }
    Value::Object(root)
}

/// The schema of provider and flow files.
pub fn provider_schema() -> Value {
    schema_of::<super::provider::Provider>("provider", "Provider file of hermes-engine")
}

/// The schema of test files.
pub fn test_schema() -> Value {
    schema_of::<super::test::Tests>("test", "Test file of hermes-engine")
}

/// The schema of client files.
pub fn client_schema() -> Value {
    schema_of::<super::client::Client>("client", "Client file of hermes-engine")
}

/// Takes null out: a key that may be left out has it only because its Rust type is an `Option`.
fn without_null(schema: &mut Schema) {
    transform_subschemas(&mut without_null, schema);
    let Some(object) = schema.as_object_mut() else { return };
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
    // Sizes of Rust's integers mean nothing to a file.
    object.remove("format");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(any)) = object.get_mut("anyOf") {
        any.retain(|schema| schema.get("type") != Some(&json!("null")));
        if let [Value::Object(only)] = any.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Turns `oneOf` constants, each with its description, into an `enum` whose description lists them.
fn words_as_enum(schema: &mut Schema) {
    transform_subschemas(&mut words_as_enum, schema);
    let Some(object) = schema.as_object_mut() else { return };
    let Some(Value::Array(variants)) = object.get("oneOf") else { return };
    let word = |variant: &Value| variant.get("const").and_then(Value::as_str).map(str::to_owned);
    let Some(words) = variants.iter().map(word).collect::<Option<Vec<_>>>() else { return };
    let line = |variant: &Value| {
        let said = variant.get("description").and_then(Value::as_str)?;
        Some(format!("\n- `{}`: {said}", word(variant)?))
    };
    let lines: String = variants.iter().filter_map(line).collect();
    let said = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{said}\n{lines}");
    object.remove("oneOf");
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), json!(words));
    object.insert("description".to_owned(), json!(description.trim()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subschemas<'s>(value: &'s Value, found: &mut Vec<&'s Map<String, Value>>) {
        match value {
            Value::Object(object) => {
                found.push(object);
                object.values().for_each(|value| subschemas(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| subschemas(value, found)),
            _ => {}
        }
    }

    #[test]
    fn schemas_say_exactly_what_is_wrong() {
        for schema in [provider_schema(), test_schema()] {
            let mut all = Vec::new();
            subschemas(&schema, &mut all);
            assert!(all.len() > 50);
            for object in all {
                assert!(!object.contains_key("anyOf") && !object.contains_key("oneOf"), "{object:?}");
                assert!(object.get("type") != Some(&json!("null")), "{object:?}");
                assert!(object.get("default") != Some(&Value::Null), "{object:?}");
            }
        }
    }

    #[test]
    fn every_table_of_the_format_is_closed_and_every_key_is_described() {
        for schema in [provider_schema(), test_schema()] {
            let mut all = Vec::new();
            subschemas(&schema, &mut all);
            for object in all {
                let Some(Value::Object(properties)) = object.get("properties") else { continue };
                assert_eq!(object.get("additionalProperties"), Some(&json!(false)), "{object:?}");
                for (key, schema) in properties {
                    assert!(schema.get("description").is_some(), "{key} has no description");
                }
            }
        }
    }
}
