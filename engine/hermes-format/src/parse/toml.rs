//! TOML 1.0 to nodes.
//!
//! The parser beneath reads TOML 1.1; what only 1.1 has is refused here, because most editors and other parsers can't
//! read it.

mod trouble;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeFloat, DeInteger, DeTable, DeValue};

use self::trouble::Trouble;
use super::around::{line_at, slashes};
use super::limits::MAX_FINDINGS;
use super::{Entry, Node, Place, SYNTAX, Table, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Parses a whole file and reports all its errors.
pub(super) fn parse(place: &Place<'_>) -> Result<Node, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(place.text);
    let mut reader = Reader { place, findings: Vec::new() };
    if errors.is_empty() {
        let entries = reader.entries(root.get_ref());
        if reader.findings.is_empty() {
            let span = entries.first().map_or(place.span(0, 0), |(_, entry)| entry.key);
            return Ok(Node { span, value: Value::Table(entries) });
        }
    } else {
        reader.findings = syntax_errors(place, errors);
    }
    let mut findings = reader.findings;
    findings.sort_by_key(|finding| finding.primary.span);
    findings.truncate(MAX_FINDINGS);
    Err(findings)
}

/// The findings of the parser's errors, without those that only follow from another.
fn syntax_errors(place: &Place<'_>, mut errors: Vec<toml::de::Error>) -> Vec<Diagnostic> {
    let start = |error: &toml::de::Error| error.span().map_or(0, |range| range.start);
    errors.sort_by_key(start);
    let is_unclosed = |error: &toml::de::Error| {
        ["unclosed array, ", "unclosed inline table"].iter().any(|m| error.message().starts_with(m))
    };
    let unclosed = errors.iter().any(is_unclosed).then(|| trouble::unclosed_bracket(place)).flatten();
    if let Some((at, _)) = &unclosed {
        errors.retain(|error| start(error) < *at);
    }
    let mut told = 0..0;
    let mut again = 0..0;
    errors.retain(|error| {
        let at = start(error);
        if at < told.end && told.contains(&at) {
            return false;
        }
        if follows_header(place, error, at, &mut again) || follows_comment(place, error, at) {
            return false;
        }
        let line = line_at(place.text, at);
        let is_lost = ["invalid key-value pair", "missing table open"];
        let is_lost = is_lost.iter().any(|m| error.message().starts_with(m));
        let follows = !told.is_empty() && is_lost && !trouble::is_statement(line.text);
        // The line's own end belongs to it: that is where an error about what is missing stands.
        told = line.start..line.start + line.text.len() + 1;
        !follows
    });
    let told = errors.iter().take(MAX_FINDINGS).map(|error| finding(place, error));
    told.chain(unclosed.map(|(_, finding)| finding)).collect()
}

/// Whether a key is written twice because its table's header is; `again` is what stands below the last such header.
fn follows_header(place: &Place<'_>, error: &toml::de::Error, at: usize, again: &mut Range<usize>) -> bool {
    if error.message() != "duplicate key" {
        return false;
    }
    let line = line_at(place.text, at);
    if line.text.trim_start().starts_with('[') {
        let below = line.start + line.text.len();
        let end = place.slice(below, place.text.len()).find("\n[").unwrap_or(place.text.len());
        *again = below..below.saturating_add(end);
        return false;
    }
    again.contains(&at)
}

/// Whether a comma is missing only after what was meant to be a comment, `// …`.
fn follows_comment(place: &Place<'_>, error: &toml::de::Error, at: usize) -> bool {
    let before = place.slice(0, at).trim_end().len();
    error.message().starts_with("missing comma") && slashes(line_at(place.text, before).text).is_some()
}

fn finding(place: &Place<'_>, error: &toml::de::Error) -> Diagnostic {
    let range = error.span().unwrap_or(0..0);
    let span = place.word(range.start, range.end);
    match error.message() {
        "duplicate key" => twice(place, range.start, place.slice(range.start, range.end), span),
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            super::limits::too_deep(span)
        }
        message => {
            let meant = Trouble::new(place, message, range.start).finding();
            meant.unwrap_or_else(|| Diagnostic::new(&SYNTAX, span, message))
        }
    }
}

/// The finding for a key that is written twice, with the first place where its line can be found.
fn twice(place: &Place<'_>, at: usize, key: &str, span: Span) -> Diagnostic {
    let finding = super::written_twice(key, span);
    let is_test = line_at(place.text, at).text.trim() == "[test]";
    let finding = if is_test { finding.help("write `[[test]]` above each test") } else { finding };
    match first_of(place.text, at) {
        Some((start, end)) => finding.label("again here").also(place.span(start, end), "first here"),
        None => finding,
    }
}

/// Where the words before the `=`, or the header, of the line at `at` were written before, in the same table.
fn first_of(text: &str, at: usize) -> Option<(usize, usize)> {
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |i| i + 1);
    let words = left_side(text.get(line_start..)?.lines().next()?);
    let is_header = words.starts_with('[');
    let before = text.get(..line_start)?;
    let scope = if is_header { 0 } else { before.rfind("\n[").map_or(0, |i| i + 1) };
    let mut start = scope;
    for line in before.get(scope..)?.split_inclusive('\n') {
        if left_side(line) == words {
            let indent = line.len() - line.trim_start().len();
            return Some((start + indent, start + indent + words.len()));
        }
        start += line.len();
    }
    None
}

fn left_side(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('[') {
        line.rfind(']').and_then(|i| line.get(..=i)).unwrap_or(line)
    } else {
        line.split('=').next().unwrap_or(line).trim_end()
    }
}

struct Reader<'p, 't> {
    place: &'p Place<'t>,
    findings: Vec<Diagnostic>,
}

impl Reader<'_, '_> {
    fn refuse(&mut self, span: Span, message: &str, help: &str) -> Value {
        self.findings.push(Diagnostic::new(&SYNTAX, span, message).help(help));
        Value::Null
    }

    /// The entries in the order of the file: the parser's own order is the alphabet's.
    fn entries(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| (key.get_ref().to_string(), self.entry(key.span(), value)))
            .collect()
    }

    fn entry(&mut self, key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Entry {
        self.check_escapes(key.start, key.end);
        Entry { key: self.place.span(key.start, key.end), node: self.node(value) }
    }

    fn node(&mut self, spanned: &Spanned<DeValue<'_>>) -> Node {
        let range = spanned.span();
        let span = self.place.span(range.start, range.end);
        let value = match spanned.get_ref() {
            DeValue::String(text) => {
                self.check_escapes(range.start, range.end);
                Value::String(text.to_string())
            }
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Integer(number) => self.integer(number, span),
            DeValue::Float(number) => self.float(number, span),
            DeValue::Datetime(_) => {
                self.refuse(span, "a date or time is no value here", "write it as a string")
            }
            DeValue::Array(items) => self.array(items),
            DeValue::Table(table) => {
                self.check_inline(range.start, range.end, table);
                Value::Table(self.entries(table))
            }
        };
        Node { span, value }
    }

    fn array(&mut self, items: &DeArray<'_>) -> Value {
        Value::Array(items.iter().map(|item| self.node(item)).collect())
    }

    fn integer(&mut self, number: &DeInteger<'_>, span: Span) -> Value {
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => self.refuse(span, "the number is too large", "whole numbers have 64 bits"),
        }
    }

    fn float(&mut self, number: &DeFloat<'_>, span: Span) -> Value {
        match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => self.refuse(span, "the number is not finite", "write a number that JSON can hold"),
        }
    }

    /// Refuses `\e` and `\xHH` in a string or key, which TOML 1.0 doesn't have.
    fn check_escapes(&mut self, start: usize, end: usize) {
        let text = self.place.slice(start, end);
        if !text.starts_with('"') {
            return;
        }
        let mut characters = text.char_indices();
        while let Some((at, c)) = characters.next() {
            if c == '\\'
                && let Some((_, escaped @ ('e' | 'x'))) = characters.next()
            {
                let span = self.place.span(start + at, start + at + 2);
                let message = format!("`\\{escaped}` is TOML 1.1; these files are TOML 1.0");
                self.refuse(span, &message, "write `\\u` and four hexadecimal digits");
            }
        }
    }

    /// Refuses a line break or a last comma in an inline table, which TOML 1.0 doesn't have.
    fn check_inline(&mut self, start: usize, end: usize, table: &DeTable<'_>) {
        if !self.place.slice(start, end).starts_with('{') {
            return;
        }
        let mut taken = vec![(start, start + 1)];
        words_of(table, self.place, &mut taken);
        taken.push((end.saturating_sub(1), end));
        taken.sort_unstable();
        for (index, pair) in taken.windows(2).enumerate() {
            let [(_, from), (to, _)] = *pair else { continue };
            let gap = self.place.slice(from, to);
            let is_last = index + 2 == taken.len();
            if let Some(at) = gap.find('\n') {
                self.refuse_inline(
                    from + at,
                    "a line break inside `{ … }` is TOML 1.1; these files are TOML 1.0",
                );
                return;
            }
            if let Some(at) = gap.find(',').filter(|_| is_last) {
                self.refuse_inline(from + at, "a comma before `}` is TOML 1.1; these files are TOML 1.0");
            }
        }
    }

    fn refuse_inline(&mut self, at: usize, message: &str) {
        let help = "write the table on one line, or give it a header of its own";
        self.refuse(self.place.span(at, at + 1), message, help);
    }
}

/// The ranges of the keys and values that stand in an inline table.
fn words_of(table: &DeTable<'_>, place: &Place<'_>, taken: &mut Vec<(usize, usize)>) {
    for (key, value) in table.iter() {
        taken.push((key.span().start, key.span().end));
        let range = value.span();
        match value.get_ref() {
            // A table that a dotted key made: its words stand in the outer one.
            DeValue::Table(inner) if !place.slice(range.start, range.end).starts_with('{') => {
                words_of(inner, place, taken);
            }
            _ => taken.push((range.start, range.end)),
        }
    }
}
