//! What the words mean that every file may use: helpers and error codes.

use hermes_engine_core::provider::{Provider, State, StateKind, Then};
use hermes_engine_core::source::Span;

/// The helpers of templates, and what each gives.
pub(super) const HELPERS: [(&str, &str); 3] = [
    ("first", "`{{first a b 'c'}}`: the first of its names and texts that is present."),
    (
        "jwt",
        "`{{jwt token 'claim'}}`: a claim of a JSON Web Token's payload; further texts step into it. No signature is verified.",
    ),
    (
        "match",
        "`{{match text 'regex'}}`: the first group of the first match, or the match where there is no group.",
    ),
];

/// The rules that fail: the state, the code, whether only a new login helps, and where the code is written.
pub(super) fn fails(provider: &Provider) -> impl Iterator<Item = (&State, &str, bool, Span)> {
    let rules = provider.states.iter().flat_map(|state| match &state.kind {
        StateKind::Active(active) => active.on.iter().map(|rule| (state, rule)).collect(),
        _ => Vec::new(),
    });
    rules.filter_map(|(state, rule)| match &rule.then {
        Then::Fail { code, relogin } => Some((state, code.value.as_str(), *relogin, code.span)),
        Then::Go(_) => None,
    })
}
