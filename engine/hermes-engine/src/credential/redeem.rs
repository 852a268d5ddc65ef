//! One renewal, from the proof that its result can be kept to the commit.
//!
//! What a reader would get wrong: nothing here takes a stored token away. A refusal by the server marks the record and
//! keeps it; every other failure changes nothing but a pause.

use hermes_format::provider::StateId;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Grant, Outcome, Start, Trouble, TroubleClass};

use super::ask::Ask;
use super::engine::Engine;
use super::login::{self, Login};
use super::plan::pause_ms;
use super::scribe::{Leased, Scribe};
use super::token::{Error, Request};
use super::{made, trouble};
use crate::clock;
use crate::driver::NoWitness;
use crate::store::{
    Attempt, Change, Committed, FailedRenewal, Intended, Lease, Renewal, StoreError, StoredGrant, wait,
    wait_unless,
};

/// How a renewal ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Renewed and stored; what a user should know of it.
    Kept(StoredGrant, Vec<String>),
    /// Somebody else was first; this is what they stored.
    Adopted(StoredGrant),
    /// Renewed, and not stored: why.
    Unkept(StoredGrant, String),
    /// Somebody has logged out meanwhile.
    Gone,
    /// Not renewed.
    Failed(Trouble),
    /// The server has answered, and the file can't read the answer: it is kept in the journal.
    Unread(Trouble),
}

/// Renews a stored credential by the file's refresh.
pub(super) fn refresh(ask: Ask<'_>, lease: &mut Lease, grant: &StoredGrant) -> Result<Ending, Error> {
    attempt(ask, lease, grant, |scribe| scribe.that_is_last())
}

/// Spends the refresh token once, or once more where it is not known whether it was spent.
pub(super) fn attempt(
    ask: Ask<'_>,
    lease: &mut Lease,
    grant: &StoredGrant,
    scribe: impl for<'s> FnOnce(Scribe<Leased<'s>>) -> Scribe<Leased<'s>>,
) -> Result<Ending, Error> {
    let Request { store, stop, .. } = *ask.request;
    match wait_unless(stop, store.intend(lease)) {
        Ok(Intended::Durable) => {}
        Ok(Intended::Moved(theirs)) => return Ok(Ending::Adopted(*theirs)),
        Ok(Intended::Gone) => return Ok(Ending::Gone),
        Err(StoreError::Interrupted) => return Err(Error::Interrupted),
        Err(error) => return Ok(Ending::Failed(error.into())),
    }
    let engine = match engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => {
            let _ = wait(store.commit(lease, Change::Unchanged, Attempt::Ends));
            return Ok(Ending::Failed(trouble));
        }
    };
    let start = ask.refresh(grant, grant.token());
    let scribe = scribe(Scribe::new(Leased { store, lease }));
    run(ask, grant, Prepared { engine, scribe, start })
}

/// The runtime of a renewal.
pub(super) fn engine(ask: Ask<'_>) -> Result<Engine, Trouble> {
    engine_of(ask.request)
}

/// The same for any request.
pub(super) fn engine_of(request: &Request<'_>) -> Result<Engine, Trouble> {
    let words = |error| {
        trouble::worded(request.provider, Code::RefreshFailed, &format!("no renewal can begin: {error}"))
    };
    Engine::start(request.io, &request.http).map_err(words)
}

/// A renewal that can begin.
pub(super) struct Prepared<'a> {
    pub(super) engine: Engine,
    pub(super) scribe: Scribe<Leased<'a>>,
    pub(super) start: Start,
}

/// Runs a refresh and stores what comes of it.
pub(super) fn run(ask: Ask<'_>, spent: &StoredGrant, prepared: Prepared<'_>) -> Result<Ending, Error> {
    let Prepared { mut engine, mut scribe, start } = prepared;
    let ending = match engine.run(start, &mut scribe) {
        Ok(Outcome::Success(grant)) => keep(ask, spent, *grant, scribe),
        Ok(Outcome::Failed(trouble)) => fail(ask, trouble, scribe),
        Ok(Outcome::Done { .. } | Outcome::Cancelled) => {
            fail(ask, trouble::standard(ask.provider(), Code::BadFlow), scribe)
        }
        Err(error) => {
            let words = format!("the renewal could not be brought to its end: {error}");
            fail(ask, trouble::worded(ask.provider(), Code::RefreshFailed, &words), scribe)
        }
    };
    if engine.interrupted() { Err(Error::Interrupted) } else { Ok(ending) }
}

/// Stores a renewed grant.
fn keep(ask: Ask<'_>, spent: &StoredGrant, grant: Grant, scribe: Scribe<Leased<'_>>) -> Ending {
    let warnings = grant.warnings.clone();
    let renewal = Renewal { grant, origins: ask.origins(spent), at: clock::wall() };
    let renewed = spent.renewed(&renewal);
    let change = Change::Renewed(Box::new(renewal));
    let is_last = scribe.is_last();
    let (lost, Leased { store, lease }) = (scribe.lost.is_some(), scribe.into_keeper());
    // The answer is durable: the caller can have it.
    if let Some(later) = ask.request.later.filter(|_| is_last && !lost) {
        later.commit(lease.take(), change);
        return Ending::Kept(renewed, warnings);
    }
    match wait(store.commit(lease, change, Attempt::Ends)) {
        Ok(Committed::Stored(stored)) => Ending::Kept(*stored, warnings),
        Ok(Committed::Moved(theirs)) => Ending::Adopted(*theirs),
        Ok(Committed::Gone) => Ending::Gone,
        Err(error) => Ending::Unkept(renewed, unkept(&error, lost)),
    }
}

/// What to do stands before the reason, which can be long, and a warning is cut.
fn unkept(error: &StoreError, lost: bool) -> String {
    let then = if lost {
        "could be stored nowhere: log in again before this token ends"
    } else {
        "could not be stored; the journal holds it, and the next run will try again"
    };
    format!("the renewed credential {then} ({error})")
}

/// Notes a failure: a mark where only a new login helps, that an answer is kept which the file can't read, else a pause.
/// The tokens stay.
fn fail(ask: Ask<'_>, failure: Trouble, scribe: Scribe<Leased<'_>>) -> Ending {
    let asked = scribe.asked;
    let failed_in = failure.state.as_deref();
    let is_success =
        |name| ask.provider().state_id(name).is_some_and(|id| made::is_success(ask.provider(), id));
    let unread_in = failed_in.filter(|name| !is_success(name));
    let is_judged = failed_in.is_some() && !matches!(failure.code, Code::Network | Code::OriginRefused);
    let is_unread = !failure.relogin && is_judged && scribe.holds_token(unread_in);
    let failure = if is_unread { kept_unread(ask, failure) } else { failure };
    let now = clock::wall();
    let until = UnixMs(now.0.saturating_add(pause_ms(&failure)));
    let failed = || Box::new(FailedRenewal { trouble: failure.clone(), at: now });
    let change = match (failure.relogin, is_unread) {
        _ if !asked => Change::Unchanged,
        (true, _) => Change::ReloginRequired(failed()),
        (false, true) => Change::Unread(failed()),
        (false, false) => Change::Paused(until, failed()),
    };
    // What may be the only successor of the token that was spent stays.
    let attempt = match is_unread {
        true => Attempt::Stays,
        false => scribe.attempt(failure.state.as_deref(), failure.relogin),
    };
    match wait(ask.request.store.commit(scribe.keeper.lease, change, attempt)) {
        Ok(Committed::Moved(theirs)) => Ending::Adopted(*theirs),
        _ if is_unread => Ending::Unread(failure),
        // That a failure can't be noted is no reason to hide it.
        Ok(Committed::Stored(_) | Committed::Gone) | Err(_) => Ending::Failed(failure),
    }
}

/// What to do about an answer that the file can't read.
fn kept_unread(ask: Ask<'_>, failure: Trouble) -> Trouble {
    let id = ask.provider_id();
    let help = format!(
        "the server's answer is kept in the journal: correct the provider's file, or take a newer version of it, and run the command again; `hermes-engine auth reset {id}` drops the answer and asks the server again"
    );
    Trouble { help: Some(help), ..failure }
}

/// Makes a credential anew by a login that needs no person.
pub(super) fn login(ask: Ask<'_>, lease: &mut Lease, from: StateId) -> Result<Ending, Error> {
    let mut engine = match engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Ending::Failed(trouble)),
    };
    let before = lease.grant.clone();
    let region = before.as_ref().and_then(|before| before.made.region.as_deref());
    let mut start = made::start(ask.given_for(region), from);
    // A secret that the credential keeps goes where the credential may go, whatever a variable says.
    let keeps = before.as_ref().filter(|_| made::reads_kept_secret(ask.given(), from));
    start.bound_to = keeps.map(|before| ask.origins(before));
    let ending = match engine.run(start, &mut NoWitness) {
        Ok(Outcome::Success(grant)) => keep_login(ask, lease, *grant, from),
        Ok(Outcome::Failed(failure)) => {
            // A pause only: the credential that is to be replaced was not refused.
            pause(ask, lease, &failure);
            Ending::Failed(failure)
        }
        Ok(Outcome::Cancelled) => return Err(Error::Interrupted),
        Ok(Outcome::Done { .. }) => Ending::Failed(trouble::standard(ask.provider(), Code::BadFlow)),
        Err(error) => {
            Ending::Failed(trouble::worded(ask.provider(), Code::RefreshFailed, &error.to_string()))
        }
    };
    if engine.interrupted() { Err(Error::Interrupted) } else { Ok(ending) }
}

fn keep_login(ask: Ask<'_>, lease: &mut Lease, grant: Grant, from: StateId) -> Ending {
    let login = Login {
        provider: ask.request.provider,
        grant: &grant,
        inputs: ask.request.inputs,
        label: None,
        priority: None,
    };
    let new = login::to_store(&login, Some(from));
    let now = clock::wall();
    let unstored = StoredGrant::of_login(&new);
    match wait(ask.request.store.commit(lease, Change::Minted(Box::new(new), now), Attempt::Ends)) {
        Ok(Committed::Stored(stored)) => Ending::Kept(*stored, grant.warnings),
        Ok(Committed::Moved(theirs)) => Ending::Adopted(*theirs),
        Ok(Committed::Gone) => Ending::Gone,
        Err(error) => Ending::Unkept(unstored, format!("the new credential could not be stored ({error})")),
    }
}

fn pause(ask: Ask<'_>, lease: &mut Lease, failure: &Trouble) {
    if lease.grant.is_none() {
        return;
    }
    let now = clock::wall();
    let until = UnixMs(now.0.saturating_add(pause_ms(failure)));
    let class = if failure.class == TroubleClass::Login { TroubleClass::Retry } else { failure.class };
    let failed = FailedRenewal { trouble: Trouble { class, ..failure.clone() }, at: now };
    // That a pause can't be kept is no reason to hide the failure.
    let _ = wait(ask.request.store.commit(lease, Change::Paused(until, Box::new(failed)), Attempt::Stays));
}
