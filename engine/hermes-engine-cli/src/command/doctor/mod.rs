//! `doctor`: what is logged in, whether the store is well, and what is set but not read.

mod health;
mod unread;

use hermes_engine::credential::Status;
use hermes_engine::store::{Document, FileStore, StoreError};
use hermes_format::provider::{InputSource, Status as Life};
use hermes_machine::machine::Code;
use serde_json::{Value, json};

use super::Ended;
use super::auth::{Seen, because, line, object, seen, standings_without_programs, untrusted, untrusted_line};
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, safe};
use crate::session::Session;
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
    let Ok(document) = document else {
        return report_sick_store(args.output, health, document);
    };
    let (mut sessions, mut strangers) = (Vec::new(), Vec::new());
    for entry in context.catalog.entries() {
        match seen(context, entry) {
            Seen::Usable(session) if session.provider.status != Life::Discontinued => sessions.push(session),
            Seen::Untrusted(entry) => strangers.push(entry),
            Seen::Usable(_) | Seen::Broken => {}
        }
    }
    let firsts = sessions.iter().filter_map(|session| {
        let all = standings_without_programs(session, &document);
        all.into_iter().next().map(|first| (session, first))
    });
    let providers: Vec<(&Session<'_>, Status)> = firsts.collect();
    let unread = unread::unread(&providers, context);
    if args.output.is_json() {
        let known = providers.iter().map(|(session, status)| object(session, status));
        let all: Vec<Value> = known.chain(strangers.iter().map(untrusted)).collect();
        render::answer_json(
            &json!({ "version": 1, "store": health.object(), "providers": all, "unread": unread }),
        )?;
    } else {
        let lines: Vec<String> = providers.iter().map(|(session, status)| told(session, status)).collect();
        let untrusted = strangers.iter().map(untrusted_line).collect();
        let all = [lines, untrusted, vec![health.line()], unread].concat();
        render::answer(&all.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// A provider's line, and what a person could not guess about it.
fn told(session: &Session<'_>, status: &Status) -> String {
    let line = line(session, status);
    let has_value = status.source.is_some() || status.code == Some(Code::BadInput);
    match (&status.reason, program(session)) {
        _ if status.standing.is_usable() => line,
        (Some(reason), _) if has_value => format!("{line}: {}", because(session, reason)),
        (_, Some(program)) => format!("{line}; the program `{}` was not asked", safe(program)),
        _ => line,
    }
}

/// The first program that a provider's credential may come from.
fn program<'s>(session: &'s Session<'_>) -> Option<&'s str> {
    let mut sources = session.provider.inputs.values().flat_map(|input| &input.from);
    sources.find_map(|source| match source {
        InputSource::Command(words) => words.value.first().map(String::as_str),
        InputSource::Env(_) | InputSource::File { .. } => None,
    })
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
