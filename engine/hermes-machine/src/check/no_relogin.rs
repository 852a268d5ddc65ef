//! HE602: a refresh that never says that only a new login helps.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Then;

/// HE602.
pub(super) static CODE: Code = Code::warning("HE602", "no-relogin");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(refresh) = subject.provider.success().and_then(|success| success.refresh.as_ref()) else {
        return Vec::new();
    };
    let reached = subject.provider.reachable(&[refresh.to.value]);
    let rules =
        || subject.active().filter(|(id, ..)| reached.contains(id)).flat_map(|(_, _, active)| &active.on);
    if rules().next().is_none() || rules().any(|rule| matches!(rule.then, Then::Fail { relogin: true, .. })) {
        return Vec::new();
    }
    vec![
        Diagnostic::new(&CODE, refresh.to.span, "no rule of the refresh says `relogin = true`")
            .help("say which answers mean that the refresh token is spent; after any other the credential is kept and tried again"),
    ]
}
