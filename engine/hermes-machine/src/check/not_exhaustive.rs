//! HE102: an answer that no rule takes.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE102.
pub(super) static CODE: Code = Code::error("HE102", "not-exhaustive");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let open =
        subject.active().filter(|(id, ..)| subject.facts(*id).is_some_and(|facts| facts.falls_through));
    open.map(|(_, state, active)| match active.on.last() {
        None => Diagnostic::new(&CODE, state.span, format!("`{}` has no rules", state.name))
            .help("write `on = [{ to = \"STATE\" }]`: what follows from the answer"),
        Some(last) => Diagnostic::new(
            &CODE,
            last.span,
            format!("`{}` has answers that none of its rules takes", state.name),
        )
        .label("the last rule has a condition")
        .help("end with a rule that has none, such as `{ fail = \"bad_answer\" }`"),
    })
    .collect()
}
