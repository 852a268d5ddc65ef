//! The OAuth `state`: what a flow sends to know its own answer again.

use hermes_format::condition::{Condition, Operand, Test};
use hermes_format::provider::{Placed, Rule, Spot, State};
use hermes_format::source::Span;
use hermes_format::template::{Name, Template};

/// A random value that a state sends so that the answer can be known by it.
pub(super) struct Sent<'a> {
    /// The name after `random.`.
    pub(super) random: &'a str,
    /// Where it is sent.
    pub(super) span: Span,
}

/// The random values that a state sends as `state`, and in a browser's URL under any name.
pub(super) fn sent<'a>(state: &'a State, browser: bool) -> Vec<Sent<'a>> {
    let counts = |placed: &Placed<'a>| match placed.spot {
        Spot::Query(_) | Spot::Open if browser => true,
        Spot::Query(name) | Spot::Form(name) | Spot::Json(name) => name == "state",
        _ => false,
    };
    let placed = state.templates().into_iter().filter(counts);
    placed
        .filter_map(|placed| Some(Sent { random: random_in(placed.template)?, span: placed.template.span }))
        .collect()
}

/// The first random value in a template.
pub(super) fn random_in(template: &Template) -> Option<&str> {
    template.names().into_iter().find_map(|(name, _)| match name {
        Name::Random(random) => Some(random.as_str()),
        _ => None,
    })
}

/// Whether a condition holds only where the answer brings the random value back.
fn compares(condition: &Condition, random: &str) -> bool {
    condition.terms.iter().any(|term| match &term.test {
        Test::Equals(_, operands) => {
            !operands.is_empty()
                && operands.iter().all(|operand| match operand {
                    Operand::Template(template) => random_in(template) == Some(random),
                    Operand::Literal(_) => false,
                })
        }
        _ => false,
    })
}

/// Whether an answer that comes past this rule has brought the value back: `unless` it did, the rule takes it.
pub(super) fn guards(rule: &Rule, random: &str) -> bool {
    rule.when.is_none() && rule.unless.as_ref().is_some_and(|condition| compares(condition, random))
}

/// Whether an answer that takes this rule has brought the value back.
pub(super) fn asks(rule: &Rule, random: &str) -> bool {
    rule.when.as_ref().is_some_and(|condition| compares(condition, random))
}
