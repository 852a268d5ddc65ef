//! Which of a provider's credentials is tried first, and with which inputs.

use hermes_format::provider::{Provider, Shared};
use hermes_format::time::UnixMs;

use super::Inputs;
use super::freshness::{Demand, Freshness, freshness};
use crate::input::InputOrigin;
use crate::store::{ListedGrant, Rest, Snapshot, StoredGrant};

/// The stored credentials of a provider in the order in which they are tried: by priority, those that rest or that only
/// a new login helps behind the others. Where none holds a token, the first alone.
///
/// They are read one by one, when their turn comes.
pub(super) fn candidates<'s>(
    snapshot: &'s Snapshot,
    provider: &Provider,
    now: UnixMs,
) -> Vec<&'s ListedGrant> {
    let all = &snapshot.grants;
    if !all.iter().any(|one| one.holds_tokens) {
        return all.iter().take(1).collect();
    }
    let mut holding: Vec<&ListedGrant> = all.iter().filter(|one| one.holds_tokens).collect();
    holding.sort_by_cached_key(|one| if one.is_troubled { back(provider, &one.grant(), now) } else { 0 });
    holding
}

/// Whether one of these credentials holds a token.
pub(super) fn is_any_held(all: &[&ListedGrant]) -> bool {
    all.iter().any(|one| one.holds_tokens)
}

/// How far a credential stands back behind the others.
fn back(provider: &Provider, grant: &StoredGrant, now: UnixMs) -> u8 {
    let has_ended = || freshness(provider, grant, Demand::default(), now) == Freshness::Ended;
    match grant.rest(now) {
        Some(Rest::Dead) => 2,
        _ if grant.health.relogin.is_some() && has_ended() => 2,
        Some(Rest::Cooling { .. }) => 1,
        None => 0,
    }
}

/// The inputs of one credential, where `inputs` were found with those that are kept with another.
pub(super) fn inputs_of(
    provider: &Shared,
    inputs: &Inputs,
    other: &StoredGrant,
    own: &StoredGrant,
) -> Inputs {
    let mut inputs = inputs.clone();
    if other.id == own.id {
        return inputs;
    }
    // What a person has just set, or a source says, is no other credential's.
    let is_free = |inputs: &Inputs, name: &String| {
        matches!(inputs.origins.get(name), None | Some(InputOrigin::Kept | InputOrigin::Default))
    };
    for name in other.made.inputs.keys().filter(|name| is_free(&inputs, name)).cloned().collect::<Vec<_>>() {
        match provider.inputs.get(&name).and_then(|input| input.default.clone()) {
            Some(default) => put(&mut inputs, &name, default, InputOrigin::Default),
            None => {
                inputs.values.shift_remove(&name);
                inputs.origins.shift_remove(&name);
            }
        };
    }
    for (name, value) in &own.made.inputs {
        if is_free(&inputs, name) {
            put(&mut inputs, name, value.clone(), InputOrigin::Kept);
        }
    }
    inputs
}

fn put(inputs: &mut Inputs, name: &str, value: String, origin: InputOrigin) {
    inputs.values.insert(name.to_owned(), value);
    inputs.origins.insert(name.to_owned(), origin);
}
