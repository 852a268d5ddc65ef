//! HE415: an input that is a secret and does not say so.

use std::collections::BTreeSet;

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic};
use hermes_format::label::{Maker, label_template};
use hermes_format::provider::Spot;

/// HE415.
pub(super) static CODE: Code = Code::warning("HE415", "not-marked-secret");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let provider = subject.provider;
    let placed = provider.states.iter().flat_map(|state| state.templates()).chain(provider.api_templates());
    let secret_places = placed.filter(|placed| is_for_secrets(placed.spot));
    let makers: BTreeSet<Maker> =
        secret_places.flat_map(|placed| label_template(placed.template, provider).makers).collect();
    let open = provider.inputs.iter().filter(|(name, input)| {
        !input.secret && (sounds_secret(name) || makers.contains(&Maker::Input((*name).clone())))
    });
    open.map(|(name, input)| {
        Diagnostic::new(&CODE, input.span, format!("`{name}` is a secret, and not marked as one"))
            .help("add `secret = true`: it is then asked without echo and never shown")
    })
    .collect()
}

fn is_for_secrets(spot: Spot<'_>) -> bool {
    match spot {
        Spot::AccessToken | Spot::RefreshToken | Spot::Bearer | Spot::BasicSecret => true,
        Spot::Form(name) | Spot::Json(name) | Spot::Query(name) => name == "client_secret",
        Spot::Header(name) | Spot::ApiHeader(name) => {
            name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("x-api-key")
        }
        _ => false,
    }
}

fn sounds_secret(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name);
    matches!(last, "key" | "token" | "secret" | "password" | "apikey")
}
