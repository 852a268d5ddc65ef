//! `setup`: a client's own configuration, written in place and taken back.

mod diff;
mod edit;
mod json;
mod record;

use std::env;
use std::path::{Path, PathBuf};

use hermes_engine::catalog::{client, client_names};
use hermes_engine_serve::{Keys, Scope};
use hermes_format::raw::client::{Client, ConfigFile};
use serde_json::Value;

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Wanted;
use crate::recipe::{Values, refuse_other_protocol};
use crate::render::table::columns;
use crate::render::{answer, safe, say, warn};
use edit::Content;
use record::{Record, Written};

/// Write the configuration of a client so that it uses a provider.
///
/// The client asks this program for a token whenever it needs one, or reaches `hermes-engine serve` with a key of its own
/// (--proxy). Files are changed in place and keep their comments; --undo takes the change back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The client [default: list them]
    client: Option<String>,
    /// The provider's id or an alias, or PROVIDER:MODEL [default: the chosen one]
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// The model [default: the chosen one, else the provider's first]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Let it reach `hermes-engine serve` with a key of its own
    #[arg(long)]
    proxy: bool,
    /// Where `hermes-engine serve` listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4180", requires = "proxy")]
    url: String,
    /// Show what would change
    #[arg(long)]
    dry_run: bool,
    /// Take back what was written
    #[arg(long, conflicts_with_all = ["provider", "model", "proxy"])]
    undo: bool,
    #[command(flatten)]
    wanted: Wanted,
}

/// What a key of `--dry-run` looks like.
const NO_KEY: &str = "hek_…";

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let Some(name) = &args.client else { return list() };
    let Some(known) = client(name) else {
        let help = format!("there are {}", client_names().join(", "));
        return Err(Failure::usage(format!("no client is called `{}`", safe(name))).help(help));
    };
    if args.undo {
        return undo(name, context, args.dry_run);
    }
    let door = Door::open(context, &args.wanted.network, false)?;
    let account = door.chosen(args.provider.as_deref(), args.model.as_deref())?;
    let access = door.access(&account, &args.wanted)?;
    refuse_other_protocol(&known, &access)?;
    let files = if args.proxy { &known.proxy } else { &known.helper };
    if files.is_empty() {
        return Err(no_way(&known, args.proxy, access.provider()));
    }
    let access = match args.proxy {
        true => {
            access.through(&format!("{}/{}", args.url.trim_end_matches('/'), access.provider()), NO_KEY)?
        }
        false => access,
    };
    let mut values = Values::of(&access, &known);
    values.key = args.proxy.then(|| NO_KEY.to_owned());
    // Whatever can't be written is found before anything is.
    let planned = planned(name, context, files, &values)?;
    if args.dry_run {
        planned.iter().try_for_each(|file| answer(&file.diff()))?;
        return Ok(Exit::Done);
    }
    if Record::read(context.home.path(), name)?.is_some() {
        undo(name, context, false)?;
    }
    if args.proxy {
        values.key = Some(new_key(name, context, access.provider())?);
    }
    let planned = self::planned(name, context, files, &values)?;
    Record::write(context.home.path(), name, &planned)?;
    for file in &planned {
        file.put()?;
        say(&format!("✓ {}", safe(&file.path.display().to_string())));
    }
    if let Some(next) = known.next.as_deref().and_then(|text| values.fill(text)) {
        say(&format!("Next: {}", safe(&next)));
    }
    Ok(Exit::Done)
}

/// The key of a client that was set up: a new one each time.
fn new_key(name: &str, context: &Context, provider: &str) -> Result<String, Failure> {
    let mut keys = Keys::of_home(context.home.path());
    let key = key_name(name);
    let failed = |error: hermes_engine_serve::KeyError| {
        Failure::new(Exit::Store, "keys_unreadable", safe(&error.to_string()))
    };
    keys.revoke(&key).map_err(failed)?;
    Ok(keys.add(&key, Scope::provider(provider)).map_err(failed)?.expose_secret().to_owned())
}

fn key_name(client: &str) -> String {
    format!("setup-{client}")
}

/// What would be written, with the texts that are there now; those of an earlier setup count as taken back.
fn planned(
    name: &str,
    context: &Context,
    files: &[ConfigFile],
    values: &Values,
) -> Result<Vec<Written>, Failure> {
    let earlier = Record::read(context.home.path(), name)?;
    let mut all = Vec::new();
    for file in files {
        let path = place(file)?;
        let content = content(file, values);
        let written = Written::plan(name, file, path, earlier.as_ref(), &content)?;
        all.push(written);
    }
    Ok(all)
}

fn content(file: &ConfigFile, values: &Values) -> Content {
    if let Some(text) = &file.text {
        let lines = text.trim_start_matches('\n').lines().filter_map(|line| values.fill(line));
        return Content::Text(lines.map(|line| line + "\n").collect());
    }
    let set = file.set.iter().filter_map(|(path, value)| {
        // A value can have dots in it, and a name can't.
        let path = path.split('.').map(|name| values.fill(name)).collect::<Option<Vec<_>>>()?;
        Some((path, filled(value, values)?))
    });
    Content::Values(set.collect())
}

fn filled(value: &Value, values: &Values) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::from(values.fill(text)?),
        Value::Array(all) => all.iter().map(|one| filled(one, values)).collect::<Option<Vec<_>>>()?.into(),
        Value::Object(all) => {
            let pairs = all.iter().map(|(key, value)| Some((values.fill(key)?, filled(value, values)?)));
            Value::Object(pairs.collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// The first path whose variable is set.
fn place(file: &ConfigFile) -> Result<PathBuf, Failure> {
    let expanded = |path: &String| {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let variable = match first.strip_prefix('$') {
            Some(name) => env::var_os(name),
            None if first == "~" => env::var_os("HOME"),
            None => return Some(PathBuf::from(path)),
        };
        let folder = variable.filter(|value| Path::new(value).is_absolute())?;
        Some(if rest.is_empty() { folder.into() } else { Path::new(&folder).join(rest) })
    };
    let place = file.path.iter().find_map(expanded);
    place.ok_or_else(|| {
        Failure::usage("HOME is not set").help("set it to the folder whose configuration is meant")
    })
}

fn undo(name: &str, context: &Context, dry_run: bool) -> Ended {
    let Some(record) = Record::read(context.home.path(), name)? else {
        return Err(Failure::usage(format!("`{name}` was not set up here")));
    };
    let restored = record.restored(name)?;
    if dry_run {
        restored.iter().try_for_each(|file| answer(&file.diff()))?;
        return Ok(Exit::Done);
    }
    for file in &restored {
        file.put()?;
        say(&format!("✓ {} is as it was", safe(&file.path.display().to_string())));
    }
    if let Err(error) = Keys::of_home(context.home.path()).revoke(&key_name(name)) {
        warn(&safe(&error.to_string()));
    }
    Record::forget(context.home.path(), name)?;
    Ok(Exit::Done)
}

fn list() -> Ended {
    let row = |name: String| {
        let known = client(&name)?;
        let ways = [
            ("helper", !known.helper.is_empty()),
            ("proxy", !known.proxy.is_empty()),
            ("exec", !known.programs.is_empty()),
        ];
        let ways: Vec<&str> = ways.into_iter().filter(|(_, has)| *has).map(|(way, _)| way).collect();
        Some(vec![name, known.name, ways.join(", "), known.modes.join(", ")])
    };
    answer(&columns(&client_names().into_iter().filter_map(row).collect::<Vec<_>>()))?;
    Ok(Exit::Done)
}

fn no_way(client: &Client, proxy: bool, provider: &str) -> Failure {
    let message = match proxy {
        true => format!("{} has no configuration for a proxy", client.name),
        false => format!("{} can't ask another program for a token", client.name),
    };
    let help = match (proxy, client.proxy.is_empty(), client.programs.first()) {
        (false, false, _) => "use --proxy".to_owned(),
        (_, _, Some(program)) => {
            format!("start it with `hermes-engine exec {provider} --proxy -- {program}`")
        }
        _ => "leave --proxy out".to_owned(),
    };
    Failure::usage(message).help(help)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine setup                                    list the clients
  hermes-engine setup CLIENT --provider PROVIDER --dry-run
  hermes-engine setup CLIENT --provider PROVIDER --model MODEL
  hermes-engine setup CLIENT --provider PROVIDER --proxy   beside `hermes-engine serve`
  hermes-engine setup CLIENT --undo";
