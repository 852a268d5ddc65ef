//! Where values stand: a cursor that walks the tree of nodes beside the values that were read from it.

use crate::parse::Node;
use crate::source::Span;

/// A place in a file. A place that is not there stands at its nearest parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    node: Option<&'a Node>,
    span: Span,
}

impl<'a> Site<'a> {
    /// The place of a node.
    pub(crate) fn of(node: &'a Node) -> Site<'a> {
        Site { node: Some(node), span: node.span }
    }

    /// The words.
    pub(crate) fn span(self) -> Span {
        self.span
    }

    /// Whether a key is written here.
    pub(crate) fn has(self, key: &str) -> bool {
        self.node.is_some_and(|node| node.entry(key).is_some())
    }

    /// The place of a key's value.
    pub(crate) fn key(self, key: &str) -> Site<'a> {
        self.below(self.node.and_then(|node| node.get(key)))
    }

    /// The words of a key itself.
    pub(crate) fn name(self, key: &str) -> Span {
        self.node.and_then(|node| node.key_span(key)).unwrap_or(self.span)
    }

    /// The place of an item of a list from which `read` items were read. Where some were left out, the list's place:
    /// which item is which is not known then.
    pub(crate) fn item(self, index: usize, read: usize) -> Site<'a> {
        let items = self.node.and_then(Node::as_array).filter(|items| items.len() == read);
        self.below(items.and_then(|items| items.get(index)))
    }

    /// The keys that are written here, in the order of the file.
    pub(crate) fn keys(self) -> impl Iterator<Item = &'a str> {
        self.node.and_then(Node::as_table).into_iter().flat_map(|table| table.keys().map(String::as_str))
    }

    fn below(self, node: Option<&'a Node>) -> Site<'a> {
        Site { node, span: node.map_or(self.span, |node| node.span) }
    }
}
