//! HE110: a circle, a pause or a wait for a person that nothing bounds.

use super::Rule;
use super::cycle::circles;
use super::subject::{Subject, goes_to};
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Act;

/// HE110.
pub(super) static CODE: Code = Code::error("HE110", "endless-loop");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let waits =
        subject.active().filter(|(_, _, active)| active.until.is_none()).filter_map(|(_, state, active)| {
            let why = match (&active.act, &active.every) {
                (Act::Browser(_), _) => "waits for a person",
                (_, Some(_)) => "repeats",
                _ => return None,
            };
            Some(
                Diagnostic::new(&CODE, state.span, format!("`{}` {why} and never gives up", state.name))
                    .help("write when: `until = \"5m\"`"),
            )
        });
    let mut findings: Vec<Diagnostic> = waits.collect();
    // A circle without any pause is HE107's, and one whose pause has no end was just reported.
    for circle in circles(subject, &|active| active.every.is_some() && active.until.is_some()) {
        let states = || subject.active().filter(|(id, ..)| circle.contains(id));
        if states().all(|(_, _, active)| active.every.is_none())
            || states().any(|(_, _, active)| active.every.is_some())
        {
            continue;
        }
        let Some((_, state, active)) = states().next() else { continue };
        let Some(rule) = active.on.iter().find(|rule| goes_to(rule).is_some_and(|to| circle.contains(&to)))
        else {
            continue;
        };
        findings.push(
            Diagnostic::new(&CODE, rule.span, format!("`{}` loops forever", state.name))
                .help("write `every` and `until` in a state on the way round, or lead to another state"),
        );
    }
    findings
}
