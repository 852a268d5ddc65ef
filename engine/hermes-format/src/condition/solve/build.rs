//! From domains to a reply: each variable gets a value of its domain, and the values are put together.
//!
//! Not every choice can be put together: paths depend on each other (see `structure`), and a word that a value holds is
//! in the body. Every reply is therefore read back and compared with the domains.

use serde_json::{Map, Value};

use super::space::{ABSENT, Domains, LITERALS, NOT_THERE, OTHER, PathVariable, Set, Space, THERE};
use super::structure::settle;
use super::tree::{Conflict, Tree, Want};
use super::{Reply, Wire};
use crate::condition::eval::{equal, holds_word};
use crate::query::Query;

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
    let Some(sets) = settle(space, domains) else { return Built::Never };
    let status = domains.first().copied().unwrap_or_default().trailing_zeros();
    let Some(status) = space.statuses.get(status as usize).copied() else { return Built::Never };
    let attempt = Attempt { space, domains, status, extra };
    let choices = space.paths.iter().zip(sets).map(|(variable, set)| attempt.choice(variable, set));
    match choices.collect::<Option<Vec<usize>>>() {
        Some(choices) => attempt.with(&choices),
        None => Built::Never,
    }
}

struct Attempt<'a> {
    space: &'a Space,
    domains: &'a Domains,
    status: u16,
    extra: Extra<'a>,
}

impl Attempt<'_> {
    /// The plainest place for a path: absent, then any value, then a compared one that holds no word that must not be.
    fn choice(&self, variable: &PathVariable, set: Set) -> Option<usize> {
        let is_free = |place: &usize| {
            let literal =
                place.checked_sub(LITERALS).and_then(|at| variable.literals.get(at)).map(Value::to_string);
            !literal.is_some_and(|text| self.words_that_are(NOT_THERE).any(|word| holds_word(&text, word)))
        };
        (0..Set::BITS as usize).filter(|place| set >> place & 1 == 1).find(is_free)
    }

    /// Puts an answer together from one place for each path.
    fn with(&self, choices: &[usize]) -> Built {
        let Some(filler) = self.filler() else { return Built::Unsure };
        let mut root = Tree::default();
        let mut forced = String::new();
        for (at, (variable, choice)) in self.space.paths.iter().zip(choices).enumerate() {
            let want = match *choice {
                ABSENT => Want::Absent,
                OTHER if self.space.items.iter().any(|item| item.list == at) => {
                    let items: Vec<Value> = self.space.items_of(at, self.domains).cloned().collect();
                    Want::Something(Value::from(if items.is_empty() {
                        vec![Value::from(filler)]
                    } else {
                        items
                    }))
                }
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
        }) && self.has_items(reply)
    }

    fn has_items(&self, reply: &Reply) -> bool {
        self.space.items.iter().enumerate().all(|(at, item)| {
            let path = self.space.paths.get(item.list).map(|variable| &variable.path);
            let list = path.and_then(|path| path.select(reply.json.as_ref()?)?.as_array());
            let is_there = list.is_some_and(|list| list.iter().any(|own| equal(own, &item.value)));
            self.space.item_domain(self.domains, at) & if is_there { THERE } else { NOT_THERE } != 0
        })
    }

    /// A value for paths that only have to be present: none that is compared with, and none that holds a word.
    fn filler(&self) -> Option<&'static str> {
        ["sample", "value", "x1", "~", "7", "_"].into_iter().find(|text| {
            let is_compared = |value: &Value| value.as_str() == Some(text);
            !self.space.paths.iter().any(|path| path.literals.iter().any(is_compared))
                && !self.space.items.iter().any(|item| is_compared(&item.value))
                && !self.space.words.iter().any(|word| text.contains(word.as_str()))
        })
    }
}
