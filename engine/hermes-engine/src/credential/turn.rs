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
use crate::store::{
    AnyStore, GrantId, ListedGrant, Note, Refusal, Rest, Snapshot, StoreError, StoredGrant, wait,
};

/// Takes the first credential whose token `serve` can hand out.
pub(super) fn take(
    request: &Request<'_>,
    serve: impl Fn(Ask<'_>, Option<StoredGrant>) -> Result<Credential, Error>,
) -> Result<Credential, Error> {
    let scope = super::scope(request.provider);
    let snapshot = wait(request.store.grants(&scope))?;
    let all = candidates(&snapshot, request.provider, clock::wall());
    let is_meant = |one: &&&ListedGrant| request.only.is_none_or(|name| one.is_called(name));
    let meant: Vec<&ListedGrant> = all.iter().filter(is_meant).copied().collect();
    let (Some(first), false) = (all.first().map(|first| first.grant()), meant.is_empty()) else {
        return nobody(request, &snapshot, serve);
    };
    let mut failure: Option<Trouble> = None;
    let mut unnoted = None;
    for grant in meant.into_iter().map(ListedGrant::grant) {
        let grant = &grant;
        let inputs = inputs_of(request.provider, request.inputs, &first, grant);
        let own = Request { inputs: &inputs, http: request.http.clone(), ..*request };
        let ask = Ask { request: &own, scope: &scope, id: &grant.key() };
        let refused = refused(request, grant);
        if let Some(limit) = refused.filter(Rejected::is_limit) {
            unnoted = cool(ask, grant, limit).or(unnoted);
            failure.get_or_insert_with(|| {
                let name = grant.name();
                limited(ask, &format!("the server limits the credential `{name}`"))
            });
            continue;
        }
        match serve(ask, Some(grant.clone())) {
            Ok(credential) => {
                let said = [instead(grant, failure), rests(request, grant), unnoted];
                return Ok(told(credential, &snapshot, said));
            }
            Err(Error::Trouble(trouble)) if may_go_on(&trouble) => {
                if let Some(refused) = refused {
                    unnoted = cool(ask, grant, refused).or(unnoted);
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
    snapshot: &Snapshot,
    serve: impl Fn(Ask<'_>, Option<StoredGrant>) -> Result<Credential, Error>,
) -> Result<Credential, Error> {
    if let Some(name) = request.only {
        let words = format!("no credential is called `{name}`");
        return Err(trouble::worded(request.provider, Code::NotLoggedIn, &words).into());
    }
    let credential =
        serve(Ask { request, scope: &super::scope(request.provider), id: &GrantId::main() }, None)?;
    let warnings = snapshot.warnings.iter().cloned().chain(credential.warnings).collect();
    Ok(Credential { warnings, ..credential })
}

/// What the server said of this credential, if it was this one.
fn refused<'a>(request: &Request<'a>, grant: &StoredGrant) -> Option<Rejected<'a>> {
    let token = grant.tokens.access.as_ref()?;
    request.rejected.filter(|rejected| is_hash_of(rejected.sha256, token.expose_secret()))
}

/// Lets the others go first for a while. That this can't be noted is a warning, and no reason to withhold another
/// credential.
fn cool(ask: Ask<'_>, grant: &StoredGrant, rejected: Rejected<'_>) -> Option<String> {
    // Only what was refused: another process may have renewed it since.
    let note = Note::Rests(rejected.refusal());
    let noted = wait(ask.request.store.note(ask.scope, ask.id, &grant.revision, note));
    noted.err().map(|error| format!("could not mark credential `{}` as rate-limited ({error})", grant.name()))
}

/// Notes that a server limits or refuses a stored credential, so that another goes first for a while. Sends nothing, and
/// does nothing where the token is not the stored one any more.
///
/// # Errors
/// The store can't be read or written.
pub fn note_refusal(
    store: &dyn AnyStore,
    provider: &Provider,
    rejected: Rejected<'_>,
) -> Result<(), StoreError> {
    let scope = super::scope(provider);
    let snapshot = wait(store.grants(&scope))?;
    let Some(refused) = refused_of(&snapshot, provider, rejected) else { return Ok(()) };
    let note = Note::Rests(rejected.refusal());
    wait(store.note(&scope, &refused.key(), &refused.revision, note)).map(drop)
}

/// The stored credential whose token a server has refused; `None` where it is not the stored one any more.
pub(super) fn refused_of(
    snapshot: &Snapshot,
    provider: &Provider,
    rejected: Rejected<'_>,
) -> Option<StoredGrant> {
    let is_refused = |grant: &StoredGrant| {
        let token = grant.tokens.access.as_ref();
        token.is_some_and(|token| is_hash_of(rejected.sha256, token.expose_secret()))
    };
    candidates(snapshot, provider, clock::wall()).into_iter().map(ListedGrant::grant).find(is_refused)
}

impl Rejected<'_> {
    fn refusal(&self) -> Refusal {
        let at = clock::wall();
        let wait = self.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let until = wait.map(|wait| UnixMs(at.0.saturating_add(wait)));
        Refusal { status: self.status, at, until }
    }
}

/// Whether another credential may have what this one lacks. What is wrong with the store or the file is wrong for all.
fn may_go_on(trouble: &Trouble) -> bool {
    !matches!(trouble.class, TroubleClass::Store | TroubleClass::File | TroubleClass::Refused)
}

/// A server limits what was used too much, and nothing else can be.
pub(super) fn limited(ask: Ask<'_>, words: &str) -> Trouble {
    Trouble {
        help: Some(format!(
            "wait, or add another with `hermes-engine auth add {} --label NAME`",
            ask.provider_id()
        )),
        ..trouble::worded(ask.provider(), Code::RateLimited, words)
    }
}

/// The credential with what a person should know of how it came to its turn.
fn told(credential: Credential, snapshot: &Snapshot, said: [Option<String>; 3]) -> Credential {
    let said = said.into_iter().flatten();
    let warnings = snapshot.warnings.iter().cloned().chain(said).chain(credential.warnings).collect();
    Credential { warnings, ..credential }
}

/// Why it is not one that comes before it.
fn instead(grant: &StoredGrant, failure: Option<Trouble>) -> Option<String> {
    failure.map(|failure| format!("{failure}; using the credential `{}`", grant.name()))
}

/// That it is handed out although it rests.
fn rests(request: &Request<'_>, grant: &StoredGrant) -> Option<String> {
    let only = if request.only.is_none() { ", and no other can be used" } else { "" };
    match grant.rest(clock::wall()) {
        Some(Rest::Cooling { .. }) => Some(format!("{}{only}", resting(grant))),
        Some(Rest::Dead) | None => None,
    }
}

/// Why a credential gives way to the others, in words; empty where it does not.
pub(super) fn resting(grant: &StoredGrant) -> String {
    let now = clock::wall();
    match grant.rest(now) {
        Some(Rest::Cooling { until, status, .. }) => {
            let minutes = until.0.saturating_sub(now.0).saturating_add(59_999) / 60_000;
            let status = status.map(|status| format!(" after HTTP status {status}")).unwrap_or_default();
            format!("the credential `{}` cools down for {minutes} min{status}", grant.name())
        }
        Some(Rest::Dead) => format!("another program has given the credential `{}` up", grant.name()),
        None => String::new(),
    }
}
