//! HE402: a secret where a person, and whoever looks on, sees it.

use super::Rule;
use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::label::{is_secret_field, label_template};
use crate::provider::{Act, Active, Placed, Spot, State, ValueSource};
use crate::query::Step;
use crate::source::Span;
use crate::template::{Expression, Name, Part, Template};

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
            let is_entered = placed.spot == Spot::ShowCode && is_entered(subject, placed.template);
            if label_template(placed.template, provider).secret && !is_entered {
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

/// Whether a text is what a service merely calls `code`: the field of a request's answer, which the file sends nowhere. A
/// code that is redeemed is sent.
fn is_entered(subject: &Subject<'_>, shown: &Template) -> bool {
    let [Part::Expression(Expression::Name(name @ Name::Answer { state, path }, _), _)] =
        shown.parts.as_slice()
    else {
        return false;
    };
    let is_answer = |(_, known, active): &(_, &State, &Active)| {
        known.name == *state && matches!(active.act, Act::Request(_))
    };
    let is_sent = |placed: &Placed<'_>| {
        !matches!(placed.spot, Spot::ShowCode)
            && placed.template.names().iter().any(|(sent, _)| *sent == name)
    };
    matches!(path.last(), Some(Step::Key(last)) if last == "code")
        && subject.active().any(|active| is_answer(&active))
        && !subject.provider.states.iter().flat_map(State::templates).any(|placed| is_sent(&placed))
}

fn finding(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(&CODE, span, format!("a secret would be {what}"))
        .help("show what is made to be shown: a user code, a verification URL, a message")
}
