//! The questions that a list of rules asks, and the answers that each can have.
//!
//! A question is a variable with a small domain: the status is one of those mentioned or a stand-in for the others of
//! its hundred; a path is absent, one of the values it is compared with, or some other present value; a word is there or
//! not. Whatever a rule asks is then "the variable is in this set", and a list of rules is a decision tree.

use serde_json::Value;

use super::Wire;
use super::structure::{Relation, relations};
use crate::condition::eval::{ValueOf, equal};
use crate::condition::{StatusPattern, Test};
use crate::provider::Rule;
use crate::query::{Query, present};

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
        let blank = self.literals.iter().position(|value| present(Some(value)).is_none());
        1 << ABSENT | blank.map_or(0, |at| 1 << (at + LITERALS))
    }

    /// The place of a value.
    pub(super) fn place(&self, value: Option<&Value>) -> usize {
        let literal = value.and_then(|value| self.literals.iter().position(|own| equal(own, value)));
        match (literal, present(value)) {
            (Some(at), _) => at + LITERALS,
            (None, Some(_)) => OTHER,
            (None, None) => ABSENT,
        }
    }
}

/// All variables of a list of rules, in this order: the status, the paths, the words.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) wire: Wire,
    pub(super) statuses: Vec<u16>,
    pub(super) paths: Vec<PathVariable>,
    pub(super) words: Vec<String>,
    pub(super) relations: Vec<Relation>,
}

/// What each variable can still be.
pub(super) type Domains = Vec<Set>;

impl Space {
    /// The variables of a list of rules; `None` where there are too many values.
    pub(super) fn of(rules: &[Rule], wire: Wire, value_of: &ValueOf<'_>) -> Option<Space> {
        let mut space = Space::empty(wire);
        let mut patterns = Vec::new();
        for condition in rules.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless)) {
            for term in &condition.terms {
                match &term.test {
                    Test::Status(list) => patterns.extend(list.iter().copied()),
                    Test::Body(words) => words.iter().for_each(|word| space.add_word(word)),
                    Test::Exists(path) => drop(space.path_variable(path)),
                    Test::Equals(path, operands) => {
                        let variable = space.path_variable(path);
                        for value in operands.iter().filter_map(value_of) {
                            if !variable.literals.iter().any(|own| equal(own, &value)) {
                                variable.literals.push(value);
                            }
                        }
                    }
                }
            }
        }
        space.statuses = natural_statuses(&patterns);
        space.relations = relations(&space.paths);
        let fits = space.statuses.len() <= MAX_VALUES
            && space.paths.iter().all(|path| path.literals.len() + LITERALS <= MAX_VALUES);
        fits.then_some(space)
    }

    fn empty(wire: Wire) -> Space {
        let (statuses, paths, words, relations) = Default::default();
        Space { wire, statuses, paths, words, relations }
    }

    fn add_word(&mut self, word: &str) {
        let word = word.to_lowercase();
        if !self.words.contains(&word) {
            self.words.push(word);
        }
    }

    fn path_variable(&mut self, path: &Query) -> &mut PathVariable {
        let at = self.paths.iter().position(|own| own.path.steps() == path.steps()).unwrap_or_else(|| {
            self.paths.push(PathVariable { path: path.clone(), literals: Vec::new() });
            self.paths.len() - 1
        });
        &mut self.paths[at]
    }

    /// What each variable can be before anything is known.
    pub(super) fn domains(&self) -> Domains {
        let mut domains = vec![ones(self.statuses.len())];
        domains.extend(self.paths.iter().map(|path| match self.wire {
            Wire::Http => ones(path.literals.len() + LITERALS),
            Wire::Callback => callback_domain(path),
        }));
        domains.extend(self.words.iter().map(|_| THERE | NOT_THERE));
        domains
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
