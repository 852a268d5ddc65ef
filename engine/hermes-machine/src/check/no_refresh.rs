//! HE601: a refresh token that nothing uses.

use super::Rule;
use super::subject::Subject;
use super::subject::goes_to;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::ValueSource;

/// HE601.
pub(super) static CODE: Code = Code::warning("HE601", "no-refresh");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(success) = subject.provider.success().filter(|success| success.refresh.is_none()) else {
        return Vec::new();
    };
    let Some(success_id) = subject.provider.state_id("success") else { return Vec::new() };
    let ValueSource::Path(path) = &success.refresh_token else { return Vec::new() };
    for (id, _, active) in subject.active() {
        for (i, rule) in active.on.iter().enumerate().filter(|(_, rule)| goes_to(rule) == Some(success_id)) {
            let known = subject.facts(id).and_then(|facts| facts.guaranteed.get(i));
            if known.is_some_and(|known| known.contains(path.value.steps())) {
                return vec![
                    Diagnostic::new(
                        &CODE,
                        rule.span,
                        format!("`{}` is asked for, and nothing renews with it", path.value.text()),
                    )
                    .help("write `refresh = { to = \"refresh\" }` in `[states.success]`, and the state"),
                ];
            }
        }
    }
    Vec::new()
}
