//! `providers`: the catalogue.

use clap::Subcommand;
use hermes_engine::catalog::Entry;
use hermes_engine::trust::{self, Refused};
use hermes_format::provider::{Action, InputSource, Provider, Status};
use serde_json::{Value, json};

use super::models::model_object;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::options::Output;
use crate::render::{self, safe, table};

/// List the providers, or show one.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List all providers
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show one provider: where its file is, what it reads, what it can do
    Show {
        /// Its id or an alias
        provider: String,
        #[command(flatten)]
        output: Output,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    match args.what {
        None => list(args.output, context),
        Some(What::List { output }) => list(output, context),
        Some(What::Show { provider, output }) => show(&provider, output, context),
    }
}

fn list(output: Output, context: &Context) -> Ended {
    let all: Vec<(Entry, Value)> =
        context.catalog.entries().into_iter().map(|entry| line(entry, context)).collect();
    if output.is_json() {
        let providers: Vec<Value> = all.into_iter().map(|(_, value)| value).collect();
        render::answer_json(&json!({ "version": 1, "providers": providers }))?;
    } else {
        let text = |value: &Value, key: &str| safe(value[key].as_str().unwrap_or_default());
        let note = |value: &Value| match text(value, "status").as_str() {
            "active" => String::new(),
            status => format!("({status})"),
        };
        let row = |(entry, value): &(Entry, Value)| vec![entry.id.clone(), text(value, "name"), note(value)];
        render::answer(&table::columns(&all.iter().map(row).collect::<Vec<_>>()))?;
    }
    Ok(Exit::Done)
}

/// An entry of the list. A file with errors stays in the list, as `broken`, and one that nobody vouches for, as
/// `untrusted`; neither hides another.
fn line(entry: Entry, context: &Context) -> (Entry, Value) {
    let bare = |status: &str| json!({ "id": entry.id, "name": entry.id, "aliases": [], "status": status, "source": entry.source() });
    let value = match trust::open(&context.catalog, &entry, &context.home) {
        Ok(vouched) => {
            vouched.opened.provider.map_or_else(|| bare("broken"), |provider| identity(&entry, &provider))
        }
        Err(Refused::Unreadable(_)) => bare("broken"),
        Err(_) => bare("untrusted"),
    };
    (entry, value)
}

fn identity(entry: &Entry, provider: &Provider) -> Value {
    let aliases: Vec<&str> = provider.aliases.iter().map(|alias| alias.value.as_str()).collect();
    json!({
        "id": entry.id,
        "name": provider.name,
        "aliases": aliases,
        "status": status(provider.status),
        "source": entry.source(),
    })
}

fn show(name: &str, output: Output, context: &Context) -> Ended {
    let entry = context.find(Some(name))?;
    let provider = context.open_to_list(&entry)?;
    if output.is_json() {
        render::answer_json(&details(&entry, &provider))?;
    } else {
        render::answer(&portrait(&entry, &provider))?;
    }
    Ok(Exit::Done)
}

fn details(entry: &Entry, provider: &Provider) -> Value {
    let mut value = json!({ "version": 1 });
    let mut add = |key: &str, what: Value| value[key] = what;
    if let Value::Object(identity) = identity(entry, provider) {
        identity.into_iter().for_each(|(key, what)| add(&key, what));
    }
    add("summary", json!(provider.summary));
    add("docs", json!(provider.docs));
    add("status_note", json!(provider.status_note));
    add("extends", json!(provider.extends));
    add("region", json!(provider.regions.as_ref().map(|r| &r.default)));
    add("regions", json!(provider.regions.iter().flat_map(|r| r.tables.keys()).collect::<Vec<_>>()));
    add("api_mode", json!(provider.api.mode));
    add("base_url", json!(provider.api.base_url.as_ref().map(|url| &url.text)));
    add("flows", json!(flows(provider)));
    add("reads", json!(reads(provider)));
    add("models", json!(provider.models.iter().map(model_object).collect::<Vec<_>>()));
    value
}

fn portrait(entry: &Entry, provider: &Provider) -> String {
    let names: Vec<&str> = provider.aliases.iter().map(|alias| alias.value.as_str()).collect();
    let models: Vec<&str> = provider.models.iter().map(|model| model.id.as_str()).collect();
    let regions: Vec<&str> =
        provider.regions.iter().flat_map(|r| r.tables.keys()).map(String::as_str).collect();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let base_url = provider.api.base_url.as_ref().map(|url| url.text.clone()).unwrap_or_default();
    let rows = [
        ("id", entry.id.clone()),
        ("name", provider.name.clone()),
        ("summary", text(&provider.summary)),
        (
            "status",
            format!("{} {}", status(provider.status), text(&provider.status_note)).trim_end().to_owned(),
        ),
        ("file", entry.source()),
        ("aliases", names.join(", ")),
        ("docs", text(&provider.docs)),
        ("flows", flows(provider).join(", ")),
        ("regions", regions.join(", ")),
        ("reads", reads(provider).join(", ")),
        ("api", format!("{} {base_url}", text(&provider.api.mode)).trim().to_owned()),
        ("models", models.join(", ")),
    ];
    let rows = rows.into_iter().filter(|(_, what)| !what.is_empty());
    // Each value is a line; a long list of models must not be cut, so every part is made safe by itself.
    let row = |(key, what): (&str, String)| {
        vec![format!("{key}:"), what.split(", ").map(safe).collect::<Vec<_>>().join(", ")]
    };
    table::columns(&rows.map(row).collect::<Vec<_>>())
}

/// The actions that the provider's file describes.
fn flows(provider: &Provider) -> Vec<&'static str> {
    let all = [
        ("login", Action::Login),
        ("refresh", Action::Refresh),
        ("logout", Action::Logout),
        ("verify", Action::Verify),
    ];
    all.into_iter().filter(|(_, action)| !provider.starts(*action).is_empty()).map(|(name, _)| name).collect()
}

/// The variables, files and commands that the provider's file reads: these, and no others.
fn reads(provider: &Provider) -> Vec<String> {
    let source = |source: &InputSource| match source {
        InputSource::Env(name) => format!("${}", name.value),
        InputSource::File { path, .. } => path.value.clone(),
        InputSource::Command(words) => format!("`{}`", words.value.join(" ")),
    };
    provider.inputs.values().flat_map(|input| &input.from).map(source).collect()
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Deprecated => "deprecated",
        Status::Discontinued => "discontinued",
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine providers
  hermes-engine providers show PROVIDER
  hermes-engine providers list --format json";
