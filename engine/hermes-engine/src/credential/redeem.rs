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
use super::scribe::Scribe;
use super::token::{Error, Request};
use super::{made, trouble};
use crate::clock;
use crate::driver::NoWitness;
use crate::store::{Held, Intent, Record, StoreError, sha256};

/// How a renewal ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Renewed and stored; what a user should know of it.
    Kept(Record, Vec<String>),
    /// Somebody else was first; this is what they stored.
    Adopted(Record),
    /// Renewed, and not stored: why.
    Unkept(Record, String),
    /// Somebody has logged out meanwhile.
    Gone,
    /// Not renewed.
    Failed(Trouble),
    /// The server has answered, and the file can't read the answer: it is kept in the journal.
    Unread(Trouble),
}

/// Renews a stored credential by the file's refresh.
pub(super) fn refresh(ask: Ask<'_>, held: &Held<'_>, record: &Record) -> Result<Ending, Error> {
    attempt(ask, held, record, Scribe::new)
}

/// Spends the refresh token once, or once more where it is not known whether it was spent.
pub(super) fn attempt(
    ask: Ask<'_>,
    held: &Held<'_>,
    record: &Record,
    scribe: impl FnOnce(crate::store::Journal) -> Scribe,
) -> Result<Ending, Error> {
    match held.prove_ready() {
        Ok(()) => {}
        Err(StoreError::Interrupted) => return Err(Error::Interrupted),
        Err(error) => return Ok(Ending::Failed(error.into())),
    }
    // Another program may have held the lock that was just waited for, and renewed the grant under it.
    if let Some(theirs) = ask.read()?.filter(|now| now.moved_from(record)) {
        return Ok(Ending::Adopted(theirs));
    }
    let engine = match engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Ending::Failed(trouble)),
    };
    let mut journal = held.journal(ask.slot());
    if let Err(error) = journal.begin(&intent(record)) {
        return Ok(Ending::Failed(error.into()));
    }
    let start = ask.refresh(record, record.token());
    run(ask, record, Prepared { engine, scribe: scribe(journal), start })
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

fn intent(record: &Record) -> Intent {
    Intent {
        slot: Some(record.slot().to_owned()),
        generation: record.generation(),
        refresh_token_sha256: record.refresh_token().map(|token| sha256(token.expose_secret())),
        started_at: clock::wall().0,
    }
}

/// A renewal that can begin.
pub(super) struct Prepared {
    pub(super) engine: Engine,
    pub(super) scribe: Scribe,
    pub(super) start: Start,
}

/// Runs a refresh and stores what comes of it.
pub(super) fn run(ask: Ask<'_>, spent: &Record, prepared: Prepared) -> Result<Ending, Error> {
    let Prepared { mut engine, mut scribe, start } = prepared;
    let ending = match engine.run(start, &mut scribe) {
        Ok(Outcome::Success(grant)) => keep(ask, spent, &grant, scribe),
        Ok(Outcome::Failed(trouble)) => fail(ask, spent, trouble, scribe),
        Ok(Outcome::Done { .. } | Outcome::Cancelled) => {
            fail(ask, spent, trouble::standard(ask.provider(), Code::BadFlow), scribe)
        }
        Err(error) => {
            let words = format!("the renewal could not be brought to its end: {error}");
            fail(ask, spent, trouble::worded(ask.provider(), Code::RefreshFailed, &words), scribe)
        }
    };
    if engine.interrupted() { Err(Error::Interrupted) } else { Ok(ending) }
}

/// Stores a renewed grant. The journal goes only when that is done.
fn keep(ask: Ask<'_>, spent: &Record, grant: &Grant, scribe: Scribe) -> Ending {
    let origins = ask.origins(spent);
    let now = clock::wall();
    let lost = scribe.lost.is_some();
    let mut journal = scribe.into_journal();
    let committed = ask.request.store.commit(|document| match document.again(ask.id(), spent) {
        None => Ending::Gone,
        Some(current) if current.moved_from(spent) => Ending::Adopted(current),
        Some(current) => {
            let mut renewed = current;
            renewed.renew(grant, &origins, now);
            document.put(ask.id(), Some(spent), &renewed);
            Ending::Kept(renewed, grant.warnings.clone())
        }
    });
    match committed {
        Ok(ending) => {
            // What stays behind is dropped at the next start: the grant has moved.
            let _ = journal.clear();
            ending
        }
        Err(error) => {
            let mut renewed = spent.clone();
            renewed.renew(grant, &origins, now);
            Ending::Unkept(renewed, unkept(&error, lost))
        }
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
fn fail(ask: Ask<'_>, spent: &Record, failure: Trouble, scribe: Scribe) -> Ending {
    let asked = scribe.asked;
    let failed_in = failure.state.as_deref();
    let is_success =
        |name| ask.provider().state_id(name).is_some_and(|id| made::is_success(ask.provider(), id));
    let unread_in = failed_in.filter(|name| !is_success(name));
    let is_judged = failed_in.is_some() && !matches!(failure.code, Code::Network | Code::OriginRefused);
    let is_unread = !failure.relogin && is_judged && scribe.holds_token(unread_in);
    let failure = if is_unread { kept_unread(ask, failure) } else { failure };
    let noted = ask.request.store.commit(|document| {
        let current = document.again(ask.id(), spent)?;
        if current.moved_from(spent) {
            return Some(Ending::Adopted(current));
        }
        if asked {
            let mut noted = current.clone();
            let now = clock::wall();
            match (failure.relogin, is_unread) {
                (true, _) => noted.mark_relogin(ask.id(), &failure, now),
                (false, true) => noted.note_unread(&failure, now),
                (false, false) => {
                    noted.pause_until(UnixMs(now.0.saturating_add(pause_ms(&failure))), &failure, now);
                }
            }
            document.put(ask.id(), None, &noted);
        }
        None
    });
    match noted {
        Ok(Some(adopted)) => {
            scribe.end(None, false);
            adopted
        }
        // The journal stays as it is: it holds what may be the only successor of the token that was spent.
        Ok(None) | Err(_) if is_unread => Ending::Unread(failure),
        // That a failure can't be noted is no reason to hide it.
        Ok(None) | Err(_) => {
            scribe.end(failure.state.as_deref(), failure.relogin);
            Ending::Failed(failure)
        }
    }
}

/// What to do about an answer that the file can't read.
fn kept_unread(ask: Ask<'_>, failure: Trouble) -> Trouble {
    let id = ask.id();
    let help = format!(
        "the server's answer is kept in the journal: correct the provider's file, or take a newer version of it, and run the command again; `hermes-engine auth reset {id}` drops the answer and asks the server again"
    );
    Trouble { help: Some(help), ..failure }
}

/// Makes a credential anew by a login that needs no person.
pub(super) fn login(ask: Ask<'_>, before: Option<&Record>, from: StateId) -> Result<Ending, Error> {
    let mut engine = match engine(ask) {
        Ok(engine) => engine,
        Err(trouble) => return Ok(Ending::Failed(trouble)),
    };
    let region = before.and_then(Record::region);
    let mut start = made::start(ask.given_for(region.as_deref()), from);
    // A secret that the credential keeps goes where the credential may go, whatever a variable says.
    start.bound_to =
        before.filter(|_| made::reads_kept_secret(ask.given(), from)).map(|record| ask.origins(record));
    let ending = match engine.run(start, &mut NoWitness) {
        Ok(Outcome::Success(grant)) => keep_login(ask, before, &grant, from),
        Ok(Outcome::Failed(failure)) => {
            if let Some(before) = before {
                // A pause only: the credential that is to be replaced was not refused.
                pause(ask, before, &failure);
            }
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

fn keep_login(ask: Ask<'_>, before: Option<&Record>, grant: &Grant, from: StateId) -> Ending {
    let inputs = ask.request.inputs;
    let login = Login { provider: ask.request.provider, grant, inputs, label: None, priority: None };
    let mut record = login::record(&login, before, Some(from));
    record.note_redeem(clock::wall());
    let committed = ask.request.store.commit(|document| document.put(ask.id(), before, &record));
    match committed {
        Ok(()) => Ending::Kept(record, grant.warnings.clone()),
        Err(error) => Ending::Unkept(record, format!("the new credential could not be stored ({error})")),
    }
}

fn pause(ask: Ask<'_>, before: &Record, failure: &Trouble) {
    let now = clock::wall();
    let until = UnixMs(now.0.saturating_add(pause_ms(failure)));
    let failure = Trouble {
        class: if failure.class == TroubleClass::Login { TroubleClass::Retry } else { failure.class },
        ..failure.clone()
    };
    // That a pause can't be kept is no reason to hide the failure.
    let _ = ask.request.store.commit(|document| {
        let current = document.again(ask.id(), before).filter(|current| !current.moved_from(before));
        if let Some(mut current) = current {
            current.pause_until(until, &failure, now);
            document.put(ask.id(), None, &current);
        }
    });
}
