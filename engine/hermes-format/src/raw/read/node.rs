//! serde's view of a node.
//!
//! Stricter than serde's own formats: a list is no table, null is no value of an optional key. A struct's unknown keys are
//! noted and passed over, so that all are found in one pass.

use std::cell::RefCell;

use indexmap::map::Iter;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::{Fault, Step};
use crate::parse::{Entry, Node, Value};
use crate::source::Span;

/// A key that a struct doesn't have.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) key: String,
    pub(super) span: Span,
    pub(super) known: &'static [&'static str],
    /// Those of the known keys that stand beside it.
    pub(super) present: Vec<&'static str>,
    /// Those of them that are tables.
    pub(super) tables: Vec<&'static str>,
    /// Whether its value is a table.
    pub(super) is_table: bool,
    /// Whether its value is a table that a TOML header or a dotted key made: it needs no `=` of its own.
    pub(super) is_header: bool,
    /// The place of the table.
    pub(super) container: Span,
}

impl Unknown {
    pub(super) fn of(container: &Node, key: &str, known: &'static [&'static str]) -> Option<Unknown> {
        let Entry { key: span, node } = container.entry(key)?;
        let is_there = |known: &&'static str| container.get(known).is_some();
        let holds_table = |known: &&'static str| container.get(known).is_some_and(|n| n.as_table().is_some());
        Some(Unknown {
            key: key.to_owned(),
            span: *span,
            known,
            present: known.iter().copied().filter(is_there).collect(),
            tables: known.iter().copied().filter(holds_table).collect(),
            is_table: node.as_table().is_some(),
            is_header: node.span.start <= span.start,
            container: container.span,
        })
    }
}

/// A node that serde reads from.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'n> {
    node: &'n Node,
    unknown: &'n RefCell<Vec<Unknown>>,
}

impl<'n> NodeDeserializer<'n> {
    pub(super) fn new(node: &'n Node, unknown: &'n RefCell<Vec<Unknown>>) -> Self {
        NodeDeserializer { node, unknown }
    }

    fn unexpected(&self) -> Unexpected<'n> {
        match &self.node.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(truth) => Unexpected::Bool(*truth),
            Value::Integer(number) => Unexpected::Signed(*number),
            Value::Float(number) => Unexpected::Float(*number),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Table(_) => Unexpected::Map,
        }
    }

    fn entries<V: Visitor<'n>>(
        self,
        visitor: V,
        known: Option<&'static [&'static str]>,
    ) -> Result<V::Value, Fault> {
        let Value::Table(entries) = &self.node.value else {
            return Err(Fault::invalid_type(self.unexpected(), &visitor));
        };
        visitor.visit_map(Entries { entries: entries.iter(), known, current: None, parent: self })
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter().enumerate(), parent: self }),
            Value::Table(_) => self.entries(visitor, None),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.entries(visitor, Some(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(Fault::invalid_type(self.unexpected(), &"a word of the format")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Array(items) if items.len() > len => Err(Fault::invalid_length(items.len(), &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple_struct map identifier ignored_any
    }
}

struct Items<'n> {
    items: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
    parent: NodeDeserializer<'n>,
}

impl<'n> SeqAccess<'n> for Items<'n> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'n>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let item = NodeDeserializer { node, ..self.parent };
        seed.deserialize(item).map(Some).map_err(|fault| fault.within(Step::Item(index)))
    }
}

struct Entries<'n> {
    entries: Iter<'n, String, Entry>,
    /// The keys of a struct.
    known: Option<&'static [&'static str]>,
    current: Option<(&'n String, &'n Entry)>,
    parent: NodeDeserializer<'n>,
}

impl<'n> MapAccess<'n> for Entries<'n> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'n>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        for (key, entry) in self.entries.by_ref() {
            if let Some(known) = self.known.filter(|known| !known.contains(&key.as_str())) {
                self.parent.unknown.borrow_mut().extend(Unknown::of(self.parent.node, key, known));
                continue;
            }
            self.current = Some((key, entry));
            let key: StrDeserializer<'_, Fault> = key.as_str().into_deserializer();
            return seed.deserialize(key).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'n>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, entry)) = self.current.take() else {
            return Err(Fault::custom("a value was read before its key"));
        };
        let value = NodeDeserializer { node: &entry.node, ..self.parent };
        seed.deserialize(value).map_err(|fault| fault.within(Step::Key(key.clone())))
    }
}
