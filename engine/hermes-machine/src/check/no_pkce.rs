//! HE408: an authorization code that whoever sees it can redeem (RFC 7636).

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::provider::Act;
use hermes_format::template::{Name, Template};

/// HE408.
pub(super) static CODE: Code = Code::warning("HE408", "no-pkce");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (_, state, active) in subject.active() {
        let Act::Browser(browser) = &active.act else { continue };
        let names =
            |template: &Template| template.names().iter().any(|(name, _)| **name == Name::PkceChallenge);
        if !state.templates().iter().any(|placed| names(placed.template)) {
            findings.push(
                Diagnostic::new(&CODE, browser.open.span, "an authorization code without PKCE")
                    .help("send `code_challenge = \"{{pkce.challenge}}\"` and `code_challenge_method = \"S256\"` here, and `code_verifier = \"{{pkce.verifier}}\"` with the code"),
            );
        }
    }
    findings
}
