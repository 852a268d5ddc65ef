//! A server that wants another login: what it asks for is noted, and the next login reads it (`{{last.*}}`).
//!
//! Note: a renewed token would be refused as well, so nothing is renewed here. How often in a row is counted: a server that
//! refuses what it has just allowed would have its user log in for ever.

use hermes_format::provider::{Provider, StateKind};
use hermes_format::query::Step;
use hermes_format::template::Name;
use hermes_machine::machine::{Code, Earlier, Trouble, TroubleClass};
use serde_json::{Map, Value};

use super::token::{Error, Rejected};
use super::trouble;
use super::turn::refused_of;
use crate::input::Inputs;
use crate::store::{AnyStore, Challenge, ListedGrant, MAIN, Note, StoredGrant, wait};

/// How many logins in a row may be refused for what they allow.
const MOST_REFUSALS: u64 = 3;

/// Notes the challenge of a server that has refused a stored credential.
///
/// # Errors
/// A login is needed where the challenge is that of a file that reads it and asks for more than the login allows; after the
/// third in a row the failure is for good. The store can't be read or written.
pub fn note_challenge(
    store: &dyn AnyStore,
    provider: &Provider,
    rejected: Rejected<'_>,
    challenge: &Value,
) -> Result<(), Error> {
    if !reads_challenge(provider) {
        return Ok(());
    }
    let scope = super::scope(provider);
    let snapshot = wait(store.grants(&scope))?;
    let Some(refused) = refused_of(&snapshot, provider, rejected) else { return Ok(()) };
    let wants_more = challenge.get("error").and_then(Value::as_str) == Some("insufficient_scope");
    let before = refused.health.challenge.as_ref().map_or(0, |challenge| challenge.refusals);
    let refusals = before + u64::from(wants_more);
    let note = Note::Challenged(Challenge { parameters: challenge.as_object().cloned(), refusals });
    wait(store.note(&scope, &refused.key(), &refused.revision, note))?;
    if !wants_more {
        return Ok(());
    }
    if refusals >= MOST_REFUSALS {
        return Err(trouble::standard(provider, Code::InsufficientScope).into());
    }
    let scope = challenge.get("scope").and_then(Value::as_str);
    let scope = scope.map(|scope| format!(": `{scope}`")).unwrap_or_default();
    let words = format!("the server asks for a login that allows more{scope}");
    let trouble = trouble::worded(provider, Code::InsufficientScope, &words);
    let help = format!("log in again with `hermes-engine run-flow {}`", provider.id);
    Err(Trouble { class: TroubleClass::Login, relogin: true, help: Some(help), ..trouble }.into())
}

/// What a login takes from the credential that it replaces: that of a label, or the provider's own.
pub fn earlier(store: &dyn AnyStore, provider: &Provider, inputs: &Inputs, label: Option<&str>) -> Earlier {
    let Ok(snapshot) = wait(store.grants(&super::scope(provider))) else { return Earlier::default() };
    let is_replaced = |grant: &&ListedGrant| match label {
        Some(label) => grant.label.as_deref() == Some(label),
        None => grant.id == MAIN,
    };
    let replaced = snapshot.grants.iter().find(is_replaced).map(ListedGrant::grant);
    // With other values it is a login elsewhere.
    let is_same = |grant: &StoredGrant| {
        let mut kept = grant.made.inputs.iter();
        kept.all(|(name, value)| inputs.values.get(name).is_none_or(|own| own == value))
    };
    let Some(grant) = replaced.filter(is_same) else { return Earlier::default() };
    let challenge = grant.health.challenge.as_ref().and_then(|challenge| challenge.parameters.clone());
    let last = challenge.map(|challenge| {
        let token = grant.token();
        let kept = provider.success().into_iter().flat_map(|success| success.keep.keys());
        let kept = kept.filter_map(|name| Some((name.clone(), token.get(name)?.clone())));
        let mut members: Map<String, Value> = kept.collect();
        members.insert("challenge".to_owned(), Value::Object(challenge));
        Value::Object(members)
    });
    Earlier { last, agreed: grant.made.origins.clone().unwrap_or_default(), hosts: Vec::new() }
}

/// Whether a login of the file reads what a challenge says.
fn reads_challenge(provider: &Provider) -> bool {
    let is_it = |name: &Name| matches!(name, Name::Last(path) if matches!(path.first(), Some(Step::Key(key)) if key == "challenge"));
    let active = provider.states.iter().filter(|state| matches!(state.kind, StateKind::Active(_)));
    let mut names = active.flat_map(hermes_format::provider::State::templates);
    names.any(|placed| placed.template.names().iter().any(|(name, _)| is_it(name)))
}
