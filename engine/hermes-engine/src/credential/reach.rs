//! What the states that a flow can reach need: a person, the refresh token.

use hermes_format::provider::{Act, Active, Provider, Spot, State, StateId, StateKind};
use hermes_format::query::Step;
use hermes_format::template::Name;

/// Whether a run from a state may open a page, show something or wait for a paste.
pub(super) fn needs_person(provider: &Provider, from: StateId) -> bool {
    acting(provider, from).any(|(_, active)| active.show.is_some() || matches!(active.act, Act::Browser(_)))
}

/// Whether a run from a state sends the stored refresh token.
pub(super) fn spends_refresh_token(provider: &Provider, from: StateId) -> bool {
    let is_refresh_token = |name: &Name| match name {
        Name::Token(path) => path.first() == Some(&Step::Key("refresh_token".to_owned())),
        _ => false,
    };
    acting(provider, from)
        .flat_map(|(state, _)| state.templates())
        .filter(|placed| placed.spot != Spot::Operand)
        .any(|placed| placed.template.names().iter().any(|(name, _)| is_refresh_token(name)))
}

/// The acting states that a run can come to.
fn acting(provider: &Provider, from: StateId) -> impl Iterator<Item = (&State, &Active)> {
    let reached = provider.reachable(&[from]).into_iter();
    reached.filter_map(|id| provider.states.get(id.0)).filter_map(|state| match &state.kind {
        StateKind::Active(active) => Some((state, &**active)),
        _ => None,
    })
}
