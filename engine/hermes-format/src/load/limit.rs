//! How much one flow may hold. No login needs as much, and what is more would take long to prove.

use crate::diagnostic::Diagnostic;
use crate::parse::{Node, Value, too_many};

/// The most states, inputs, vars and regions of a file, and the most rules of a state.
const MOST: usize = 64;

/// The findings for what is too much to go on with.
pub(super) fn exceeded(file: &Node) -> Vec<Diagnostic> {
    let tables = ["states", "inputs", "vars", "regions"].into_iter().filter_map(|key| {
        let node = file.get(key).filter(|node| node.len() > MOST)?;
        Some(too_many(node, "a provider", key, MOST))
    });
    let states = file.get("states").map(|node| &node.value);
    let states = if let Some(Value::Table(states)) = states { Some(states) } else { None };
    let rules = states.into_iter().flatten().filter_map(|(_, state)| {
        let node = state.node.get("on").filter(|node| node.len() > MOST)?;
        Some(too_many(node, "a state", "rules", MOST))
    });
    tables.chain(rules).collect()
}
