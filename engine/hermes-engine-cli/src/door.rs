//! The library, with the options of a command: what it says is printed, and Ctrl-C waits for what must not be cut off.

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hermes_engine::catalog::{Catalog, Entry, Folders};
use hermes_engine::driver::{Interrupt, Signals};
use hermes_engine::{Access, Account, Engine, Error, blocking};

use crate::audit::{self, Fate};
use crate::context::Context;
use crate::failure::Failure;
use crate::flow::block_on;
use crate::options::{Network, Wanted};
use crate::render::trace::Trace;
use crate::render::{safe, safe_sentence, say, warn};

/// The library for one command.
pub(crate) struct Door<'c> {
    pub(crate) context: &'c Context,
    pub(crate) engine: Engine,
    /// Raised by a signal once a renewal has begun. Before that, a signal ends the program as usual.
    stop: Arc<AtomicBool>,
}

impl<'c> Door<'c> {
    /// Opens the library. Reads nothing.
    pub(crate) fn open(context: &'c Context, network: &Network, trace: bool) -> Result<Door<'c>, Failure> {
        Door::open_among(context, network, trace, context.catalog.clone())
    }

    /// The same with the built-in providers alone.
    pub(crate) fn open_built_in(
        context: &'c Context,
        network: &Network,
        trace: bool,
    ) -> Result<Door<'c>, Failure> {
        Door::open_among(context, network, trace, Catalog::new(&Folders::default()))
    }

    fn open_among(
        context: &'c Context,
        network: &Network,
        trace: bool,
        catalog: Catalog,
    ) -> Result<Door<'c>, Failure> {
        let stop = Arc::<AtomicBool>::default();
        let raised = stop.clone();
        let engine = Engine::builder().home(context.home.path()).catalog(catalog);
        let engine = engine.before_requests(move || Interrupt::raising(raised.clone()).map(drop));
        let engine = if trace { engine.witness(|| Box::new(Trace)) } else { engine };
        let engine = blocking::wait(network.on(engine).build())?;
        Ok(Door { context, engine, stop })
    }

    /// The account of a provider's id or alias, or that of the chosen provider.
    pub(crate) fn account(&self, name: Option<&str>) -> Result<Account, Failure> {
        let entry = self.context.find(name)?;
        self.announce(&entry.id, &entry.source());
        Ok(self.engine.account(&entry.id)?)
    }

    /// The account that a provider and a model name, where `PROVIDER:MODEL` names both.
    pub(crate) fn chosen(&self, provider: Option<&str>, model: Option<&str>) -> Result<Account, Failure> {
        // Where nothing is named this says so, and why a setting may not have been read.
        let chosen = match provider {
            None if !model.is_some_and(|model| model.contains(':')) => Some(self.context.name(None)?),
            _ => None,
        };
        let account = self.engine.chosen(chosen.as_deref().or(provider), model)?;
        let entry = self.context.find(Some(account.name()))?;
        self.announce(&entry.id, &entry.source());
        Ok(account)
    }

    fn announce(&self, id: &str, source: &str) {
        if self.context.verbose > 0 {
            say(&format!("{id}: {}", safe(source)));
        }
    }

    /// Access that can be used now. Never asks the user.
    pub(crate) fn access(&self, account: &Account, wanted: &Wanted) -> Result<Access, Failure> {
        let access = wanted.request(account).wait(&self.stop);
        if self.stop.load(Ordering::SeqCst) {
            return Err(Failure::interrupted_renewal());
        }
        let access = access.map_err(|error| self.failure(account.name(), error))?;
        if self.context.verbose > 0 {
            access.notes().iter().for_each(|note| say(&safe(note)));
        }
        self.audit(wanted.label.as_deref(), &access);
        access.warnings().iter().for_each(|warning| warn(&safe_sentence(warning)));
        Ok(access)
    }

    /// Notes that a credential was handed out or stored.
    pub(crate) fn audit(&self, label: Option<&str>, access: &Access) {
        audit::note(self, Fate::HandedOut, label, access);
    }

    /// Waits for what sends nothing.
    pub(crate) fn wait<T>(
        &self,
        account: &Account,
        work: impl IntoFuture<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        blocking::wait(work).map_err(|error| self.failure(account.name(), error))
    }

    /// Waits for what may take long. A signal drops it; what may have spent a token is brought to its end first.
    pub(crate) fn run<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let engine = &self.engine;
        block_on(async move {
            let mut signals = Signals::catch().map_err(|error| Failure::no_signals(&error))?;
            let mut work = Box::pin(work);
            let outcome = tokio::select! {
                biased;
                () = signals.next() => None,
                outcome = &mut work => Some(outcome),
            };
            drop(work);
            match outcome {
                Some(outcome) => outcome.map_err(|error| self.failure(name, error)),
                None => {
                    engine.settle().await;
                    Err(Failure::interrupted())
                }
            }
        })?
    }

    /// The same where nothing is done with the file.
    pub(crate) fn failure_to_list(&self, entry: &Entry, error: Error) -> Failure {
        match self.context.open_to_list(entry) {
            Err(failure) if error.code() == "bad_provider_file" => failure,
            _ => error.into(),
        }
    }

    /// Why it failed, with what this program adds: the findings of a file, and what to do at this terminal.
    pub(crate) fn failure(&self, name: &str, error: Error) -> Failure {
        if matches!(error.code(), "untrusted_file" | "bad_provider_file" | "unknown_provider")
            && let Err(failure) = self.context.find(Some(name)).and_then(|entry| self.context.open(&entry))
        {
            return failure;
        }
        error.into()
    }
}
