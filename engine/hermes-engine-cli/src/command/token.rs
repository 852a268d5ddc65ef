//! `token`: a valid access token, and nothing else.

use serde_json::json;

use super::Ended;
use crate::args::Output;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{self, time};
use crate::session::{Session, Wanted};

/// Print a valid access token, refreshed if necessary.
///
/// Never prompts and never opens a browser; exits with 3 if a login is required.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Provider id or alias [default: the one in use]
    provider: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let session = Session::open(context, args.provider.as_deref())?;
    let inputs = session.inputs(&Default::default())?;
    let credential = session.credential(&args.wanted, &inputs)?;
    let token = credential.access_token.expose_secret();
    if args.output.is_json() {
        render::answer_json(&json!({
            "version": 1,
            "provider": session.provider.id,
            "access_token": token,
            "region": credential.region,
            "expires_at": credential.expires_at.and_then(time::rfc3339),
        }))?;
    } else {
        render::answer_line(token)?;
    }
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine token PROVIDER
  curl -H \"Authorization: Bearer $(hermes-engine token PROVIDER)\" https://api.example.com/v1/models
  hermes-engine token PROVIDER --min-ttl 10m

  A server rejected the token:
  hermes-engine token PROVIDER --rejected-sha256 \"$(printf %s \"$TOKEN\" | sha256sum | cut -c1-64)\"";
