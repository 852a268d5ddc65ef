//! `resolve`: how a client reaches a provider, in the form that it reads.

use clap::ValueEnum;

use super::Ended;
use crate::args::Output;
use crate::client::{Chosen, resolve};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, resolved};
use crate::session::{Session, Wanted};

/// Print protocol, base URL, key, headers and model for a client.
///
/// Never prompts and never opens a browser; exits with 3 if a login is required.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias, or PROVIDER:MODEL [default: the one in use]
    provider: Option<String>,
    /// Model [default: the one in use, else the provider's first]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Output format
    #[arg(long = "as", value_enum, default_value_t = Form::Json, value_name = "FORM")]
    form: Form,
    /// Request that the headers are for, such as "POST https://api.example.com/v1"
    #[arg(long, value_name = "METHOD URL")]
    request: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// The forms that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Everything, as one object
    Json,
    /// Shell lines for eval, with the variables that clients of the protocol read
    Env,
    /// HTTP headers, one per line
    Header,
    /// Kubernetes client-go credential plugin
    ExecCredential,
    /// AWS credential_process
    AwsProcess,
    /// Removed: `credential git` answers with the host in view
    #[value(hide = true)]
    Git,
    /// Removed: `credential docker` answers with the host in view
    #[value(hide = true)]
    Docker,
}

impl Args {
    /// Whether the answer is for a program that asks for a credential by itself.
    pub(super) fn is_for_helper(&self) -> bool {
        matches!(self.form, Form::ExecCredential | Form::AwsProcess)
    }
}

impl Form {
    /// A helper's answer goes to whichever host was asked for, and this command does not see which.
    fn refuse_helpers(self) -> Result<(), Failure> {
        let (name, helper) = match self {
            Form::Git => ("git", "Git"),
            Form::Docker => ("docker", "Docker"),
            _ => return Ok(()),
        };
        let message =
            format!("`--as {name}` was removed: it gave the token to whichever host {helper} asked for");
        Err(Failure::usage(message)
            .help(format!("use `hermes-engine credential {name}`, which reads the host from stdin")))
    }
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    args.form.refuse_helpers()?;
    match printed(&args, context) {
        Ok(text) => render::answer(&text).map(|()| Exit::Done),
        Err(failure) => {
            // A shell that evaluates the answer must not go on with the credential of an earlier one.
            if args.form == Form::Env {
                render::answer(&resolved::no_env())?;
            }
            Err(failure)
        }
    }
}

fn printed(args: &Args, context: &Context) -> Result<String, Failure> {
    let chosen = Chosen::read(context, args.provider.as_deref(), args.model.as_deref())?;
    let session = Session::open(context, Some(&chosen.provider))?;
    let resolved = resolve(&session, &chosen, &args.wanted)?;
    resolved::print(&resolved, args.form)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine resolve PROVIDER
  eval \"$(hermes-engine resolve PROVIDER --as env)\"
  hermes-engine resolve PROVIDER --as header | curl -H @- https://api.example.com/v1/models";
