//! Which inputs a run can need: those in the states that it can reach, and those of `[api]`.

use hermes_engine_core::provider::{Constants, Provider, State, StateId};
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
