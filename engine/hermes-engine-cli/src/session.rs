//! One provider in use: its file, which somebody vouches for, the store, and the values of its inputs.

use std::env;

use hermes_engine::catalog::Entry;
use hermes_engine::credential::{self, Error};
use hermes_engine::http::HttpOptions;
use hermes_engine::input::{self, InputError, Inputs, Supply};
use hermes_engine::store::{FileStore, Snapshot, StoreError, StoredGrant};
use hermes_engine::trust;
use hermes_format::provider::{InputSource, Shared};
use hermes_machine::machine::Trouble;
use indexmap::IndexMap;

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
