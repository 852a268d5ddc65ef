//! What a file may hold before its meaning is looked at.

use super::{Node, Place, SYNTAX, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// The deepest nesting: the outermost table is 1, each table or list inside it one more.
pub const MAX_DEPTH: usize = 16;

/// The most entries of one table or list.
pub const MAX_ENTRIES: usize = 1_000;

/// The most findings of one text: a file that is none of the two languages has one for every word.
pub(super) const MAX_FINDINGS: usize = 20;

/// Refuses a text that is too long, and characters that an editor doesn't show.
pub(super) fn check_text(place: &Place<'_>) -> Result<(), Vec<Diagnostic>> {
    if place.text.len() > MAX_BYTES {
        let message = format!("a file may hold {MAX_BYTES} bytes; this one has {}", place.text.len());
        return Err(vec![Diagnostic::new(&SYNTAX, place.span(0, 0), message)]);
    }
    let findings: Vec<_> = place
        .text
        .char_indices()
        .filter(|(_, c)| is_hidden(*c))
        .map(|(at, c)| hidden(place.span(at, at + c.len_utf8()), c))
        .take(MAX_FINDINGS)
        .collect();
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// Refuses nesting that is too deep, tables and lists that are too long, and hidden characters that were written as escapes.
pub(super) fn check_node(root: &Node) -> Result<(), Vec<Diagnostic>> {
    let mut findings = Vec::new();
    walk(root, 1, &mut findings);
    findings.truncate(MAX_FINDINGS);
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// The finding for nesting beyond [`MAX_DEPTH`].
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(&SYNTAX, span, format!("tables and lists may be nested {MAX_DEPTH} deep"))
}

/// The finding for a table or list that is longer than it may be.
pub(crate) fn too_many(node: &Node, place: &str, what: &str, most: usize) -> Diagnostic {
    let message = format!("{place} may have {most} {what}; this has {}", node.len());
    Diagnostic::new(&SYNTAX, node.span, message)
}

fn walk(node: &Node, depth: usize, findings: &mut Vec<Diagnostic>) {
    let is_container = matches!(node.value, Value::Array(_) | Value::Table(_));
    if is_container && depth > MAX_DEPTH {
        findings.push(too_deep(node.span));
        return;
    }
    if node.len() > MAX_ENTRIES {
        findings.push(too_many(node, "a table or a list", "entries", MAX_ENTRIES));
        return;
    }
    match &node.value {
        Value::String(text) => check_string(text, node.span, findings),
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth + 1, findings)),
        Value::Table(entries) => {
            for (key, entry) in entries {
                check_string(key, entry.key, findings);
                walk(&entry.node, depth + 1, findings);
            }
        }
        _ => {}
    }
}

fn check_string(text: &str, span: Span, findings: &mut Vec<Diagnostic>) {
    if let Some(c) = text.chars().find(|c| is_hidden(*c)) {
        findings.push(hidden(span, c));
    }
}

fn hidden(span: Span, c: char) -> Diagnostic {
    Diagnostic::new(
        &SYNTAX,
        span,
        format!("the character U+{:04X} can't be seen and is refused", u32::from(c)),
    )
}

/// Control characters other than tab and line ends, and those that turn the direction of text around.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
