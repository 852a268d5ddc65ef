//! JSON whose untouched parts keep their exact text.
//!
//! `auth.json` is shared with a program that grows: numbers, escapes and key orders that this engine would write
//! otherwise must come back as they were. So a value stays text until somebody looks into it.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A value: its text, or what was opened or put there.
#[derive(Clone)]
pub(super) enum Node {
    /// Text that nobody looked into.
    Text(Box<RawValue>),
    /// An object that was opened.
    Object(Object),
    /// A list that was opened.
    List(Vec<Node>),
    /// A value that this engine made.
    Made(Value),
}

/// An object, its members in their order. Of two members with one name the last counts, as in Python.
#[derive(Clone, Default)]
pub(super) struct Object(IndexMap<String, Node>);

impl fmt::Debug for Object {
    /// Tells the names, not the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Object {
    /// Reads an object, one level deep; the rest is proved to be JSON.
    pub(super) fn parse(text: &str) -> Result<Object, serde_json::Error> {
        let members: IndexMap<String, Box<RawValue>> = serde_json::from_str(text)?;
        Ok(Object(members.into_iter().map(|(name, text)| (name, Node::Text(text))).collect()))
    }

    /// The value of a member.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.0.get(name).map(Node::value)
    }

    /// The text of a member that is one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a member is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|node| !node.is_null())
    }

    /// Whether a member is there, null or not.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Opens a member that is an object, to change it; it is made where there is none.
    pub(super) fn open(&mut self, name: &str) -> &mut Object {
        let node = self.0.entry(name.to_owned()).or_insert_with(|| Node::Object(Object::default()));
        node.open()
    }

    /// The names of the members.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// A copy of a member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Object> {
        self.0.get(name)?.object()
    }

    /// The text of a member, whatever it is.
    pub(super) fn member(&self, name: &str) -> Option<Cow<'_, RawValue>> {
        self.0.get(name)?.text()
    }

    /// Opens a member that is an object, to change it.
    pub(super) fn object_mut(&mut self, name: &str) -> Option<&mut Object> {
        self.has(name).then_some(())?;
        let node = self.0.get_mut(name)?;
        node.object()?;
        Some(node.open())
    }

    /// Opens a member that is a list, to change it.
    pub(super) fn list_mut(&mut self, name: &str) -> Option<&mut Vec<Node>> {
        let node = self.0.get_mut(name)?;
        if !matches!(node, Node::List(_)) {
            *node = Node::List(node.list()?);
        }
        match node {
            Node::List(list) => Some(list),
            _ => None,
        }
    }

    /// Puts a value in a member's place, or at the end.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.put(name, Node::Made(value.into()));
    }

    /// Puts a node in a member's place, or at the end.
    pub(super) fn put(&mut self, name: &str, node: Node) {
        self.0.insert(name.to_owned(), node);
    }

    /// Takes a member out; the others keep their order.
    pub(super) fn remove(&mut self, name: &str) -> Option<Node> {
        self.0.shift_remove(name)
    }

    /// The whole object as values.
    pub(super) fn values(&self) -> serde_json::Map<String, Value> {
        self.0.iter().map(|(name, node)| (name.clone(), node.value())).collect()
    }
}

impl Node {
    /// The value. Text that no Rust string can hold (a lone surrogate) reads as null; it is still written as it was.
    pub(super) fn value(&self) -> Value {
        match self {
            Node::Text(text) => serde_json::from_str(text.get()).unwrap_or_default(),
            Node::Object(object) => Value::Object(object.values()),
            Node::List(list) => list.iter().map(Node::value).collect(),
            Node::Made(value) => value.clone(),
        }
    }

    /// The text of the value.
    pub(super) fn text(&self) -> Option<Cow<'_, RawValue>> {
        match self {
            Node::Text(text) => Some(Cow::Borrowed(text)),
            made => serde_json::value::to_raw_value(made).ok().map(Cow::Owned),
        }
    }

    /// The value as an object that can be changed.
    pub(super) fn object(&self) -> Option<Object> {
        match self {
            Node::Text(text) => Object::parse(text.get()).ok(),
            Node::Object(object) => Some(object.clone()),
            Node::Made(Value::Object(map)) => Some(Object(
                map.iter().map(|(name, value)| (name.clone(), Node::Made(value.clone()))).collect(),
            )),
            Node::List(_) | Node::Made(_) => None,
        }
    }

    /// Opens the value as an object; anything else gives way to an empty one.
    fn open(&mut self) -> &mut Object {
        if !matches!(self, Node::Object(_)) {
            *self = Node::Object(self.object().unwrap_or_default());
        }
        match self {
            Node::Object(object) => object,
            _ => unreachable!("it was made an object"),
        }
    }

    fn list(&self) -> Option<Vec<Node>> {
        match self {
            Node::Text(text) => {
                let list: Vec<Box<RawValue>> = serde_json::from_str(text.get()).ok()?;
                Some(list.into_iter().map(Node::Text).collect())
            }
            Node::List(list) => Some(list.clone()),
            Node::Made(Value::Array(list)) => Some(list.iter().cloned().map(Node::Made).collect()),
            Node::Object(_) | Node::Made(_) => None,
        }
    }

    fn is_null(&self) -> bool {
        match self {
            Node::Text(text) => text.get() == "null",
            Node::Made(value) => value.is_null(),
            Node::Object(_) | Node::List(_) => false,
        }
    }
}

/// A member's name, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'d>(#[serde(borrow)] Cow<'d, str>);

struct Members<'s, 'd>(&'s mut dyn FnMut(&str, &'d RawValue));

impl<'d> Visitor<'d> for Members<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'d>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some((Name(name), value)) = map.next_entry::<Name<'d>, &'d RawValue>()? {
            (self.0)(&name, value);
        }
        Ok(())
    }
}

/// Shows each member of an object as its text; of two with one name the last counts. `None` where it is no object.
pub(super) fn member_texts<'d>(text: &'d RawValue, see: &mut dyn FnMut(&str, &'d RawValue)) -> Option<()> {
    serde_json::Deserializer::from_str(text.get()).deserialize_map(Members(see)).ok()
}

/// The text of a member of an object, without a look into the others.
pub(super) fn member_of<'d>(text: Cow<'d, RawValue>, name: &str) -> Option<Cow<'d, RawValue>> {
    fn find<'d>(text: &'d RawValue, name: &str) -> Option<&'d RawValue> {
        let mut found = None;
        member_texts(text, &mut |of, value| {
            if of == name {
                found = Some(value);
            }
        })?;
        found
    }
    match text {
        Cow::Borrowed(text) => find(text, name).map(Cow::Borrowed),
        Cow::Owned(text) => find(&text, name).map(|found| Cow::Owned(found.to_owned())),
    }
}

/// The texts of the values of a list; none where it is no list.
pub(super) fn item_texts(text: Cow<'_, RawValue>) -> Vec<Cow<'_, RawValue>> {
    match text {
        Cow::Borrowed(text) => {
            let items: Vec<&RawValue> = serde_json::from_str(text.get()).unwrap_or_default();
            items.into_iter().map(Cow::Borrowed).collect()
        }
        Cow::Owned(text) => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text.get()).unwrap_or_default();
            items.into_iter().map(Cow::Owned).collect()
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => text.serialize(serializer),
            Node::Object(object) => object.serialize(serializer),
            Node::List(list) => list.serialize(serializer),
            Node::Made(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expect: &str) {
        let mut object = Object::parse(input).unwrap();
        if let Some(inner) = object.object_mut("open") {
            inner.set("new", 1);
        }
        assert_eq!(serde_json::to_string_pretty(&object).unwrap(), expect);
    }

    #[test]
    fn what_nobody_looks_into_keeps_its_text() {
        check(
            r#"{"big": 123456789012345678901234567890, "float": 1.10E+2, "escape": "\u00e9\ud800", "list": [1,  2]}"#,
            "{\n  \"big\": 123456789012345678901234567890,\n  \"float\": 1.10E+2,\n  \"escape\": \"\\u00e9\\ud800\",\n  \"list\": [1,  2]\n}",
        );
    }

    #[test]
    fn a_change_leaves_its_neighbours_and_their_order() {
        check(
            r#"{"z": 1.0, "open": {"y": 2.50, "a": null}, "b": true}"#,
            "{\n  \"z\": 1.0,\n  \"open\": {\n    \"y\": 2.50,\n    \"a\": null,\n    \"new\": 1\n  },\n  \"b\": true\n}",
        );
    }

    #[test]
    fn half_an_object_is_none() {
        for text in ["", "[]", "null", "{", r#"{"a": }"#, r#"{"a": 1} x"#, r#"{"a": NaN}"#] {
            assert!(Object::parse(text).is_err(), "{text}");
        }
    }
}
