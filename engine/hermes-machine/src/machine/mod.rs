//! The machine: a value that is given its time and its randomness, and only ever *says* what should happen next.
//!
//! ```text
//!  start ──► enter a state ──► Wait (pause, prompt) ──► Send ──► Answered ──► rules ──► enter the next state …
//!                 │                                      ▲            │
//!                 │                                      └─ hiccup, redirect
//!                 ├──► Bind ──► Listen ──► CalledBack / Pasted ──► rules ──► …
//!                 └──► a final state ──► Finish(Outcome)
//! ```
//!
//! It never touches a socket, a clock or a generator, so the same machine runs a real login, a replayed test on a
//! virtual clock, and a property test that feeds it every event in every state. An event that does not fit what is
//! outstanding changes nothing: the machine says again what it waits for.

mod account;
mod agree;
mod browse;
mod callback;
pub mod code;
mod effect;
mod event;
mod json;
mod outcome;
mod pace;
mod page;
mod plain_words;
mod progress;
mod prompt;
mod reach;
mod read;
mod reading;
mod reason;
mod redact;
mod redirect;
mod request;
mod retry_after;
mod run;
mod server_clock;
mod server_error;
mod start;
mod success;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

pub use callback::pasted_query;
pub use code::Code;
pub use effect::{Body, Effect, HeaderValue, Listener, Prompt, Request};
pub use event::{CallbackQuery, CallbackTie, Event, Failure, FailureKind, Response};
pub use json::parse as parse_json;
pub use outcome::{Facts, Grant, Outcome, Trouble, TroubleClass};
pub use progress::{Progress, wins_token};
pub use reading::parse_challenge;
pub use reason::Reason;
pub use redact::holds_token;
pub(crate) use request::authorization_text;
pub use server_error::ServerError;

use hermes_format::origin::Origins;
use hermes_format::provider::{Act, Action, Active, Provider, Shared, StateId, StateKind};
use hermes_format::template::Name;
use hermes_format::time::Now;
use pace::Pace;
use run::Run;
use trouble::Failing;

/// How many states a run may enter; a flow that is proved right never comes near.
const MAX_ENTRIES: usize = 10_000;

/// Where a machine takes its random bytes from: the operating system's generator, or a test's.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// What a run is started with.
pub struct Start {
    /// The provider.
    pub provider: Shared,
    /// What the run is for.
    pub action: Action,
    /// The state to begin in, where it is not the file's choice (`--from`).
    pub from: Option<StateId>,
    /// The region; `None` is the file's default.
    pub region: Option<String>,
    /// The values of inputs that something supplied.
    pub inputs: IndexMap<String, String>,
    /// The stored credential as a JSON object whose members are `{{token.*}}`; a login starts without one.
    pub token: Option<Value>,
    /// What the run may send to: where the stored credential may go. `None` for what this file names in the region.
    pub bound_to: Option<Origins>,
    /// What a login takes from before it.
    pub earlier: Earlier,
    /// Whether a browser is at hand.
    pub browser: bool,
    /// Where random bytes come from.
    pub entropy: Box<dyn Entropy + Send>,
}

/// What a login takes from before it.
#[derive(Clone, Default)]
pub struct Earlier {
    /// Where a refusal asked for this login: the members of `{{last.*}}`.
    pub last: Option<Value>,
    /// The origins that the user has agreed to, for the credential that is replaced.
    pub agreed: Origins,
    /// The hosts that the user agrees to beforehand.
    pub hosts: Vec<String>,
}

/// A rule that was taken, or the engine's own reading of an answer (`rule` is then `None`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Taken {
    /// The state whose answer was read.
    pub state: StateId,
    /// Which of its rules applied.
    pub rule: Option<usize>,
}

/// How often the request of a state without `every` was sent again.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    again: u32,
    may_be_read: bool,
}

/// A run of a flow.
pub struct Machine {
    run: Run,
    action: Action,
    at: Option<StateId>,
    paces: BTreeMap<StateId, Pace>,
    /// The request that is under way, and how many redirects of it were followed.
    asking: Option<(Request, u8)>,
    taken: Vec<Taken>,
    entries: usize,
    last_status: Option<u16>,
    /// Which of its list of URLs the present state asks.
    url_at: usize,
    /// The state whose listener is bound, or is being bound, and whether that is before its time: for a state that sends
    /// the redirect URI first.
    listening: Option<(StateId, bool)>,
    /// How many listeners of that state could not be bound.
    unbound: usize,
    /// What the user is being asked for: the state that follows, and the answer that led there.
    pending: Option<(StateId, Value)>,
    /// The starts that come after the one that was taken, while no answer has come.
    later_starts: Vec<StateId>,
    browser: bool,
    /// Whether it goes on with a run of an earlier process.
    is_resumed: bool,
    /// How often the state that acts was tried again, and whether a request that was read may have been among them.
    tries: Tries,
    /// What the last answer was, where it was none that could be used.
    note: Option<String>,
    outstanding: Effect,
}

impl Machine {
    /// Takes what happened, and says what should happen next.
    pub fn step(&mut self, event: Event, now: Now) -> Effect {
        if !matches!(self.outstanding, Effect::Finish(_)) {
            let next = match (event, &self.outstanding) {
                (Event::Cancelled, _) => Some(Effect::Finish(Outcome::Cancelled)),
                (Event::Intercepted, _) => Some(self.fail(Code::LoginIntercepted)),
                (Event::Woke, Effect::Wait { until, .. }) if now.elapsed >= *until => Some(self.woke(now)),
                (Event::Woke, Effect::Listen { until, .. }) if now.elapsed >= *until => {
                    Some(self.timed_out())
                }
                (Event::Answered(response), Effect::Send(_)) => Some(self.answered(&response, now)),
                (Event::Failed(failure), Effect::Send(_)) => Some(self.unanswered(&failure, now)),
                (Event::Agreed, Effect::Agree { origins, .. }) => Some(self.agreed(&origins.clone(), now)),
                (Event::Declined, Effect::Agree { origins, .. }) => Some(self.declined(&origins.clone())),
                (Event::Bound(uri), Effect::Bind(_)) => Some(self.bound(uri, now)),
                (Event::Failed(failure), Effect::Bind(_)) => Some(self.not_bound(&failure, now)),
                (Event::CalledBack(query), Effect::Listen { .. }) => Some(self.called_back(&query, now)),
                (Event::Pasted(text), Effect::Listen { .. }) => self.pasted(text.expose_secret(), now),
                _ => None,
            };
            if let Some(next) = next {
                self.outstanding = next;
            }
        }
        self.outstanding.clone()
    }

    /// The state that the machine is in.
    pub fn state(&self) -> Option<StateId> {
        self.at
    }

    /// The rules that were taken so far, in order.
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// The value that a name has in this run now, for tests that quote it in a reply.
    pub fn value(&self, name: &Name) -> Option<Value> {
        use hermes_format::template::Scope as _;
        self.run.value(name)
    }

    /// Enters a state; `answer` is what led there.
    fn enter(&mut self, id: StateId, answer: &Value, now: Now) -> Effect {
        self.at = Some(id);
        self.tries = Tries::default();
        self.url_at = 0;
        self.note = None;
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return self.fail(Code::BadFlow);
        }
        let provider = self.run.provider.clone();
        let Some(state) = provider.states.get(id.0) else { return self.fail(Code::BadFlow) };
        match &state.kind {
            StateKind::Active(active) => self.enter_active(id, active, now),
            StateKind::Success(success) => match success::grant(success, answer, &self.run, now) {
                Ok(grant) => Effect::Finish(Outcome::Success(Box::new(grant))),
                Err(unusable) => self.finish(|failing| failing.unusable(unusable)),
            },
            StateKind::Done => Effect::Finish(Outcome::Done { status: self.last_status }),
            StateKind::Error => self.fail(Code::BadFlow),
            StateKind::Timeout => self.timed_out(),
        }
    }

    /// Enters a state that acts, from another: the first time it has no pause before it but `first`.
    fn enter_active(&mut self, id: StateId, active: &Active, now: Now) -> Effect {
        let pause = match self.paces.get_mut(&id) {
            Some(pace) => pace.next_pause(None),
            None => {
                let (pace, warnings) = Pace::of(active, &self.run, now);
                self.run.warnings.extend(warnings);
                self.paces.entry(id).or_insert(pace).first_pause()
            }
        };
        let show = match active.show.as_ref().map(|show| prompt::make(show, &self.run)).transpose() {
            Ok(show) => show,
            Err(unshown) => return self.finish(|failing| failing.unshown(unshown)),
        };
        let Some(pace) = self.paces.get(&id) else { return self.fail(Code::BadFlow) };
        if pause.is_zero() && show.is_none() && pace.deadline.is_none_or(|deadline| now.elapsed < deadline) {
            return self.act(now);
        }
        Self::wait(pace, pause, (show, None), now)
    }

    /// A pause that ends at the deadline at the latest, with what to show and to tell first.
    fn wait(pace: &Pace, pause: Duration, shown: (Option<Prompt>, Option<String>), now: Now) -> Effect {
        let wanted = now.elapsed.saturating_add(pause);
        let until = pace.deadline.map_or(wanted, |deadline| wanted.min(deadline));
        let (show, note) = shown;
        Effect::Wait { until, deadline: pace.deadline, show, note }
    }

    fn woke(&mut self, now: Now) -> Effect {
        let deadline = self.at.and_then(|id| self.paces.get(&id)?.deadline);
        // No request starts at or after the deadline.
        if deadline.is_some_and(|deadline| now.elapsed >= deadline) {
            self.timed_out()
        } else {
            self.act(now)
        }
    }

    /// Does what the state is for.
    fn act(&mut self, now: Now) -> Effect {
        let provider = self.run.provider.clone();
        match acting(&provider, self.at) {
            Some((name, Active { act: Act::Request(request), .. })) => {
                if let Some(bind) = self.bind_before(request) {
                    return bind;
                }
                self.url_at =
                    request::url_at(request, self.url_at, &self.run).unwrap_or(request.others.len());
                match request::build(name, request, self.url_at, &self.run) {
                    Ok(built) => self.send(built, 0),
                    Err(unmade) => self.finish(|failing| failing.unmade(unmade)),
                }
            }
            Some((_, Active { act: Act::Browser(browser), .. })) => self.browse(browser, now),
            None => self.fail(Code::BadFlow),
        }
    }

    /// Sends a request, if it may go where it is to go.
    fn send(&mut self, request: Request, hops: u8) -> Effect {
        if let Some(refusal) = self.run.refusal(&request.url) {
            return self.refuse(&request.url, refusal);
        }
        self.asking = Some((request.clone(), hops));
        Effect::Send(request)
    }

    /// Ends the run before anything goes to this URL.
    fn refuse(&mut self, url: &Url, detail: impl Into<String>) -> Effect {
        let host = url.host_str().unwrap_or_default().to_owned();
        self.finish(|failing| failing.refused(Code::OriginRefused, &host, detail))
    }

    fn timed_out(&mut self) -> Effect {
        let timeout = match self.note.take() {
            Some(note) => self.because(Code::Timeout, format!("the last answer was {note}")),
            None => self.fail(Code::Timeout),
        };
        self.at = self.run.provider.state_id("timeout").or(self.at);
        timeout
    }

    fn fail(&mut self, code: Code) -> Effect {
        self.finish(|failing| failing.code(code, false))
    }

    fn because(&mut self, code: Code, detail: impl Into<String>) -> Effect {
        self.finish(|failing| failing.because(code, detail))
    }

    fn finish(&mut self, trouble: impl FnOnce(Failing<'_>) -> Trouble) -> Effect {
        let state = self.at.and_then(|id| self.run.provider.states.get(id.0)).map(|s| s.name.as_str());
        let failing = Failing::of(&self.run, state);
        Effect::Finish(Outcome::Failed(trouble(failing)))
    }
}

/// The name of the state that the machine is in, and what it does, where it is one that acts.
fn acting(provider: &Provider, at: Option<StateId>) -> Option<(&str, &Active)> {
    let state = provider.states.get(at?.0)?;
    match &state.kind {
        StateKind::Active(active) => Some((&state.name, active)),
        _ => None,
    }
}
