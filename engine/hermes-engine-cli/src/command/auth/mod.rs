//! `auth`: the stored credentials.

mod change;
mod list;

use clap::Subcommand;

use super::Ended;
use crate::args::Output;
use crate::context::Context;
use crate::flow::{self, Options, Wire};

pub(super) use change::remove;
pub(super) use list::{
    Seen, because, line, object, print_rows, rows, seen, standings_of, standings_without_programs, status,
    untrusted, untrusted_line,
};

/// List, judge, add, remove and reset credentials.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the credentials that are stored, or set in the environment, in .env or in a file that a provider reads
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Say what a provider's credential is good for, without asking the provider
    Status {
        /// The provider's id or an alias [default: the chosen one]
        provider: Option<String>,
        /// Exit with 3 where a login is needed
        #[arg(long)]
        exit_code: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Log in, or store an API key; with a new --label beside the credentials that are there
    Add {
        /// The provider's id or an alias
        provider: String,
        #[command(flatten)]
        options: Options,
    },
    /// Revoke a credential where the provider has a way, and forget it
    Remove {
        /// The provider's id or an alias
        provider: String,
        /// Which of several credentials, by its label or id
        #[arg(value_name = "LABEL|ID")]
        which: Option<String>,
        /// Remove all credentials of the provider
        #[arg(long, conflicts_with = "which")]
        all: bool,
        #[command(flatten)]
        wire: Wire,
    },
    /// Forget that a credential has failed or cools down, so that it is tried again
    Reset {
        /// The provider's id or an alias
        provider: String,
        /// Which of several credentials, by its label or id [default: all]
        #[arg(value_name = "LABEL|ID")]
        which: Option<String>,
    },
    /// Move a credential in the order in which a provider's credentials are tried
    Priority {
        /// The provider's id or an alias
        provider: String,
        /// Which credential, by its label or id
        #[arg(value_name = "LABEL|ID")]
        which: String,
        /// Its place; the lowest is tried first, and what stands there moves back
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
