//! HE402: a secret where a person, and whoever looks on, sees it.

use super::Rule;
use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::label::{is_secret_field, label_template};
use crate::provider::{Act, Spot, ValueSource};
use crate::source::Span;

/// HE402.
pub(super) static CODE: Code = Code::error("HE402", "secret-on-screen");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let mut findings = Vec::new();
    for (_, state, active) in subject.active() {
        let opened = matches!(active.act, Act::Browser(_));
        for placed in state.templates() {
            let what = match placed.spot {
                Spot::ShowUrl | Spot::ShowCode => "shown",
                Spot::Open | Spot::Query(_) if opened => "opened in a browser",
                _ => continue,
            };
            if label_template(placed.template, provider).secret {
                findings.push(finding(placed.template.span, what));
            }
        }
    }
    findings.extend(provider.success().and_then(|success| success.notice.as_ref()).and_then(|notice| {
        match notice {
            ValueSource::Path(query) if is_secret_field(query.value.steps(), provider) => {
                Some(finding(query.span, "shown"))
            }
            ValueSource::Template(template) if label_template(template, provider).secret => {
                Some(finding(template.span, "shown"))
            }
            _ => None,
        }
    }));
    findings
}

fn finding(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(&CODE, span, format!("a secret would be {what}"))
        .help("show what is made to be shown: a user code, a verification URL, a message")
}
