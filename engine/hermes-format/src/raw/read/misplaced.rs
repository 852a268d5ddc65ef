//! Keys that stand in another table than their own.
//!
//! In TOML all that follows a heading belongs to it, in YAML all that is indented: a key of the whole file slips into a table
//! that way. What a reader would get wrong: a key may be one of the file and one of a table, so only a value that is right at
//! the top of the file, and is not there yet, is said to belong there.

use super::fault::Step;
use super::node::Unknown;
use super::{UNKNOWN_KEY, walk};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::{Entry, Node, Value};
use crate::source::Span;

/// How a key comes into a table that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// It stands below the table's TOML heading.
    Heading,
    /// It is indented in YAML as the table's keys are.
    Indented,
}

/// How the key at the end of a path may have come there.
pub(super) fn slip(root: &Node, path: &[Step]) -> Option<Slip> {
    let (Step::Key(key), parents) = path.split_last()? else { return None };
    let container = walk(root, parents)?;
    let span = container.key_span(key)?;
    let is_in_list = parents.iter().any(|step| matches!(step, Step::Item(_)));
    let is_item = matches!(parents, [Step::Key(_), Step::Item(_)]);
    if container.span.end <= span.start && is_headed(root, parents) && (is_item || !is_in_list) {
        return Some(Slip::Heading);
    }
    let first = container.as_table()?.values().next()?.key;
    (!is_in_list && !parents.is_empty() && first.start == container.span.start).then_some(Slip::Indented)
}

/// Whether the table at the end of a path stands under a TOML heading of its own.
pub(super) fn is_headed(root: &Node, path: &[Step]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let Some(node) = walk(root, path) else { return false };
    match last {
        Step::Key(key) => walk(root, parents)
            .and_then(|parent| parent.key_span(key))
            .is_some_and(|span| node.span.start < span.start && span.end < node.span.end),
        Step::Item(_) => node
            .as_table()
            .and_then(|t| t.values().next())
            .is_some_and(|first| node.span.end <= first.key.start),
    }
}

/// The finding for a key of the whole file that slipped into the table at a path.
pub(super) fn finding(code: &'static Code, span: Span, path: &[Step], slip: Slip) -> Diagnostic {
    let mut names = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item(_) => None,
    });
    let key = names.next_back().unwrap_or_default();
    let table = names.collect::<Vec<_>>().join(".");
    let message = format!("`{key}` is a key of the whole file, and stands in `{table}`");
    Diagnostic::new(code, span, message).help(match slip {
        Slip::Heading => "write it above the first `[…]` heading: what follows a heading belongs to it",
        Slip::Indented => "write it at the left margin: what is indented below a key belongs to it",
    })
}

/// The path to the key at a place.
pub(super) fn path_to(node: &Node, key: Span) -> Option<Vec<Step>> {
    let mut path = Vec::new();
    find(node, key, &mut path).then_some(path)
}

fn find(node: &Node, key: Span, path: &mut Vec<Step>) -> bool {
    let mut within = |step: Step, node: Option<&Node>| {
        path.push(step);
        let found = node.is_none_or(|node| find(node, key, path));
        if !found {
            path.pop();
        }
        found
    };
    match &node.value {
        Value::Table(entries) => entries.iter().any(|(name, entry)| {
            let is_it = entry.key == key;
            within(Step::Key(name.clone()), Some(&entry.node).filter(|_| !is_it))
        }),
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| within(Step::Item(index), Some(item)))
        }
        _ => false,
    }
}

/// The parts of a key that was written with dots as TOML has them, where the first part is a key of its table.
pub(super) fn dotted(unknown: &Unknown) -> Option<Vec<String>> {
    let is_bare = (unknown.span.end - unknown.span.start) as usize == unknown.key.len();
    let parts: Vec<String> = unknown.key.split('.').map(str::to_owned).collect();
    let is_known = unknown.known.contains(&parts.first()?.as_str());
    (is_bare && is_known && parts.len() > 1 && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

/// The finding for a dotted key in YAML.
pub(super) fn dotted_finding(unknown: &Unknown, parts: &[String]) -> Diagnostic {
    let (last, tables) = parts.split_last().map_or(("", parts), |(last, tables)| (last.as_str(), tables));
    let tables: Vec<_> = tables.iter().map(|table| format!("`{table}:`")).collect();
    let nested = tables.join(" on a line of its own, under it, two blanks deeper, ");
    let message = format!("YAML has no dotted keys: `{}` is one name", unknown.key);
    Diagnostic::new(&UNKNOWN_KEY, unknown.span, message).help(format!(
        "nest them: {nested} on a line of its own, and under it, two blanks deeper, `{last}: …`"
    ))
}

/// Puts an entry into the tables that its dotted key names, where nothing has that name yet.
pub(super) fn nest(entries: &mut crate::parse::Table, parts: &[String], entry: Entry) {
    let Some((first, rest)) = parts.split_first() else { return };
    let length = u32::try_from(first.len()).unwrap_or(u32::MAX);
    let own = Span { end: entry.key.start.saturating_add(length), ..entry.key };
    if rest.is_empty() {
        entries.entry(first.clone()).or_insert(entry);
        return;
    }
    let key = Span { start: own.end.saturating_add(1), ..entry.key };
    let made = || Node { span: own, value: Value::Table(crate::parse::Table::new()) };
    let table = entries.entry(first.clone()).or_insert_with(|| Entry { key: own, node: made() });
    if let Value::Table(inner) = &mut table.node.value {
        nest(inner, rest, Entry { key, ..entry });
    }
}
