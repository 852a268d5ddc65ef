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

use crate::options::{Network, Wanted};

pub(crate) use login::login;
pub(crate) use logout::{Which, logout};
pub(crate) use record::record;
pub(crate) use refresh::refresh;
pub(crate) use run::block_on;
pub(crate) use verify::verify;

/// What a flow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// Obtain a credential
    Login,
    /// Refresh the stored credential now
    Refresh,
    /// Revoke and delete the stored credential (one of several: --label)
    Logout,
    /// Ask the provider whether the stored credential is valid
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
    /// Credential label; created if new, replaced if it exists
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// Order among the provider's credentials, lowest first [default: last]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) priority: Option<i64>,
    /// Do nothing if the stored credential is usable
    #[arg(long)]
    pub(crate) if_needed: bool,
    /// Store a key without verifying it with the provider
    #[arg(long)]
    pub(crate) no_verify: bool,
    // Last, as the heading of the network options goes on until the next one.
    #[command(flatten)]
    pub(crate) how: How,
}

impl Options {
    /// The account that is meant, for what is done with a stored one.
    pub(crate) fn wanted(&self) -> Wanted {
        let (label, region) = (self.label.clone(), self.how.region.clone());
        Wanted { label, region, network: self.how.wire.network.clone(), ..Wanted::default() }
    }
}

/// How a login runs.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct How {
    /// Region, if the provider has several
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// State to start in, if the file names several
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Option<String>,
    /// Value of an input; for secrets use the prompt or --stdin (repeatable)
    #[arg(long, value_name = "INPUT=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Read the value of this input from stdin; without a name, inputs as JSON
    #[arg(long, value_name = "INPUT", num_args = 0..=1, default_missing_value = "")]
    pub(crate) stdin: Option<String>,
    /// Agree beforehand to a host that the server's answer names (repeatable)
    #[arg(long, value_name = "HOST")]
    pub(crate) allow: Vec<String>,
    /// Label of the credential that the login replaces
    #[arg(skip)]
    pub(crate) replaces: Option<String>,
    /// Do not open a browser, only print the URL
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Run against a simulated server, in a temporary home directory
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "approve")]
    pub(crate) simulate: Option<Scenario>,
    #[command(flatten)]
    pub(crate) wire: Wire,
}

/// How requests are sent, and who is told of them.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct Wire {
    /// Log HTTP requests and responses (names and sizes only)
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    pub(crate) network: Network,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write INPUT=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
