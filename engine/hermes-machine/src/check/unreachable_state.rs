//! HE108: a state that no start leads to.

use std::collections::BTreeSet;

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{ACTIONS, StateId, StateKind};

/// HE108.
pub(super) static CODE: Code = Code::error("HE108", "unreachable-state");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let starts: Vec<StateId> = ACTIONS.iter().flat_map(|action| provider.starts(*action)).collect();
    // A flow may leave it to its providers where it starts.
    if starts.is_empty() && subject.flow {
        return Vec::new();
    }
    let reached: BTreeSet<StateId> = provider.reachable(&starts);
    let lost = provider.states.iter().enumerate().filter(|(i, state)| {
        let written = state.span != provider.span;
        let runs = matches!(state.kind, StateKind::Active(_) | StateKind::Success(_));
        written && runs && !reached.contains(&StateId(*i))
    });
    lost.map(|(_, state)| {
        Diagnostic::new(&CODE, state.span, format!("nothing leads to `{}`", state.name))
            .help("name it in `start`, in `success.refresh` or in a rule's `to`, or take it out")
    })
    .collect()
}
