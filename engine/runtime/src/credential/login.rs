//! Keeping what a login brought, and forgetting it.

use std::time::Duration;

use hermes_engine_core::machine::Grant;
use hermes_engine_core::provider::{Action, Provider, Shared, StateId};
use indexmap::IndexMap;

use super::{Inputs, made, place, reach};
use crate::store::{Record, Store, StoreError};

/// How long a login waits for a refresh of the credential that it replaces: two requests and a little.
const LOCK_LIMIT: Duration = Duration::from_secs(65);

/// A login that has ended well.
pub struct Login<'a> {
    /// The provider.
    pub provider: &'a Shared,
    /// What the flow brought.
    pub grant: &'a Grant,
    /// The inputs that it ran with; typed ones that a later flow or `[api]` reads are kept.
    pub inputs: &'a Inputs,
    /// What a person calls it.
    pub label: Option<&'a str>,
}

/// Stores a login in place of an earlier one, and makes its provider the active one.
///
/// A token that is nothing but a source's value (an API key in the environment) is not stored: it is read from there at
/// each use.
pub fn save_login(store: &Store, login: &Login<'_>) -> Result<(), StoreError> {
    let id = &login.provider.id;
    store.with_grant(id, LOCK_LIMIT, |held| {
        store.commit(|document| {
            if !is_from_source(login.grant.access_token.expose_secret(), login.inputs) {
                let before = document.record_at(id, &place(login.provider));
                let record = record(login, before.as_ref(), begun_in(login));
                document.put(id, before.as_ref(), &record);
                if is_key(login.provider) {
                    document.offer_key(id, &record);
                }
            }
            document.activate(id);
        })?;
        // A refresh of the earlier login that was cut off has nothing to finish any more.
        held.journal().clear()
    })?
}

/// The record of a login that began in a state.
pub(super) fn record(login: &Login<'_>, before: Option<&Record>, from: Option<StateId>) -> Record {
    let Login { provider, grant, inputs, label } = *login;
    let mut grant = grant.clone();
    grant.keep.retain(|_, value| !value.as_str().is_some_and(|text| is_from_source(text, inputs)));
    let mut record = Record::of_login(&provider.id, before, &grant, &place(provider));
    record.keep_inputs(&to_keep(provider, inputs));
    if let Some(from) = from.filter(|from| !reach::needs_person(provider, *from)) {
        record.keep_made_from(&made::fingerprints(provider, from, inputs));
    }
    if let Some(label) = label {
        record.set_label(label);
    }
    record
}

/// Whether a login of this provider is a key that a person types.
fn is_key(provider: &Provider) -> bool {
    let starts = provider.starts(Action::Login);
    !starts.is_empty() && starts.into_iter().all(|id| made::is_success(provider, id))
}

/// Whether a text is the value of a source, which is never stored.
fn is_from_source(text: &str, inputs: &Inputs) -> bool {
    inputs.values.iter().any(|(name, value)| value == text && inputs.is_from_source(name))
}

/// The typed values that refresh, logout, verify or `[api]` reads.
fn to_keep(provider: &Provider, inputs: &Inputs) -> IndexMap<String, String> {
    let later = [Action::Refresh, Action::Logout, Action::Verify];
    let starts: Vec<StateId> = later.into_iter().flat_map(|action| provider.starts(action)).collect();
    let mut read = reach::inputs_of_runs(provider, &starts);
    read.extend(reach::inputs_of_api(provider));
    let default = |name: &str| provider.inputs.get(name).and_then(|input| input.default.as_ref());
    let typed = inputs.values.iter().filter(|(name, value)| {
        read.contains(*name) && !inputs.is_from_source(name) && default(name) != Some(value)
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
pub fn remove(store: &Store, provider: &str) -> Result<bool, StoreError> {
    store.with_grant(provider, LOCK_LIMIT, |held| {
        let removed = store.commit(|document| document.remove(provider))?;
        held.journal().clear()?;
        Ok(removed)
    })?
}

/// Forgets that a provider's credential has failed. Tells whether it had.
pub fn reset(store: &Store, provider: &str) -> Result<bool, StoreError> {
    store.with_grant(provider, LOCK_LIMIT, |_| store.commit(|document| document.forgive(provider)))?
}
