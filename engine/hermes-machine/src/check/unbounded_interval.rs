//! HE502: a pause that an answer alone decides.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::time::TimeValue;

/// HE502.
pub(super) static CODE: Code = Code::error("HE502", "unbounded-interval");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let pauses = subject.active().filter_map(|(_, _, active)| active.every.as_ref());
    let unbounded = pauses.map(|every| &every.time).filter(|time| {
        !matches!(time.value, TimeValue::Fixed(_)) && time.min.is_none() && time.default.is_none()
    });
    unbounded
        .map(|time| {
            Diagnostic::new(&CODE, time.span, "an answer alone says how long the pause is")
                .help("add `default = \"5s\"` for an answer that says nothing, or `min = \"1s\"`")
        })
        .collect()
}
