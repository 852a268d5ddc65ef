//! HE402: a secret, or an answer to one, where the user, and whoever looks on, sees it.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::{Secrecy, is_secret_field, label_template, may_be_shown, notice_may_be_shown};
use hermes_format::provider::{Act, Spot, ValueSource};
use hermes_format::source::Span;

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
            if !may_be_shown(placed.template, placed.spot, provider) {
                let secrecy = label_template(placed.template, provider).secrecy;
                findings.push(finding(placed.template.span, secrecy, what));
            }
        }
    }
    let notice = provider.success().and_then(|success| success.notice.as_ref());
    findings.extend(notice.filter(|notice| !notice_may_be_shown(notice, provider)).map(|notice| {
        let (span, secrecy) = match notice {
            ValueSource::Path(query) if is_secret_field(query.value.steps(), provider) => {
                (query.span, Secrecy::Secret)
            }
            ValueSource::Path(query) => (query.span, Secrecy::Confidential),
            ValueSource::Template(template) => (template.span, label_template(template, provider).secrecy),
        };
        finding(span, secrecy, "shown")
    }));
    findings
}

fn finding(span: Span, secrecy: Secrecy, what: &str) -> Diagnostic {
    let value = match secrecy {
        Secrecy::Confidential => "part of an answer to a secret",
        Secrecy::Public | Secrecy::Secret => "a secret",
    };
    Diagnostic::new(&CODE, span, format!("{value} would be {what}"))
        .help("show what is made to be shown: a user code, a verification URL, a message")
}
