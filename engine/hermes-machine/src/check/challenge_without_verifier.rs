//! HE409: a challenge that is sent, and a verifier that never is.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::template::Name;

/// HE409.
pub(super) static CODE: Code = Code::error("HE409", "challenge-without-verifier");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut challenge = None;
    for (_, state, _) in subject.active() {
        for placed in state.templates() {
            for (name, _) in placed.template.names() {
                match name {
                    Name::PkceVerifier => return Vec::new(),
                    Name::PkceChallenge => challenge = challenge.or(Some(placed.template.span)),
                    _ => {}
                }
            }
        }
    }
    let findings = challenge.map(|span| {
        Diagnostic::new(&CODE, span, "a challenge is sent, and its verifier never")
            .help("send `code_verifier = \"{{pkce.verifier}}\"` where the code is redeemed")
    });
    findings.into_iter().collect()
}
