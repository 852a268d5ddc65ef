//! The states that a run can come to.

use std::collections::BTreeSet;

use hermes_format::provider::{ACTIONS, Active, Provider, StateId, StateKind, Then};

/// Every state on a way from a start, or from the start of a refresh.
pub(super) fn reachable(provider: &Provider) -> BTreeSet<StateId> {
    let starts: Vec<StateId> = ACTIONS.into_iter().flat_map(|action| provider.starts(action)).collect();
    provider.reachable(&starts)
}

/// Whether a rule of these states fails with a code.
pub(super) fn can_fail(provider: &Provider, states: &BTreeSet<StateId>) -> bool {
    active(provider, states).any(|state| state.on.iter().any(|rule| matches!(rule.then, Then::Fail { .. })))
}

/// Whether one of these states has a deadline.
pub(super) fn can_time_out(provider: &Provider, states: &BTreeSet<StateId>) -> bool {
    active(provider, states).any(|state| state.until.is_some())
}

pub(super) fn active<'a>(
    provider: &'a Provider,
    states: &'a BTreeSet<StateId>,
) -> impl Iterator<Item = &'a Active> {
    states.iter().filter_map(|id| match &provider.state(*id).kind {
        StateKind::Active(active) => Some(&**active),
        _ => None,
    })
}
