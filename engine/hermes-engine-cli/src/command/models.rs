//! `models`: what a provider's file says of its models, and what the provider itself lists.

use hermes_format::provider::{Model, Provider};
use serde_json::{Value, json};

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Output, Wanted};
use crate::render::{self, safe, table};

/// List the models of a provider, default first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    /// Ask the provider, using the credential
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let entry = context.find(args.provider.as_deref())?;
    let provider = context.open_to_list(&entry)?;
    let models = if args.live { listed(&args, context, &provider)? } else { provider.models.clone() };
    if args.output.is_json() {
        let models: Vec<Value> = models.iter().map(model_object).collect();
        render::answer_json(&json!({ "version": 1, "provider": provider.id, "models": models }))?;
    } else {
        let rows: Vec<Vec<String>> = models.iter().map(row).collect();
        render::answer(&table::columns(&rows))?;
    }
    Ok(Exit::Done)
}

/// The models that the provider lists, each with what the file knows of it.
fn listed(args: &Args, context: &Context, provider: &Provider) -> Result<Vec<Model>, Failure> {
    let door = Door::open(context, &args.wanted.network, false)?;
    let account = door.account(args.provider.as_deref())?;
    if provider.api.models.is_some() {
        // Renewed where that is due, and told of, before the provider is asked.
        door.access(&account, &args.wanted)?;
    }
    let account = args.wanted.account(account);
    let ids = door.run(account.name(), account.models())?;
    Ok(ids.into_iter().map(|id| known(provider, id)).collect())
}

fn known(provider: &Provider, id: String) -> Model {
    let known = provider.models.iter().find(|model| model.id == id).cloned();
    known.unwrap_or_else(|| Model::named(id, provider.span))
}

/// A model as programs read it.
pub(super) fn model_object(model: &Model) -> Value {
    json!({
        "id": model.id,
        "context": model.context,
        "output": model.output,
        "best_for": model.best_for,
        "aliases": model.aliases,
        "aux": model.aux,
        "mode": model.mode,
        "base_url": model.base_url.as_ref().map(|url| &url.text),
    })
}

fn row(model: &Model) -> Vec<String> {
    let context = model.context.map(tokens).unwrap_or_default();
    let aux = if model.aux { "(auxiliary)" } else { "" };
    let what = model.best_for.as_deref().unwrap_or_default();
    vec![safe(&model.id), context, format!("{} {aux}", safe(what)).trim().to_owned()]
}

/// A number of tokens as people say it: `200K`, `1M`.
fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}K", count / 1_000),
        _ if count.is_multiple_of(1_000_000) => format!("{}M", count / 1_000_000),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine models PROVIDER
  hermes-engine models PROVIDER --live
  hermes-engine models --format json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_tokens_is_short() {
        let check = |count, expect: &str| assert_eq!(tokens(count), expect);
        check(512, "512");
        check(200_000, "200K");
        check(1_000_000, "1M");
        check(1_048_576, "1.0M");
        check(2_500_000, "2.5M");
    }
}
