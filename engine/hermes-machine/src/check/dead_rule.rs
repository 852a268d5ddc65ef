//! HE103: a rule that no answer comes to.

use super::Rule;
use super::same::{same_conditions, same_outcome};
use super::subject::Subject;
use hermes_format::condition::Dead;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE103.
pub(super) static CODE: Code = Code::error("HE103", "dead-rule");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (id, _, active) in subject.active() {
        let dead = subject.facts(id).map(|facts| facts.dead.as_slice()).unwrap_or_default();
        for (rule, dead) in active.on.iter().zip(dead) {
            let unconditional = rule.when.is_none() && rule.unless.is_none();
            match dead {
                Some(Dead::Shadowed { by }) => {
                    let Some(earlier) = active.on.get(*by) else { continue };
                    if same_conditions(rule, earlier) && same_outcome(rule, earlier) {
                        continue; // HE104 says that
                    }
                    let taker = if earlier.when.is_none() && earlier.unless.is_none() {
                        "this rule has no condition: nothing comes past it"
                    } else {
                        "this rule takes every answer that the later one asks for"
                    };
                    findings.push(
                        Diagnostic::new(&CODE, rule.span, "unreachable rule")
                            .also(earlier.span, taker)
                            .help("put the narrower rule first, or take this one out"),
                    );
                }
                Some(Dead::Excluded) if unconditional => findings.push(
                    Diagnostic::new(&CODE, rule.span, "unreachable rule: earlier rules match every answer")
                        .help("take it out"),
                ),
                _ => {}
            }
        }
    }
    findings
}
