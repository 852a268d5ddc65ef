//! A tree of nodes to a file's types, with every mistake at once.
//!
//! serde stops at the first mistake. So what is wrong is noted, taken out, and the rest is read again, until it reads.
//! What a reader would get wrong: a mistake that only follows from taking something out is not reported.

mod fault;
mod node;
mod words;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashSet;

use serde::de::DeserializeOwned;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::{Node, Value};
use crate::source::Span;
use fault::{Fault, Kind, Step};
use node::{NodeDeserializer, Unknown};

/// HE001: a key that the format does not have.
pub static UNKNOWN_KEY: Code = Code::error("HE001", "unknown-key");

/// HE005: a value of another type than the key's, or a required key that is missing.
pub static WRONG_TYPE: Code = Code::error("HE005", "wrong-type");

/// How often a file is read again: as many wrong types are reported at once, and as many unknown keys; more help nobody.
const ROUNDS: usize = 100;

/// Reads `T` from a node and reports every unknown key and every wrong type of the file, each once, sorted by place.
///
/// What is wrong is left out and the rest is read, so a value may come with findings; it is `None` where nothing usable
/// is left.
pub fn read<T: DeserializeOwned>(node: &Node) -> (Option<T>, Vec<Diagnostic>) {
    let mut mender =
        Mender { node: node.clone(), noted: HashSet::new(), gone: Vec::new(), findings: Vec::new() };
    let mut value = None;
    for _ in 0..ROUNDS {
        let unknown = RefCell::new(Vec::new());
        let result = T::deserialize(NodeDeserializer::new(&mender.node, &unknown));
        unknown.into_inner().iter().for_each(|unknown| mender.note_unknown(unknown));
        match result {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(fault) => {
                if !mender.mend(&fault) {
                    break;
                }
            }
        }
    }
    mender.findings.sort_by_key(|finding| finding.primary.span);
    (value, mender.findings)
}

/// A tree from which mistakes are taken out one by one.
struct Mender {
    node: Node,
    /// The unknown keys that are reported.
    noted: HashSet<Span>,
    /// What was taken out of which container, by the container's place; a list's items have no name.
    gone: Vec<(Span, String)>,
    findings: Vec<Diagnostic>,
}

impl Mender {
    /// Takes the fault's cause out. False where that is the file itself.
    fn mend(&mut self, fault: &Fault) -> bool {
        let path = fault.path();
        if let Kind::UnknownKey { key, known } = &fault.kind {
            return self.take_unknown(&path, key, known);
        }
        let Some(node) = walk(&self.node, &path) else { return false };
        let follows = match &fault.kind {
            Kind::MissingKey(key) => self.is_gone(node.span, key),
            Kind::WrongLength { .. } => self.is_gone(node.span, ""),
            _ => false,
        };
        if !follows {
            self.findings.push(words::finding(&fault.kind, &path, node));
        }
        self.take(&path)
    }

    /// Reports an unknown key; each round finds those of the rounds before again.
    fn note_unknown(&mut self, unknown: &Unknown) {
        if self.noted.len() >= ROUNDS || !self.noted.insert(unknown.span) {
            return;
        }
        let near = words::nearest_free(&unknown.key, unknown.known, &unknown.present);
        if let Some(near) = near {
            self.gone.push((unknown.container, near.to_owned()));
        }
        self.findings.push(words::unknown_key(unknown, near));
    }

    fn take_unknown(&mut self, path: &[Step], key: &str, known: &'static [&'static str]) -> bool {
        let Some(container) = walk(&self.node, path) else { return false };
        let Some(unknown) = Unknown::of(container, key, known) else { return false };
        self.note_unknown(&unknown);
        let mut path = path.to_vec();
        path.push(Step::Key(key.to_owned()));
        self.take(&path)
    }

    fn take(&mut self, path: &[Step]) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        let Some(parent) = walk_mut(&mut self.node, parents) else { return false };
        let name = match (last, &mut parent.value) {
            (Step::Key(key), Value::Table(entries)) => {
                if entries.shift_remove(key).is_none() {
                    return false;
                }
                key.clone()
            }
            (Step::Item(index), Value::Array(items)) if *index < items.len() => {
                items.remove(*index);
                String::new()
            }
            _ => return false,
        };
        let span = parent.span;
        self.gone.push((span, name));
        true
    }

    fn is_gone(&self, container: Span, name: &str) -> bool {
        self.gone.iter().any(|(span, gone)| *span == container && gone == name)
    }
}

fn walk<'n>(node: &'n Node, path: &[Step]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Item(index) => node.item(*index),
    })
}

fn walk_mut<'n>(node: &'n mut Node, path: &[Step]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, step| match (step, &mut node.value) {
        (Step::Key(key), Value::Table(entries)) => entries.get_mut(key).map(|entry| &mut entry.node),
        (Step::Item(index), Value::Array(items)) => items.get_mut(*index),
        _ => None,
    })
}
