//! A flow mapping (`{a: 1, b: 2}`), its values changed in place.

use std::ops::Range;

use super::edit::{Wanted, scalar};

/// A member: its name, and where its value stands.
struct Member {
    name: String,
    value: Range<usize>,
}

/// A mapping that was read.
struct Mapping {
    members: Vec<Member>,
    /// Behind the last thing in it, where another member can begin.
    end: usize,
    /// Whether a comma must stand before that.
    needs_comma: bool,
}

/// The text with these members in the mapping that begins at `open`.
pub(super) fn edit(text: &str, open: usize, wanted: &Wanted<'_>) -> Option<String> {
    let mapping = read(text, open)?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let mut added = Vec::new();
    for (name, value) in wanted {
        match (mapping.members.iter().find(|member| member.name == *name), value) {
            (Some(member), value) => {
                let space = if member.value.is_empty() { " " } else { "" };
                let value = value.map_or_else(|| "null".to_owned(), scalar);
                changes.push((member.value.clone(), format!("{space}{value}")));
            }
            (None, Some(value)) => added.push(format!("{name}: {}", scalar(value))),
            (None, None) => {}
        }
    }
    if !added.is_empty() {
        let before = match (mapping.members.is_empty(), mapping.needs_comma) {
            (true, _) => "",
            (false, true) => ", ",
            (false, false) => " ",
        };
        changes.push((mapping.end..mapping.end, format!("{before}{}", added.join(", "))));
    }
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    changes.into_iter().for_each(|(range, new)| text.replace_range(range, &new));
    Some(text)
}

/// Reads the members of a mapping; what is nested in it is passed over.
fn read(text: &str, open: usize) -> Option<Mapping> {
    let mut mapping = Mapping { members: Vec::new(), end: open + 1, needs_comma: false };
    let (mut depth, mut start, mut colon) = (1_usize, None::<usize>, None::<usize>);
    let mut at = open + 1;
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        let mut next = at + c.len_utf8();
        let before = text.get(..at)?.chars().next_back()?;
        match c {
            '#' if before.is_whitespace() => {
                at += rest.find('\n')?;
                continue;
            }
            c if c.is_whitespace() => {
                at = next;
                continue;
            }
            '"' | '\'' if is_token_start(text.get(..at)?) => next = at + quoted(rest, c)?,
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 1 && colon.is_none() && ends_key(rest, before) => colon = Some(at),
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            if let Some(start) = start.take() {
                let colon = colon.take()?;
                let name = text.get(start..colon)?.trim().trim_matches(['"', '\'']).to_owned();
                let value = text.get(colon + 1..mapping.end)?;
                let from = mapping.end - value.trim_start().len();
                mapping.members.push(Member { name, value: from..mapping.end });
                mapping.needs_comma = true;
            }
            if depth == 0 {
                return Some(mapping);
            }
            mapping.needs_comma = false;
        } else {
            start.get_or_insert(at);
        }
        mapping.end = next;
        at = next;
    }
}

/// Whether a quote here begins a quoted text, and is no part of a plain one.
fn is_token_start(before: &str) -> bool {
    before.trim_end().ends_with(['{', '[', ',', ':'])
}

/// Whether a colon ends a key, and is no part of a plain text.
fn ends_key(rest: &str, before: char) -> bool {
    let after = rest.chars().nth(1);
    matches!(before, '"' | '\'') || after.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '}'))
}

/// The length of a quoted text, its quotes included.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            c if c == quote => match chars.peek() {
                Some((_, '\'')) if quote == '\'' => drop(chars.next()),
                _ => return Some(at + c.len_utf8()),
            },
            _ => {}
        }
    }
    None
}
