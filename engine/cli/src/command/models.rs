//! `models`: what a provider's file says of its models.

use hermes_engine_core::provider::Model;
use serde_json::{Value, json};

use super::Ended;
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{self, safe, table};

/// List the models of a provider; the first is the default.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The provider's id or an alias [default: the chosen one]
    provider: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let entry = context.find(args.provider.as_deref())?;
    let (_, provider) = context.open(&entry)?;
    if args.output.is_json() {
        let models: Vec<Value> = provider.models.iter().map(model_object).collect();
        render::answer_json(&json!({ "version": 1, "provider": provider.id, "models": models }))?;
    } else {
        let rows: Vec<Vec<String>> = provider.models.iter().map(row).collect();
        render::answer(&table::columns(&rows))?;
    }
    Ok(Exit::Done)
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
