//! Keeping what a login brought, and forgetting it.

use std::time::Duration;

use hermes_format::provider::{Action, Provider, Shared, StateId};
use hermes_machine::access::{Access, Held, access};
use hermes_machine::machine::{Grant, Trouble};
use indexmap::IndexMap;
use serde_json::Value;

use super::{Inputs, made, place, reach};
use crate::store::{Document, FileStore, GrantKey, MAIN, Record, Row, Slot, StoreError};

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
pub fn save_login(store: &FileStore, login: &Login<'_>, limit: Duration) -> Result<(), StoreError> {
    let id = &login.provider.id;
    if is_from_source(login.grant.access_token.expose_secret(), login.inputs) {
        return store.commit(|document| document.activate(id));
    }
    save(store, login, limit)?;
    // What was kept until it is stored.
    store.clear_login(id, login.label);
    Ok(())
}

fn save(store: &FileStore, login: &Login<'_>, limit: Duration) -> Result<(), StoreError> {
    let id = &login.provider.id;
    loop {
        let Target { slot, .. } = Target::of(&store.read()?, login);
        let saved = store.with_grant_of(
            GrantKey { provider: id, slot: &slot, is_of_root: false },
            limit,
            |held| {
                let is_put = store.commit(|document| {
                    let target = Target::of(document, login);
                    // Another login may have taken the place meanwhile; then this one has another, and waits for its lock.
                    let is_held = target.slot == slot;
                    if is_held {
                        put(document, login, &target);
                        document.activate(id);
                    }
                    is_held
                })?;
                if is_put {
                    // A refresh of the earlier login that was cut off has nothing to finish any more.
                    held.journal(&slot).clear()?;
                }
                Ok::<_, StoreError>(is_put)
            },
        )??;
        if saved {
            return Ok(());
        }
    }
}

/// Where a login is put.
struct Target {
    /// The id of its slot.
    slot: String,
    /// The credentials that are there.
    others: Vec<Slot>,
}

impl Target {
    fn of(document: &Document, login: &Login<'_>) -> Target {
        let others = document.slots(&login.provider.id, &place(login.provider));
        let label = |slot: &&Slot| login.label.is_some() && slot.label.as_deref() == login.label;
        let named = others.iter().find(label);
        let is_beside = login.label.is_some() && others.iter().any(Slot::holds_tokens);
        let slot = match named {
            // What the root of a profile has is replaced by a login beside it, which goes before it.
            Some(slot) if slot.record.root_file().is_some() && slot.id != MAIN => {
                Row::new_id(login.grant, &others)
            }
            Some(slot) if slot.record.row().is_some() => slot.id.clone(),
            None if is_beside => Row::new_id(login.grant, &others),
            Some(_) | None => MAIN.to_owned(),
        };
        Target { slot, others }
    }
}

/// Puts a login in its place.
fn put(document: &mut Document, login: &Login<'_>, target: &Target) {
    if target.slot == MAIN {
        put_main(document, login);
    } else {
        put_beside(document, login, target);
    }
    if let Some(priority) = login.priority {
        document.set_priority(&login.provider.id, &place(login.provider), &target.slot, priority);
    }
}

/// Puts a login in the provider's record.
fn put_main(document: &mut Document, login: &Login<'_>) {
    let id = &login.provider.id;
    // A login in a profile leaves that of the root as it is.
    let before = document.own_record_at(id, &place(login.provider));
    let mut record = record(login, before.as_ref(), begun_in(login));
    if let Some(label) = before.as_ref().and_then(Record::label).filter(|_| login.label.is_none()) {
        record.set_label(&label);
    }
    document.put(id, before.as_ref(), &record);
    if is_key(login.provider) {
        document.offer_key(id, &record);
    }
}

/// Puts a login in a row of the pool, a new one or that of an earlier login.
fn put_beside(document: &mut Document, login: &Login<'_>, Target { slot, others }: &Target) {
    let of = others.iter().find(|other| other.id == *slot);
    let last = others.iter().map(|slot| slot.priority).max().unwrap_or_default();
    let row = Row {
        id: slot.clone(),
        label: login.label.unwrap_or_default().to_owned(),
        priority: of.map_or(last.saturating_add(1), |slot| slot.priority),
        is_key: is_key(login.provider),
        base_url: base_url(login),
    };
    let before = of.map(|slot| &slot.record);
    let record = record_at(login, before, begun_in(login), &[]).into_row(&row);
    document.put_row(&login.provider.id, &record);
}

/// The JSON object of a login whose members are `{{token.*}}`.
pub fn token_of(login: &Login<'_>) -> serde_json::Value {
    Record::of_login(&login.provider.id, None, login.grant, &[]).token()
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

/// The record of a login that began in a state.
pub(super) fn record(login: &Login<'_>, before: Option<&Record>, from: Option<StateId>) -> Record {
    record_at(login, before, from, &place(login.provider))
}

/// The same, with its tokens below some members.
fn record_at(login: &Login<'_>, before: Option<&Record>, from: Option<StateId>, place: &[String]) -> Record {
    let Login { provider, grant, inputs, label, .. } = *login;
    let mut grant = grant.clone();
    grant.keep.retain(|_, value| !value.as_str().is_some_and(|text| is_from_source(text, inputs)));
    // What the server did not send is null, as other programs write it.
    for name in provider.success().into_iter().flat_map(|success| success.keep.keys()) {
        grant.keep.entry(name).or_insert(Value::Null);
    }
    let mut record = Record::of_login(&provider.id, before, &grant, place);
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
pub fn remove(store: &FileStore, provider: &str) -> Result<bool, StoreError> {
    let removed = store.commit(|document| document.remove(provider))?;
    // They hold what servers answered: tokens, as they came. A renewal that is under way finds its grant gone.
    store.clear_journals(provider, LOCK_LIMIT)?;
    Ok(store.clear_logins(provider) || removed)
}

/// Removes one of a provider's credentials, and its copies.
pub fn remove_one(store: &FileStore, provider: &Provider, slot: &Slot) -> Result<(), StoreError> {
    let key = slot.record.key(&provider.id);
    store.clear_login(&provider.id, slot.label.as_deref());
    store.with_grant_of(key, LOCK_LIMIT, |held| {
        store.commit(|document| document.remove_slot(&provider.id, &place(provider), slot))?;
        held.journal(&slot.id).clear()
    })?
}

/// Forgets that a provider's credentials have failed: one, or all. Tells whether any had.
pub fn reset(store: &FileStore, provider: &str, only: Option<&Slot>) -> Result<bool, StoreError> {
    let is_meant = |slot: &Slot| only.is_none_or(|only| only.id == slot.id);
    let all = store.read()?.slots(provider, &[]).into_iter();
    for slot in all.filter(|slot| is_meant(slot) && slot.record.is_marked_unread()) {
        // What the file can't read is dropped, for that is what is asked for; what is only not finished stays.
        store
            .with_grant_of(slot.record.key(provider), LOCK_LIMIT, |held| held.journal(&slot.id).clear())??;
    }
    let dropped = match only {
        Some(slot) => store.clear_login(provider, slot.label.as_deref()),
        None => store.clear_logins(provider),
    };
    Ok(store.commit(|document| document.forgive(provider, only))? || dropped)
}

/// Moves a credential in the order in which they are tried: the lowest first.
pub fn set_priority(
    store: &FileStore,
    provider: &Provider,
    slot: &Slot,
    priority: i64,
) -> Result<(), StoreError> {
    store.commit(|document| document.set_priority(&provider.id, &place(provider), &slot.id, priority))
}
