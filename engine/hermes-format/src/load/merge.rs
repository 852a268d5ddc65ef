//! A file over the flows that it extends: tables merge by key, everything else replaces.

use indexmap::map::Entry as Slot;

use super::OVERRIDE_NOTHING;
use crate::diagnostic::{Diagnostic, nearest};
use crate::parse::{Node, Value};

/// A flow that a file extends.
pub(super) struct Layer {
    /// Its name.
    pub(super) name: String,
    /// What it says.
    pub(super) node: Node,
}

/// The keys that make a state do something.
const ACTS: [&str; 5] = ["get", "post", "put", "delete", "open"];

/// The file merged over its flows, nearest first. Each value keeps the place where it is written.
pub(super) fn over(own: Node, layers: Vec<Layer>) -> Node {
    let (span, mut merged) = (own.span, own);
    for layer in layers {
        merged = overlaid(layer.node, merged);
    }
    Node { span, ..merged }
}

fn overlaid(below: Node, above: Node) -> Node {
    match (below.value, above.value) {
        (Value::Table(mut table), Value::Table(entries)) => {
            for (key, entry) in entries {
                match table.entry(key) {
                    Slot::Occupied(mut slot) => {
                        let below = slot.get_mut();
                        below.key = entry.key;
                        let node = Node {
                            span: below.node.span,
                            value: std::mem::replace(&mut below.node.value, Value::Null),
                        };
                        below.node = overlaid(node, entry.node);
                    }
                    Slot::Vacant(slot) => {
                        slot.insert(entry);
                    }
                }
            }
            Node { span: above.span, value: Value::Table(table) }
        }
        (_, value) => Node { span: above.span, value },
    }
}

/// States of the file that do nothing by themselves, and are called nearly as one of a flow's.
pub(super) fn overrides_nothing(own: &Node, layers: &[Layer]) -> Vec<Diagnostic> {
    let states = own.get("states").and_then(Node::as_table);
    let inherited: Vec<&str> = layers
        .iter()
        .filter_map(|layer| layer.node.get("states")?.as_table())
        .flat_map(|table| table.keys().map(String::as_str))
        .collect();
    let strange = states.into_iter().flatten().filter(|(name, entry)| {
        !inherited.contains(&name.as_str()) && !ACTS.iter().any(|key| entry.node.entry(key).is_some())
    });
    strange
        .filter_map(|(name, entry)| {
            let meant = nearest(name, inherited.iter().copied())?;
            Some(
                Diagnostic::new(
                    &OVERRIDE_NOTHING,
                    entry.key,
                    format!("the flow has no state `{name}` to change"),
                )
                .meant(meant)
                .fix(entry.key, meant),
            )
        })
        .collect()
}
