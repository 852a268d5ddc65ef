//! Conditions on an answer: a table of which every key must hold.

mod eval;
mod solve;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::eval::{AnswerView, equal, holds, taken, value_in};
pub use self::solve::{Analysis, Dead, Guaranteed, Reply, Wire, Wish, analyse};

use crate::query::Query;
use crate::source::Span;
use crate::template::Template;

/// A condition of a file, checked. Every term must hold.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The terms, in the order of the file. `exists = [a, b]` is one term a path.
    pub terms: Vec<Term>,
    /// Where the table stands.
    pub span: Span,
}

/// One thing that must hold, and where it is written.
#[derive(Debug, Clone)]
pub struct Term {
    /// What must hold.
    pub test: Test,
    /// Where it is written.
    pub span: Span,
}

/// What can be asked of an answer.
#[derive(Debug, Clone)]
pub enum Test {
    /// The value at the path is present.
    Exists(Query),
    /// The HTTP status is one of these.
    Status(Vec<StatusPattern>),
    /// The raw text holds one of these words, whatever their case.
    Body(Vec<String>),
    /// The value at the path is one of these.
    Equals(Query, Vec<Operand>),
    /// An item of the list at the path is one of these.
    Holds(Query, Vec<Operand>),
    /// A value that is known already is present.
    Known(Template),
    /// A value that is known already is one of these.
    KnownEquals(Template, Vec<Operand>),
}

impl Test {
    /// What it compares with.
    pub fn operands(&self) -> &[Operand] {
        match self {
            Test::Equals(_, operands) | Test::Holds(_, operands) | Test::KnownEquals(_, operands) => operands,
            Test::Exists(_) | Test::Status(_) | Test::Body(_) | Test::Known(_) => &[],
        }
    }

    /// The value that is known already, where it asks for one.
    pub fn known(&self) -> Option<&Template> {
        match self {
            Test::Known(template) | Test::KnownEquals(template, _) => Some(template),
            _ => None,
        }
    }
}

/// `200`, or `"2xx"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusPattern {
    /// One status.
    Exactly(u16),
    /// All of a hundred, by its first digit.
    Class(u8),
}

/// What a value is compared with.
#[derive(Debug, Clone)]
pub enum Operand {
    /// A string without names, a number, or a boolean.
    Literal(Value),
    /// A template over vars, regions, inputs, `random.*` and earlier answers.
    Template(Template),
}
