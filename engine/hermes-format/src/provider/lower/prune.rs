//! States that an `extends` brought and nothing reaches are dropped.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::names::FINAL;
use crate::parse::Node;
use crate::raw::provider::{Provider, Start, State};
use crate::raw::union::OneOrMany;

/// The states to keep: those of the file itself, the final ones, and what is reached.
pub(super) fn reached<'a>(raw: &'a Provider, node: &Node) -> IndexMap<&'a str, &'a State> {
    let reached = closure(raw);
    let own = node.get("states").and_then(Node::as_table);
    let is_own =
        |name: &str| own.and_then(|table| table.get(name)).is_none_or(|e| e.key.file == node.span.file);
    let keep = |name: &str| FINAL.contains(&name) || reached.contains(name) || is_own(name);
    raw.states.iter().map(|(name, state)| (name.as_str(), state)).filter(|(name, _)| keep(name)).collect()
}

fn closure(raw: &Provider) -> BTreeSet<&str> {
    let mut open: Vec<&str> = starts(raw.start.as_ref());
    open.extend(raw.states.get("success").and_then(|s| s.refresh.as_ref()).map(|r| r.to.as_str()));
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if reached.insert(name) {
            let rules = raw.states.get(name).and_then(|state| state.on.as_ref()).into_iter().flatten();
            open.extend(rules.filter_map(|rule| rule.to.as_deref()));
        }
    }
    reached
}

fn starts(start: Option<&Start>) -> Vec<&str> {
    let lists =
        start.map(|start| [&start.login, &start.logout, &start.verify]).into_iter().flatten().flatten();
    lists
        .flat_map(|list| match list {
            OneOrMany::One(name) => std::slice::from_ref(name),
            OneOrMany::Many(names) => names.as_slice(),
        })
        .map(String::as_str)
        .collect()
}
