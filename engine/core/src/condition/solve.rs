//! What a list of rules says about the answers that take each of them.
//!
//! One analysis gives guarantees, dead rules, exhaustiveness, and replies that take a given rule.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Operand;
use crate::provider::Rule;
use crate::query::{Query, Step};

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
#[derive(Debug)]
pub struct Analysis(());

/// Analyses a list of rules. `value_of` gives the value of an operand: [`symbolic`], or one of a real run.
pub fn analyse(rules: &[Rule], wire: Wire, value_of: &dyn Fn(&Operand) -> Option<Value>) -> Analysis {
    let _ = (rules, wire, value_of);
    unimplemented!()
}

/// The value of an operand where no run is at hand: a template stands for its own text.
pub fn symbolic(operand: &Operand) -> Option<Value> {
    Some(match operand {
        Operand::Literal(value) => value.clone(),
        Operand::Template(template) => Value::String(template.text.clone()),
    })
}

impl Analysis {
    /// The paths that are present in every answer that takes the rule.
    pub fn guaranteed(&self, rule: usize) -> Guaranteed {
        let _ = rule;
        unimplemented!()
    }

    /// Why no answer takes the rule; `None` where one does.
    pub fn dead(&self, rule: usize) -> Option<Dead> {
        let _ = rule;
        unimplemented!()
    }

    /// Whether there are answers that no rule takes.
    pub fn falls_through(&self) -> bool {
        unimplemented!()
    }

    /// An answer that takes the rule, as natural as can be.
    pub fn reply(&self, rule: usize, wish: &Wish<'_>) -> Option<Reply> {
        let _ = (rule, wish);
        unimplemented!()
    }
}
