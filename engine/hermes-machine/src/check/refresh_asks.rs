//! HE112: a refresh that needs a person.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Act, Action};

/// HE112.
pub(super) static CODE: Code = Code::error("HE112", "refresh-asks");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let reached = subject.provider.reachable(&subject.provider.starts(Action::Refresh));
    let asks = subject.active().filter(|(id, ..)| reached.contains(id)).filter_map(|(_, state, active)| {
        let what = match (&active.act, &active.show) {
            (Act::Browser(_), _) => "opens a browser",
            (_, Some(_)) => "shows a page or a code",
            _ => return None,
        };
        Some((state, what))
    });
    asks.map(|(state, what)| {
        Diagnostic::new(&CODE, state.span, format!("a refresh comes to `{}`, which {what}", state.name))
            .help("a refresh happens without a person: `fail` with `relogin = true` instead")
    })
    .collect()
}
