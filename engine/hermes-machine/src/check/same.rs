//! Whether two rules ask the same, wherever they are written.

use hermes_format::condition::{Condition, Operand, Test};
use hermes_format::provider::{Rule, Then};

/// Whether two rules have the same conditions.
pub(super) fn same_conditions(a: &Rule, b: &Rule) -> bool {
    same(a.when.as_ref(), b.when.as_ref()) && same(a.unless.as_ref(), b.unless.as_ref())
}

/// Whether two rules have the same outcome.
pub(super) fn same_outcome(a: &Rule, b: &Rule) -> bool {
    match (&a.then, &b.then) {
        (Then::Go(a), Then::Go(b)) => a.value == b.value,
        (Then::Fail { code: a, relogin: ra }, Then::Fail { code: b, relogin: rb }) => {
            a.value == b.value && ra == rb
        }
        _ => false,
    }
}

fn same(a: Option<&Condition>, b: Option<&Condition>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            let holds_all = |a: &Condition, b: &Condition| {
                a.terms.iter().all(|term| b.terms.iter().any(|other| same_test(&term.test, &other.test)))
            };
            holds_all(a, b) && holds_all(b, a)
        }
        _ => false,
    }
}

fn same_test(a: &Test, b: &Test) -> bool {
    match (a, b) {
        (Test::Exists(a), Test::Exists(b)) => a.steps() == b.steps(),
        (Test::Status(a), Test::Status(b)) => a == b,
        (Test::Body(a), Test::Body(b)) => a == b,
        (Test::Known(a), Test::Known(b)) => a.text == b.text,
        (Test::Equals(a, left), Test::Equals(b, right)) | (Test::Holds(a, left), Test::Holds(b, right)) => {
            a.steps() == b.steps() && same_operands(left, right)
        }
        (Test::KnownEquals(a, left), Test::KnownEquals(b, right)) => {
            a.text == b.text && same_operands(left, right)
        }
        _ => false,
    }
}

fn same_operands(left: &[Operand], right: &[Operand]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same_operand(a, b))
}

fn same_operand(a: &Operand, b: &Operand) -> bool {
    match (a, b) {
        (Operand::Literal(a), Operand::Literal(b)) => a == b,
        (Operand::Template(a), Operand::Template(b)) => a.text == b.text,
        _ => false,
    }
}
