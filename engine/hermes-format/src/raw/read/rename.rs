//! Keys of a tree, given other names or taken out.

use crate::parse::{Node, Value};
use crate::source::Span;

/// Gives the key at a place another name, in its place; a table is written into the one that has the name already.
/// Whether that was done.
pub(super) fn rename(node: &mut Node, key: Span, name: &str) -> bool {
    let entries = match &mut node.value {
        Value::Table(entries) => entries,
        Value::Array(items) => return items.iter_mut().any(|item| rename(item, key, name)),
        _ => return false,
    };
    let Some(index) = entries.values().position(|entry| entry.key == key) else {
        return entries.values_mut().any(|entry| rename(&mut entry.node, key, name));
    };
    if !entries.contains_key(name) {
        if let Some((_, entry)) = entries.shift_remove_index(index) {
            entries.shift_insert(index, name.to_owned(), entry);
        }
        return true;
    }
    if entries.get(name).is_none_or(|present| present.node.as_table().is_none()) {
        return false;
    }
    let Some((_, entry)) = entries.shift_remove_index(index) else { return false };
    if let (Some(present), Value::Table(more)) = (entries.get_mut(name), entry.node.value)
        && let Value::Table(table) = &mut present.node.value
    {
        for (key, entry) in more {
            table.entry(key).or_insert(entry);
        }
    }
    true
}

/// Takes the keys out that `goes` says of, in all tables.
pub(super) fn take_out(node: &mut Node, goes: &mut impl FnMut(&str, Span, &Node) -> bool) {
    match &mut node.value {
        Value::Table(entries) => {
            entries.retain(|key, entry| !goes(key, entry.key, &entry.node));
            entries.values_mut().for_each(|entry| take_out(&mut entry.node, goes));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| take_out(item, goes)),
        _ => {}
    }
}
