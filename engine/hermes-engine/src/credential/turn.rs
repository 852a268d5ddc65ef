//! Whose turn it is: a provider's credentials are asked one after the other until one has a token.
//!
//! What a reader would get wrong: only a server's refusal that was reported makes a credential rest, and a credential that
//! rests is still handed out where there is no other.

use hermes_format::provider::Provider;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Trouble, TroubleClass};

use super::ask::Ask;
use super::freshness::is_hash_of;
use super::order::{candidates, inputs_of};
use super::token::{Credential, Error, Rejected, Request};
use super::trouble;
use crate::clock;
use crate::store::{Document, FileStore, Listed, Record, Refusal, Rest, Slot, StoreError};

/// Takes the first credential whose token `serve` can hand out.
pub(super) fn take(
    request: &Request<'_>,
    serve: impl Fn(Ask<'_>, Option<Record>) -> Result<Credential, Error>,
) -> Result<Credential, Error> {
    let document = request.store.read()?;
    let all = candidates(&document, request.provider, clock::wall());
    let is_meant = |one: &&Listed<'_>| request.only.is_none_or(|name| one.is_called(name));
    let meant: Vec<&Listed<'_>> = all.iter().filter(is_meant).collect();
    let (Some(first), false) = (all.first().map(Listed::slot), meant.is_empty()) else {
        return nobody(request, &document, serve);
    };
    let mut failure: Option<Trouble> = None;
    let mut unnoted = None;
    for slot in meant.into_iter().map(Listed::slot) {
        let slot = &slot;
        let inputs = inputs_of(request.provider, request.inputs, &first.record, &slot.record);
        let own = Request { inputs: &inputs, http: request.http.clone(), ..*request };
        let ask = Ask { request: &own, key: slot.record.key(&request.provider.id) };
        let refused = refused(request, slot);
        if let Some(limit) = refused.filter(Rejected::is_limit) {
            unnoted = cool(ask, slot, limit).or(unnoted);
            failure.get_or_insert_with(|| {
                let name = slot.name();
                limited(ask, &format!("the server limits the credential `{name}`"))
            });
            continue;
        }
        match serve(ask, Some(slot.record.clone())) {
            Ok(credential) => {
                let said = [instead(slot, failure), rests(request, slot), unnoted];
                return Ok(told(credential, &document, said));
            }
            Err(Error::Trouble(trouble)) if may_go_on(&trouble) => {
                if let Some(refused) = refused {
                    unnoted = cool(ask, slot, refused).or(unnoted);
                }
                failure.get_or_insert(trouble);
            }
            Err(error) => return Err(error),
        }
    }
    Err(failure.unwrap_or_else(|| trouble::standard(request.provider, Code::NotLoggedIn)).into())
}

/// Nothing is stored, or nothing of that name.
fn nobody(
    request: &Request<'_>,
    document: &Document,
    serve: impl Fn(Ask<'_>, Option<Record>) -> Result<Credential, Error>,
) -> Result<Credential, Error> {
    if let Some(name) = request.only {
        let words = format!("no credential is called `{name}`");
        return Err(trouble::worded(request.provider, Code::NotLoggedIn, &words).into());
    }
    let credential = serve(Ask::main(request), None)?;
    let warnings = document.warnings.iter().cloned().chain(credential.warnings).collect();
    Ok(Credential { warnings, ..credential })
}

/// What the server said of this credential, if it was this one.
fn refused<'a>(request: &Request<'a>, slot: &Slot) -> Option<Rejected<'a>> {
    let token = slot.record.access_token()?;
    request.rejected.filter(|rejected| is_hash_of(rejected.sha256, token.expose_secret()))
}

/// Lets the others go first for a while. That this can't be noted is a warning, and no reason to withhold another
/// credential.
fn cool(ask: Ask<'_>, slot: &Slot, rejected: Rejected<'_>) -> Option<String> {
    let at = clock::wall();
    let wait = rejected.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    let until = wait.map(|wait| UnixMs(at.0.saturating_add(wait)));
    let refusal = Refusal { status: rejected.status, at, until };
    let noted = ask.request.store.commit(|document| {
        // Only what was refused: another process may have renewed it since.
        let current = document.again(ask.id(), &slot.record);
        let same = |current: &Record| current.access_token() == slot.record.access_token();
        if let Some(current) = current.filter(same) {
            document.cool(ask.id(), &current, refusal);
        }
    });
    noted.err().map(|error| format!("could not mark credential `{}` as rate-limited ({error})", slot.name()))
}

/// Notes that a server limits or refuses a stored credential, so that another goes first for a while. Sends nothing, and
/// does nothing where the token is not the stored one any more.
///
/// # Errors
/// The store can't be read or written.
pub fn note_refusal(
    store: &FileStore,
    provider: &Provider,
    rejected: Rejected<'_>,
) -> Result<(), StoreError> {
    let at = clock::wall();
    let wait = rejected.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    let refusal =
        Refusal { status: rejected.status, at, until: wait.map(|wait| UnixMs(at.0.saturating_add(wait))) };
    let document = store.read()?;
    let is_refused = |slot: &Slot| {
        let token = slot.record.access_token();
        token.is_some_and(|token| is_hash_of(rejected.sha256, token.expose_secret()))
    };
    let all = candidates(&document, provider, at);
    let Some(slot) = all.iter().map(Listed::slot).find(is_refused) else { return Ok(()) };
    store.commit(|document| {
        let current = document.again(&provider.id, &slot.record);
        if let Some(current) = current.filter(|now| now.access_token() == slot.record.access_token()) {
            document.cool(&provider.id, &current, refusal);
        }
    })
}

/// Whether another credential may have what this one lacks. What is wrong with the store or the file is wrong for all.
fn may_go_on(trouble: &Trouble) -> bool {
    !matches!(trouble.class, TroubleClass::Store | TroubleClass::File | TroubleClass::Refused)
}

/// A server limits what was used too much, and nothing else can be.
pub(super) fn limited(ask: Ask<'_>, words: &str) -> Trouble {
    Trouble {
        help: Some(format!("wait, or add another with `hermes-engine auth add {} --label NAME`", ask.id())),
        ..trouble::worded(ask.provider(), Code::RateLimited, words)
    }
}

/// The credential with what a person should know of how it came to its turn.
fn told(credential: Credential, document: &Document, said: [Option<String>; 3]) -> Credential {
    let said = said.into_iter().flatten();
    let warnings = document.warnings.iter().cloned().chain(said).chain(credential.warnings).collect();
    Credential { warnings, ..credential }
}

/// Why it is not one that comes before it.
fn instead(slot: &Slot, failure: Option<Trouble>) -> Option<String> {
    failure.map(|failure| format!("{failure}; using the credential `{}`", slot.name()))
}

/// That it is handed out although it rests.
fn rests(request: &Request<'_>, slot: &Slot) -> Option<String> {
    let only = if request.only.is_none() { ", and no other can be used" } else { "" };
    match slot.rest(clock::wall()) {
        Some(Rest::Cooling { .. }) => Some(format!("{}{only}", resting(slot))),
        Some(Rest::Dead) | None => None,
    }
}

/// Why a credential gives way to the others, in words; empty where it does not.
pub(super) fn resting(slot: &Slot) -> String {
    let now = clock::wall();
    match slot.rest(now) {
        Some(Rest::Cooling { until, status, .. }) => {
            let minutes = until.0.saturating_sub(now.0).saturating_add(59_999) / 60_000;
            let status = status.map(|status| format!(" after HTTP status {status}")).unwrap_or_default();
            format!("the credential `{}` cools down for {minutes} min{status}", slot.name())
        }
        Some(Rest::Dead) => format!("another program has given the credential `{}` up", slot.name()),
        None => String::new(),
    }
}
