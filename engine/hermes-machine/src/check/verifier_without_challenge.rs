//! HE416: a verifier that is sent, and a challenge that never is.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::{Placed, Spot};
use hermes_format::template::Name;

/// HE416.
pub(super) static CODE: Code = Code::error("HE416", "verifier-without-challenge");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let placed: Vec<Placed<'_>> = subject.active().flat_map(|(_, state, _)| state.templates()).collect();
    let holds =
        |placed: &Placed<'_>, wanted: Name| placed.template.names().iter().any(|(n, _)| **n == wanted);
    let verifier = placed.iter().find(|placed| holds(placed, Name::PkceVerifier));
    // A verifier that is its own challenge is HE410's.
    let has_challenge =
        placed.iter().any(|placed| holds(placed, Name::PkceChallenge) || is_challenge(placed.spot));
    let findings = verifier.filter(|_| !has_challenge).map(|placed| {
        Diagnostic::new(&CODE, placed.template.span, "a verifier is sent, and its challenge never").help(
            "send `code_challenge = \"{{pkce.challenge}}\"` and `code_challenge_method = \"S256\"` where the login begins",
        )
    });
    findings.into_iter().collect()
}

fn is_challenge(spot: Spot<'_>) -> bool {
    matches!(spot, Spot::Query(name) | Spot::Form(name) | Spot::Json(name) if name == "code_challenge")
}
