//! `keep`: credentials that never get old while it runs.

use std::collections::HashMap;
use std::time::Duration;

use hermes_engine::clock;
use hermes_engine::credential::{Standing, Status};
use hermes_engine::driver::Signals;
use hermes_engine::keep::{Schedule, Watched};
use hermes_engine_core::time::UnixMs;

use super::Ended;
use super::auth::standings_of;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flow::block_on;
use crate::render::{safe, say, time};
use crate::session::{Network, Session, Wanted};

/// Refresh credentials ahead of their end, for as long as this runs.
///
/// All credentials of the providers are kept, those that are added meanwhile too. Nobody needs it: `token` refreshes by
/// itself. It spares the first caller the wait. SIGTERM and Ctrl-C end it; a refresh that is under way is finished first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Ids or aliases
    #[arg(required = true, value_name = "PROVIDER")]
    providers: Vec<String>,
    #[command(flatten)]
    network: Network,
}

/// A credential, and how a person knows it.
struct One<'s> {
    session: &'s Session<'s>,
    status: Status,
    watched: Watched,
    name: String,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let mut sessions = Vec::new();
    for name in &args.providers {
        sessions.push(Session::open(context, Some(name))?);
    }
    let mut keeper = Keeper { schedule: Schedule::new(seed()), network: args.network, said: HashMap::new() };
    block_on(async {
        let mut signals = Signals::catch()
            .map_err(|error| Failure::new(Exit::Bug, "bug", format!("signals can't be caught: {error}")))?;
        loop {
            let pause = keeper.look(&sessions)?;
            tokio::select! {
                biased;
                () = signals.next() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        say("Stopped; what was kept stays stored.");
        Ok(Exit::Done)
    })?
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
}

impl Keeper {
    /// Renews what is due, says what is new, and tells how long to wait.
    fn look(&mut self, sessions: &[Session<'_>]) -> Result<Duration, Failure> {
        let all = stored(sessions)?;
        for one in &all {
            let now = clock::wall();
            let is_due = self.schedule.due(&one.watched).is_some_and(|due| due <= now);
            match one.status.standing {
                Standing::ReloginRequired | Standing::NotLoggedIn => {
                    self.tell(one, "login", &needs_login(one));
                }
                _ if is_due => self.renew(one, now)?,
                _ => self.tell(one, &kept_until(one.watched.expires_at), &self.kept(one, now)),
            }
        }
        let kept = stored(sessions)?;
        let live = kept.iter().filter(|one| one.status.standing.is_usable());
        Ok(self.schedule.pause(live.map(|one| &one.watched), clock::wall()).max(Duration::from_secs(1)))
    }

    fn renew(&mut self, one: &One<'_>, now: UnixMs) -> Result<(), Failure> {
        let left = one.watched.expires_at.map_or(0, |at| at.0.saturating_sub(now.0)).max(0);
        let wanted = Wanted {
            // A little more than it has left makes it due.
            min_ttl: Some(Duration::from_millis(left.unsigned_abs()) + Duration::from_secs(1)),
            label: one.status.id.clone(),
            network: self.network.clone(),
            ..Wanted::default()
        };
        let inputs = one.session.inputs(&Default::default())?;
        // Its own thread: a renewal has a runtime of its own.
        let renewed = std::thread::scope(|scope| {
            let thread = scope.spawn(|| one.session.credential(&wanted, &inputs));
            thread.join().map_err(|_| Failure::new(Exit::Bug, "bug", "a renewal ended in a panic"))
        })?;
        match renewed {
            Ok(credential) if credential.expires_at > one.watched.expires_at => {
                self.schedule.renewed(&one.watched.key);
                let until = credential.expires_at.map(|at| format!("; expires {}", time::distance(at, now)));
                let line = format!("✓ {}: refreshed{}", one.name, until.unwrap_or_default());
                self.tell(one, &kept_until(credential.expires_at), &line);
            }
            // A warning has said why; the token serves until it ends.
            Ok(_) => self.later(one, "not refreshed", now),
            Err(failure) if failure.exit == Exit::Interrupted => {}
            Err(failure) => self.later(one, &safe(&failure.message), now),
        }
        Ok(())
    }

    fn later(&mut self, one: &One<'_>, why: &str, now: UnixMs) {
        let next = self.schedule.failed(&one.watched.key, now);
        let line = format!("⚠ {}: {why}; tried again {}", one.name, time::distance(next, now));
        self.tell(one, why, &line);
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
    fn tell(&mut self, one: &One<'_>, state: &str, line: &str) {
        let said = self.said.insert(one.watched.key.clone(), state.to_owned());
        if said.as_deref() != Some(state) {
            say(line);
        }
    }
}

fn kept_until(expires_at: Option<UnixMs>) -> String {
    format!("kept until {expires_at:?}")
}

fn needs_login(one: &One<'_>) -> String {
    let reason = one.status.reason.as_deref().map(|reason| format!(" ({})", safe(reason)));
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
