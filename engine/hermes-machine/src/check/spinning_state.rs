//! HE107: states that repeat without a pause.

use super::Rule;
use super::cycle::circles;
use super::subject::{Subject, goes_to};
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE107.
pub(super) static CODE: Code = Code::error("HE107", "spinning-state");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let circles = circles(subject, &|active| active.every.is_some());
    let back = circles.iter().filter_map(|circle| {
        let (_, state, active) = subject.active().find(|(id, ..)| circle.contains(id))?;
        let rule = active.on.iter().find(|rule| goes_to(rule).is_some_and(|to| circle.contains(&to)))?;
        Some(
            Diagnostic::new(&CODE, rule.span, format!("`{}` loops without a delay", state.name))
                .also(state.span, "no state on the way round has `every`")
                .help("write `every = \"5s\"` and `until = \"10m\"` in the state that repeats"),
        )
    });
    back.collect()
}
