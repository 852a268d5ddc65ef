//! Whether a condition holds for an answer.

use serde_json::Value;

use super::{Condition, Operand, StatusPattern, Test};
use crate::provider::Rule;
use crate::query::present;
use crate::secret::equal_in_constant_time;
use crate::template::Scope;

/// An answer as conditions see it.
#[derive(Clone, Copy)]
pub struct AnswerView<'a> {
    /// The HTTP status; `None` for a callback or a paste, which has only paths.
    pub status: Option<u16>,
    /// The raw text.
    pub body: &'a str,
    /// The text as JSON, where it is JSON within the limits.
    pub json: Option<&'a Value>,
}

/// Whether every term of the condition holds. An operand with a missing name equals nothing.
pub fn holds(condition: &Condition, answer: &AnswerView<'_>, scope: &dyn Scope) -> bool {
    condition.terms.iter().all(|term| test_holds(&term.test, answer, scope))
}

/// The first rule that an answer takes.
pub fn taken(rules: &[Rule], answer: &AnswerView<'_>, scope: &dyn Scope) -> Option<usize> {
    rules.iter().position(|rule| {
        rule.when.as_ref().is_none_or(|condition| holds(condition, answer, scope))
            && !rule.unless.as_ref().is_some_and(|condition| holds(condition, answer, scope))
    })
}

/// The value of an operand in a run.
pub fn value_in(operand: &Operand, scope: &dyn Scope) -> Option<Value> {
    match operand {
        Operand::Literal(value) => Some(value.clone()),
        Operand::Template(template) => template.render_json(scope).ok(),
    }
}

/// The values of operands in a run; a list means its items.
pub(super) fn values_in(operands: &[Operand], scope: &dyn Scope) -> Vec<Value> {
    let values = operands.iter().filter_map(|operand| value_in(operand, scope));
    values
        .flat_map(|value| match value {
            Value::Array(items) => items,
            one => vec![one],
        })
        .collect()
}

fn test_holds(test: &Test, answer: &AnswerView<'_>, scope: &dyn Scope) -> bool {
    let is_any = |value: &Value, operands: &[Operand]| {
        values_in(operands, scope).iter().any(|expected| equal(value, expected))
    };
    match test {
        Test::Exists(path) => present(answer.json.and_then(|root| path.select(root))).is_some(),
        Test::Status(patterns) => {
            answer.status.is_some_and(|status| patterns.iter().any(|p| p.matches(status)))
        }
        Test::Body(words) => {
            answer.status.is_some() && words.iter().any(|word| holds_word(answer.body, word))
        }
        Test::Equals(path, operands) => {
            answer.json.and_then(|root| path.select(root)).is_some_and(|value| is_any(value, operands))
        }
        Test::Holds(path, operands) => {
            let list = answer.json.and_then(|root| path.select(root)).and_then(Value::as_array);
            list.is_some_and(|items| items.iter().any(|item| is_any(item, operands)))
        }
        Test::Known(template) => present(template.render_json(scope).ok().as_ref()).is_some(),
        Test::KnownEquals(template, operands) => {
            present(template.render_json(scope).ok().as_ref()).is_some_and(|value| is_any(value, operands))
        }
    }
}

/// Whether a text holds a word, whatever their case.
pub(super) fn holds_word(body: &str, word: &str) -> bool {
    body.to_lowercase().contains(&word.to_lowercase())
}

impl StatusPattern {
    /// Whether a status is meant.
    pub fn matches(self, status: u16) -> bool {
        match self {
            StatusPattern::Exactly(own) => own == status,
            StatusPattern::Class(digit) => status / 100 == u16::from(digit),
        }
    }
}

/// Whether two values are of one type and equal: texts in constant time (S17), numbers by what they count. Lists,
/// objects and null equal nothing.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => equal_in_constant_time(a, b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        _ => false,
    }
}
