//! The words that a file makes up itself: its states, codes and regions, as they are written now and in its flows.

use std::collections::BTreeSet;

use hermes_format::parse::Node;
use hermes_format::provider::StateKind;
use hermes_machine::machine::code;

use super::document::Document;
use super::meaning;

/// The states of the text as it is, of its flows, and the two ends that a rule can name.
pub(super) fn states(document: &Document, tree: Option<&Node>) -> Vec<String> {
    let tree = tree.and_then(|tree| tree.get("states")).and_then(Node::as_table);
    let own = tree.into_iter().flat_map(|table| table.keys().cloned());
    let read = document.read.iter().flat_map(|read| &read.provider.states).map(|state| state.name.clone());
    let mut names: Vec<String> = Vec::new();
    for name in own.chain(read).chain(["success".to_owned(), "done".to_owned()]) {
        if !names.contains(&name) && name != "error" && name != "timeout" {
            names.push(name);
        }
    }
    names
}

/// The states that the text leads to and does not have, and those of its flows, which a table would change.
pub(super) fn missing_states(document: &Document, tree: Option<&Node>) -> Vec<String> {
    let Some(tree) = tree else { return states(document, None) };
    let written = tree.get("states");
    let renewal = written.and_then(|states| states.at("/success/refresh/to"));
    let named = rules(tree).filter_map(|rule| rule.get("to")).chain(renewal).chain(starts(tree));
    let named = named.filter_map(Node::as_str).map(str::to_owned);
    let flow = document.read.iter().filter(|read| !read.provider.extends.is_empty());
    let brought = flow.flat_map(|read| &read.provider.states).map(|state| state.name.clone());
    let all: BTreeSet<String> = named.chain(brought).chain(["success".to_owned()]).collect();
    let is_missing = |name: &String| written.is_none_or(|states| states.get(name).is_none());
    all.into_iter()
        .filter(|name| is_missing(name) && !matches!(name.as_str(), "error" | "timeout" | "done"))
        .collect()
}

fn rules(tree: &Node) -> impl Iterator<Item = &Node> {
    let states = tree.get("states").and_then(Node::as_table).into_iter().flat_map(|states| states.values());
    states.filter_map(|entry| entry.node.get("on")?.as_array()).flatten()
}

fn starts(tree: &Node) -> impl Iterator<Item = &Node> {
    let actions = tree.get("start").and_then(Node::as_table).into_iter().flat_map(|start| start.values());
    actions.flat_map(|action| match action.node.as_array() {
        Some(list) => list.iter().collect(),
        None => vec![&action.node],
    })
}

/// The states that ask something, which a test can answer.
pub(super) fn acting(document: &Document) -> impl Iterator<Item = &str> {
    let states = document.read.iter().flat_map(|read| &read.provider.states);
    states.filter(|state| matches!(state.kind, StateKind::Active(_))).map(|state| state.name.as_str())
}

/// The codes that the file fails with, and those that the engine has words for.
pub(super) fn codes(document: &Document, tree: Option<&Node>) -> Vec<String> {
    let own = tree.into_iter().flat_map(rules).filter_map(|rule| rule.get("fail")?.as_str());
    let read = document.read.iter().flat_map(|read| meaning::fails(&read.provider)).map(|(_, code, ..)| code);
    let known = code::KNOWN.iter().map(|known| known.code);
    own.chain(read).chain(known).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The regions of the provider.
pub(super) fn regions(document: &Document) -> Vec<String> {
    let regions = document.read.as_ref().and_then(|read| read.provider.regions.as_ref());
    regions.into_iter().flat_map(|regions| regions.tables.keys().cloned()).collect()
}
