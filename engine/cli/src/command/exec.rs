//! `exec`: a program with the credential in its environment, and no other credential of any protocol beside it.

use std::process::Command;

use super::Ended;
use crate::client::{Chosen, environment, resolve};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, Wanted};

/// Run a program with the credential in its environment.
///
/// The names are those that programs of the provider's protocol read; all other variables of this and of every other
/// protocol are taken away, so that the program can't mix credentials.
///
/// It becomes the program, so the exit code is the program's; 127 where there is no such program, and 126 where it can't be
/// run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The provider's id or an alias, or PROVIDER:MODEL [default: the chosen one]
    provider: Option<String>,
    /// The model that the program is told to use [default: the chosen one, else the program's own]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD", num_args = 1..)]
    command: Vec<std::ffi::OsString>,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let chosen = Chosen::read(context, args.provider.as_deref(), args.model.as_deref())?;
    let session = Session::open(context, Some(&chosen.provider))?;
    let resolved = resolve(&session, &chosen, &args.wanted)?;
    let environment = environment(&resolved)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("no program is named"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    environment.unset.iter().for_each(|name| {
        command.env_remove(name);
    });
    environment.set.iter().for_each(|(name, value)| {
        command.env(name, value.expose_secret());
    });
    replace(command)
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
  hermes-engine exec PROVIDER -- env";
