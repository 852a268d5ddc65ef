//! `auth`: the stored credentials.

use clap::Subcommand;
use hermes_engine::clock;
use hermes_engine::credential::{self, Standing, Status};
use hermes_engine::store::{Document, Store};
use hermes_engine_core::provider::InputSource;
use serde_json::{Value, json};

use super::Ended;
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flow::{self, Options};
use crate::render::{self, safe, table, time};
use crate::session::Session;

/// List, judge, add, remove and reset credentials.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the stored credentials
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Say what a provider's credential is good for, without asking the provider
    Status {
        /// The provider's id or an alias [default: the chosen one]
        provider: Option<String>,
        /// Exit with 3 where a login is needed
        #[arg(long)]
        exit_code: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Log in, or store an API key
    Add {
        /// The provider's id or an alias
        provider: String,
        #[command(flatten)]
        options: Options,
    },
    /// Revoke a credential where the provider has a way, and forget it
    Remove {
        /// The provider's id or an alias
        provider: String,
        #[command(flatten)]
        options: Options,
    },
    /// Forget that a credential has failed, so that it is tried again
    Reset {
        /// The provider's id or an alias
        provider: String,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    match args.what {
        What::List { output } => list(output, context),
        What::Status { provider, exit_code, output } => {
            status(provider.as_deref(), exit_code, output, context)
        }
        What::Add { provider, options } => flow::login(context, Some(&provider), &options),
        What::Remove { provider, options } => remove(&provider, &options, context),
        What::Reset { provider } => reset(&provider, context),
    }
}

fn list(output: Output, context: &Context) -> Ended {
    let store = Store::open(context.home.clone());
    let known = |id: &String| match Session::open(context, Some(id)) {
        Ok(session) => Some(object(&session, &judge(&session).ok()?)),
        // A record of a provider that has no file here: another program's, or of a file that is gone.
        Err(_) => Some(json!({ "provider": id, "name": id, "logged_in": null, "standing": "unknown" })),
    };
    let all: Vec<Value> = store.read()?.providers().iter().filter_map(known).collect();
    if output.is_json() {
        render::answer_json(&json!({ "version": 1, "credentials": all }))?;
    } else if all.is_empty() {
        render::say("No credential is stored; `hermes-engine run-flow PROVIDER` logs in.");
    } else {
        let cell = |value: &Value, key: &str| safe(value[key].as_str().unwrap_or_default());
        let row = |value: &Value| {
            ["provider", "standing", "region", "expires_at", "label"].map(|key| cell(value, key))
        };
        let rows: Vec<Vec<String>> = all.iter().map(|value| row(value).to_vec()).collect();
        render::answer(&table::columns(&rows))?;
    }
    Ok(Exit::Done)
}

fn status(name: Option<&str>, exit_code: bool, output: Output, context: &Context) -> Ended {
    let session = Session::open(context, name)?;
    let status = judge(&session)?;
    if output.is_json() {
        let mut value = json!({ "version": 1 });
        if let Value::Object(members) = object(&session, &status) {
            members.into_iter().for_each(|(key, member)| value[&key] = member);
        }
        render::answer_json(&value)?;
    } else {
        let lines = [vec![line(&session, &status)], details(&status)].concat();
        render::answer_line(&lines.join("\n"))?;
    }
    let needs_login = exit_code && !status.standing.is_usable();
    Ok(if needs_login { Exit::Login } else { Exit::Done })
}

/// What a provider's credential is good for.
fn judge(session: &Session<'_>) -> Result<Status, Failure> {
    standing_of(session, &session.store.read()?, &|_| true)
}

/// The same, of a store that has been read, with only some of the sources.
pub(super) fn standing_of(
    session: &Session<'_>,
    document: &Document,
    allowed: &dyn Fn(&InputSource) -> bool,
) -> Result<Status, Failure> {
    let kept =
        credential::record(document, &session.provider).map(|record| record.inputs()).unwrap_or_default();
    let inputs = session.inputs_from(&Default::default(), &kept, allowed)?;
    Ok(credential::status(document, &session.provider, &inputs, clock::wall()))
}

/// A status as programs read it.
pub(super) fn object(session: &Session<'_>, status: &Status) -> Value {
    json!({
        "provider": session.provider.id,
        "name": session.provider.name,
        "logged_in": status.standing.is_usable(),
        "standing": standing(status.standing),
        "reason": status.reason.as_deref().map(safe),
        "code": status.code,
        "region": status.region,
        "expires_at": status.expires_at.and_then(time::rfc3339),
        "label": status.label,
        "source": status.source,
    })
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::LoggedIn => "logged_in",
        Standing::Refreshable => "refreshable",
        Standing::ReloginRequired => "relogin_required",
        Standing::NotLoggedIn => "not_logged_in",
    }
}

/// One line for a person: `✓ NAME (logged in, region=global)`.
pub(super) fn line(session: &Session<'_>, status: &Status) -> String {
    let name = safe(&session.provider.name);
    let region = status.region.as_deref().map(|region| format!(", region={}", safe(region)));
    let (mark, what) = match status.standing {
        Standing::LoggedIn | Standing::Refreshable => ("✓", "logged in"),
        Standing::ReloginRequired => ("⚠", "login needed again"),
        Standing::NotLoggedIn => ("⚠", "not logged in"),
    };
    format!("{mark} {name} ({what}{})", region.unwrap_or_default())
}

/// What else is known, a line each.
fn details(status: &Status) -> Vec<String> {
    let expires = status.expires_at.map(|at| format!("expires {}", time::distance(at, clock::wall())));
    let refreshed =
        (status.standing == Standing::Refreshable).then(|| "is renewed at the next use".to_owned());
    let source = status.source.as_deref().map(|source| format!("from {}", safe(source)));
    let label = status.label.as_deref().map(|label| format!("called {}", safe(label)));
    let reason = status.reason.as_deref().map(safe);
    [expires, refreshed, source, label, reason]
        .into_iter()
        .flatten()
        .map(|line| format!("  {line}"))
        .collect()
}

fn remove(name: &str, options: &Options, context: &Context) -> Ended {
    let Err(unknown) = context.catalog.find(name) else { return flow::logout(context, Some(name), options) };
    // A credential can outlive its provider's file, and must be removable all the same.
    let store = Store::open(context.home.clone());
    if store.read()?.providers().iter().any(|id| id == name) {
        return flow::forget(&store, name, name);
    }
    Err(unknown.into())
}

fn reset(name: &str, context: &Context) -> Ended {
    let session = Session::open(context, Some(name))?;
    let id = session.provider.id.clone();
    let name = safe(&session.provider.name);
    if credential::reset(&session.store, &id)? {
        render::say(&format!("✓ {name} will be tried again."));
    } else {
        render::say(&format!("{name} had nothing to forget."));
    }
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine auth list
  hermes-engine auth status PROVIDER --exit-code || hermes-engine auth add PROVIDER
  hermes-engine auth remove PROVIDER";
