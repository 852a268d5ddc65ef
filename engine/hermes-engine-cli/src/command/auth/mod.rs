//! `auth`: the stored credentials.

mod change;
mod list;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Ended;
use crate::flow::{self, Options, Wire};
use crate::options::Output;

pub(super) use change::remove;
pub(super) use list::{because, line, object, print_rows, rows, status};

/// List, add, remove and reset credentials.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List credentials: stored, from the environment and other files
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show the state of a provider's credential, without network access
    Status {
        /// Provider id or alias [default: the one in use]
        provider: Option<String>,
        /// Exit with 3 if a login is required
        #[arg(long)]
        exit_code: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Log in, or store an API key; a new --label adds a credential
    Add {
        /// Provider id or alias
        provider: String,
        #[command(flatten)]
        options: Options,
    },
    /// Revoke a credential if the provider allows it, and delete it
    Remove {
        /// Provider id or alias
        provider: String,
        /// Credential label or id, if there are several
        #[arg(value_name = "LABEL|ID")]
        which: Option<String>,
        /// Remove all credentials of the provider
        #[arg(long, conflicts_with = "which")]
        all: bool,
        #[command(flatten)]
        wire: Wire,
    },
    /// Clear the failures and rate limits of a credential
    Reset {
        /// Provider id or alias
        provider: String,
        /// Credential label or id, if there are several [default: all]
        #[arg(value_name = "LABEL|ID")]
        which: Option<String>,
    },
    /// Change the order in which a provider's credentials are tried
    Priority {
        /// Provider id or alias
        provider: String,
        /// Credential label or id
        #[arg(value_name = "LABEL|ID")]
        which: String,
        /// New position, lowest first; later credentials move back
        #[arg(value_name = "NUMBER", allow_negative_numbers = true)]
        priority: i64,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    match args.what {
        What::List { output } => list::list(output, context),
        What::Status { provider, exit_code, output } => {
            list::status(provider.as_deref(), exit_code, output, context)
        }
        What::Add { provider, options } => flow::login(context, Some(&provider), &options),
        What::Remove { provider, which, all, wire } => {
            change::remove(&provider, which.as_deref(), all, &wire, context)
        }
        What::Reset { provider, which } => change::reset(&provider, which.as_deref(), context),
        What::Priority { provider, which, priority } => {
            change::priority(&provider, &which, priority, context)
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine auth list
  hermes-engine auth status PROVIDER --exit-code || hermes-engine auth add PROVIDER
  hermes-engine auth add PROVIDER --label work         a second account, tried after the first
  hermes-engine auth priority PROVIDER work 0          and now before it
  hermes-engine auth remove PROVIDER work";
