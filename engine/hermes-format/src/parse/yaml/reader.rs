//! A document to nodes: the parser says where a list or table begins, this finds where it ends.

use serde_yaml::Spanned;

use super::super::limits::MAX_FINDINGS;
use super::super::{Entry, Node, Place, SYNTAX, Table, Value};
use super::tree::Tree;
use super::{range, refused_tag};
use crate::diagnostic::Diagnostic;

/// Walks a document in the order of its text.
pub(super) struct Reader<'p, 't> {
    place: &'p Place<'t>,
    /// Where the last value or key ends: what stands between there and the next one is punctuation.
    seen: usize,
    findings: Vec<Diagnostic>,
}

impl<'p, 't> Reader<'p, 't> {
    pub(super) fn new(place: &'p Place<'t>) -> Reader<'p, 't> {
        Reader { place, seen: 0, findings: Vec::new() }
    }

    /// Reads the outermost value, which must be a table.
    pub(super) fn root(mut self, tree: Spanned<Tree>) -> Result<Node, Vec<Diagnostic>> {
        let (node, end) = self.node(tree);
        self.check_tags(self.place.text.len().min(end));
        match &node.value {
            Value::Table(entries) if self.findings.is_empty() => {
                let span = entries.first().map_or(node.span, |(_, entry)| entry.key);
                return Ok(Node { span, ..node });
            }
            Value::Table(_) => {}
            _ => {
                let message = format!("a file is a table of keys and values; this is {}", node.kind());
                self.findings.push(Diagnostic::new(&SYNTAX, node.span, message));
            }
        }
        self.findings.truncate(MAX_FINDINGS);
        Err(self.findings)
    }

    /// Refuses tags between the last word and the next.
    fn check_tags(&mut self, next: usize) {
        let from = self.seen;
        self.seen = self.seen.max(next);
        let mut at = from;
        for line in self.place.slice(from, next).split_inclusive('\n') {
            let code =
                line.split(" #").next().filter(|line| !line.trim_start().starts_with('#')).unwrap_or("");
            for word in code.split(|c: char| c.is_whitespace() || "[]{},".contains(c)) {
                if word.starts_with('!') {
                    let start = at + (word.as_ptr() as usize - line.as_ptr() as usize);
                    self.findings.push(refused_tag(self.place, start, start + word.len()));
                }
            }
            at += line.len();
        }
    }

    /// The node, and where its text ends.
    fn node(&mut self, tree: Spanned<Tree>) -> (Node, usize) {
        let (start, own_end) = range(self.place, tree.defined);
        self.check_tags(start);
        let (value, end) = match tree.value {
            Tree::Array(items) => self.array(items, start),
            Tree::Table(entries) => self.table(entries, start),
            scalar => (self.scalar(scalar, start, own_end), self.trimmed(start, own_end)),
        };
        self.seen = self.seen.max(end);
        (Node { span: self.place.span(start, end), value }, end)
    }

    fn scalar(&mut self, tree: Tree, start: usize, end: usize) -> Value {
        match tree {
            Tree::Bool(truth) => Value::Bool(truth),
            Tree::Integer(number) => Value::Integer(number),
            Tree::Float(number) if number.is_finite() && !self.is_whole(start, end) => Value::Float(number),
            Tree::String(text) => Value::String(text),
            Tree::TooLarge | Tree::Float(_) => {
                let finding =
                    Diagnostic::new(&SYNTAX, self.place.span(start, end), "the number is too large");
                self.findings.push(finding.help("whole numbers have 64 bits"));
                Value::Null
            }
            Tree::Null | Tree::Array(_) | Tree::Table(_) => Value::Null,
        }
    }

    /// Whether the text is a whole number: one beyond 128 bits comes as a fraction.
    fn is_whole(&self, start: usize, end: usize) -> bool {
        self.place.slice(start, end).trim_start_matches(['-', '+']).bytes().all(|b| b.is_ascii_digit())
    }

    fn array(&mut self, trees: Vec<Spanned<Tree>>, start: usize) -> (Value, usize) {
        let mut end = start;
        let mut items = Vec::with_capacity(trees.len());
        for tree in trees {
            let (node, item_end) = self.node(tree);
            end = end.max(item_end);
            items.push(node);
        }
        (Value::Array(items), self.closed(start, end))
    }

    fn table(&mut self, trees: Vec<(Spanned<String>, Spanned<Tree>)>, start: usize) -> (Value, usize) {
        let mut end = start;
        let mut entries = Table::with_capacity(trees.len());
        for (key, tree) in trees {
            let (key_start, key_end) = range(self.place, key.defined);
            self.check_tags(key_start);
            self.seen = self.seen.max(key_end);
            let (node, value_end) = self.node(tree);
            end = end.max(key_end).max(value_end);
            entries.insert(key.value, Entry { key: self.place.span(key_start, key_end), node });
        }
        (Value::Table(entries), self.closed(start, end))
    }

    /// The end of a value's text without the line ends after it.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        start + self.place.slice(start, end).trim_end().len()
    }

    /// The end of a list or table: of its last value, or of the bracket after it.
    fn closed(&self, start: usize, end: usize) -> usize {
        let close = match self.place.text.as_bytes().get(start) {
            Some(b'{') => '}',
            Some(b'[') => ']',
            _ => return end,
        };
        let mut in_comment = false;
        let after = end.max(start + 1);
        for (at, c) in self.place.slice(after, self.place.text.len()).char_indices() {
            match c {
                '\n' => in_comment = false,
                '#' => in_comment = true,
                _ if c == close && !in_comment => return after + at + 1,
                _ => {}
            }
        }
        end
    }
}
