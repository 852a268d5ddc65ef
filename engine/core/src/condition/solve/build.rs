//! From domains to a reply: each variable gets a value of its domain, and the values are put together.
//!
//! Not every choice can be put together: what is below an absent path is absent, a text has nothing below it, a word
//! that a value holds is in the body. Every reply is therefore read back and compared with the domains.

use serde_json::{Map, Value};

use super::space::{ABSENT, Domains, LITERALS, NOT_THERE, OTHER, Set, Space, THERE};
use super::tree::{Conflict, Tree, Want};
use super::{Reply, Wire};
use crate::condition::eval::holds_word;
use crate::query::{Query, Step};

/// More choices than paths that depend on each other ever have.
const MAX_TRIES: usize = 4096;

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
    let Some(status) =
        space.statuses.get(domains.first().copied().unwrap_or_default().trailing_zeros() as usize)
    else {
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
    has_texts || space.paths.iter().enumerate().any(|(i, other)| i != at && touches(other.path.steps()))
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
                    Some(value) => Want::Exactly(value.clone()),
                    None => return Built::Never,
                },
            };
            want.add_forced(variable.path.steps(), &mut forced);
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
        // Only a word that the answer can't be rid of makes it impossible.
        if self.words_that_are(NOT_THERE).any(|word| self.is_forced(word, forced)) {
            return Built::Never;
        }
        let Some(body) = self.body(json) else { return Built::Unsure };
        let reply = Reply { status: Some(self.status), json: serde_json::from_str(&body).ok(), body };
        if self.has_words(&reply.body) && self.has_paths(&reply) {
            Built::Reply(reply)
        } else {
            Built::Unsure
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
                    !object.contains_key(*key)
                        && !self.words_that_are(NOT_THERE).any(|word| key.contains(word))
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
        words
            .filter(move |(at, _)| self.space.word_domain(self.domains, *at) == set)
            .map(|(_, word)| word.as_str())
    }

    fn has_words(&self, body: &str) -> bool {
        self.space.words.iter().enumerate().all(|(at, word)| {
            let is = if holds_word(body, word) { THERE } else { NOT_THERE };
            self.space.word_domain(self.domains, at) & is != 0
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
