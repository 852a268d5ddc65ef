//! Which inputs a run can need: those in the states that it can reach, and those of `[api]`.

use hermes_engine_core::provider::{Action, Constants, Provider, State, StateId, StateKind, ValueSource};
use indexmap::{IndexMap, IndexSet};

/// The inputs that a login which begins in a state may need, with the values at hand.
pub(super) fn of_login<'p>(
    provider: &'p Provider,
    begins_in: Option<StateId>,
    values: &IndexMap<String, String>,
) -> IndexSet<&'p str> {
    let reached = provider.reachable(begins_in.as_slice());
    let states = reached.into_iter().filter_map(|id| provider.states.get(id.0));
    let placed = states.flat_map(State::templates).chain(provider.api_templates());
    let constants = Constants { provider, region: None, inputs: values };
    // What has a value without it, as in `{{first key 'none'}}`, needs no input.
    let lacking =
        placed.map(|placed| placed.template).filter(|template| template.render(&constants).is_err());
    provider.inputs_in(lacking)
}

/// Whether an input is what the provider calls its token: an API key, which a login is there to ask for.
pub(super) fn is_key(provider: &Provider, input: &str) -> bool {
    let starts = provider.starts(Action::Login).into_iter().filter_map(|id| provider.states.get(id.0));
    let tokens = starts.filter_map(|state| match &state.kind {
        StateKind::Success(success) => match &success.access_token {
            ValueSource::Template(token) => Some(token),
            ValueSource::Path(_) => None,
        },
        _ => None,
    });
    provider.inputs_in(tokens).contains(input)
}
