//! `resolve`: how a client reaches a provider, in the form that it reads.

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Output, Wanted};
use crate::render::resolved::Form;
use crate::render::{self, resolved};

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
    #[command(flatten)]
    output: Output,
}

impl Args {
    /// Whether the answer is for a program that asks for a credential by itself.
    pub(super) fn is_for_helper(&self) -> bool {
        matches!(self.form, Form::ExecCredential | Form::AwsProcess)
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
    let door = Door::open(context, &args.wanted.network, false)?;
    let account = door.chosen(args.provider.as_deref(), args.model.as_deref())?;
    let access = door.access(&account, &args.wanted)?;
    resolved::print(&access, account.name(), args.form)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine resolve PROVIDER
  eval \"$(hermes-engine resolve PROVIDER --as env)\"
  hermes-engine resolve PROVIDER --as header | curl -H @- https://api.example.com/v1/models";
