//! HE407: a `state` that is sent and not compared, or too late.

use super::Rule;
use super::csrf::{Sent, asks, guards, sent};
use super::subject::Subject;
use super::subject::goes_to;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Act, Active, StateId};

/// HE407.
pub(super) static CODE: Code = Code::error("HE407", "state-not-compared");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (id, state, active) in subject.active() {
        let browser = matches!(active.act, Act::Browser(_));
        for sent in sent(state, browser) {
            if !active.on.iter().any(|rule| guards(rule, sent.random) || asks(rule, sent.random)) {
                if !is_compared_elsewhere(subject, id, sent.random) {
                    findings.push(never(&sent));
                }
            } else if let Some(early) = too_early(active, &sent, browser) {
                findings.push(early);
            }
        }
    }
    findings
}

/// Whether another state sends the same value and compares it: this one only repeats what was proved.
fn is_compared_elsewhere(subject: &Subject<'_>, here: StateId, random: &str) -> bool {
    subject.active().any(|(id, _, active)| {
        id != here && active.on.iter().any(|rule| guards(rule, random) || asks(rule, random))
    })
}

fn never(sent: &Sent<'_>) -> Diagnostic {
    let rule = format!(
        "{{ unless = {{ \"$.state\" = \"{{{{random.{}}}}}\" }}, fail = \"state_mismatch\" }}",
        sent.random
    );
    Diagnostic::new(
        &CODE,
        sent.span,
        format!("`random.{}` is sent as `state` and never compared", sent.random),
    )
    .help(format!("begin `on` with `{rule}`"))
}

/// The first rule that uses the answer before its `state` is known to be right: any rule of a browser state, and of a
/// request state one that goes on.
fn too_early(active: &Active, sent: &Sent<'_>, browser: bool) -> Option<Diagnostic> {
    let before = active.on.iter().take_while(|rule| !guards(rule, sent.random));
    let mut unproved = before.filter(|rule| !asks(rule, sent.random));
    let early = unproved.find(|rule| browser || goes_to(rule).is_some())?;
    Some(
        Diagnostic::new(&CODE, early.span, "this rule uses the answer before its `state` is compared")
            .also(sent.span, "sent here")
            .help("compare `state` in the first rule: what does not bring it back is not an answer to this login"),
    )
}
