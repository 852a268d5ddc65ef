//! Whether a condition holds for an answer.

use serde_json::Value;

use super::Condition;
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

/// Whether every term of the condition holds.
pub fn holds(condition: &Condition, answer: &AnswerView<'_>, scope: &dyn Scope) -> bool {
    let _ = (condition, answer, scope);
    unimplemented!()
}
