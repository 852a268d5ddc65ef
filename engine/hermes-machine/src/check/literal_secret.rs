//! HE411: a secret that is written in the file.

use super::Rule;
use super::literal_path::path_of_word;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::label_template;
use hermes_format::provider::Spot;
use hermes_format::source::Span;
use hermes_format::template::{Name, Template};

/// HE411.
pub(super) static CODE: Code = Code::error("HE411", "literal-secret");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

/// Fields and headers whose value is a secret. A `client_id` is none.
const SECRETS: [&str; 14] = [
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "authorization",
    "client_assertion",
    "client_secret",
    "password",
    "private_key",
    "proxy-authorization",
    "refresh_token",
    "secret",
    "x-api-key",
    "x-goog-api-key",
];

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let placed = provider.states.iter().flat_map(|state| state.templates()).chain(provider.api_templates());
    let literal = placed.filter(|placed| is_secret(placed.spot) && is_constant(placed.template, subject));
    let mut findings: Vec<Diagnostic> = literal
        .map(|placed| match path_of_word(subject, placed) {
            Some(path) => {
                let message = format!("`{}` would be stored as the token itself", placed.template.text);
                Diagnostic::new(&CODE, placed.template.span, message).meant(path)
            }
            None => finding(placed.template.span),
        })
        .collect();
    let inputs = provider.inputs.values().filter(|input| input.secret);
    let with_default =
        inputs.filter(|input| input.default.as_ref().is_some_and(|default| !default.is_empty()));
    findings.extend(with_default.map(|input| finding(input.span).label("this secret input has a `default`")));
    findings
}

fn finding(span: Span) -> Diagnostic {
    Diagnostic::new(&CODE, span, "a secret is written in the file")
        .help("let a person or the environment supply it: `[inputs.NAME]` with `secret = true`; one that is public by design is allowed by a comment that says so")
}

fn is_secret(spot: Spot<'_>) -> bool {
    match spot {
        Spot::BasicSecret | Spot::Bearer | Spot::AccessToken | Spot::RefreshToken => true,
        Spot::Query(name)
        | Spot::Form(name)
        | Spot::Json(name)
        | Spot::Header(name)
        | Spot::ApiHeader(name) => SECRETS.contains(&name.to_ascii_lowercase().as_str()),
        _ => false,
    }
}

/// Whether the file alone says the value, and it is not empty.
fn is_constant(template: &Template, subject: &Subject<'_>) -> bool {
    let supplied = template.names().iter().any(|(name, _)| match name {
        // In a flow a provider may make an input of it.
        Name::Var(var) => subject.flow && !subject.provider.vars.contains_key(var),
        Name::Region(_) => false,
        _ => true,
    });
    !supplied && !template.text.is_empty() && label_template(template, subject.provider).makers.is_empty()
}
