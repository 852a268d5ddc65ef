//! The loop that performs a machine's effects.
//!
//! It decides nothing: every effect becomes an act, every act becomes an event. What it does know is that a person may
//! press Ctrl-C at any moment, and that while a refresh is under way they have to wait for its end (S33).

mod perform;
mod person;
mod runtime;
mod signal;
#[cfg(test)]
mod tests;

use std::io;

use hermes_format::provider::Action;
use hermes_format::time::Now;
use hermes_machine::machine::{CallbackTie, Effect, Event, Machine, Outcome, Progress, Start};

use crate::clock::Clock;
use crate::http::Http;
use perform::{Interrupts, Performer, Setting};

pub use person::{NoWitness, Nobody, Opened, Person, Witness};
pub use runtime::{Runtime, block_on};
pub use signal::{Interrupt, Signals};

/// Runs a flow to its end.
///
/// SIGINT, SIGTERM and SIGHUP cancel it at once, during a request too. A refresh is not cancelled: a request of it may
/// have spent the refresh token, so signals wait for the end of the run, and for the commit where the caller holds
/// [`Signals`] of its own and asks them afterwards.
///
/// # Errors
///
/// Where the witness refuses a request before it is sent, or signals can't be caught. How a flow ends, well or badly, is
/// an [`Outcome`].
pub async fn run(
    start: Start,
    http: &Http,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    let signals = Signals::catch()?;
    let signals = match start.action {
        Action::Refresh => Interrupts::Hold { _caught: signals },
        Action::Login | Action::Logout | Action::Verify => Interrupts::Cancel(signals),
    };
    run_with(signals, start, http, person, witness).await
}

/// Goes on with a run of an earlier process, without a user. Signals wait for its end, as with a refresh.
///
/// # Errors
///
/// As [`run`] has them.
pub async fn resume(
    start: Start,
    progress: Progress,
    http: &Http,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    let signals = Interrupts::Hold { _caught: Signals::catch()? };
    resume_with(signals, (start, progress), http, witness).await
}

/// The same, and leaves signals to the program that embeds it.
///
/// # Errors
///
/// Where the witness refuses a request before it is sent.
pub async fn resume_uninterrupted(
    start: Start,
    progress: Progress,
    http: &Http,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    resume_with(Interrupts::Ignore, (start, progress), http, witness).await
}

async fn resume_with(
    signals: Interrupts,
    (start, progress): (Start, Progress),
    http: &Http,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    let clock = Clock::start();
    let setting = Setting { clock, browser: false, signals };
    let (machine, effect) = Machine::resume(start, progress, clock.now());
    let mut nobody = Nobody;
    drive(machine, effect, Performer::new(setting, http, &mut nobody, witness)).await
}

/// Runs a flow to its end, and leaves signals to whoever embeds it: dropping the future is what cancels.
///
/// # Errors
///
/// Where the witness refuses a request before it is sent.
pub async fn run_uninterrupted(
    start: Start,
    http: &Http,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    run_with(Interrupts::Ignore, start, http, person, witness).await
}

async fn run_with(
    signals: Interrupts,
    start: Start,
    http: &Http,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    let clock = Clock::start();
    let setting = Setting { clock, browser: start.browser, signals };
    let (machine, effect) = Machine::start(start, clock.now());
    let performer = Performer::new(setting, http, person, witness);
    drive(machine, effect, performer).await
}

/// Performs effects until the last.
async fn drive(
    mut machine: impl Step,
    mut effect: Effect,
    mut performer: Performer<'_>,
) -> io::Result<Outcome> {
    loop {
        let event = match &effect {
            Effect::Finish(outcome) => return Ok(outcome.clone()),
            Effect::Send(request) => {
                performer.reached(machine.progress());
                match performer.known(request) {
                    Some((response, wall)) => {
                        effect = machine.step(Event::Answered(response), Now { wall, ..performer.now() });
                        continue;
                    }
                    None => performer.send(request).await?,
                }
            }
            Effect::Wait { until, deadline, show, note } => {
                performer.note(note.as_deref());
                performer.wait(*until, *deadline, show.as_ref()).await
            }
            Effect::Agree { origins, sends_secret } => performer.agree(origins, *sends_secret),
            Effect::Bind(listener) => performer.bind(listener).await,
            Effect::Listen { show, until, again, .. } => {
                performer.expect(machine.callback_tie());
                performer.listen(show, *until, *again).await
            }
        };
        performer.performed(&effect, &event);
        let unbound = match (&effect, &event) {
            (Effect::Bind(listener), Event::Failed(_)) => Some(listener.port),
            _ => None,
        };
        effect = machine.step(event, performer.now());
        if let Some(port) = unbound
            && !matches!(effect, Effect::Finish(_))
        {
            performer.gives_way(port);
        }
    }
}

/// What is driven: a machine, or in tests a script.
trait Step: Send {
    fn step(&mut self, event: Event, now: Now) -> Effect;

    /// What ties a callback to this run.
    fn callback_tie(&self) -> Option<CallbackTie> {
        None
    }

    /// How far the run has come.
    fn progress(&self) -> Option<Progress> {
        None
    }
}

impl Step for Machine {
    fn step(&mut self, event: Event, now: Now) -> Effect {
        Machine::step(self, event, now)
    }

    fn callback_tie(&self) -> Option<CallbackTie> {
        Machine::callback_tie(self)
    }

    fn progress(&self) -> Option<Progress> {
        Machine::progress(self)
    }
}
