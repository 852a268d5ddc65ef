//! Running one flow to its end: options in, a run of the machine, one clear line out.

mod ask;
mod key;
mod login;
mod logout;
mod record;
mod refresh;
mod run;
mod simulated;
mod start;
mod verify;

use clap::ValueEnum;
use hermes_proof::simulate::Scenario;

use crate::session::Network;

pub(crate) use login::{is_usable, login};
pub(crate) use logout::{Which, forget_of, logout};
pub(crate) use record::record;
pub(crate) use refresh::refresh;
pub(crate) use run::block_on;
pub(crate) use verify::verify;

/// What a flow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// Get a credential
    Login,
    /// Renew the stored credential now
    Refresh,
    /// Revoke the stored credential and forget it; of several the one of --label
    Logout,
    /// Ask the provider whether the stored credential works
    Verify,
}

impl Flow {
    /// As the command line writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Flow::Login => "login",
            Flow::Refresh => "refresh",
            Flow::Logout => "logout",
            Flow::Verify => "verify",
        }
    }
}

/// How a login runs, and what becomes of it.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct Options {
    /// Which of several credentials is meant: a login takes its place, or stands beside the others under a new name
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// The place of a login among the provider's credentials; the lowest is tried first [default: the last]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) priority: Option<i64>,
    /// Do nothing where the stored credential can be used
    #[arg(long)]
    pub(crate) if_needed: bool,
    /// Store a key without asking the provider whether it works
    #[arg(long)]
    pub(crate) no_verify: bool,
    // Last, as the heading of the network options goes on until the next one.
    #[command(flatten)]
    pub(crate) how: How,
}

/// How a login runs.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct How {
    /// The region, where the provider has several
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The state to begin in, where the file names several
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Option<String>,
    /// The value of an input; secrets are asked, or read with --stdin; may be given again
    #[arg(long, value_name = "INPUT=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Read the value of this input from standard input
    #[arg(long, value_name = "INPUT")]
    pub(crate) stdin: Option<String>,
    /// Do not open a browser; show the address only
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Run against a simulated server, with a home that is thrown away
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "approve")]
    pub(crate) simulate: Option<Scenario>,
    #[command(flatten)]
    pub(crate) wire: Wire,
}

/// How requests are sent, and who is told of them.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct Wire {
    /// Tell what goes over the wire, names and lengths only
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    pub(crate) network: Network,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write INPUT=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
