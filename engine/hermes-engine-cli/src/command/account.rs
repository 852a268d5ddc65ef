//! `login`, `logout`, `status`, `whoami`: the words of other programs for what `run-flow` and `auth` do.

use hermes_engine::AccountStatus;
use serde_json::{Value, json};

use super::auth;
use super::trust;
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::flow::{self, Options, Wire};
use crate::options::{Network, Output};
use crate::render::{self, safe};

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
    let door = Door::open(context, &Network::default(), false)?;
    let chosen = match context.chosen()? {
        Some(name) => Some((context.catalog.find(&name)?, door.engine.chosen_model(&name)?)),
        None => None,
    };
    let rows = auth::rows(context)?;
    let is_usable = |row: &Value, id: &str| row["provider"] == id && row["logged_in"] == true;
    let (provider, model) = chosen.map(|(entry, model)| (entry.id, model)).unzip();
    let model = model.flatten();
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

pub(super) fn whoami(args: Whoami, context: &Context) -> Ended {
    let door = Door::open(context, &Network::default(), false)?;
    let entry = context.find(args.provider.as_deref())?;
    let stored = door.engine.stored(&entry.id).map_err(|error| door.failure(&entry.id, error))?;
    let id = &entry.id;
    if stored.is_empty() {
        let help = format!(
            "a key in the environment says nothing of an account; `hermes-engine status {id}` tells what is set"
        );
        return Err(Failure::new(Exit::Login, "not_logged_in", format!("no login of `{id}` is stored"))
            .help(help)
            .about(id));
    }
    if args.output.is_json() {
        let accounts: Vec<Value> = stored.iter().map(object).collect();
        render::answer_json(&json!({ "version": 1, "provider": id, "accounts": accounts }))?;
        return Ok(Exit::Done);
    }
    for account in &stored {
        let who = account.account.as_deref().map(safe);
        let who = who.unwrap_or_else(|| "an account that its token does not name".to_owned());
        let label = account.label.as_deref().map(|label| format!(", called {}", safe(label)));
        let region = account.region.as_deref().map(|region| format!(", region {}", safe(region)));
        let (label, region) = (label.unwrap_or_default(), region.unwrap_or_default());
        render::answer_line(&format!("{}: {who}{label}{region}", safe(&account.name)))?;
    }
    Ok(Exit::Done)
}

/// Whose a stored credential is, as programs read it.
fn object(status: &AccountStatus) -> Value {
    let AccountStatus { account, label, id, region, .. } = status;
    json!({ "account": account, "label": label, "id": id, "region": region })
}
