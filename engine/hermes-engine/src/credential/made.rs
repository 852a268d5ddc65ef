//! Credentials that need no person: an API key, a token minted from another, client credentials.
//!
//! The machine itself says whether a login can begin: it is started, which costs nothing and sends nothing, and its
//! first effect is looked at.

use hermes_format::provider::{Action, Provider, StateId, StateKind, ValueSource};
use hermes_format::time::Now;
use hermes_machine::machine::{Code, Effect, Grant, Machine, Outcome, Start, Trouble, TroubleClass};
use indexmap::IndexMap;

use super::plan::Given;
use super::{Inputs, reach, trouble};
use crate::clock::Clock;
use crate::entropy::System;
use crate::input::InputOrigin;
use crate::store::{StoredGrant, sha256};

/// Whether there is a login that needs no person.
pub(super) enum Unattended {
    /// There is, from this state, and it can begin.
    Ready(StateId),
    /// There is, but something that it needs is missing.
    Lacks(Trouble),
    /// There is none.
    None,
}

/// The grant of a login that begins in `success`: an API key. `None` where the provider has another login and no key is
/// there.
pub(super) fn from_inputs(given: Given<'_>) -> Option<Result<Grant, Trouble>> {
    let mut lack = None;
    let starts = given.provider.starts(Action::Login);
    let has_other = starts.iter().any(|id| !is_success(given.provider, *id));
    for id in starts.into_iter().filter(|id| is_success(given.provider, *id)) {
        match begin(given, id) {
            Effect::Finish(Outcome::Success(grant)) => return Some(Ok(*grant)),
            Effect::Finish(Outcome::Failed(trouble)) => lack = Some(trouble),
            _ => {}
        }
    }
    lack.filter(|_| !has_other).map(Err)
}

/// The login that needs no person and sends something.
pub(super) fn login_without_person(given: Given<'_>) -> Unattended {
    let mut found = Unattended::None;
    for id in given.provider.starts(Action::Login) {
        if is_success(given.provider, id) || reach::needs_person(given.provider, id) {
            continue;
        }
        match begin(given, id) {
            Effect::Finish(Outcome::Failed(lack)) => {
                found = Unattended::Lacks(as_login(given.provider, lack))
            }
            Effect::Finish(_) => {}
            _ => return Unattended::Ready(id),
        }
    }
    found
}

/// A missing value is the lack of a login to whoever asks for a token.
fn as_login(provider: &Provider, lack: Trouble) -> Trouble {
    if lack.code != Code::MissingInput {
        return lack;
    }
    let standard = trouble::standard(provider, Code::NotLoggedIn);
    Trouble { message: lack.message, class: TroubleClass::Login, ..standard }
}

/// The first effect of a login that begins in a state.
fn begin(given: Given<'_>, id: StateId) -> Effect {
    let now: Now = Clock::start().now();
    Machine::start(start(given, id), now).1
}

/// What such a login is started with.
pub(super) fn start(given: Given<'_>, id: StateId) -> Start {
    Start {
        provider: given.provider.clone(),
        action: Action::Login,
        from: Some(id),
        region: given.region.map(str::to_owned),
        inputs: given.inputs.values.clone(),
        token: None,
        bound_to: None,
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(System),
    }
}

/// Whether a state is `success` itself: a login that begins there sends nothing.
pub(super) fn is_success(provider: &Provider, id: StateId) -> bool {
    provider.states.get(id.0).is_some_and(|state| matches!(state.kind, StateKind::Success(_)))
}

/// Whether a source gives the key that a credential is made of. That an address or a name comes from one makes no key.
pub(super) fn is_supplied(provider: &Provider, inputs: &Inputs) -> bool {
    let Some(ValueSource::Template(token)) = provider.success().map(|success| &success.access_token) else {
        return false;
    };
    let is_secret = |name: &str| provider.inputs.get(name).is_some_and(|input| input.secret);
    provider.inputs_in([token]).into_iter().any(|name| is_secret(name) && inputs.is_from_source(name))
}

/// Whether a login reads a secret that the stored credential keeps.
pub(super) fn reads_kept_secret(given: Given<'_>, id: StateId) -> bool {
    let is_secret = |name: &str| given.provider.inputs.get(name).is_some_and(|input| input.secret);
    let is_kept = |name: &str| given.inputs.origins.get(name) == Some(&InputOrigin::Kept);
    given.provider.inputs_of_runs(&[id]).into_iter().any(|name| is_secret(name) && is_kept(name))
}

/// The fingerprints of the sources' values that a login reads, by input. A source's value itself is never stored.
pub(super) fn fingerprints(provider: &Provider, id: StateId, inputs: &Inputs) -> IndexMap<String, String> {
    let read = provider.inputs_of_runs(&[id]).into_iter().filter(|name| inputs.is_from_source(name));
    read.filter_map(|name| Some((name.to_owned(), fingerprint(provider, name, inputs)?))).collect()
}

/// Not the plain hash: two providers that read one key must not tell so.
fn fingerprint(provider: &Provider, name: &str, inputs: &Inputs) -> Option<String> {
    Some(sha256(&format!("{}\n{name}\n{}", provider.id, inputs.values.get(name)?)))
}

/// Whether a value that a credential was made of has changed since. A source that has gone leaves it as it is.
pub(super) fn has_changed(provider: &Provider, grant: &StoredGrant, inputs: &Inputs) -> bool {
    grant.made.made_from.iter().any(|(name, made_from)| {
        let now = fingerprint(provider, name, inputs).filter(|_| inputs.is_from_source(name));
        now.is_some_and(|now| now != *made_from)
    })
}
