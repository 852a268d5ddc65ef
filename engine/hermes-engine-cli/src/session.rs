//! One provider in use: its file, which somebody vouches for, the store, and the values of its inputs.

use std::env;
use std::net::SocketAddr;
use std::time::Duration;

use hermes_engine::catalog::Entry;
use hermes_engine::credential::{self, Credential, Error, Rejected};
use hermes_engine::http::{HttpOptions, parse_connect_to};
use hermes_engine::input::{self, InputError, Inputs, Supply};
use hermes_engine::store::{FileStore, Snapshot, StoreError, StoredGrant};
use hermes_engine::trust;
use hermes_format::provider::{InputSource, Shared};
use hermes_machine::machine::{Trouble, parse_challenge};
use indexmap::IndexMap;

use crate::audit::{self, Fate};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// A provider in use.
pub(crate) struct Session<'c> {
    /// Where everything is.
    pub(crate) context: &'c Context,
    /// The provider.
    pub(crate) provider: Shared,
    /// Whether its sources may be read: not where nobody was asked who vouches for its file.
    pub(crate) may_read: bool,
    /// Where its credential is stored.
    pub(crate) store: FileStore,
    /// What a person calls its file.
    pub(crate) source: String,
}

/// How requests are sent, as options say it.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct Network {
    /// Time limit of one request, such as 10s [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Route requests for HOST to a loopback address over plain HTTP (repeatable)
    #[arg(long, value_name = "HOST=127.0.0.1:PORT", value_parser = parse_connect_to)]
    connect_to: Vec<(String, SocketAddr)>,
}

impl Network {
    /// The same for the runtime.
    pub(crate) fn options(&self) -> HttpOptions {
        HttpOptions { timeout: self.timeout, connect_to: self.connect_to.clone(), only: None }
    }
}

/// What a client asks of a credential.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Wanted {
    /// Region; a stored login of another region is not used
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Refresh if the token expires sooner than this, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) min_ttl: Option<Duration>,
    /// SHA-256 (hex) of a token that a server rejected; only that token is refreshed, or another credential is used
    /// for a while
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    pub(crate) rejected_sha256: Option<String>,
    /// The HTTP status that it was refused with: after 401 or 403 it is refreshed, or rests for 5 minutes where it can't
    /// be; after 402 or 429 it rests for an hour [default: 401]
    #[arg(long, value_name = "STATUS", value_parser = refusal, requires = "rejected_sha256")]
    pub(crate) rejected_status: Option<u16>,
    /// WWW-Authenticate header of the refusal: the next login asks for what it wants
    #[arg(long, value_name = "HEADER", requires = "rejected_sha256")]
    pub(crate) challenge: Option<String>,
    /// Wait that the server asked for in Retry-After, such as 90s
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "rejected_sha256")]
    pub(crate) retry_after: Option<Duration>,
    /// Credential label or id [default: the first usable one]
    #[arg(long, value_name = "LABEL|ID")]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) network: Network,
}

impl Wanted {
    fn rejected(&self) -> Option<Rejected<'_>> {
        let sha256 = self.rejected_sha256.as_deref()?;
        let status = self.rejected_status.unwrap_or(401);
        Some(Rejected { sha256, status, retry_after: self.retry_after })
    }
}

impl<'c> Session<'c> {
    /// Opens a provider by a name, or the chosen one, to act: somebody vouches for its file, and it has no errors.
    pub(crate) fn open(context: &'c Context, name: Option<&str>) -> Result<Session<'c>, Failure> {
        let entry = context.find(name)?;
        let session = Session::of(context, &entry, context.open(&entry)?);
        if context.verbose > 0 {
            render::say(&format!("{}: {}", session.provider.id, render::safe(&session.source)));
        }
        Ok(session)
    }

    /// Opens any file for a simulation, in which nothing of the user's is read, sent or stored.
    pub(crate) fn open_simulated(context: &'c Context, name: Option<&str>) -> Result<Session<'c>, Failure> {
        let entry = context.find(name)?;
        let session = Session::of(context, &entry, context.open_any(&entry)?);
        Ok(Session { may_read: false, ..session })
    }

    /// Opens a provider of which no more is done than to tell how it is, or to forget its credentials.
    pub(crate) fn open_to_list(context: &'c Context, entry: &Entry) -> Result<Session<'c>, Failure> {
        Ok(Session::of(context, entry, context.open_to_list(entry)?))
    }

    /// Opens a provider that is one of many: of a file that can't be used nothing is told.
    pub(crate) fn open_quietly(context: &'c Context, entry: &Entry) -> Option<Session<'c>> {
        let opened = trust::open(&context.catalog, entry, &context.home).ok()?.opened;
        Some(Session::of(context, entry, opened.provider?))
    }

    /// A provider that was opened.
    pub(crate) fn of(context: &'c Context, entry: &Entry, provider: Shared) -> Session<'c> {
        let store = FileStore::open(context.home.clone());
        Session { context, provider, may_read: true, store, source: entry.source() }
    }

    /// What is stored of the provider.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Failure> {
        Ok(self.store.snapshot(&credential::scope(&self.provider))?)
    }

    /// The stored credentials, in the order in which they are tried.
    pub(crate) fn credentials(&self) -> Result<Vec<StoredGrant>, Failure> {
        Ok(credential::credentials(&self.snapshot()?, &self.provider))
    }

    /// The stored credential of this label or id.
    pub(crate) fn called(&self, name: &str) -> Result<StoredGrant, Failure> {
        let all = self.credentials()?;
        let names: Vec<String> = all.iter().map(|slot| format!("`{}`", render::safe(slot.name()))).collect();
        all.into_iter().find(|slot| slot.is_called(name)).ok_or_else(|| {
            let id = &self.provider.id;
            let failure =
                Failure::usage(format!("`{id}` has no credential `{}`", render::safe(name))).about(id);
            if names.is_empty() { failure } else { failure.help(format!("it has {}", names.join(", "))) }
        })
    }

    /// The stored credential that is tried first.
    pub(crate) fn record(&self) -> Result<Option<StoredGrant>, Failure> {
        Ok(credential::first(&self.snapshot()?, &self.provider))
    }

    /// The values of the inputs, from `--set` or stdin, the sources that the file may read, the stored credential, and
    /// defaults.
    pub(crate) fn inputs(&self, set: &IndexMap<String, String>) -> Result<Inputs, Failure> {
        // What a provider without inputs has stored can't matter to them.
        let record = if self.provider.inputs.is_empty() { None } else { self.record()? };
        let kept = record.map(|record| record.made.inputs).unwrap_or_default();
        let inputs = self.inputs_from(set, &kept, &|_| true)?;
        if let Some(why) = &inputs.unread_env_file {
            self.context.warn_of_env_file(why);
        }
        Ok(inputs)
    }

    /// The same, with only some of the sources.
    pub(crate) fn inputs_from(
        &self,
        set: &IndexMap<String, String>,
        kept: &IndexMap<String, String>,
        allowed: &dyn Fn(&InputSource) -> bool,
    ) -> Result<Inputs, Failure> {
        let variable = |name: &str| env::var_os(name);
        let allowed = |source: &InputSource| self.may_read && allowed(source);
        let supply = Supply { set, kept, home: &self.context.home, variable: &variable, allowed: &allowed };
        let inputs = input::resolve(&self.provider, &supply)?;
        if self.context.verbose > 0 {
            inputs.failed.iter().for_each(|failed| render::say(&render::safe(&failed.to_string())));
        }
        Ok(inputs)
    }

    /// The one stored credential that a region leaves, where some are of another. None of it is an error.
    fn in_region(&self, wanted: &Wanted) -> Result<Option<String>, Failure> {
        let (Some(region), Some(regions)) = (self.region(wanted.region.as_deref())?, &self.provider.regions)
        else {
            return Ok(None);
        };
        let region_of =
            |slot: &StoredGrant| slot.made.region.clone().unwrap_or_else(|| regions.default.clone());
        let stored = self.credentials()?;
        let meant = |slot: &&StoredGrant| wanted.label.as_ref().is_none_or(|name| slot.is_called(name));
        let stored: Vec<&StoredGrant> = stored.iter().filter(meant).collect();
        if stored.iter().all(|slot| region_of(slot) == region) {
            return Ok(None);
        }
        if let Some(slot) = stored.iter().find(|slot| region_of(slot) == region) {
            return Ok(Some(slot.id.clone()));
        }
        let id = &self.provider.id;
        let other = stored.first().map(|slot| region_of(slot)).unwrap_or_default();
        let message =
            format!("the stored login of `{id}` is of the region `{}`, not `{region}`", render::safe(&other));
        let failure = Failure::new(Exit::Login, "other_region", message).about(id);
        Err(failure
            .help(format!("leave --region out, or run `hermes-engine run-flow {id} --region {region}`")))
    }

    /// A credential that can be used now. Never asks a person.
    pub(crate) fn credential(&self, wanted: &Wanted, inputs: &Inputs) -> Result<Credential, Failure> {
        if let (Some(rejected), Some(header)) = (wanted.rejected(), &wanted.challenge)
            && let Some(challenge) = parse_challenge(header)
        {
            let noted = credential::note_challenge(&self.store, &self.provider, rejected, &challenge);
            noted.map_err(|error| self.explain(error.into(), inputs))?;
        }
        let in_region = self.in_region(wanted)?;
        let request = credential::Request {
            io: None,
            stop: None,
            later: None,
            store: &self.store,
            provider: &self.provider,
            region: self.region(wanted.region.as_deref())?,
            inputs,
            vouched: Some(&self.provider),
            min_ttl: wanted.min_ttl,
            rejected: wanted.rejected(),
            only: in_region.as_deref().or(wanted.label.as_deref()),
            http: wanted.network.options(),
        };
        let credential = credential::token(&request).map_err(|error| self.explain(error.into(), inputs))?;
        if let Some(lack) = credential::lack(&self.provider, &credential) {
            return Err(self.explain(lack.into(), inputs));
        }
        audit::note(self, Fate::HandedOut, wanted.label.as_deref(), &credential.origins);
        credential.warnings.iter().for_each(|warning| render::warn(&render::safe_sentence(warning)));
        Ok(credential)
    }

    /// A request for a credential that is asked in no particular way.
    pub(crate) fn request<'r>(&'r self, inputs: &'r Inputs, http: HttpOptions) -> credential::Request<'r> {
        credential::Request {
            io: None,
            store: &self.store,
            provider: &self.provider,
            region: None,
            inputs,
            vouched: Some(&self.provider),
            min_ttl: None,
            rejected: None,
            only: None,
            http,
            stop: None,
            later: None,
        }
    }

    /// A region that the provider has.
    pub(crate) fn region<'r>(&self, region: Option<&'r str>) -> Result<Option<&'r str>, Failure> {
        let Some(wanted) = region else { return Ok(None) };
        let known: Vec<&str> = self
            .provider
            .regions
            .iter()
            .flat_map(|regions| regions.tables.keys())
            .map(String::as_str)
            .collect();
        if known.contains(&wanted) {
            return Ok(region);
        }
        let help =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Err(Failure::usage(format!("`{}` has no region `{wanted}`", self.provider.id)).help(help))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Trouble(trouble) => trouble.into(),
            Error::Interrupted => Failure::interrupted_renewal(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Trouble::from(error).into()
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Failure {
        let failure = Failure::new(Exit::Usage, "bad_input", error.to_string());
        match error {
            InputError::Control { .. } => failure.help("write the value there as one line"),
            InputError::Quoted { .. } => {
                failure.help("write the value there without quotes; `docker --env-file` keeps them")
            }
            InputError::NotAKey { .. } => Failure { exit: Exit::Denied, ..failure }
                .help("copy it again, the key alone: no `Bearer` before it, no blank in it"),
            _ => failure,
        }
    }
}

/// A duration as files write it, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let text = if is_plain { &format!("{text}s") } else { text };
    hermes_format::time::parse_duration(text).map_err(|error| error.to_string())
}

pub(crate) fn sha256(text: &str) -> Result<String, String> {
    let is_hex = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    if is_hex { Ok(text.to_ascii_lowercase()) } else { Err("not 64 hexadecimal digits".to_owned()) }
}

/// The status of a refusal that is about the credential.
fn refusal(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(status @ (401 | 402 | 403 | 429)) => Ok(status),
        _ => Err("only 401, 402, 403 and 429 are about the credential".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        assert_eq!(sha256(&"AB".repeat(32)).unwrap(), "ab".repeat(32));
        assert!(sha256("ab").is_err() && sha256(&"xy".repeat(32)).is_err());
    }

    #[test]
    fn a_plain_number_is_a_duration_in_seconds() {
        assert_eq!(duration("15"), Ok(Duration::from_secs(15)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert!(duration("").is_err() && duration("-1").is_err() && duration("1.5").is_err());
    }
}
