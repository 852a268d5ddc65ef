//! A tree of nodes to a file's types, with every mistake at once.
//!
//! serde stops at the first mistake. So what is wrong is noted, taken out, and the rest is read again, until it reads.
//! What a reader would get wrong: what was most likely meant is read in the place of what is wrong, so that a mistake that only
//! follows from another is not reported.

mod fault;
mod mend;
mod misplaced;
mod node;
mod rename;
mod words;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use serde::de::DeserializeOwned;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::{Entry, Node, Table, Value};
use crate::source::Span;
use fault::{Fault, Kind, Step};
use node::{NodeDeserializer, Unknown};

/// HE001: a key that the format does not have.
pub static UNKNOWN_KEY: Code = Code::error("HE001", "unknown-key");

/// HE005: a value of another type than the key's, or a required key that is missing.
pub static WRONG_TYPE: Code = Code::error("HE005", "wrong-type");

/// How often a file is read again: as many wrong types are reported at once, and as many unknown keys; more help nobody.
const ROUNDS: usize = 100;

/// What came of a tree.
#[derive(Debug)]
pub struct Read<T> {
    /// What was read; `None` where nothing usable is left.
    pub value: Option<T>,
    /// The tree that it was read from: keys by the names that were meant, without what is of no use.
    pub node: Node,
    /// The keys that were taken out, and those that stood below them: what uses them is not wrong by itself.
    pub gone: BTreeSet<String>,
    /// Every unknown key and every wrong type, each once, sorted by place.
    pub findings: Vec<Diagnostic>,
}

/// Reads `T` from a node and reports every unknown key and every wrong type of the file, each once, sorted by place.
///
/// What is wrong is left out and the rest is read, so a value may come with findings; it is `None` where nothing usable
/// is left.
pub fn read<T: DeserializeOwned>(node: &Node) -> (Option<T>, Vec<Diagnostic>) {
    let read = read_mended(node);
    (read.value, read.findings)
}

/// Reads `T` as [`read()`] does, and tells what it was read from in the end.
pub(crate) fn read_mended<T: DeserializeOwned>(node: &Node) -> Read<T> {
    let mut mender = Mender {
        node: node.clone(),
        is_top: is_top::<T>,
        noted: HashSet::new(),
        nameless: HashSet::new(),
        gone: Vec::new(),
        lost: BTreeSet::new(),
        findings: Vec::new(),
    };
    let mut value = None;
    for _ in 0..ROUNDS {
        let unknown = RefCell::new(Vec::new());
        let result = T::deserialize(NodeDeserializer::new(&mender.node, &unknown));
        let unknown = unknown.into_inner();
        let renamed = unknown.iter().filter(|unknown| mender.note_unknown(unknown)).count() > 0;
        match result {
            Ok(read) => {
                value = Some(read);
                if !renamed {
                    break;
                }
            }
            Err(fault) => {
                value = None;
                if !renamed && !mender.mend(&fault) {
                    break;
                }
            }
        }
    }
    mender.drop_nameless();
    mender.findings.sort_by_key(|finding| finding.primary.span);
    Read { value, node: mender.node, gone: mender.lost, findings: mender.findings }
}

/// Whether a key and its value are right at the top of a file that is read as `T`.
fn is_top<T: DeserializeOwned>(key: &str, entry: &Entry) -> bool {
    let root = Value::Table(Table::from([(key.to_owned(), entry.clone())]));
    let unknown = RefCell::new(Vec::new());
    let read = T::deserialize(NodeDeserializer::new(&Node { span: entry.key, value: root }, &unknown));
    read.is_ok() && unknown.into_inner().iter().all(|unknown| unknown.span != entry.key)
}

/// A tree from which mistakes are taken out one by one.
struct Mender {
    node: Node,
    /// Whether a key and its value are right at the top of the file.
    is_top: fn(&str, &Entry) -> bool,
    /// The unknown keys that are reported.
    noted: HashSet<Span>,
    /// Those of them that have no other name.
    nameless: HashSet<Span>,
    /// What was taken out of which container, by the container's place.
    gone: Vec<(Span, Step)>,
    /// The names of what was taken out.
    lost: BTreeSet<String>,
    findings: Vec<Diagnostic>,
}

impl Mender {
    /// Mends the fault's cause or takes it out. False where that is the file itself.
    fn mend(&mut self, fault: &Fault) -> bool {
        let path = fault.path();
        if let Kind::UnknownKey { key, known } = &fault.kind {
            return self.mend_unknown(&path, key, known);
        }
        if matches!(fault.kind, Kind::WrongType { .. }) && self.lift(&path, &WRONG_TYPE) {
            return true;
        }
        let Some(node) = walk(&self.node, &path) else { return false };
        let follows = match &fault.kind {
            Kind::MissingKey(key) => self.is_gone(node.span, |step| *step == Step::Key((*key).to_owned())),
            Kind::WrongLength { .. } => self.is_gone(node.span, |step| matches!(step, Step::Item(_))),
            _ => false,
        };
        let mend = mend::of(&fault.kind, &path, node, misplaced::is_headed(&self.node, &path));
        if !follows {
            self.findings.push(words::finding(&fault.kind, &self.as_written(&path), node, mend.as_ref()));
        }
        match (mend.and_then(|mend| mend.value), walk_mut(&mut self.node, &path)) {
            (Some(value), Some(node)) => {
                node.value = value;
                true
            }
            _ => self.take(&path),
        }
    }

    /// Reports an unknown key, and gives it the name that was meant; each round finds those of the rounds before again.
    /// Whether the tree is another one now.
    fn note_unknown(&mut self, unknown: &Unknown) -> bool {
        if self.noted.len() >= ROUNDS || !self.noted.insert(unknown.span) {
            return false;
        }
        if self.nest(unknown) || self.lift_unknown(unknown) {
            return true;
        }
        self.nameless.insert(unknown.span);
        // What is wrong under the near name is told there; the name is taken all the same.
        let is_taken =
            |near: &&str| self.is_gone(unknown.container, |step| *step == Step::Key((*near).to_owned()));
        let near = words::nearest_free(unknown).filter(|near| !is_taken(near));
        self.findings.push(words::unknown_key(unknown, near));
        let Some(near) = near else { return false };
        self.gone.push((unknown.container, Step::Key(near.to_owned())));
        let renamed = rename::rename(&mut self.node, unknown.span, near);
        if renamed {
            self.nameless.remove(&unknown.span);
        }
        renamed
    }

    fn mend_unknown(&mut self, path: &[Step], key: &str, known: &'static [&'static str]) -> bool {
        let Some(container) = walk(&self.node, path) else { return false };
        let Some(unknown) = Unknown::of(container, key, known) else { return false };
        if self.note_unknown(&unknown) {
            return true;
        }
        let mut path = path.to_vec();
        path.push(Step::Key(key.to_owned()));
        self.take(&path)
    }

    fn lift_unknown(&mut self, unknown: &Unknown) -> bool {
        misplaced::path_to(&self.node, unknown.span).is_some_and(|path| self.lift(&path, &UNKNOWN_KEY))
    }

    /// Reports a key of the whole file that stands in one of its tables, and reads it where it belongs. Whether it is one.
    fn lift(&mut self, path: &[Step], code: &'static Code) -> bool {
        let Some(slip) = misplaced::slip(&self.node, path) else { return false };
        let Some((Step::Key(key), parents)) = path.split_last() else { return false };
        let entry = walk(&self.node, parents).and_then(|parent| parent.entry(key));
        let Some(entry) = entry.filter(|entry| self.node.get(key).is_none() && (self.is_top)(key, entry))
        else {
            return false;
        };
        self.findings.push(misplaced::finding(code, entry.key, path, slip));
        let Some(Value::Table(from)) = walk_mut(&mut self.node, parents).map(|parent| &mut parent.value)
        else {
            return false;
        };
        if let (Some(entry), Value::Table(top)) = (from.shift_remove(key), &mut self.node.value) {
            top.insert(key.clone(), entry);
        }
        true
    }

    /// Reports a dotted key in YAML, and reads it as TOML would. Whether it is one.
    fn nest(&mut self, unknown: &Unknown) -> bool {
        let Some(parts) = misplaced::dotted(unknown) else { return false };
        let Some(path) = misplaced::path_to(&self.node, unknown.span) else { return false };
        let parent = path.split_last().and_then(|(_, parents)| walk_mut(&mut self.node, parents));
        let Some(Value::Table(entries)) = parent.map(|parent| &mut parent.value) else { return false };
        let Some(entry) = entries.shift_remove(&unknown.key) else { return false };
        misplaced::nest(entries, &parts, entry);
        self.findings.push(misplaced::dotted_finding(unknown, &parts));
        true
    }

    fn take(&mut self, path: &[Step]) -> bool {
        let written = self.as_written(path);
        let Some((last, parents)) = path.split_last() else { return false };
        let Some(parent) = walk_mut(&mut self.node, parents) else { return false };
        let taken = match (last, &mut parent.value) {
            (Step::Key(key), Value::Table(entries)) => entries.shift_remove(key).map(|entry| entry.node),
            (Step::Item(index), Value::Array(items)) if *index < items.len() => Some(items.remove(*index)),
            _ => None,
        };
        let (Some(taken), Some(step)) = (taken, written.last()) else { return false };
        self.gone.push((parent.span, step.clone()));
        if let Step::Key(key) = step {
            lose(&mut self.lost, key, &taken);
        }
        true
    }

    /// A path with the items of its lists counted as the file has them, with those that were taken out.
    fn as_written(&self, path: &[Step]) -> Vec<Step> {
        let mut node = Some(&self.node);
        let mut written = Vec::with_capacity(path.len());
        for step in path {
            let place = node.map(|node| node.span);
            written.push(match step {
                Step::Item(index) => Step::Item(self.item_as_written(place, *index)),
                Step::Key(_) => step.clone(),
            });
            node = node.and_then(|node| walk(node, std::slice::from_ref(step)));
        }
        written
    }

    fn item_as_written(&self, list: Option<Span>, index: usize) -> usize {
        let gone = self.gone.iter().filter(|(place, _)| Some(*place) == list);
        let mut gone: Vec<usize> = gone
            .filter_map(|(_, step)| if let Step::Item(index) = step { Some(*index) } else { None })
            .collect();
        gone.sort_unstable();
        gone.into_iter().fold(index, |index, gone| if gone <= index { index + 1 } else { index })
    }

    fn is_gone(&self, container: Span, is: impl Fn(&Step) -> bool) -> bool {
        self.gone.iter().any(|(span, gone)| *span == container && is(gone))
    }

    /// Takes the unknown keys out for which no name is near.
    fn drop_nameless(&mut self) {
        let Mender { node, nameless, lost, .. } = self;
        rename::take_out(node, &mut |key, span, node| {
            let goes = nameless.contains(&span);
            if goes {
                lose(lost, key, node);
            }
            goes
        });
    }
}

/// Notes the name of what was taken out, and those of what stood in it.
fn lose(lost: &mut BTreeSet<String>, key: &str, node: &Node) {
    lost.insert(key.to_owned());
    lost.extend(node.as_table().into_iter().flatten().map(|(key, _)| key.clone()));
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
