//! What the states that a flow can reach need: a person, inputs, the refresh token.

use std::collections::BTreeSet;

use hermes_engine_core::label::{Maker, label_template};
use hermes_engine_core::provider::{Act, Active, Back, Provider, StateId, StateKind, Then};
use hermes_engine_core::query::Step;
use hermes_engine_core::template::{Name, Template};

/// The acting states that can be reached from some states, those included.
fn reached<'p>(provider: &'p Provider, from: &[StateId]) -> Vec<&'p Active> {
    let mut open = from.to_vec();
    let mut seen = BTreeSet::new();
    let mut active = Vec::new();
    while let Some(id) = open.pop() {
        let Some(state) = provider.states.get(id.0).filter(|_| seen.insert(id)) else { continue };
        if let StateKind::Active(acting) = &state.kind {
            open.extend(acting.on.iter().filter_map(|rule| match &rule.then {
                Then::Go(to) => Some(to.value),
                Then::Fail { .. } => None,
            }));
            active.push(&**acting);
        }
    }
    active
}

/// Whether a run from a state may open a page, show something or wait for a paste.
pub(super) fn needs_person(provider: &Provider, from: StateId) -> bool {
    reached(provider, &[from])
        .iter()
        .any(|active| active.show.is_some() || matches!(active.act, Act::Browser(_)))
}

/// Whether a run from a state sends the stored refresh token.
pub(super) fn spends_refresh_token(provider: &Provider, from: StateId) -> bool {
    let is_refresh_token = |name: &Name| match name {
        Name::Token(path) => path.first() == Some(&Step::Key("refresh_token".to_owned())),
        _ => false,
    };
    reached(provider, &[from])
        .into_iter()
        .flat_map(templates)
        .any(|template| template.names().iter().any(|(name, _)| is_refresh_token(name)))
}

/// The inputs that runs from some states read.
pub(super) fn inputs_of_runs(provider: &Provider, from: &[StateId]) -> BTreeSet<String> {
    inputs_of(provider, reached(provider, from).into_iter().flat_map(templates))
}

/// The inputs that `[api]` reads.
pub(super) fn inputs_of_api(provider: &Provider) -> BTreeSet<String> {
    inputs_of(provider, provider.api_templates().into_iter().map(|placed| placed.template))
}

/// The inputs that templates read, through vars too.
pub(super) fn inputs_of<'t>(
    provider: &Provider,
    templates: impl Iterator<Item = &'t Template>,
) -> BTreeSet<String> {
    let makers = templates.flat_map(|template| label_template(template, provider).makers);
    makers.filter_map(|maker| if let Maker::Input(name) = maker { Some(name) } else { None }).collect()
}

/// The templates of what a state sends.
fn templates(active: &Active) -> Vec<&Template> {
    match &active.act {
        Act::Request(request) => request.templates(),
        Act::Browser(browser) => {
            let path = match &browser.back {
                Back::Listen(listen) => Some(&listen.path),
                Back::Paste => None,
            };
            std::iter::once(&browser.open).chain(browser.query.values()).chain(path).collect()
        }
    }
}
