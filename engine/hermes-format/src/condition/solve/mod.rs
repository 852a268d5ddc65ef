//! What a list of rules says about the answers that take each of them.
//!
//! One analysis gives guarantees, dead rules, exhaustiveness, and replies that take a given rule. It is exact: an answer
//! is told from another only by what some rule asks, so a handful of stand-ins covers them all (see `space`). A negated
//! table is a disjunction: passing `unless = { status, exists }` guarantees both, passing `if` of the same nothing.

mod build;
mod question;
mod space;
mod structure;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use self::build::{Built, Extra, PLAIN, build};
use self::question::{Leaf, Questions};
use self::space::{Domains, Space};
use super::Operand;
use super::eval::values_in;
use crate::provider::Rule;
use crate::query::{Query, Step};
use crate::template::{Scope, Template};

/// What an answer comes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// HTTP: it has a status and a body.
    Http,
    /// A callback or a paste: it has only paths.
    Callback,
}

/// Paths that are present in every answer that takes a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guaranteed(pub BTreeSet<Vec<Step>>);

impl Guaranteed {
    /// Whether the value at the path is present: guaranteed itself, or a container of something that is.
    pub fn contains(&self, path: &[Step]) -> bool {
        self.0.iter().any(|known| known.starts_with(path))
    }
}

/// Why no answer takes a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dead {
    /// What it asks for contradicts itself.
    Impossible,
    /// One earlier rule takes all of its answers.
    Shadowed {
        /// Which.
        by: usize,
    },
    /// Earlier rules together take all of its answers.
    Excluded,
}

/// An answer that takes a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status; `None` for a callback.
    pub status: Option<u16>,
    /// The body as JSON, or the callback's fields.
    pub json: Option<Value>,
    /// The raw text; empty for a callback.
    pub body: String,
}

/// What a caller would like to see in a reply, beyond what the rule asks for.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The value of a path that must be present, whatever its value.
    pub fill: &'a dyn Fn(&Query) -> Option<Value>,
    /// Further paths that should be present where the rule is still taken with them.
    pub also: &'a [Query],
}

/// What a list of rules says about its answers.
///
/// Where a list asks more than any sensible file does, nothing is claimed: no path is guaranteed, no rule is dead.
#[derive(Debug)]
pub struct Analysis {
    rules: usize,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    space: Space,
    questions: Vec<Questions>,
    /// Those that have an answer.
    leaves: Vec<Leaf>,
}

/// Analyses a list of rules. `run` gives names their values; without one a template counts as its own text, and a value
/// that is known already can be any.
pub fn analyse(rules: &[Rule], wire: Wire, run: Option<&dyn Scope>) -> Analysis {
    let values = Values(run);
    let known = Space::of(rules, wire, values).and_then(|space| {
        let questions: Vec<Questions> = rules.iter().map(|rule| space.questions(rule, values)).collect();
        let leaves = possible_leaves(&space, &questions.iter().collect::<Vec<_>>())?;
        Some(Known { space, questions, leaves })
    });
    Analysis { rules: rules.len(), known }
}

/// The leaves that have an answer, or may have one.
fn possible_leaves(space: &Space, questions: &[&Questions]) -> Option<Vec<Leaf>> {
    let mut leaves = space.leaves(questions)?;
    leaves.retain(|leaf| is_possible(space, leaf));
    Some(leaves)
}

fn is_possible(space: &Space, leaf: &Leaf) -> bool {
    !matches!(build(space, &leaf.domains, PLAIN), Built::Never)
}

/// The values of names: those of a run, or none.
#[derive(Clone, Copy)]
struct Values<'a>(Option<&'a dyn Scope>);

impl Values<'_> {
    /// The values that operands stand for.
    fn of(self, operands: &[Operand]) -> Vec<Value> {
        let symbol = |operand: &Operand| match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Template(template) => Value::String(template.text.clone()),
        };
        match self.0 {
            Some(scope) => values_in(operands, scope),
            None => operands.iter().map(symbol).collect(),
        }
    }

    /// What a value is that is known already: `None` where no run is at hand, `Some(None)` where it is not present.
    fn known(self, template: &Template) -> Option<Option<Value>> {
        self.0.map(|scope| {
            let value = template.render_json(scope).ok();
            crate::query::present(value.as_ref()).cloned()
        })
    }
}

impl Analysis {
    /// How much work it is to ask all there is to ask: every variable of every leaf, each against all others, and every
    /// rule against all others.
    pub fn size(&self) -> usize {
        let Some(known) = &self.known else { return 0 };
        let variables = known.space.domains().len();
        (known.leaves.len() * variables + self.rules * self.rules) * variables
    }

    /// The paths that are present in every answer that takes the rule.
    pub fn guaranteed(&self, rule: usize) -> Guaranteed {
        let Some(known) = &self.known else { return Guaranteed::default() };
        let paths = known.space.paths.iter().enumerate();
        let always = paths.filter(|(at, _)| known.leaves_of(rule).all(|leaf| known.is_present(leaf, *at)));
        Guaranteed(always.map(|(_, variable)| variable.path.steps().to_vec()).collect())
    }

    /// The values that are known to be present wherever an answer takes the rule, as the file writes them.
    pub fn known(&self, rule: usize) -> BTreeSet<String> {
        let Some(known) = &self.known else { return BTreeSet::new() };
        let values = known.space.known.iter().enumerate();
        let always = values.filter(|(at, value)| {
            known
                .leaves_of(rule)
                .all(|leaf| known.space.known_domain(&leaf.domains, *at) & value.not_present() == 0)
        });
        always.map(|(_, value)| value.name.clone()).collect()
    }

    /// Why no answer takes the rule; `None` where one does.
    pub fn dead(&self, rule: usize) -> Option<Dead> {
        let known = self.known.as_ref()?;
        let own = known.questions.get(rule)?;
        if known.leaves_of(rule).next().is_some() {
            return None;
        }
        let is_never_taken = |list: &[&Questions]| {
            known.space.leaves(list).is_some_and(|leaves| {
                let mut own = leaves.iter().filter(|leaf| leaf.rule + 1 == list.len());
                !own.any(|leaf| is_possible(&known.space, leaf))
            })
        };
        if is_never_taken(&[own]) {
            return Some(Dead::Impossible);
        }
        let earlier = known.questions.iter().take(rule);
        let by = earlier.enumerate().find(|(_, earlier)| is_never_taken(&[earlier, own]));
        Some(by.map_or(Dead::Excluded, |(by, _)| Dead::Shadowed { by }))
    }

    /// Whether there are answers that no rule takes.
    pub fn falls_through(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.leaves_of(self.rules).next().is_some())
    }

    /// An answer that takes the rule, as natural as can be: status 200 where that may be, nothing that nobody asks for.
    ///
    /// With the count of rules as `rule`, an answer that none of them takes.
    pub fn reply(&self, rule: usize, wish: &Wish<'_>) -> Option<Reply> {
        let known = self.known.as_ref()?;
        let mut leaves: Vec<&Leaf> = known.leaves_of(rule).collect();
        // Every domain stands in the order of naturalness; among equals the tree's own order stays.
        leaves.sort_by_key(|leaf| {
            let places = leaf.domains.iter().map(|set| set.trailing_zeros());
            (places.clone().next(), places.skip(1).sum::<u32>())
        });
        leaves.into_iter().find_map(|leaf| known.reply(leaf.domains.clone(), wish))
    }
}

impl Known {
    fn leaves_of(&self, rule: usize) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().filter(move |leaf| leaf.rule == rule)
    }

    /// Whether a path is present in every answer of a leaf.
    fn is_present(&self, leaf: &Leaf, path: usize) -> bool {
        let Some(variable) = self.space.paths.get(path) else { return false };
        let mut without = leaf.domains.clone();
        let left = self.space.path_domain(&without, path) & variable.not_present();
        if let Some(domain) = without.get_mut(1 + path) {
            *domain = left;
        }
        left == 0 || matches!(build(&self.space, &without, PLAIN), Built::Never)
    }

    fn reply(&self, mut domains: Domains, wish: &Wish<'_>) -> Option<Reply> {
        let make = |domains: &Domains, more: &[(Query, Value)]| {
            let filled = build(&self.space, domains, Extra { fill: wish.fill, more });
            let built =
                if matches!(filled, Built::Reply(_)) { filled } else { build(&self.space, domains, PLAIN) };
            if let Built::Reply(reply) = built { Some(reply) } else { None }
        };
        let mut reply = make(&domains, &[])?;
        let mut more: Vec<(Query, Value)> = Vec::new();
        for path in wish.also {
            let is_there = |reply: &Reply| {
                crate::query::present(reply.json.as_ref().and_then(|root| path.select(root))).is_some()
            };
            let mut wider = (domains.clone(), more.clone());
            match self.space.paths.iter().position(|own| own.path.steps() == path.steps()) {
                Some(at) => {
                    let absent = self.space.paths.get(at).map_or(0, space::PathVariable::not_present);
                    if let Some(domain) = wider.0.get_mut(1 + at) {
                        *domain &= !absent;
                    }
                }
                None => wider.1.extend((wish.fill)(path).map(|value| (path.clone(), value))),
            }
            if let Some(better) = make(&wider.0, &wider.1).filter(is_there) {
                reply = better;
                (domains, more) = wider;
            }
        }
        Some(reply)
    }
}
