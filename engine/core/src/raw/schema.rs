//! The JSON Schemas of the files, made from their types (draft 2020-12).

use schemars::JsonSchema;
use serde_json::Value;

/// The schema of a file type, with its address and title.
pub fn schema_of<T: JsonSchema>(id: &str, title: &str) -> Value {
    let _ = (id, title);
    unimplemented!()
}

/// The schema of provider and flow files.
pub fn provider_schema() -> Value {
    schema_of::<super::provider::Provider>("provider.schema.json", "Provider file of hermes-engine")
}

/// The schema of test files.
pub fn test_schema() -> Value {
    schema_of::<super::test::Tests>("test.schema.json", "Test file of hermes-engine")
}
