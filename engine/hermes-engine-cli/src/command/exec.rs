//! `exec`: a program with the credential in its environment, and no other credential of any protocol beside it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use hermes_engine::Access;
use hermes_engine::catalog::{Place, mode_withheld};
use hermes_engine::input;
use hermes_format::provider::{InputSource, Provider};

use super::serve;
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Wanted;
use crate::recipe::{Values, client_for};

/// Run a program with the credential in its environment.
///
/// Sets the variables that clients of the provider's protocol read. Removes all other variables of any protocol,
/// and every variable that another provider reads as a secret.
///
/// A program that is known (providers.d/clients) also gets the variables and arguments that it reads besides, and the model:
/// the chosen one, else the provider's first.
///
/// The program inherits stdin, stdout and stderr, and no other descriptor.
///
/// It becomes the program (with --proxy: waits for it), so the exit code is the program's; 127 where there is no such
/// program, and 126 where it can't be run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias, or PROVIDER:MODEL [default: the one in use]
    provider: Option<String>,
    /// Model for the program to use [default: the one in use, else the program's own]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Keep this variable even if another provider reads it (repeatable)
    #[arg(long, value_name = "NAME")]
    keep_env: Vec<String>,
    /// Give the program a proxy of its own and a key for it in the place of the credential, which it never holds
    #[arg(long)]
    proxy: bool,
    /// Start with only the credential, PATH, HOME, the locale and --keep-env
    #[arg(long)]
    clean_env: bool,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD", num_args = 1..)]
    command: Vec<std::ffi::OsString>,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let door = Door::open(context, &args.wanted.network, false)?;
    let account = door.chosen(args.provider.as_deref(), args.model.as_deref())?;
    let access = door.access(&account, &args.wanted)?;
    if !args.proxy {
        return replace(command(&args, context, &access, Vec::new())?);
    }
    if args.wanted.region.is_some() {
        return Err(Failure::usage("--region can't be given with --proxy").help("log in with the region"));
    }
    let reach = serve::Reach {
        provider: access.provider(),
        label: args.wanted.label.as_deref(),
        network: &args.wanted.network,
    };
    let proxied = |url: &str, key: &str| {
        // Not even what the credential is made of.
        let own = secret_variables(&*context.open_to_list(&context.find(Some(access.provider()))?)?);
        command(&args, context, &access.through(url, key)?, own)
    };
    serve::run_child(context, &reach, proxied, not_started)
}

/// The program, in an environment that holds this credential and no other.
fn command(args: &Args, context: &Context, access: &Access, own: Vec<String>) -> Result<Command, Failure> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("no program is named"));
    };
    let client = client_for(Path::new(program), access)?;
    let values = client.as_ref().map(|client| (Values::of(access, client), client));
    let environment = match &values {
        Some((values, _)) => access.told(values.model.as_deref()).environment()?,
        None => access.environment()?,
    };
    let mut command = Command::new(program);
    if let Some((values, client)) = &values {
        // An argument without its value would be another one.
        let groups = client
            .args
            .iter()
            .filter_map(|group| group.iter().map(|text| values.fill(text)).collect::<Option<Vec<_>>>());
        command.args(groups.flatten());
    }
    command.args(arguments);
    if args.clean_env {
        let kept = env::vars_os().filter(|(name, _)| is_plain(name) || is_kept(&args.keep_env, name));
        command.env_clear().envs(kept);
    }
    let unset = environment.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone());
    let others =
        unset.chain(secrets_of_others(context, access.provider())?).chain(mode_withheld()).chain(own);
    for name in others.filter(|name| !args.keep_env.contains(name)) {
        command.env_remove(name);
    }
    for (name, value) in environment {
        if let Some(value) = value {
            command.env(name, value.expose_secret());
        }
    }
    if let Some((values, client)) = values {
        client.unset.iter().filter(|name| !args.keep_env.contains(name)).for_each(|name| {
            command.env_remove(name);
        });
        command.envs(client.env.iter().filter_map(|(name, text)| Some((name, values.fill(text)?))));
    }
    Ok(command)
}

/// The variables that other providers of the catalogue read as secrets, and this one does not read.
///
/// Note: a file that nobody vouches for has no say, as it could name any variable.
fn secrets_of_others(all: &Context, id: &str) -> Result<BTreeSet<String>, Failure> {
    let context = all.without_folder();
    let mut names = BTreeSet::new();
    for entry in context.catalog.entries() {
        // A file of the user's own may read less than the built-in one that it replaces.
        let built_in = context.catalog.built_in(&entry.id).filter(|_| entry.place != Place::BuiltIn);
        let opened = built_in.iter().chain([&entry]).filter_map(|entry| context.catalog.open(entry).ok());
        let providers = opened.filter_map(|opened| opened.provider);
        names.extend(providers.flat_map(|provider| secret_variables(&provider)));
    }
    // Of the working directory's files only those that somebody vouches for.
    for entry in all.catalog.entries().into_iter().filter(|entry| entry.place == Place::Here) {
        if let Some(other) = all.open_quietly(&entry) {
            names.extend(secret_variables(&other));
        }
    }
    let own = all.open_to_list(&all.find(Some(id))?)?;
    for name in input::variables(&own) {
        names.remove(name);
    }
    Ok(names)
}

fn secret_variables(provider: &Provider) -> Vec<String> {
    let secret = provider.inputs.values().filter(|input| input.secret);
    let variables = secret.flat_map(|input| &input.from).filter_map(|source| match source {
        InputSource::Env(name) => Some(name.value.clone()),
        InputSource::File { .. } | InputSource::Command(_) => None,
    });
    variables.collect()
}

/// What a program needs to run at all, and to speak its user's language.
const PLAIN: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "NO_COLOR",
];

fn is_plain(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| PLAIN.contains(&name) || name.starts_with("LC_"))
}

fn is_kept(kept: &[String], name: &OsStr) -> bool {
    kept.iter().any(|kept| name == kept.as_str())
}

/// Becomes the program: its signals and its exit code are its own.
#[cfg(unix)]
fn replace(mut command: Command) -> Ended {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(not_started(&command, &error))
}

/// Runs the program and ends as it ends.
#[cfg(not(unix))]
fn replace(mut command: Command) -> Ended {
    let status = command.status().map_err(|error| not_started(&command, &error))?;
    Ok(if status.success() { Exit::Done } else { Exit::Bug })
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let failure =
                Failure::new(Exit::NotFound, "no_such_program", format!("there is no program `{program}`"));
            failure.help("check its name and the PATH")
        }
        _ => {
            let message = format!("`{program}` can't be run: {error}");
            Failure::new(Exit::NotExecutable, "not_executable", message)
                .help("see that it is a program that you may run")
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine exec PROVIDER -- my-agent --verbose
  hermes-engine exec PROVIDER --model MODEL -- my-agent
  hermes-engine exec PROVIDER --proxy -- my-agent       the credential stays here, and is renewed while it runs
  hermes-engine exec PROVIDER --clean-env --keep-env SSH_AUTH_SOCK -- my-agent";
