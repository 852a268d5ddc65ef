//! HE305: a condition that nothing can fulfil, by itself or after the rules before it.

use super::Rule;
use super::subject::Subject;
use hermes_format::condition::Dead;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE305.
pub(super) static CODE: Code = Code::error("HE305", "contradiction");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (id, _, active) in subject.active() {
        let dead = subject.facts(id).map(|facts| facts.dead.as_slice()).unwrap_or_default();
        for (rule, dead) in active.on.iter().zip(dead) {
            let Some(condition) = rule.when.as_ref().or(rule.unless.as_ref()) else { continue };
            let (message, help) = match dead {
                Some(Dead::Impossible) => {
                    ("no answer can fulfil this condition", "what it asks for contradicts itself")
                }
                Some(Dead::Excluded) => (
                    "the rules before this one have excluded its condition",
                    "every answer that it asks for is taken by one of them",
                ),
                _ => continue,
            };
            findings.push(Diagnostic::new(&CODE, condition.span, message).help(help));
        }
    }
    findings
}
