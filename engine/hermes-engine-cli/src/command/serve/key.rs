//! `serve key`: the keys of clients.

use std::time::{Duration, SystemTime};

use clap::Subcommand;
use hermes_engine::clock;
use hermes_engine_serve::{Key, KeyError, Keys, Scope};
use hermes_format::time::UnixMs;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Output, duration};
use crate::render::table::columns;
use crate::render::time::{distance, rfc3339};
use crate::render::{answer, answer_json, answer_line, safe, say};

/// Add, list and revoke the keys of clients.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a key and print it, this once; only its hash is stored
    Add {
        /// What to call it
        name: String,
        /// A provider that it is for, by its id or an alias (repeatable)
        #[arg(long = "provider", value_name = "PROVIDER", required_unless_present = "all_providers")]
        providers: Vec<String>,
        /// Let it be for every provider
        #[arg(long, conflicts_with = "providers")]
        all_providers: bool,
        /// An account that it is for, by its label: paths must name it (repeatable) [default: all]
        #[arg(long = "account", value_name = "LABEL")]
        accounts: Vec<String>,
        /// A model that it is for (repeatable) [default: all]
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// How long it is valid, such as 8h [default: until it is revoked]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        ttl: Option<Duration>,
    },
    /// List the keys
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Take a key away, at once
    Revoke {
        /// What it is called
        name: String,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let mut keys = Keys::of_home(context.home.path());
    match args.what {
        What::Add { name, providers, all_providers: _, accounts, models, ttl } => {
            let find = |name: &String| Ok(context.find(Some(name))?.id);
            let providers: Vec<String> = providers.iter().map(find).collect::<Result<_, Failure>>()?;
            let first = providers.first().cloned().unwrap_or_else(|| "PROVIDER".to_owned());
            let scope = Scope { providers, accounts, models, expires_at: None };
            let scope = ttl.map_or(scope.clone(), |ttl| scope.expiring_in(ttl));
            let key = keys.add(&name, scope).map_err(failure)?;
            answer_line(key.expose_secret())?;
            say(&format!(
                "Key `{}` added; it is shown this once. Base URL: http://127.0.0.1:4180/{first}",
                safe(&name)
            ));
            Ok(Exit::Done)
        }
        What::List { output } => list(&keys.list().map_err(failure)?, output),
        What::Revoke { name } if keys.revoke(&name).map_err(failure)? => {
            say(&format!("Key `{}` revoked", safe(&name)));
            Ok(Exit::Done)
        }
        What::Revoke { name } => Err(Failure::usage(format!("no key is called `{}`", safe(&name)))
            .help("see `hermes-engine serve key list`")),
    }
}

fn list(keys: &[Key], output: Output) -> Ended {
    if output.is_json() {
        let keys: Vec<_> = keys.iter().map(object).collect();
        answer_json(&json!({ "version": 1, "keys": keys }))?;
        return Ok(Exit::Done);
    }
    answer(&columns(&keys.iter().map(row).collect::<Vec<_>>()))?;
    Ok(Exit::Done)
}

/// Seconds of Unix time as a moment.
fn moment(seconds: u64) -> UnixMs {
    UnixMs(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

fn object(key: &Key) -> serde_json::Value {
    json!({
        "name": key.name,
        "providers": key.scope.providers,
        "accounts": key.scope.accounts,
        "models": key.scope.models,
        "created_at": rfc3339(moment(key.created_at)),
        "expires_at": key.scope.expires_at.and_then(|at| rfc3339(moment(at))),
        "expired": key.scope.is_expired(SystemTime::now()),
    })
}

fn row(key: &Key) -> Vec<String> {
    let of =
        |list: &[String], all: &str| if list.is_empty() { all.to_owned() } else { safe(&list.join(", ")) };
    let expires = match key.scope.expires_at {
        Some(at) if key.scope.is_expired(SystemTime::now()) => {
            format!("expired {}", distance(moment(at), clock::wall()))
        }
        Some(at) => format!("expires {}", distance(moment(at), clock::wall())),
        None => "does not expire".to_owned(),
    };
    let models = if key.scope.models.is_empty() { String::new() } else { safe(&key.scope.models.join(", ")) };
    vec![
        safe(&key.name),
        of(&key.scope.providers, "all providers"),
        of(&key.scope.accounts, "all accounts"),
        expires,
        models,
    ]
}

pub(super) fn failure(error: KeyError) -> Failure {
    let message = safe(&error.to_string());
    match error {
        KeyError::Exists(name) => Failure::usage(message).help(format!(
            "choose another name, or revoke it with `hermes-engine serve key revoke {}`",
            safe(&name)
        )),
        KeyError::BadName => Failure::usage(message),
        KeyError::Entropy(_) => Failure::new(Exit::Bug, "bug", message),
        _ => Failure::new(Exit::Store, "keys_unreadable", message),
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine serve key add laptop --provider PROVIDER --ttl 8h
  hermes-engine serve key add ci --provider PROVIDER --model MODEL --account work
  hermes-engine serve key list
  hermes-engine serve key revoke laptop";
