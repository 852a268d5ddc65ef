//! HE406: a browser state whose answer anybody could send.

use super::Rule;
use super::csrf::{random_in, sent};
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Act, Back};

/// HE406.
pub(super) static CODE: Code = Code::error("HE406", "no-state");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (_, state, active) in subject.active() {
        let Act::Browser(browser) = &active.act else { continue };
        let in_path = match &browser.back {
            Back::Listen(listeners) => listeners.iter().all(|listen| random_in(&listen.path).is_some()),
            Back::Paste => false,
        };
        if !in_path && sent(state, true).is_empty() {
            findings.push(
                Diagnostic::new(&CODE, browser.open.span, "nothing ties what comes back to this login")
                    .help("send `query.state = \"{{random.state}}\"` and compare it, or put `{{random.NAME}}` into the path of `listen`"),
            );
        }
    }
    findings
}
