//! HE410: a challenge that is the verifier itself (RFC 7636 §4.2).

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Spot;
use hermes_format::template::Name;

/// HE410.
pub(super) static CODE: Code = Code::error("HE410", "weak-pkce");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (_, state, _) in subject.active() {
        let templates = state.templates();
        let fields = || templates.iter().filter_map(|placed| Some((field(placed.spot)?, placed.template)));
        for (name, template) in fields() {
            let problem = match name {
                "code_challenge_method" => (template.as_literal().is_some_and(|method| method != "S256"))
                    .then_some("only S256 keeps the verifier secret"),
                "code_challenge" if template.names().iter().any(|(name, _)| **name == Name::PkceVerifier) => {
                    Some("the verifier itself is sent as the challenge")
                }
                "code_challenge" if !fields().any(|(name, _)| name == "code_challenge_method") => {
                    Some("a challenge without `code_challenge_method` counts as `plain`")
                }
                _ => None,
            };
            findings.extend(problem.map(|problem| {
                Diagnostic::new(&CODE, template.span, problem).help(
                    "write `code_challenge = \"{{pkce.challenge}}\"` and `code_challenge_method = \"S256\"`",
                )
            }));
        }
    }
    findings
}

fn field(spot: Spot<'_>) -> Option<&str> {
    match spot {
        Spot::Query(name) | Spot::Form(name) | Spot::Json(name) => Some(name),
        _ => None,
    }
}
