//! `credential`: the helpers that Git and Docker ask for a user name and a password.
//!
//! Both run a helper wherever the user is, in a repository that was just cloned too, and send the token to whichever host
//! they asked for. So a helper never looks at `./providers.d`, and answers only for https and for an origin that the
//! credential may go to; to any other question it has no answer, as helpers say it.

mod docker;
mod git;

use std::io::{self, Read as _};

use hermes_engine::credential;
use hermes_engine::{Access, clock};
use hermes_format::origin::Origin;
use hermes_format::provider::{Constants, InputSource};
use hermes_format::template::render_url;
use url::Url;

use crate::context::Context;
use crate::door::Door;
use crate::failure::{Ended, Failure};
use crate::options::{Network, Wanted};
use crate::render::{safe, warn};
use crate::session::Session;

/// Act as a credential helper for Git or Docker
///
/// Answers only for https and for hosts that the credential may be sent to. Never prompts, and never reads
/// ./providers.d.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    helper: Helper,
}

#[derive(Debug, clap::Subcommand)]
enum Helper {
    /// Git credential helper protocol on stdin and stdout
    Git(Asked),
    /// Docker credential helper protocol on stdin and stdout
    Docker(Asked),
}

/// What a helper is started with.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Use only this provider's credential [default: any that may be sent to the host]
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Operation: get, store or erase; for Docker also list
    #[arg(value_name = "OPERATION")]
    operation: String,
    #[command(flatten)]
    network: Network,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    match args.helper {
        Helper::Git(asked) => git::run(&asked, context),
        Helper::Docker(asked) => docker::run(&asked, context),
    }
}

/// The longest question that is read.
const QUESTION_LIMIT: u64 = 64 * 1024;

/// What the other program asks. What is not UTF-8 in it names no host.
fn question() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(QUESTION_LIMIT).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage(format!("stdin can't be read: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The origin of an https URL that names nothing but a host, a port and perhaps a path.
fn https_origin(url: &str) -> Option<Origin> {
    let url = Url::parse(url).ok()?;
    let is_plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    Origin::of(&url).filter(|_| is_plain)
}

/// The provider whose credential may go to an origin: the one that is named, or the only one that can be used now.
fn provider<'c>(
    context: &'c Context,
    asked: &Asked,
    origin: &Origin,
) -> Result<Option<Session<'c>>, Failure> {
    if asked.provider.is_some() {
        return Ok(Some(Session::open(context, asked.provider.as_deref())?).filter(|s| serves(s, origin)));
    }
    let mut found = Vec::new();
    for entry in context.catalog.entries() {
        let Some(session) = Session::open_quietly(context, &entry) else { continue };
        if serves(&session, origin) && is_usable(&session)? {
            found.push(session);
        }
    }
    // A client is sent to a provider's base URL; its other hosts are those of its login.
    let is_client_of = |session: &Session<'_>| base_origin(session).as_ref() == Some(origin);
    if found.len() > 1 && found.iter().any(is_client_of) {
        found.retain(is_client_of);
    }
    if found.len() > 1 && !have_one_token(&found, asked)? {
        let ids: Vec<&str> = found.iter().map(|session| session.provider.id.as_str()).collect();
        let host = safe(origin.as_str());
        warn(&format!("several providers serve {host}: {}; choose one with --provider ID", ids.join(", ")));
        return Ok(None);
    }
    Ok(found.into_iter().next())
}

/// Whether providers have one and the same token: files of several protocols read one key.
fn have_one_token(found: &[Session<'_>], asked: &Asked) -> Result<bool, Failure> {
    let mut tokens = Vec::new();
    for session in found {
        let wanted = Wanted { network: asked.network.clone(), ..Wanted::default() };
        tokens.push(access(session, &wanted)?.token().clone());
    }
    Ok(tokens.windows(2).all(|pair| pair.first() == pair.last()))
}

fn access(session: &Session<'_>, wanted: &Wanted) -> Result<Access, Failure> {
    let door = Door::open(session.context, &wanted.network, false)?;
    door.access(&door.engine.account(&session.provider.id)?, wanted)
}

/// Whether a provider's credential may go to an origin, as far as it can be known without starting a program or opening a
/// file of another program: a helper is asked for every host that Git meets.
fn serves(session: &Session<'_>, origin: &Origin) -> bool {
    let stored = session.credentials().unwrap_or_default();
    let of_record = |record| credential::origins(record, Some(&session.provider));
    if stored.iter().any(|slot| of_record(slot).allows(origin)) {
        return true;
    }
    let is_variable = |source: &InputSource| matches!(source, InputSource::Env(_));
    match session.inputs_from(&Default::default(), &Default::default(), &is_variable) {
        Ok(inputs) => session.provider.origins(None, &inputs.values).allows(origin),
        Err(_) => false,
    }
}

fn is_usable(session: &Session<'_>) -> Result<bool, Failure> {
    let inputs = session.inputs(&Default::default())?;
    let status = credential::status(&session.snapshot()?, &session.provider, &inputs, clock::wall());
    Ok(status.standing.is_usable())
}

/// Where requests of the provider's clients go, with what the first stored credential keeps.
fn base_origin(session: &Session<'_>) -> Option<Origin> {
    let record = session.record().ok().flatten();
    let region = record.as_ref().and_then(|record| record.made.region.clone());
    let inputs = record.map(|record| record.made.inputs).unwrap_or_default();
    let scope = Constants { provider: &session.provider, region: region.as_deref(), inputs: &inputs };
    let url = render_url(session.provider.api.base_url.as_ref()?, &scope).ok()?;
    https_origin(url.as_str())
}

/// The provider's credential, renewed first where that is due, if it may go to the origin.
fn access_for(session: &Session<'_>, wanted: &Wanted, origin: &Origin) -> Result<Option<Access>, Failure> {
    Ok(Some(access(session, wanted)?).filter(|access| access.origins().any(|own| own == origin.as_str())))
}

const EXAMPLES: &str = "\
Examples:
  git config --global credential.https://git.example.com.helper '!hermes-engine credential git --provider ID'

  printf '#!/bin/sh\\nexec hermes-engine credential docker \"$@\"\\n' > ~/bin/docker-credential-hermes
  chmod +x ~/bin/docker-credential-hermes
  and in ~/.docker/config.json: { \"credHelpers\": { \"registry.example.com\": \"hermes\" } }";
