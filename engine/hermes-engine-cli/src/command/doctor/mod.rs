//! `doctor`: what is logged in, whether the store is well, and what is set but not read.

mod health;
mod unread;

use hermes_engine::store::{Document, FileStore, StoreError};
use hermes_engine::{AccountState, AccountStatus};
use serde_json::{Value, json};

use super::auth::{because, line, object};
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Network, Output};
use crate::render::{self, safe};
use health::Health;

/// Diagnose logins, the credential store and unused variables.
///
/// Uses no network and runs no programs; providers whose credential comes from a program are marked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let store = FileStore::open(context.home.clone());
    let document = store.read();
    let health = Health::of(&store, document.as_ref());
    if document.is_err() {
        return report_sick_store(args.output, health, document);
    }
    let door = Door::open(context, &Network::default(), false)?;
    let all = hermes_engine::blocking::wait(door.engine.providers())?;
    let (strangers, known): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|status| status.state == AccountState::Untrusted);
    let unread = unread::unread(&known, context);
    if args.output.is_json() {
        let all: Vec<Value> = known.iter().chain(&strangers).map(object).collect();
        render::answer_json(
            &json!({ "version": 1, "store": health.object(), "providers": all, "unread": unread }),
        )?;
    } else {
        let lines: Vec<String> = known.iter().map(told).collect();
        let untrusted = strangers.iter().map(line).collect();
        let all = [lines, untrusted, vec![health.line()], unread].concat();
        render::answer(&all.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// A provider's line, and what the user could not guess about it.
fn told(status: &AccountStatus) -> String {
    let line = line(status);
    let has_value = status.source.is_some() || status.code.as_deref() == Some("bad_input");
    match (&status.reason, status.info.as_ref().and_then(|info| info.program())) {
        _ if status.state.is_usable() => line,
        (Some(reason), _) if has_value => format!("{line}: {}", because(&status.name, reason)),
        (_, Some(program)) => format!("{line}; the program `{}` was not asked", safe(program)),
        _ => line,
    }
}

fn report_sick_store(output: Output, health: Health, document: Result<Document, StoreError>) -> Ended {
    if output.is_json() {
        render::answer_json(&json!({ "version": 1, "store": health.object() }))?;
    } else {
        render::answer_line(&health.line())?;
    }
    document.map(|_| Exit::Done).map_err(Failure::from)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine doctor
  hermes-engine doctor --format json";
