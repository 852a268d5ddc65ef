//! From domains to a reply: each variable gets a value of its domain, and the values are put together.
//!
//! Not every choice can be put together: what is below an absent path is absent, a text has nothing below it, a word
//! that a value holds is in the body. Every reply is therefore read back and compared with the domains.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::space::{ABSENT, Domains, LITERALS, NOT_THERE, OTHER, Set, Space, THERE};
use super::{Reply, Wire};
use crate::condition::eval::holds_word;
use crate::query::{Query, Step};

/// More choices than paths that depend on each other ever have.
const MAX_TRIES: usize = 4096;
/// Longer lists are not made.
const MAX_LIST: i64 = 64;

/// Whether domains have an answer.
#[derive(Debug)]
pub(super) enum Built {
    /// This one.
    Reply(Reply),
    /// None can be.
    Never,
    /// None was found; one could be.
    Unsure,
}

/// What a reply should hold beyond its domains.
#[derive(Clone, Copy)]
pub(super) struct Extra<'a> {
    /// A value for a path that is present with any value.
    pub(super) fill: &'a dyn Fn(&Query) -> Option<Value>,
    /// Values at further paths.
    pub(super) more: &'a [(Query, Value)],
}

/// Nothing beyond the domains.
pub(super) const PLAIN: Extra<'static> = Extra { fill: &|_| None, more: &[] };

/// Builds an answer of these domains, the most natural first.
pub(super) fn build(space: &Space, domains: &Domains, extra: Extra<'_>) -> Built {
    let mut choices: Vec<usize> = Vec::new();
    let mut dials: Vec<(usize, Vec<usize>)> = Vec::new();
    for at in 0..space.paths.len() {
        let places = places(space.path_domain(domains, at));
        let Some(first) = places.first() else { return Built::Never };
        choices.push(*first);
        if depends_on_others(space, at) {
            dials.push((at, places));
        }
    }
    let Some(status) = space.statuses.get(domains.first().copied().unwrap_or_default().trailing_zeros() as usize) else {
        return Built::Never;
    };
    let attempt = Attempt { space, domains, status: *status, extra };
    let mut is_unsure = false;
    let mut turns = vec![0; dials.len()];
    for _ in 0..MAX_TRIES {
        for ((at, places), turn) in dials.iter().zip(&turns) {
            choices[*at] = places[*turn];
        }
        match attempt.with(&choices) {
            Built::Never => {}
            Built::Unsure => is_unsure = true,
            reply => return reply,
        }
        if !advance(&mut turns, &dials) {
            return if is_unsure { Built::Unsure } else { Built::Never };
        }
    }
    Built::Unsure
}

/// Turns to the next combination; false after the last.
fn advance(turns: &mut [usize], dials: &[(usize, Vec<usize>)]) -> bool {
    for (turn, (_, places)) in turns.iter_mut().zip(dials) {
        *turn += 1;
        if *turn < places.len() {
            return true;
        }
        *turn = 0;
    }
    false
}

fn places(set: Set) -> Vec<usize> {
    (0..Set::BITS as usize).filter(|at| set >> at & 1 == 1).collect()
}

/// Whether the choice for a path can make another impossible.
fn depends_on_others(space: &Space, at: usize) -> bool {
    let Some(own) = space.paths.get(at) else { return false };
    let steps = own.path.steps();
    let touches = |other: &[Step]| match (steps.split_last(), other.split_last()) {
        // Below one parent, a list and an object exclude each other.
        (Some((last, parent)), _) if other.starts_with(parent) => match (last, other.get(parent.len())) {
            (Step::Key(a), Some(Step::Key(b))) => a == b,
            (Step::Index(_), Some(Step::Index(_))) => other.len() > steps.len(),
            _ => true,
        },
        (_, Some((_, parent))) => steps.starts_with(parent) || other.starts_with(steps),
        _ => true,
    };
    let has_texts = !space.words.is_empty() && !own.literals.is_empty();
    has_texts
        || space.paths.iter().enumerate().any(|(i, other)| i != at && touches(other.path.steps()))
}

struct Attempt<'a> {
    space: &'a Space,
    domains: &'a Domains,
    status: u16,
    extra: Extra<'a>,
}

impl Attempt<'_> {
    /// Puts an answer together from one place for each path.
    fn with(&self, choices: &[usize]) -> Built {
        let Some(filler) = self.filler() else { return Built::Unsure };
        let mut root = Tree::default();
        let mut forced = String::new();
        for (variable, choice) in self.space.paths.iter().zip(choices) {
            let want = match *choice {
                ABSENT => Want::Absent,
                OTHER => {
                    let own = (self.extra.fill)(&variable.path).filter(|v| variable.place(Some(v)) == OTHER);
                    Want::Something(own.unwrap_or_else(|| Value::from(filler)))
                }
                literal => match variable.literals.get(literal - LITERALS) {
                    Some(value) => {
                        forced.push_str(&format!("{value}\u{0}"));
                        Want::Exactly(value.clone())
                    }
                    None => return Built::Never,
                },
            };
            if *choice != ABSENT {
                for step in variable.path.steps() {
                    if let Step::Key(key) = step {
                        forced.push_str(&format!("{key}\u{0}"));
                    }
                }
            }
            root.put(variable.path.steps(), want);
        }
        for (path, value) in self.extra.more {
            root.put(path.steps(), Want::Something(value.clone()));
        }
        match root.value() {
            Ok(json) => self.answer(json, &forced),
            Err(Conflict::Contradiction) => Built::Never,
            Err(Conflict::TooLong) => Built::Unsure,
        }
    }

    fn answer(&self, json: Option<Value>, forced: &str) -> Built {
        if self.space.wire == Wire::Callback {
            let json = json.unwrap_or_else(|| Value::Object(Map::new()));
            let reply = Reply { status: None, json: Some(json), body: String::new() };
            return if self.has_paths(&reply) { Built::Reply(reply) } else { Built::Unsure };
        }
        let Some(body) = self.body(json) else { return Built::Unsure };
        let reply = Reply { status: Some(self.status), json: serde_json::from_str(&body).ok(), body };
        match self.first_wrong_word(&reply.body) {
            // Only a word that the answer can't be rid of makes it impossible.
            Some((word, NOT_THERE)) if self.is_forced(word, forced) => Built::Never,
            Some(_) => Built::Unsure,
            None if self.has_paths(&reply) => Built::Reply(reply),
            None => Built::Unsure,
        }
    }

    /// The raw text of a JSON value, with the words that must be in it.
    fn body(&self, json: Option<Value>) -> Option<String> {
        let text = json.as_ref().map(Value::to_string).unwrap_or_default();
        let missing: Vec<&str> = self.words_that_are(THERE).filter(|word| !holds_word(&text, word)).collect();
        if missing.is_empty() {
            // Nothing is asked for: an empty object, but for a rule that asks for the whole answer.
            let asks_for_root = self.space.paths.iter().any(|variable| variable.path.steps().is_empty());
            return Some(if json.is_some() || asks_for_root { text } else { "{}".to_owned() });
        }
        let words = missing.join(", ");
        match json {
            None => Some(words),
            Some(Value::Object(mut object)) => {
                let is_free = |key: &&str| {
                    !object.contains_key(*key) && !self.words_that_are(NOT_THERE).any(|word| key.contains(word))
                };
                let key = ["message", "detail", "note", "hint", "zz"].into_iter().find(is_free)?;
                object.insert(key.to_owned(), Value::String(words));
                Some(Value::Object(object).to_string())
            }
            Some(_) => None,
        }
    }

    fn words_that_are(&self, set: Set) -> impl Iterator<Item = &str> {
        let words = self.space.words.iter().enumerate();
        words.filter(move |(at, _)| self.space.word_domain(self.domains, *at) == set).map(|(_, word)| word.as_str())
    }

    fn first_wrong_word(&self, body: &str) -> Option<(&str, Set)> {
        self.space.words.iter().enumerate().find_map(|(at, word)| {
            let is = if holds_word(body, word) { THERE } else { NOT_THERE };
            let domain = self.space.word_domain(self.domains, at);
            (domain & is == 0).then_some((word.as_str(), domain))
        })
    }

    /// Whether a word stands in what the answer must hold: names, compared values, other words.
    fn is_forced(&self, word: &str, forced: &str) -> bool {
        holds_word(forced, word) || self.words_that_are(THERE).any(|there| there.contains(word))
    }

    fn has_paths(&self, reply: &Reply) -> bool {
        self.space.paths.iter().enumerate().all(|(at, variable)| {
            let value = reply.json.as_ref().and_then(|root| variable.path.select(root));
            self.space.path_domain(self.domains, at) >> variable.place(value) & 1 == 1
        })
    }

    /// A value for paths that only have to be present: none that is compared with, and none that holds a word.
    fn filler(&self) -> Option<&'static str> {
        ["sample", "value", "x1", "~", "7", "_"].into_iter().find(|text| {
            let is_compared = |value: &Value| value.as_str() == Some(text);
            !self.space.paths.iter().any(|path| path.literals.iter().any(is_compared))
                && !self.space.words.iter().any(|word| text.contains(word.as_str()))
        })
    }
}

/// What must be at a path.
enum Want {
    Absent,
    Exactly(Value),
    /// Something; this, if nothing is below it.
    Something(Value),
}

/// A JSON value that is being put together.
#[derive(Default)]
struct Tree {
    want: Option<Want>,
    below: IndexMap<Step, Tree>,
}

enum Conflict {
    Contradiction,
    TooLong,
}

impl Tree {
    fn put(&mut self, steps: &[Step], want: Want) {
        match steps.split_first() {
            Some((step, rest)) => self.below.entry(step.clone()).or_default().put(rest, want),
            None => self.want = Some(want),
        }
    }

    fn value(self) -> Result<Option<Value>, Conflict> {
        let mut keys = Map::new();
        let mut indices = Vec::new();
        for (step, tree) in self.below {
            match (step, tree.value()?) {
                (Step::Key(key), Some(value)) => drop(keys.insert(key, value)),
                (Step::Key(_), None) => {}
                // One that is absent has its place too: the last of a list can be null and the first not.
                (Step::Index(at), value) => indices.push((at, value)),
            }
        }
        let has_no_elements = indices.iter().all(|(_, value)| value.is_none());
        match (keys.is_empty(), has_no_elements, self.want) {
            (true, true, None | Some(Want::Absent)) => Ok(None),
            (true, true, Some(Want::Exactly(value) | Want::Something(value))) => Ok(Some(value)),
            (_, _, Some(Want::Absent | Want::Exactly(_))) | (false, false, _) => Err(Conflict::Contradiction),
            (false, true, _) => Ok(Some(Value::Object(keys))),
            (true, false, _) => list(indices).map(Some),
        }
    }
}

/// A list with these elements, long enough that those counted from the front and from the back never meet.
fn list(elements: Vec<(i64, Option<Value>)>) -> Result<Value, Conflict> {
    let front = elements.iter().map(|(at, _)| at.saturating_add(1)).max().unwrap_or(0).max(0);
    let back = elements.iter().map(|(at, _)| at.saturating_neg()).max().unwrap_or(0).max(0);
    if front > MAX_LIST || back > MAX_LIST {
        return Err(Conflict::TooLong);
    }
    let length = front + back;
    let mut list = vec![Value::Null; usize::try_from(length).unwrap_or(0)];
    for (at, value) in elements {
        let place = if at < 0 { length + at } else { at };
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| list.get_mut(place)) {
            *slot = value.unwrap_or_default();
        }
    }
    Ok(Value::Array(list))
}
