//! `keep`: credentials that never get old while it runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use hermes_engine::clock;
use hermes_engine::credential::{Credential, Standing, Status};
use hermes_engine::driver::Interrupt;
use hermes_engine::keep::{Schedule, Watched};
use hermes_format::time::UnixMs;

use super::Ended;
use super::auth::{because, standings_of};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, say, time};
use crate::session::{Network, Session, Wanted};

/// Keep credentials refreshed until interrupted.
///
/// All credentials of the providers are kept, those that are added meanwhile too. Optional: `token` refreshes by
/// itself, and `keep` spares the first caller the wait. On SIGTERM or Ctrl-C it finishes a refresh in flight and
/// exits.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider ids or aliases
    #[arg(required = true, value_name = "PROVIDER")]
    providers: Vec<String>,
    #[command(flatten)]
    network: Network,
}

/// When what could not be read is looked at again.
const AGAIN: Duration = Duration::from_secs(10);
/// Under what it is remembered that this was said; no credential has this key.
const STORE: &str = "";

/// A credential, and how a person knows it.
struct One<'s> {
    session: &'s Session<'s>,
    status: Status,
    watched: Watched,
    name: String,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let interrupt = Interrupt::listen().map_err(|error| Failure::no_signals(&error))?;
    let mut sessions = Vec::new();
    for name in &args.providers {
        let session = Session::open(context, Some(name))?;
        sessions.push(Session { store: session.store.stopping_at(interrupt.flag()), ..session });
    }
    let mut keeper = Keeper {
        schedule: Schedule::new(seed()),
        network: args.network,
        said: HashMap::new(),
        stop: interrupt.flag(),
    };
    // What can't be read at the start is for the person who sees it.
    let mut pause = keeper.look(&sessions)?;
    while !interrupt.wait(pause) {
        pause = keeper.look(&sessions).unwrap_or_else(|failure| keeper.unread(&failure));
    }
    say("Stopped; what was kept stays stored.");
    Ok(Exit::Done)
}

/// What is different in each process: two of them renew at different moments.
fn seed() -> u64 {
    u64::from(std::process::id()) ^ u64::try_from(clock::wall().0).unwrap_or_default()
}

/// What was done and said so far.
struct Keeper {
    schedule: Schedule,
    network: Network,
    said: HashMap<String, String>,
    stop: Arc<AtomicBool>,
}

impl Keeper {
    /// Renews what is due, says what is new, and tells how long to wait.
    fn look(&mut self, sessions: &[Session<'_>]) -> Result<Duration, Failure> {
        let all = stored(sessions)?;
        self.said.remove(STORE);
        let mut due = Vec::new();
        for one in &all {
            let now = clock::wall();
            let is_due = self.schedule.due(&one.watched).is_some_and(|due| due <= now);
            match one.status.standing {
                Standing::ReloginRequired | Standing::NotLoggedIn => {
                    self.tell(&one.watched.key, "login", &needs_login(one));
                }
                _ if is_due => due.push(one),
                _ => {
                    let line = self.kept(one, now);
                    self.tell(&one.watched.key, &kept_until(one.watched.expires_at), &line);
                }
            }
        }
        self.renew(&due)?;
        let kept = stored(sessions)?;
        let live = kept.iter().filter(|one| one.status.standing.is_usable());
        Ok(self.schedule.pause(live.map(|one| &one.watched), clock::wall()).max(Duration::from_secs(1)))
    }

    /// Renews credentials: those of one provider one after the other, and no provider waits for another's server.
    fn renew(&mut self, due: &[&One<'_>]) -> Result<(), Failure> {
        let (network, stop) = (self.network.clone(), self.stop.clone());
        let (tell, told) = channel();
        std::thread::scope(|scope| {
            let of_provider = due.chunk_by(|a, b| std::ptr::eq(a.session, b.session));
            let threads: Vec<_> = of_provider
                .map(|ones| {
                    let (tell, network, stop) = (tell.clone(), &network, &stop);
                    scope.spawn(move || {
                        for one in ones {
                            if stop.load(Ordering::SeqCst) {
                                return;
                            }
                            let renewed = renewed(one, network);
                            let is_over =
                                matches!(&renewed, Err(failure) if failure.exit == Exit::Interrupted);
                            if tell.send((*one, renewed)).is_err() || is_over {
                                return;
                            }
                        }
                    })
                })
                .collect();
            drop(tell);
            told.into_iter().for_each(|(one, renewed)| self.note(one, renewed));
            let panicked = threads.into_iter().any(|thread| thread.join().is_err());
            if panicked { Err(Failure::new(Exit::Bug, "bug", "a renewal ended in a panic")) } else { Ok(()) }
        })
    }

    fn note(&mut self, one: &One<'_>, renewed: Result<Credential, Failure>) {
        let now = clock::wall();
        match renewed {
            Ok(credential) if credential.expires_at > one.watched.expires_at => {
                self.schedule.renewed(&one.watched.key);
                let until = credential.expires_at.map(|at| format!("; expires {}", time::distance(at, now)));
                let line = format!("✓ {}: refreshed{}", one.name, until.unwrap_or_default());
                self.tell(&one.watched.key, &kept_until(credential.expires_at), &line);
            }
            // A warning has said why; the token serves until it ends.
            Ok(_) => self.later(one, "not refreshed", now),
            Err(failure) if failure.exit == Exit::Interrupted => {}
            Err(failure) => self.later(one, &because(one.session, &failure.message), now),
        }
    }

    /// Says that nothing could be read; what is there may be mended, and is looked at again soon.
    fn unread(&mut self, failure: &Failure) -> Duration {
        let why = safe(&failure.message);
        self.tell(STORE, &why, &format!("⚠ {why}; tried again in {} s", AGAIN.as_secs()));
        AGAIN
    }

    fn later(&mut self, one: &One<'_>, why: &str, now: UnixMs) {
        let next = self.schedule.failed(&one.watched.key, now);
        let line = format!("⚠ {}: {why}; tried again {}", one.name, time::distance(next, now));
        self.tell(&one.watched.key, why, &line);
    }

    fn kept(&self, one: &One<'_>, now: UnixMs) -> String {
        match (self.schedule.due(&one.watched), one.watched.expires_at) {
            (Some(due), Some(at)) => format!(
                "✓ {}: expires {}, refreshed {}",
                one.name,
                time::distance(at, now),
                time::distance(due, now)
            ),
            _ => format!("✓ {}: nothing to refresh", one.name),
        }
    }

    /// Says a line, once for each state of a credential.
    fn tell(&mut self, key: &str, state: &str, line: &str) {
        let said = self.said.insert(key.to_owned(), state.to_owned());
        if said.as_deref() != Some(state) {
            say(line);
        }
    }
}

/// Renews one credential, in a thread that has no async runtime: a renewal has one of its own.
fn renewed(one: &One<'_>, network: &Network) -> Result<Credential, Failure> {
    let left = one.watched.expires_at.map_or(0, |at| at.0.saturating_sub(clock::wall().0)).max(0);
    let wanted = Wanted {
        // A little more than it has left makes it due.
        min_ttl: Some(Duration::from_millis(left.unsigned_abs()) + Duration::from_secs(1)),
        label: one.status.id.clone(),
        network: network.clone(),
        ..Wanted::default()
    };
    one.session.credential(&wanted, &one.session.inputs(&Default::default())?)
}

fn kept_until(expires_at: Option<UnixMs>) -> String {
    format!("kept until {expires_at:?}")
}

fn needs_login(one: &One<'_>) -> String {
    let reason = one.status.reason.as_deref().map(|reason| format!(" ({})", because(one.session, reason)));
    let id = &one.session.provider.id;
    format!("⚠ {}: log in with `hermes-engine run-flow {id}`{}", one.name, reason.unwrap_or_default())
}

/// All credentials of the providers, as they are now.
fn stored<'s>(sessions: &'s [Session<'s>]) -> Result<Vec<One<'s>>, Failure> {
    let mut all = Vec::new();
    for session in sessions {
        let document = session.store.read()?;
        for status in standings_of(session, &document, &|_| true)? {
            let id = status.id.clone().unwrap_or_default();
            let watched = Watched {
                key: format!("{}/{id}", session.provider.id),
                expires_at: status.expires_at.filter(|_| status.early.is_some()),
                early: status.early.unwrap_or_default(),
            };
            let label = status.label.as_deref().map(|label| format!(" [{}]", safe(label)));
            let name = format!("{}{}", safe(&session.provider.name), label.unwrap_or_default());
            all.push(One { session, status, watched, name });
        }
    }
    Ok(all)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine keep PROVIDER
  hermes-engine keep PROVIDER OTHER 2>> keep.log &";
