//! Keeping what a login brought, and forgetting it.

use std::time::Duration;

use hermes_format::provider::{Action, Provider, Shared, StateId};
use hermes_machine::access::{Access, Held, access};
use hermes_machine::machine::{Grant, Trouble};
use indexmap::IndexMap;
use serde_json::Value;

use super::{Inputs, made, reach};
use crate::store::{AnyStore, NewGrant, Note, Scope, StoreError, StoredGrant, Tokens, wait};

/// How long a change that can be made again waits for a refresh that is under way: two requests and a little.
pub(super) const LOCK_LIMIT: Duration = Duration::from_secs(65);

/// A login that has ended well.
pub struct Login<'a> {
    /// The provider.
    pub provider: &'a Shared,
    /// What the flow brought.
    pub grant: &'a Grant,
    /// The inputs that it ran with; typed ones that a later flow or `[api]` reads are kept.
    pub inputs: &'a Inputs,
    /// What a person calls it. One of another name stays beside it.
    pub label: Option<&'a str>,
    /// Its place in the order; `None` is behind the others.
    pub priority: Option<i64>,
}

/// Stores a login, and makes its provider the active one.
///
/// It takes the place of the credential of its label; with a new label it stands beside the others, and without one it is
/// the provider's own record. A token that is nothing but a source's value (an API key in the environment) is not stored:
/// it is read from there at each use.
///
/// A refresh of the login that it replaces goes first; it is waited for no longer than `limit`. A login can't be had
/// again for nothing, and its limit is the patience of its person.
pub fn save_login(store: &dyn AnyStore, login: &Login<'_>, limit: Duration) -> Result<(), StoreError> {
    wait(store.put(to_store(login, begun_in(login)), limit)).map(drop)
}

/// A login as it is stored, which began in a state.
pub(super) fn to_store(login: &Login<'_>, from: Option<StateId>) -> NewGrant {
    let Login { provider, grant, inputs, label, priority } = *login;
    let unattended = from.filter(|from| !reach::needs_person(provider, *from));
    let made_from = unattended.map(|from| made::fingerprints(provider, from, inputs));
    NewGrant {
        scope: super::scope(provider),
        grant: (!is_from_source(grant.access_token.expose_secret(), inputs)).then(|| kept(login)),
        is_key: is_key(provider),
        label: label.map(str::to_owned),
        priority,
        inputs: to_keep(provider, inputs),
        made_from: made_from.unwrap_or_default(),
        base_url: base_url(login),
    }
}

/// What is kept of a grant: no value of a source, and null for what the server did not send, as other programs write it.
fn kept(login: &Login<'_>) -> Grant {
    let Login { provider, inputs, .. } = *login;
    let mut grant = login.grant.clone();
    grant.keep.retain(|_, value| !value.as_str().is_some_and(|text| is_from_source(text, inputs)));
    for name in provider.success().into_iter().flat_map(|success| success.keep.keys()) {
        grant.keep.entry(name).or_insert(Value::Null);
    }
    grant
}

/// The JSON object of a login whose members are `{{token.*}}`.
pub fn token_of(login: &Login<'_>) -> serde_json::Value {
    Value::Object(Tokens::of(login.grant).members)
}

/// What a client would get from a login, or why nothing can be done with it.
pub fn try_out(login: &Login<'_>) -> Result<Access, Trouble> {
    let token = token_of(login);
    let held = Held {
        region: login.grant.region.as_deref(),
        inputs: &login.inputs.values,
        token: &token,
        origins: &login.grant.origins,
    };
    access(login.provider, &held, None)
}

/// Where Hermes Agent would send the credential.
fn base_url(login: &Login<'_>) -> Option<String> {
    try_out(login).ok()?.base_url
}

/// Whether a login of this provider is a key that a person types.
pub fn is_key(provider: &Provider) -> bool {
    let starts = provider.starts(Action::Login);
    !starts.is_empty() && starts.into_iter().all(|id| made::is_success(provider, id))
}

/// Whether a text is the value of a source, which is never stored.
fn is_from_source(text: &str, inputs: &Inputs) -> bool {
    inputs.values.iter().any(|(name, value)| value == text && inputs.is_from_source(name))
}

/// The typed values that refresh, logout, verify or `[api]` reads.
fn to_keep(provider: &Provider, inputs: &Inputs) -> IndexMap<String, String> {
    let default = |name: &str| provider.inputs.get(name).and_then(|input| input.default.as_ref());
    let typed = inputs.values.iter().filter(|(name, value)| {
        provider.persists(name) && !inputs.is_from_source(name) && default(name) != Some(value)
    });
    typed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The state in which a login without a person would have begun, which is where this one did if it needed none.
fn begun_in(login: &Login<'_>) -> Option<StateId> {
    let region = login.grant.region.as_deref();
    let given = super::plan::Given { provider: login.provider, inputs: login.inputs, region };
    match made::login_without_person(given) {
        made::Unattended::Ready(id) => Some(id),
        made::Unattended::Lacks(_) | made::Unattended::None => None,
    }
}

/// Removes every copy of a provider's credential. Tells whether there was one.
pub fn remove(store: &dyn AnyStore, provider: &str) -> Result<bool, StoreError> {
    wait(store.remove(&Scope::plain(provider), None, LOCK_LIMIT))
}

/// Removes one of a provider's credentials, and its copies.
pub fn remove_one(store: &dyn AnyStore, provider: &Provider, grant: &StoredGrant) -> Result<(), StoreError> {
    wait(store.remove(&super::scope(provider), Some(&grant.key()), LOCK_LIMIT)).map(drop)
}

/// Forgets that a provider's credentials have failed: one, or all. Tells whether any had.
pub fn reset(store: &dyn AnyStore, provider: &str, only: Option<&StoredGrant>) -> Result<bool, StoreError> {
    let only = only.map(StoredGrant::key);
    wait(store.forgive(&Scope::plain(provider), only.as_ref(), LOCK_LIMIT))
}

/// Moves a credential in the order in which they are tried: the lowest first.
pub fn set_priority(
    store: &dyn AnyStore,
    provider: &Provider,
    grant: &StoredGrant,
    priority: i64,
) -> Result<(), StoreError> {
    let note = Note::Priority(priority);
    wait(store.note(&super::scope(provider), &grant.key(), &grant.revision, note)).map(drop)
}
