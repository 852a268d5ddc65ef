//! The questions that a list of rules asks, and the answers that each can have.
//!
//! A question is a variable with a small domain: the status is one of those mentioned or a stand-in for the others of
//! its hundred; a path is absent, one of the values it is compared with, or some other present value; a word is there or
//! not. Whatever a rule asks is then "the variable is in this set", and a list of rules is a decision tree.

use serde_json::Value;

use super::structure::{Relation, relations};
use super::{Values, Wire};
use crate::condition::eval::equal;
use crate::condition::{StatusPattern, Test};
use crate::provider::Rule;
use crate::query::{Query, present};
use crate::template::Template;

/// A set of the values that a variable can have, by their place in its domain.
pub(super) type Set = u64;

/// The largest domain.
const MAX_VALUES: usize = 60;

/// The place of *absent* in a path's domain.
pub(super) const ABSENT: usize = 0;
/// The place of *present with another value than those compared* in a path's domain.
pub(super) const OTHER: usize = 1;
/// The first place of a value that the path is compared with.
pub(super) const LITERALS: usize = 2;
/// A word that is there.
pub(super) const THERE: Set = 0b10;
/// A word that is not there.
pub(super) const NOT_THERE: Set = 0b01;

/// A path and the values that it is compared with.
#[derive(Debug)]
pub(super) struct PathVariable {
    pub(super) path: Query,
    pub(super) literals: Vec<Value>,
}

impl PathVariable {
    /// The places at which the path is not present: absent, null and `""`.
    pub(super) fn not_present(&self) -> Set {
        not_present(&self.literals)
    }

    /// The place of a value.
    pub(super) fn place(&self, value: Option<&Value>) -> usize {
        place(&self.literals, value)
    }
}

fn not_present(literals: &[Value]) -> Set {
    let blank = literals.iter().position(|value| present(Some(value)).is_none());
    1 << ABSENT | blank.map_or(0, |at| 1 << (at + LITERALS))
}

fn place(literals: &[Value], value: Option<&Value>) -> usize {
    let literal = value.and_then(|value| literals.iter().position(|own| equal(own, value)));
    match (literal, present(value)) {
        (Some(at), _) => at + LITERALS,
        (None, Some(_)) => OTHER,
        (None, None) => ABSENT,
    }
}

/// A value that a list may have among its items.
#[derive(Debug)]
pub(super) struct ItemVariable {
    /// The place of the list's own path among the paths.
    pub(super) list: usize,
    pub(super) value: Value,
}

/// A value that is known before the answer comes, and those that it is compared with.
#[derive(Debug)]
pub(super) struct KnownVariable {
    /// As the file writes it, without braces.
    pub(super) name: String,
    pub(super) literals: Vec<Value>,
    /// What it is in the run at hand.
    value: Option<Option<Value>>,
}

impl KnownVariable {
    /// The places at which it is not present.
    pub(super) fn not_present(&self) -> Set {
        not_present(&self.literals)
    }

    fn domain(&self) -> Set {
        match &self.value {
            None => ones(self.literals.len() + LITERALS),
            Some(value) => 1 << place(&self.literals, value.as_ref()),
        }
    }
}

/// All variables of a list of rules, in this order: the status, the paths, the words, the items, the known values.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) wire: Wire,
    pub(super) statuses: Vec<u16>,
    pub(super) paths: Vec<PathVariable>,
    pub(super) words: Vec<String>,
    pub(super) items: Vec<ItemVariable>,
    pub(super) known: Vec<KnownVariable>,
    pub(super) relations: Vec<Relation>,
}

/// What each variable can still be.
pub(super) type Domains = Vec<Set>;

impl Space {
    /// The variables of a list of rules; `None` where there are too many values.
    pub(super) fn of(rules: &[Rule], wire: Wire, values: Values<'_>) -> Option<Space> {
        let mut space = Space::empty(wire);
        let mut patterns = Vec::new();
        for condition in rules.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless)) {
            for term in &condition.terms {
                match &term.test {
                    Test::Status(list) => patterns.extend(list.iter().copied()),
                    Test::Body(words) => words.iter().for_each(|word| space.add_word(word)),
                    Test::Exists(path) => drop(space.path_variable(path)),
                    Test::Equals(path, operands) => {
                        let at = space.path_variable(path);
                        add(&mut space.paths[at].literals, values.of(operands));
                    }
                    Test::Holds(path, operands) => {
                        let list = space.path_variable(path);
                        values.of(operands).into_iter().for_each(|value| space.add_item(list, value));
                    }
                    Test::Known(template) => drop(space.known_variable(template, values)),
                    Test::KnownEquals(template, operands) => {
                        let at = space.known_variable(template, values);
                        add(&mut space.known[at].literals, values.of(operands));
                    }
                }
            }
        }
        space.statuses = natural_statuses(&patterns);
        space.relations = relations(&space.paths);
        let fits = space.statuses.len() <= MAX_VALUES
            && space.paths.iter().all(|path| path.literals.len() + LITERALS <= MAX_VALUES)
            && space.known.iter().all(|known| known.literals.len() + LITERALS <= MAX_VALUES);
        fits.then_some(space)
    }

    fn empty(wire: Wire) -> Space {
        let (statuses, paths, words, items, known, relations) = Default::default();
        Space { wire, statuses, paths, words, items, known, relations }
    }

    fn add_word(&mut self, word: &str) {
        let word = word.to_lowercase();
        if !self.words.contains(&word) {
            self.words.push(word);
        }
    }

    fn path_variable(&mut self, path: &Query) -> usize {
        self.paths.iter().position(|own| own.path.steps() == path.steps()).unwrap_or_else(|| {
            self.paths.push(PathVariable { path: path.clone(), literals: Vec::new() });
            self.paths.len() - 1
        })
    }

    fn add_item(&mut self, list: usize, value: Value) {
        if !self.items.iter().any(|own| own.list == list && equal(&own.value, &value)) {
            self.items.push(ItemVariable { list, value });
        }
    }

    fn known_variable(&mut self, template: &Template, values: Values<'_>) -> usize {
        let name = known_name(template);
        self.known.iter().position(|own| own.name == name).unwrap_or_else(|| {
            self.known.push(KnownVariable { name, literals: Vec::new(), value: values.known(template) });
            self.known.len() - 1
        })
    }

    /// What each variable can be before anything is known.
    pub(super) fn domains(&self) -> Domains {
        let mut domains = vec![ones(self.statuses.len())];
        domains.extend(self.paths.iter().map(|path| match self.wire {
            Wire::Http => ones(path.literals.len() + LITERALS),
            Wire::Callback => callback_domain(path),
        }));
        domains.extend(self.words.iter().map(|_| THERE | NOT_THERE));
        // A callback has no lists.
        let item = if self.wire == Wire::Http { THERE | NOT_THERE } else { NOT_THERE };
        domains.extend(self.items.iter().map(|_| item));
        domains.extend(self.known.iter().map(KnownVariable::domain));
        domains
    }

    /// The place of the first item among the variables.
    pub(super) fn first_item(&self) -> usize {
        1 + self.paths.len() + self.words.len()
    }

    /// The place of the first known value among the variables.
    pub(super) fn first_known(&self) -> usize {
        self.first_item() + self.items.len()
    }

    /// The domain of an item, of those that [`Space::domains`] made.
    pub(super) fn item_domain(&self, domains: &Domains, item: usize) -> Set {
        domains.get(self.first_item() + item).copied().unwrap_or_default()
    }

    /// The domain of a known value, of those that [`Space::domains`] made.
    pub(super) fn known_domain(&self, domains: &Domains, known: usize) -> Set {
        domains.get(self.first_known() + known).copied().unwrap_or_default()
    }

    /// The items that a list must have.
    pub(super) fn items_of<'a>(
        &'a self,
        list: usize,
        domains: &'a Domains,
    ) -> impl Iterator<Item = &'a Value> {
        let own = self.items.iter().enumerate().filter(move |(_, item)| item.list == list);
        own.filter(|(at, _)| self.item_domain(domains, *at) == THERE).map(|(_, item)| &item.value)
    }

    /// The domain of a path, of those that [`Space::domains`] made.
    pub(super) fn path_domain(&self, domains: &Domains, path: usize) -> Set {
        domains.get(1 + path).copied().unwrap_or_default()
    }

    /// The domain of a word, of those that [`Space::domains`] made.
    pub(super) fn word_domain(&self, domains: &Domains, word: usize) -> Set {
        domains.get(1 + self.paths.len() + word).copied().unwrap_or_default()
    }
}

/// How a value that is known already is written, without braces.
pub(super) fn known_name(template: &Template) -> String {
    match template.parts.as_slice() {
        [crate::template::Part::Expression(expression, _)] => expression.to_string(),
        _ => template.text.clone(),
    }
}

fn add(literals: &mut Vec<Value>, values: Vec<Value>) {
    for value in values {
        if !literals.iter().any(|own| equal(own, &value)) {
            literals.push(value);
        }
    }
}

fn ones(count: usize) -> Set {
    (1 << count) - 1
}

/// The places of the values that are meant.
pub(super) fn set_of<T>(values: &[T], meant: impl Fn(&T) -> bool) -> Set {
    values.iter().enumerate().filter(|(_, value)| meant(value)).fold(0, |set, (at, _)| set | 1 << at)
}

/// A callback's query has texts under plain names, and nothing else.
fn callback_domain(path: &PathVariable) -> Set {
    match path.path.steps() {
        [crate::query::Step::Key(_)] => ones(LITERALS) | set_of(&path.literals, Value::is_string) << LITERALS,
        _ => 1 << ABSENT,
    }
}

/// The statuses that can make a difference: those mentioned, and one more of each hundred. Most natural first.
fn natural_statuses(patterns: &[StatusPattern]) -> Vec<u16> {
    let is_mentioned = |status: u16| patterns.contains(&StatusPattern::Exactly(status));
    let mut statuses: Vec<u16> = Vec::new();
    for pattern in patterns {
        if let StatusPattern::Exactly(status) = pattern
            && !statuses.contains(status)
        {
            statuses.push(*status);
        }
    }
    // 3xx by one that is no redirect; 1xx is never an answer, and stands only for those who ask for it.
    for (class, natural) in [(2, 200), (4, 400), (5, 500), (3, 304), (1, 103)] {
        let asks = class != 1 || patterns.contains(&StatusPattern::Class(1));
        let rest = class * 100..class * 100 + 100;
        let free = std::iter::once(natural).chain(rest).find(|status| !is_mentioned(*status));
        statuses.extend(free.filter(|_| asks));
    }
    statuses.sort_by_key(|status| match (status / 100, is_mentioned(*status)) {
        _ if *status == 200 => 0,
        (4, true) => 1,
        (4, false) => 2,
        (_, true) => 3,
        (5, false) => 4,
        (2, false) => 5,
        _ => 6,
    });
    statuses
}
