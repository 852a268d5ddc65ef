//! `login`, `logout`, `status`, `whoami`: the words of other programs for what `run-flow` and `auth` do.

use hermes_engine::catalog::Entry;
use hermes_engine::config;
use hermes_engine::store::StoredGrant;
use hermes_format::template::claim;
use serde_json::{Value, json};

use super::Ended;
use super::auth;
use super::trust;
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flow::{self, Options, Wire};
use crate::render::{self, safe};
use crate::session::Session;

/// The claims that tell a user whose account it is, the most telling first.
const NAMES: [&str; 5] = ["email", "preferred_username", "username", "name", "sub"];

/// Log in to a provider (short for `run-flow`).
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Revoke a credential if the provider allows it, and delete it.
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    /// Credential label or id, if there are several
    #[arg(value_name = "LABEL|ID")]
    which: Option<String>,
    /// Remove all credentials of the provider
    #[arg(long, conflicts_with = "which")]
    all: bool,
    #[command(flatten)]
    wire: Wire,
}

/// Show the provider and model in use, and all credentials.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Provider id or alias; same as `auth status`
    provider: Option<String>,
    /// Exit with 3 if a login is required
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    output: Output,
}

/// Show which account a stored credential belongs to.
#[derive(Debug, clap::Args)]
pub(crate) struct Whoami {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn login(args: Login, context: &Context) -> Ended {
    let name = args.provider.as_deref();
    if args.options.how.simulate.is_none() {
        trust::ask_before(context, name)?;
    }
    flow::login(context, name, &args.options)
}

pub(super) fn logout(args: Logout, context: &Context) -> Ended {
    let name = context.name(args.provider.as_deref())?;
    auth::remove(&name, args.which.as_deref(), args.all, &args.wire, context)
}

pub(super) fn status(args: Status, context: &Context) -> Ended {
    if let Some(name) = &args.provider {
        return auth::status(Some(name), args.exit_code, args.output, context);
    }
    let chosen = chosen(context)?;
    let rows = auth::rows(context)?;
    let is_usable = |row: &Value, id: &str| row["provider"] == id && row["logged_in"] == true;
    let (provider, model) = match &chosen {
        Some((entry, model)) => (Some(entry.id.clone()), model.clone()),
        None => (None, None),
    };
    if args.output.is_json() {
        render::answer_json(
            &json!({ "version": 1, "provider": provider, "model": model, "credentials": rows }),
        )?;
    } else {
        let in_use = match (&provider, &model) {
            (Some(provider), Some(model)) => format!("In use: {provider}, {}", safe(model)),
            (Some(provider), None) => format!("In use: {provider}"),
            (None, _) => "In use: none; `hermes-engine use` chooses".to_owned(),
        };
        render::answer_line(&in_use)?;
        auth::print_rows(&rows)?;
    }
    let is_ready = match &provider {
        Some(id) => rows.iter().any(|row| is_usable(row, id)),
        None => rows.iter().any(|row| row["logged_in"] == true),
    };
    Ok(if args.exit_code && !is_ready { Exit::Login } else { Exit::Done })
}

/// The provider that is taken where none is named, and its model.
fn chosen(context: &Context) -> Result<Option<(Entry, Option<String>)>, Failure> {
    let Some(name) = context.chosen()? else { return Ok(None) };
    let entry = context.catalog.find(&name)?;
    let choice = config::read(context.home.path())?;
    let is_own = |name: &String| context.catalog.find(name).is_ok_and(|other| other.id == entry.id);
    let model = choice.model.filter(|_| choice.provider.as_ref().is_some_and(is_own));
    Ok(Some((entry, model)))
}

pub(super) fn whoami(args: Whoami, context: &Context) -> Ended {
    let session = Session::open_to_list(context, &context.find(args.provider.as_deref())?)?;
    let id = &session.provider.id;
    let stored = session.credentials()?;
    if stored.is_empty() {
        let help = format!(
            "a key in the environment says nothing of an account; `hermes-engine status {id}` tells what is set"
        );
        return Err(Failure::new(Exit::Login, "not_logged_in", format!("no login of `{id}` is stored"))
            .help(help)
            .about(id));
    }
    let accounts: Vec<Value> = stored.iter().map(account).collect();
    if args.output.is_json() {
        render::answer_json(&json!({ "version": 1, "provider": id, "accounts": accounts }))?;
        return Ok(Exit::Done);
    }
    for account in &accounts {
        let named = |key: &str| account[key].as_str().map(safe);
        let who = named("account").unwrap_or_else(|| "an account that its token does not name".to_owned());
        let label = named("label").map(|label| format!(", called {label}")).unwrap_or_default();
        let region = named("region").map(|region| format!(", region {region}")).unwrap_or_default();
        render::answer_line(&format!("{}: {who}{label}{region}", safe(&session.provider.name)))?;
    }
    Ok(Exit::Done)
}

/// Whose a stored credential is: its label, and what the claims of its tokens say. Nothing of it is verified.
fn account(slot: &StoredGrant) -> Value {
    let token = slot.token();
    let tokens = ["id_token", "access_token"].map(|name| token.get(name).and_then(Value::as_str));
    let of_claims = tokens.into_iter().flatten().find_map(|jwt| {
        NAMES.into_iter().find_map(|name| claim(jwt, &[name.to_owned()])?.as_str().map(str::to_owned))
    });
    let of_record = || NAMES.into_iter().find_map(|name| token.get(name)?.as_str().map(str::to_owned));
    json!({
        "account": of_claims.or_else(of_record),
        "label": slot.label,
        "id": slot.id,
        "region": slot.made.region,
    })
}
