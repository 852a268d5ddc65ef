//! HE104: two rules with the same condition and the same outcome.

use super::Rule;
use super::same::{same_conditions, same_outcome};
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};

/// HE104.
pub(super) static CODE: Code = Code::warning("HE104", "repeated-condition");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (_, _, active) in subject.active() {
        for (i, rule) in active.on.iter().enumerate() {
            let earlier =
                active.on.iter().take(i).find(|e| same_conditions(rule, e) && same_outcome(rule, e));
            findings.extend(earlier.map(|earlier| {
                Diagnostic::new(&CODE, rule.span, "an earlier rule says the same")
                    .also(earlier.span, "the earlier one")
                    .help("take one of them out")
            }));
        }
    }
    findings
}
