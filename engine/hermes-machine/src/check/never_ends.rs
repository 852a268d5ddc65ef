//! HE109: a state from which no end can be reached but that its time is over.

use std::collections::BTreeSet;

use super::Rule;
use super::subject::{Subject, goes_to};
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{StateId, StateKind};

/// HE109.
pub(super) static CODE: Code = Code::error("HE109", "never-ends");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let finals =
        subject.provider.states.iter().enumerate().filter(|(_, s)| !matches!(s.kind, StateKind::Active(_)));
    let mut ends: BTreeSet<StateId> = finals.map(|(i, _)| StateId(i)).collect();
    let mut before = 0;
    while before != ends.len() {
        before = ends.len();
        let more: Vec<StateId> = subject
            .active()
            .filter(|(id, _, active)| {
                let mut rules = subject.live_rules(*id, active);
                rules.any(|(_, rule)| goes_to(rule).is_none_or(|to| ends.contains(&to)))
            })
            .map(|(id, ..)| id)
            .collect();
        ends.extend(more);
    }
    let lost = subject.active().filter(|(id, _, active)| !ends.contains(id) && !active.on.is_empty());
    lost.map(|(_, state, _)| {
        Diagnostic::new(&CODE, state.span, format!("no end can be reached from `{}`", state.name))
            .help("let a rule lead to `success` or `done`, or `fail`")
    })
    .collect()
}
