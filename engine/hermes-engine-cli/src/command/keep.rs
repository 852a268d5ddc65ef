//! `keep`: accounts that never get old while it runs.

use std::collections::HashMap;

use hermes_engine::{AccountState, AccountStatus, ErrorKind, clock};
use hermes_format::time::UnixMs;

use super::auth::because;
use crate::audit::{self, Fate};
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Network;
use crate::render::{safe, say, time};

/// Keep credentials refreshed until interrupted.
///
/// All credentials of the providers are kept, those that are added meanwhile too. Optional: `token` refreshes by
/// itself, and `keep` spares the first caller the wait. On SIGTERM or Ctrl-C it finishes a refresh in flight and
/// exits.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider ids or aliases
    #[arg(required_unless_present = "all", value_name = "PROVIDER")]
    providers: Vec<String>,
    /// Keep every stored credential, whichever provider it is of
    #[arg(long, conflicts_with = "providers")]
    all: bool,
    #[command(flatten)]
    network: Network,
}

/// Under what it is remembered that this was said; no account has this key.
const STORE: &str = "";

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let door = Door::open(context, &args.network, false)?;
    let mut accounts = Vec::new();
    for name in &args.providers {
        let account = door.account(Some(name))?;
        // What is wrong with a file is for whoever starts it.
        door.context.open(&door.context.find(Some(name))?)?;
        accounts.push(account);
    }
    let mut reporter = Reporter { said: HashMap::new() };
    let auditor = audit::Auditor::of(&door);
    let first = args.providers.first().cloned().unwrap_or_default();
    let kept = door.run(
        &first,
        door.engine.keep(accounts, move |status| {
            if let Ok(AccountStatus { access: Some(access), label, .. }) = &status {
                auditor.note(Fate::Stored, label.as_deref(), access);
            }
            reporter.tell_of(status);
        }),
    );
    match kept {
        Err(failure) if failure.exit != Exit::Interrupted => Err(failure),
        Ok(()) | Err(_) => {
            say("Stopped; what was kept stays stored.");
            Ok(Exit::Done)
        }
    }
}

/// What was said so far.
struct Reporter {
    said: HashMap<String, String>,
}

impl Reporter {
    fn tell_of(&mut self, status: Result<AccountStatus, hermes_engine::Error>) {
        let now = clock::wall();
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let why = safe(&Failure::from(error).message);
                return self.tell(STORE, &why, &format!("⚠ {why}; tried again in 10 s"));
            }
        };
        self.said.remove(STORE);
        let key = format!("{}/{}", status.provider, status.id.as_deref().unwrap_or_default());
        let label = status.label.as_deref().map(|label| format!(" [{}]", safe(label)));
        let name = format!("{}{}", safe(&status.name), label.unwrap_or_default());
        let expires_at = status.expires_at.map(time::unix_ms);
        let next = status.renew_at.map(time::unix_ms);
        let until = format!("kept until {expires_at:?}");
        if status.access.is_some() {
            let expires = expires_at.map(|at| format!("; expires {}", time::distance(at, now)));
            self.tell(&key, &until, &format!("✓ {name}: refreshed{}", expires.unwrap_or_default()));
        } else if let Some(error) = &status.error {
            let needs_login = error.kind() == ErrorKind::LoginRequired;
            let why = because(&status.name, &error.to_string());
            let line = match next {
                Some(next) => format!("⚠ {name}: {why}; tried again {}", time::distance(next, now)),
                None => format!("⚠ {name}: {why}"),
            };
            let why = if needs_login { "login" } else { &why };
            self.tell(&key, why, &line);
        } else if matches!(status.state, AccountState::ReloginRequired | AccountState::NotLoggedIn) {
            let reason = status.reason.as_deref();
            let reason = reason.map(|reason| format!(" ({})", because(&status.name, reason)));
            let id = &status.provider;
            let reason = reason.unwrap_or_default();
            let line = format!("⚠ {name}: log in with `hermes-engine run-flow {id}`{reason}");
            self.tell(&key, "login", &line);
        } else {
            self.tell(&key, &until, &kept(&name, expires_at, next, now));
        }
    }

    /// Says a line, once for each state of an account.
    fn tell(&mut self, key: &str, state: &str, line: &str) {
        let said = self.said.insert(key.to_owned(), state.to_owned());
        if said.as_deref() != Some(state) {
            say(line);
        }
    }
}

fn kept(name: &str, expires_at: Option<UnixMs>, next: Option<UnixMs>, now: UnixMs) -> String {
    match (next, expires_at) {
        (Some(next), Some(at)) => {
            format!("✓ {name}: expires {}, refreshed {}", time::distance(at, now), time::distance(next, now))
        }
        _ => format!("✓ {name}: nothing to refresh"),
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine keep PROVIDER
  hermes-engine keep PROVIDER OTHER 2>> keep.log &
  hermes-engine keep --all";
