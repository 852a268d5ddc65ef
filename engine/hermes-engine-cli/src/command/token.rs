//! `token`: a valid access token, and nothing else.

use serde_json::json;

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::options::{Output, Wanted};
use crate::render::{self, time};

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
    let door = Door::open(context, &args.wanted.network, false)?;
    let access = door.access(&door.account(args.provider.as_deref())?, &args.wanted)?;
    let token = access.token().expose_secret();
    if args.output.is_json() {
        render::answer_json(&json!({
            "version": 1,
            "provider": access.provider(),
            "access_token": token,
            "region": access.region(),
            "expires_at": access.expires_at().and_then(time::rfc3339_of),
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
