//! HE413: a text of `[errors]` that would tell a secret.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::{Secrecy, label};
use hermes_format::template::Part;

/// HE413.
pub(super) static CODE: Code = Code::error("HE413", "error-quotes-secret");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let mut findings = Vec::new();
    for placed in provider.error_templates() {
        for part in &placed.template.parts {
            let Part::Expression(expression, span) = part else { continue };
            let message = match label(expression, provider).secrecy {
                Secrecy::Public => continue,
                Secrecy::Confidential => "an error would tell of an answer to a secret",
                Secrecy::Secret => "an error would tell a secret",
            };
            findings.push(
                Diagnostic::new(&CODE, *span, message)
                    .help("quote what the server says of the error: `{{response.error_description}}`"),
            );
        }
    }
    findings
}
