//! HE111: an action that ends as another should, or never as it should.

use super::Rule;
use super::subject::{Subject, goes_to};
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{ACTIONS, Action, StateKind};

/// HE111.
pub(super) static CODE: Code = Code::error("HE111", "wrong-end");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    ACTIONS.iter().flat_map(|action| of_action(subject, *action)).collect()
}

fn of_action(subject: &Subject<'_>, action: Action) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let (name, right, wrong) = match action {
        Action::Login => ("a login", "success", "done"),
        Action::Refresh => ("a refresh", "success", "done"),
        Action::Logout => ("a logout", "done", "success"),
        Action::Verify => ("a verification", "done", "success"),
    };
    let starts = provider.starts(action);
    let reached = provider.reachable(&starts);
    let (right_id, wrong_id) = (provider.state_id(right), provider.state_id(wrong));
    let mut findings = Vec::new();
    for (id, _, active) in subject.active().filter(|(id, ..)| reached.contains(id)) {
        for (_, rule) in subject.live_rules(id, active).filter(|(_, rule)| goes_to(rule) == wrong_id) {
            findings.push(
                Diagnostic::new(&CODE, rule.span, format!("{name} comes to `{wrong}`"))
                    .help(format!("{name} ends in `{right}`, or fails")),
            );
        }
    }
    let comes_right = right_id.is_some_and(|id| reached.contains(&id));
    let acts = reached
        .iter()
        .any(|id| matches!(provider.states.get(id.0).map(|s| &s.kind), Some(StateKind::Active(_))));
    // A state without rules is HE102's.
    let has_gap = subject.active().any(|(id, _, active)| reached.contains(&id) && active.on.is_empty());
    if !comes_right && acts && !has_gap && findings.is_empty() {
        let span = match action {
            Action::Login => provider.start.login.first().map(|at| at.span),
            Action::Logout => provider.start.logout.first().map(|at| at.span),
            Action::Verify => provider.start.verify.first().map(|at| at.span),
            Action::Refresh => provider.success().and_then(|s| s.refresh.as_ref()).map(|r| r.to.span),
        };
        let span = span.unwrap_or(subject.top());
        findings.push(
            Diagnostic::new(&CODE, span, format!("{name} never comes to `{right}`"))
                .help(format!("let a rule lead to it: `to = \"{right}\"`")),
        );
    }
    findings
}
