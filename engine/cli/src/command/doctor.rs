//! `doctor`: what is logged in, whether the store is well, and what is set but not read.

use std::collections::BTreeSet;
use std::env;

use hermes_engine::catalog::api_mode;
use hermes_engine::credential::Standing;
use hermes_engine::input;
use hermes_engine::store::{Document, Store};
use hermes_engine_core::provider::{InputSource, Status as Life};
use serde_json::{Value, json};

use super::Ended;
use super::auth::{line, object, standings_of};
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, safe};
use crate::session::Session;

/// Tell what is logged in, how the store is, and which variables are set but not read.
///
/// Nothing is asked over the network, and no program is run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let store = Store::open(context.home.clone());
    let document = store.read();
    let health = health(&store, document.as_ref().map_err(ToString::to_string));
    let Ok(document) = document else {
        return report_sick_store(args.output, health, document);
    };
    let sessions: Vec<Session<'_>> = context
        .catalog
        .entries()
        .iter()
        .filter_map(|entry| Session::open_quietly(context, entry))
        .filter(|session| session.provider.status != Life::Discontinued)
        .collect();
    let mut providers = Vec::new();
    for session in &sessions {
        let all = standings_of(session, &document, &|source| matches!(source, InputSource::Env(_)))?;
        providers.extend(all.into_iter().next().map(|first| (session, first)));
    }
    let unread = unread(&sessions, &providers.iter().map(|(_, s)| s.standing).collect::<Vec<_>>(), context)?;
    if args.output.is_json() {
        let all: Vec<Value> = providers.iter().map(|(session, status)| object(session, status)).collect();
        let value = json!({ "version": 1, "store": { "ok": true, "message": health }, "providers": all, "unread": unread });
        render::answer_json(&value)?;
    } else {
        let lines: Vec<String> = providers.iter().map(|(session, status)| line(session, status)).collect();
        let distrust =
            sessions.iter().filter_map(Session::distrust).map(|what| format!("⚠ {what}")).collect();
        render::answer(
            &[lines, distrust, vec![health], unread]
                .concat()
                .iter()
                .map(|line| format!("{line}\n"))
                .collect::<String>(),
        )?;
    }
    Ok(Exit::Done)
}

fn health(store: &Store, document: Result<&Document, String>) -> String {
    let path = safe(&store.path().display().to_string());
    match document {
        Ok(document) => {
            let warnings: Vec<String> = document.warnings.iter().map(|warning| safe(warning)).collect();
            let count = document.providers().len();
            let mark = if warnings.is_empty() { "✓" } else { "⚠" };
            let stored = format!("{mark} {path} ({count} stored)");
            [vec![stored], warnings].concat().join("; ")
        }
        Err(reason) => format!("✗ {path}: {}", safe(&reason)),
    }
}

fn report_sick_store(
    output: Output,
    health: String,
    document: Result<Document, hermes_engine::store::StoreError>,
) -> Ended {
    if output.is_json() {
        render::answer_json(&json!({ "version": 1, "store": { "ok": false, "message": health } }))?;
    } else {
        render::answer_line(&health)?;
    }
    document.map(|_| Exit::Done).map_err(Failure::from)
}

/// Variables that are set and that a provider in use does not read, though programs of its protocol may.
fn unread(
    sessions: &[Session<'_>],
    standings: &[Standing],
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let chosen = context.find(None).ok().map(|entry| entry.id);
    let in_use = sessions
        .iter()
        .zip(standings)
        .filter(|(session, standing)| standing.is_usable() || chosen.as_ref() == Some(&session.provider.id));
    let mut lines = Vec::new();
    for (session, _) in in_use {
        let own: BTreeSet<&str> = input::variables(&session.provider).into_iter().collect();
        let mode = session.provider.api.mode.as_deref().and_then(api_mode).unwrap_or_default();
        let credentials =
            mode.token.values().map(String::as_str).chain(mode.remove.iter().map(String::as_str));
        let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let unread = credentials.filter(|name| !own.contains(name)).filter(is_set);
        lines.extend(
            unread.map(|name| format!("`{name}` is set; `{}` does not read it", session.provider.id)),
        );
    }
    Ok(lines)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine doctor
  hermes-engine doctor --format json";
