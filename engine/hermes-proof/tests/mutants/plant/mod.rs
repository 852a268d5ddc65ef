//! Defects, one at a time, planted in the tree of a file.

mod condition;
mod identity;
mod key;
mod name;
mod rule;
mod secret;
mod state;
mod time;
mod url;

use serde_json::{Map, Value};

/// A file with one defect.
pub(crate) struct Mutant {
    /// What kind of defect.
    pub(crate) kind: &'static str,
    /// Where, as a JSON pointer.
    pub(crate) at: String,
    /// What stands there now.
    pub(crate) what: String,
    /// The whole file.
    pub(crate) json: Value,
}

/// Every defect that can be planted in a file.
pub(crate) fn all(file: &Value) -> Vec<Mutant> {
    let mut planter = Planter { file, mutants: Vec::new() };
    key::plant(&mut planter);
    identity::plant(&mut planter);
    rule::plant(&mut planter);
    condition::plant(&mut planter);
    state::plant(&mut planter);
    time::plant(&mut planter);
    name::plant(&mut planter);
    url::plant(&mut planter);
    secret::plant(&mut planter);
    planter.mutants
}

/// Plants defects in copies of a file.
struct Planter<'f> {
    file: &'f Value,
    mutants: Vec<Mutant>,
}

impl<'f> Planter<'f> {
    /// Puts a value at a place, which may be a new key of a table.
    fn put(&mut self, kind: &'static str, at: &str, value: impl Into<Value>) {
        let value = value.into();
        let what = value.to_string();
        self.edit(kind, at, &what, |parent, key| match parent {
            Value::Object(members) => drop(members.insert(key.to_owned(), value.clone())),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("{at} is in no table"),
        });
    }

    /// Takes a value away.
    fn remove(&mut self, kind: &'static str, at: &str) {
        self.edit(kind, at, "", |parent, key| match parent {
            Value::Object(members) => drop(members.shift_remove(key)),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            _ => panic!("{at} is in no table"),
        });
    }

    /// Gives a key another name.
    fn rename(&mut self, kind: &'static str, at: &str, name: &str) {
        self.edit(kind, at, name, |parent, key| {
            let members = parent.as_object_mut().unwrap();
            let renamed = |(old, value)| (if old == key { name.to_owned() } else { old }, value);
            *members = std::mem::take(members).into_iter().map(renamed).collect::<Map<_, _>>();
        });
    }

    /// Makes two neighbours of a list change their places.
    fn swap(&mut self, kind: &'static str, at: &str, next: &str) {
        self.edit(kind, at, next, |parent, key| {
            parent.as_array_mut().unwrap().swap(key.parse().unwrap(), next.parse().unwrap());
        });
    }

    fn edit(&mut self, kind: &'static str, at: &str, what: &str, edit: impl FnOnce(&mut Value, &str)) {
        let mut json = self.file.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        edit(json.pointer_mut(parent).unwrap(), &key.replace("~1", "/").replace("~0", "~"));
        if json != *self.file {
            self.mutants.push(Mutant { kind, at: at.to_owned(), what: what.to_owned(), json });
        }
    }

    /// The value at a place, and its place.
    fn at(&self, at: &str) -> Option<&'f Value> {
        self.file.pointer(at)
    }

    /// The members of a table with their places.
    fn members(&self, at: &str) -> Vec<(String, &'f str, &'f Value)> {
        let members = self.at(at).and_then(Value::as_object);
        members.into_iter().flatten().map(|(key, value)| (under(at, key), key.as_str(), value)).collect()
    }

    /// The items of a list with their places.
    fn items(&self, at: &str) -> Vec<(String, &'f Value)> {
        let items = self.at(at).and_then(Value::as_array);
        items.into_iter().flatten().enumerate().map(|(i, value)| (format!("{at}/{i}"), value)).collect()
    }

    /// The states that ask something, with their places.
    fn asking(&self) -> Vec<(String, &'f str)> {
        let states = self.members("/states").into_iter();
        states.filter(|(_, _, state)| state.get("on").is_some()).map(|(at, name, _)| (at, name)).collect()
    }

    /// The rules of all states, with their places.
    fn rules(&self) -> Vec<(String, &'f Value)> {
        self.asking().iter().flat_map(|(state, _)| self.items(&format!("{state}/on"))).collect()
    }

    /// All texts of the file, with their places.
    fn texts(&self) -> Vec<(String, &'f str)> {
        let mut texts = Vec::new();
        collect(String::new(), self.file, &mut texts);
        texts
    }
}

fn collect<'v>(at: String, value: &'v Value, texts: &mut Vec<(String, &'v str)>) {
    match value {
        Value::String(text) => texts.push((at, text)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| collect(format!("{at}/{i}"), item, texts));
        }
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| collect(under(&at, key), member, texts));
        }
        _ => {}
    }
}

fn under(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}
