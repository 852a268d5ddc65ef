//! A tree of nodes to a file's types, with every mistake at once.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::Node;

/// HE001: a key that the format does not have.
pub static UNKNOWN_KEY: Code = Code::error("HE001", "unknown-key");

/// HE005: a value of another type than the key's, or a required key that is missing.
pub static WRONG_TYPE: Code = Code::error("HE005", "wrong-type");

/// Reads `T` from a node and reports every unknown key and every wrong type of the file, each once.
///
/// What is wrong is left out and the rest is read, so a value may come with findings; it is `None` where nothing usable
/// is left.
pub fn read<T: DeserializeOwned + JsonSchema>(node: &Node) -> (Option<T>, Vec<Diagnostic>) {
    let _ = node;
    unimplemented!()
}
