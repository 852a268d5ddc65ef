//! HE609: `relogin` where nothing is logged in yet.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Action, Then};

/// HE609.
pub(super) static CODE: Code = Code::warning("HE609", "idle-relogin");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let later = [Action::Refresh, Action::Logout, Action::Verify];
    let with_credential: Vec<_> = later.into_iter().flat_map(|action| provider.starts(action)).collect();
    let with_credential = provider.reachable(&with_credential);
    let mut findings = Vec::new();
    for (id, state, active) in subject.active() {
        let idle = active.on.iter().filter(|rule| matches!(rule.then, Then::Fail { relogin: true, .. }));
        for rule in idle.filter(|_| !with_credential.contains(&id)) {
            findings.push(
                Diagnostic::new(
                    &CODE,
                    rule.span,
                    format!("`{}` is part of a login only: there is no credential to give up", state.name),
                )
                .help("take `relogin` out"),
            );
        }
    }
    findings
}
