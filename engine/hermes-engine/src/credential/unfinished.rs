//! A login that was approved, and not brought to its end: kept, and gone on with.
//!
//! An approval can't be had again for nothing. From the moment at which one is there, or a token, everything that servers
//! answer is made durable before it is read, as in a renewal. A login that ends well takes that file away. One that fails
//! for what may pass, or for what the provider's file can't read, leaves it: the next login and the next use go on from
//! there.
//!
//! Note: a server's refusal is final. What it refuses is worth nothing, and the file goes.

use std::io;

use hermes_format::provider::{Action, Provider, Shared};
use hermes_format::time::UnixMs;
use hermes_machine::machine::{
    Code, Effect, Event, Failure, Grant, Outcome, Progress, Request as Asked, Response, Start, Trouble,
    TroubleClass, wins_token,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::login::{Login, save_login};
use super::plan::pause_ms;
use super::scribe::Scribe;
use super::status::{Standing, Status};
use super::token::{Error, Request};
use super::{Inputs, made, redeem, trouble};
use crate::clock;
use crate::driver::Witness;
use crate::entropy::System;
use crate::input::InputOrigin;
use crate::store::moment::is_ahead;
use crate::store::{Answer, AnyStore, FailedTry, Journal, Left, LoginFile, StoreError};

/// The longest pause that is believed of a file.
const LONGEST_PAUSE_MS: i64 = 24 * 3600 * 1000;

/// A login that begins, as far as it must be known to go on with it.
#[derive(Clone, Copy)]
pub struct Beginning<'a> {
    /// Where it is stored in the end, and kept until then.
    pub store: &'a dyn AnyStore,
    /// The provider.
    pub provider: &'a Shared,
    /// The inputs that it runs with.
    pub inputs: &'a Inputs,
    /// The region that was asked for.
    pub region: Option<&'a str>,
    /// What the user calls the credential.
    pub label: Option<&'a str>,
    /// Its place in the order.
    pub priority: Option<i64>,
    /// The state that it was told to begin in.
    pub from: Option<&'a str>,
}

/// The first line of the file.
#[derive(Serialize, Deserialize)]
struct Head {
    provider: String,
    label: Option<String>,
    priority: Option<i64>,
    region: Option<String>,
    from: Option<String>,
    /// What the user gave. A source's value is read there again.
    inputs: IndexMap<String, String>,
    progress: Progress,
    /// In milliseconds since the epoch.
    started_at: i64,
}

/// The witness of a login: keeps what is won.
pub struct LoginKeeper<'a> {
    login: Beginning<'a>,
    inner: &'a mut dyn Witness,
    progress: Option<Progress>,
    kept: Option<(Scribe<Journal>, LoginFile)>,
}

impl<'a> LoginKeeper<'a> {
    /// A keeper of a login that another witness watches too.
    pub fn new(login: Beginning<'a>, inner: &'a mut dyn Witness) -> LoginKeeper<'a> {
        LoginKeeper { login, inner, progress: None, kept: None }
    }

    /// The end of the run: what is worth nothing any more is dropped, and a failure says what is kept.
    pub fn end(self, outcome: Outcome) -> Outcome {
        let Some((scribe, file)) = self.kept else { return outcome };
        match outcome {
            Outcome::Failed(failure) => Outcome::Failed(end(self.login.provider, failure, scribe, file).0),
            // What was approved is there still, and a success is taken away by who stores it.
            other => other,
        }
    }

    /// Begins to keep, with the request that the run has come to.
    fn begin(&mut self) {
        let (Some(progress), None) = (&self.progress, &self.kept) else { return };
        let Beginning { store, provider, inputs, region, label, priority, from } = self.login;
        let given = inputs.origins.iter().filter(|(_, origin)| **origin == InputOrigin::Set);
        let given = given.filter_map(|(name, _)| Some((name.clone(), inputs.values.get(name)?.clone())));
        let head = Head {
            provider: provider.id.clone(),
            label: label.map(str::to_owned),
            priority,
            region: region.map(str::to_owned),
            from: from.map(str::to_owned),
            inputs: given.collect(),
            progress: progress.clone(),
            started_at: clock::wall().0,
        };
        // A login that can't be kept is run all the same.
        let Some(Ok(mut file)) = store.files().map(|files| files.hold_login(&provider.id, label)) else {
            return;
        };
        if file.journal.start(&head).is_ok() {
            let again = file.journal.again();
            let journal = std::mem::replace(&mut file.journal, again);
            self.kept = Some((Scribe::new(journal), file));
        }
    }
}

impl Witness for LoginKeeper<'_> {
    fn sending(&mut self, request: &Asked) -> io::Result<()> {
        self.inner.sending(request)
    }

    fn answered(&mut self, request: &Asked, response: &Response) -> io::Result<()> {
        if (200..300).contains(&response.status) && wins_token(&response.body) {
            self.begin();
        }
        if let Some((scribe, _)) = &mut self.kept {
            scribe.answered(request, response)?;
        }
        self.inner.answered(request, response)
    }

    fn reached(&mut self, progress: Progress) {
        let is_approved = progress.is_approved(self.login.provider);
        self.inner.reached(progress.clone());
        self.progress = Some(progress);
        if is_approved {
            self.begin();
        }
    }

    fn known(&mut self, request: &Asked) -> Option<(Response, UnixMs)> {
        self.inner.known(request)
    }

    fn again(&mut self, request: &Asked, failure: &Failure) -> bool {
        self.inner.again(request, failure)
    }

    fn performed(&mut self, effect: &Effect, event: &Event) {
        self.inner.performed(effect, event);
    }
}

/// What a failed try leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// What was won serves when the server can be asked again.
    Later,
    /// What was won serves when the provider's file can read it.
    Unread,
    /// It is worth nothing any more.
    Gone,
}

fn fate(provider: &Provider, failure: &Trouble, seen: &[Answer]) -> Fate {
    let is_success = |name: &str| provider.state_id(name).is_some_and(|id| made::is_success(provider, id));
    let failed_in = failure.state.as_deref().filter(|name| !is_success(name));
    let last = seen.last().filter(|last| failed_in.is_none_or(|state| state == last.state));
    let is_won = last
        .map(Answer::response)
        .is_some_and(|response| (200..300).contains(&response.status) && wins_token(&response.body));
    if failure.relogin || failure.class == TroubleClass::Login {
        return Fate::Gone;
    }
    if is_won {
        return Fate::Unread;
    }
    if last.is_some_and(Answer::is_transient) || matches!(failure.code, Code::Network | Code::Timeout) {
        return Fate::Later;
    }
    match (failure.class, &failure.code) {
        (TroubleClass::Retry, _) => Fate::Later,
        (TroubleClass::Refused | TroubleClass::File, _) | (_, Code::MissingInput | Code::BadInput) => {
            Fate::Unread
        }
        // A request that can't be made of what was won; an answer that no rule reads.
        (_, Code::BadAnswer) => Fate::Unread,
        _ => Fate::Gone,
    }
}

/// Ends a failed try, and tells whether anything is kept of it.
fn end(
    provider: &Provider,
    failure: Trouble,
    scribe: Scribe<Journal>,
    mut file: LoginFile,
) -> (Trouble, bool) {
    let fate = fate(provider, &failure, scribe.seen());
    let mut journal = scribe.into_keeper();
    if fate == Fate::Gone {
        // What can't be removed is refused again at the next use.
        let _ = journal.clear();
        return (failure, false);
    }
    let now = clock::wall();
    if let (Fate::Later, Some(state)) = (fate, &failure.state) {
        // What can't be taken back is read again, and taken back then.
        let _ = journal.retract(state);
    }
    let failed = FailedTry {
        code: failure.code.as_str().to_owned(),
        message: failure.to_string(),
        at: now.0,
        until: (fate == Fate::Later).then(|| now.0.saturating_add(pause_ms(&failure))),
    };
    // That it can't be noted why is no reason to drop it.
    let _ = file.journal.note_failed(failed);
    (Trouble { help: Some(advice(provider, &failure, fate)), ..failure }, true)
}

fn advice(provider: &Provider, failure: &Trouble, fate: Fate) -> String {
    let id = &provider.id;
    match (fate, failure.facts.retry_after, &failure.help) {
        (Fate::Unread, ..) => format!(
            "what the server gave is kept: correct the provider's file, or take a newer version of it, and run `hermes-engine run-flow {id}` again; `hermes-engine auth reset {id}` drops it"
        ),
        (_, Some(_), Some(wait)) => {
            format!("{wait}: what was approved is kept, and `hermes-engine run-flow {id}` goes on from there")
        }
        _ => format!(
            "what was approved is kept: run `hermes-engine run-flow {id}` again, which goes on from there"
        ),
    }
}

/// A login that has come to its end after all. Its file is taken away by [`save_login`].
pub struct Resumed {
    /// What it brought.
    pub grant: Grant,
    /// The inputs that it ran with.
    pub inputs: Inputs,
    /// What the user calls the credential.
    pub label: Option<String>,
    /// Its place in the order.
    pub priority: Option<i64>,
}

/// Why a login that was kept has not come to its end.
pub struct Unresumed {
    /// Why.
    pub failure: Trouble,
    /// Whether it is kept still.
    pub is_kept: bool,
    /// Whether only another version of the provider's file helps.
    pub is_unread: bool,
}

/// A login that was approved, and is not finished.
pub struct Unfinished(Left<Head>);

/// A login that is asked for, as far as it can be the same as one before. What is not given can be anything.
#[derive(Clone, Copy)]
pub struct Repeated<'a> {
    /// What the user calls the credential.
    pub label: Option<&'a str>,
    /// The region.
    pub region: Option<&'a str>,
    /// The state to begin in.
    pub from: Option<&'a str>,
    /// The values of inputs.
    pub set: &'a IndexMap<String, String>,
}

impl Unfinished {
    /// The login that is kept for the one that is asked for now.
    pub fn find(store: &dyn AnyStore, provider: &Provider, asked: &Repeated<'_>) -> Option<Unfinished> {
        let is_it = |kept: &Left<Head>| {
            let Head { label, region, from, inputs, .. } = &kept.head;
            let fits =
                |given: Option<&str>, kept: &Option<String>| given.is_none() || given == kept.as_deref();
            label.as_deref() == asked.label
                && fits(asked.region, region)
                && fits(asked.from, from)
                && asked.set.iter().all(|(name, value)| inputs.get(name) == Some(value))
        };
        kept(store, provider).into_iter().find(is_it).map(Unfinished)
    }

    /// Goes on with it. `None` where another process does.
    ///
    /// # Errors
    ///
    /// Where the process was interrupted, and what is wrong with the store.
    pub fn resume(&self, request: &Request<'_>) -> Result<Option<Result<Resumed, Unresumed>>, Error> {
        go_on(request, &self.0.head)
    }
}

/// Finishes a login that a use of the provider may need, and stores it. Tells whether one was.
pub(super) fn finish_any(request: &Request<'_>) -> Result<bool, Error> {
    let now = clock::wall();
    for kept in kept(request.store, request.provider) {
        if request.only.is_some_and(|name| kept.head.label.as_deref() != Some(name)) {
            continue;
        }
        if let Some(failed) = kept.failed.as_ref().filter(|failed| must_wait(failed, now)) {
            return Err(paused(request.provider, failed, now).into());
        }
        match go_on(request, &kept.head)? {
            None => {}
            Some(Err(unresumed)) => return Err(unresumed.failure.into()),
            Some(Ok(resumed)) => {
                let login = Login {
                    provider: request.provider,
                    grant: &resumed.grant,
                    inputs: &resumed.inputs,
                    label: resumed.label.as_deref(),
                    priority: resumed.priority,
                };
                save_login(request.store, &login, super::login::LOCK_LIMIT)?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn must_wait(failed: &FailedTry, now: UnixMs) -> bool {
    failed.until.is_some_and(|until| {
        is_ahead(UnixMs(until), until.saturating_sub(failed.at).min(LONGEST_PAUSE_MS), now)
    })
}

fn paused(provider: &Provider, failed: &FailedTry, now: UnixMs) -> Trouble {
    let left = failed.until.unwrap_or_default().saturating_sub(now.0).max(0) / 1000 + 1;
    let standard = trouble::standard(provider, Code::RefreshFailed);
    let help = format!(
        "what was approved is kept: wait, or run `hermes-engine run-flow {}`, which goes on from there",
        provider.id
    );
    Trouble {
        code: Code::from(failed.code.as_str()),
        message: format!("{} (the login could not be finished; the next try is in {left} s)", failed.message),
        help: Some(help),
        ..standard
    }
}

fn kept(store: &dyn AnyStore, provider: &Provider) -> Vec<Left<Head>> {
    let all = store.files().map(|files| files.login_journals(&provider.id)).unwrap_or_default().into_iter();
    // What can't be read is nothing that can be gone on with.
    let all = all.filter_map(|journal| journal.left::<Head>().ok().flatten());
    all.filter(|left| left.head.provider == provider.id).collect()
}

fn go_on(request: &Request<'_>, head: &Head) -> Result<Option<Result<Resumed, Unresumed>>, Error> {
    let Some(files) = request.store.files() else { return Ok(None) };
    let file = match files.hold_login(&head.provider, head.label.as_deref()) {
        // It is under way.
        Err(StoreError::Busy { .. }) => return Ok(None),
        held => held?,
    };
    // Somebody may have finished it, or begun another, until the lock was there.
    let Some(Left { head, answers, .. }) = file.journal.left::<Head>()? else { return Ok(None) };
    let mut inputs = request.inputs.clone();
    for (name, value) in head.inputs {
        inputs.origins.insert(name.clone(), InputOrigin::Set);
        inputs.values.insert(name, value);
    }
    let start = Start {
        provider: request.provider.clone(),
        action: Action::Login,
        from: None,
        region: head.region,
        inputs: inputs.values.clone(),
        token: None,
        bound_to: None,
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(System),
    };
    let mut engine = redeem::engine_of(request)?;
    let mut journal = file.journal.again();
    journal.resume()?;
    let mut scribe = Scribe::new(journal).without_repeat().knowing(answers);
    let outcome = engine.resume(start, head.progress, &mut scribe);
    let ended = match outcome {
        Ok(Outcome::Success(grant)) => {
            Ok(Resumed { grant: *grant, inputs, label: head.label, priority: head.priority })
        }
        Ok(Outcome::Failed(failure)) => Err(unresumed(request.provider, failure, scribe, file)),
        Ok(Outcome::Cancelled) => return Err(Error::Interrupted),
        Ok(Outcome::Done { .. }) => {
            let failure = trouble::standard(request.provider, Code::BadFlow);
            Err(unresumed(request.provider, failure, scribe, file))
        }
        Err(error) => {
            let failure = trouble::worded(request.provider, Code::Network, &error.to_string());
            Err(unresumed(request.provider, failure, scribe, file))
        }
    };
    if engine.interrupted() { Err(Error::Interrupted) } else { Ok(Some(ended)) }
}

fn unresumed(provider: &Provider, failure: Trouble, scribe: Scribe<Journal>, file: LoginFile) -> Unresumed {
    let is_unread = fate(provider, &failure, scribe.seen()) == Fate::Unread;
    let (failure, is_kept) = end(provider, failure, scribe, file);
    Unresumed { failure, is_kept, is_unread }
}

/// Adds to what a provider's credentials are good for that a login is kept which is not finished.
pub fn with_unfinished(store: &dyn AnyStore, provider: &Provider, mut all: Vec<Status>) -> Vec<Status> {
    if all.iter().any(|status| status.standing.is_usable()) {
        return all;
    }
    let Some(kept) = kept(store, provider).into_iter().next() else { return all };
    let status =
        Status {
            reason: Some(kept.failed.as_ref().map_or_else(
                || "it was approved, and interrupted".to_owned(),
                |failed| failed.message.clone(),
            )),
            code: kept.failed.map(|failed| Code::from(failed.code.as_str())),
            region: kept.head.region,
            label: kept.head.label,
            source: Some("journal".to_owned()),
            ..Status::of(Standing::LoginUnfinished, None)
        };
    all.retain(|one| one.id.is_some());
    all.insert(0, status);
    all
}
