//! A login with a user.

use std::future::{Future as _, IntoFuture};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hermes_format::provider::{Action, Constants, Provider, StateId, Status};
use hermes_format::secret::Secret;
use hermes_machine::machine::{Grant, Machine, Outcome, Request, Response, Start};
use indexmap::IndexMap;
use tokio::sync::oneshot;

use super::InFlight;
use super::account::Account;
use super::error::{Error, ErrorKind, Result};
use super::provider_file::ProviderFile;
use super::ui::{Adapter, BoxFuture, Question, Ui};
use crate::clock::Clock;
use crate::credential::{self, Beginning, Login, LoginKeeper};
use crate::driver::{self, Witness};
use crate::input::{self, InputOrigin, Inputs};
use crate::store::wait;

/// How long a login that has ended well waits for a renewal of another process before it is stored.
const LOCK_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// A login that has not begun; await it.
#[must_use = "does nothing until awaited"]
pub struct LoginRequest {
    account: Account,
    ui: Arc<dyn Ui>,
    set: IndexMap<String, String>,
    from: Option<String>,
    region: Option<String>,
    browser: bool,
}

impl LoginRequest {
    pub(super) fn new(account: Account, ui: Arc<dyn Ui>) -> LoginRequest {
        LoginRequest { account, ui, set: IndexMap::new(), from: None, region: None, browser: false }
    }

    /// The value of an input, which is then not asked for.
    pub fn input(mut self, name: impl Into<String>, value: impl Into<Secret>) -> LoginRequest {
        self.set.insert(name.into(), value.into().expose_secret().to_owned());
        self
    }

    /// The state to begin in, where the provider's file names several.
    pub fn from(self, state: impl Into<String>) -> LoginRequest {
        LoginRequest { from: Some(state.into()), ..self }
    }

    /// The region, where the provider has several.
    pub fn region(self, region: impl Into<String>) -> LoginRequest {
        LoginRequest { region: Some(region.into()), ..self }
    }

    /// Whether pages are opened in a browser of this computer; they are only shown otherwise.
    pub fn browser(self, open: bool) -> LoginRequest {
        LoginRequest { browser: open, ..self }
    }

    async fn run(self) -> Result<()> {
        let engine = self.account.engine().clone();
        let io = engine.inner.io()?;
        let in_flight = InFlight::begin(&engine);
        let (alive, mut gone) = oneshot::channel::<()>();
        let is_sending = Arc::new(AtomicBool::new(false));
        let watching = is_sending.clone();
        let work = io.worker.spawn(async move {
            let _in_flight = in_flight;
            let login = self.perform(Sending(watching));
            let mut login = std::pin::pin!(login);
            // Until nobody waits any more. A request that is out may win the login, so it is brought to its end.
            tokio::select! {
                biased;
                outcome = &mut login => return outcome,
                _ = &mut gone => {}
            }
            std::future::poll_fn(|context| match login.as_mut().poll(context) {
                std::task::Poll::Pending if !is_sending.load(Ordering::SeqCst) => {
                    std::task::Poll::Ready(Err(Error::cancelled()))
                }
                outcome => outcome,
            })
            .await
        });
        let outcome = work.outcome().await;
        drop(alive);
        outcome
    }

    async fn perform(self, mut sending: Sending) -> Result<()> {
        let account = self.account.clone();
        let worker = || account.engine().inner.io().map(|io| &io.worker);
        let (file, inputs) = {
            let (account, set) = (account.clone(), self.set.clone());
            let open = worker()?.block(move || {
                let inner = &account.engine().inner;
                let file = inner.files.open(account.name())?;
                refuse_discontinued(&file.provider)?;
                wait(inner.store.ready(&credential::scope(&file.provider)))?;
                let inputs = account.inputs(&file, &set)?;
                Ok((file, inputs))
            });
            open.outcome().await?
        };
        let from = start_state(&file.provider, self.from.as_deref())?;
        let inputs = self.complete(&file, inputs, from).await?;
        let start = self.start(&file, &inputs, from);
        let mut person = Adapter::new(self.ui.clone());
        let http = &account.engine().inner.io()?.shared.http;
        let beginning = Beginning {
            store: &*account.engine().inner.store,
            provider: &file.provider,
            inputs: &inputs,
            region: self.region.as_deref(),
            label: account.label(),
            priority: None,
            from: self.from.as_deref(),
        };
        let mut keeper = LoginKeeper::new(beginning, &mut sending);
        let run = driver::run_uninterrupted(start, http, &mut person, &mut keeper);
        let outcome = run.await.map_err(|error| Error::because(ErrorKind::Retryable, "network", error))?;
        let grant = grant_of(keeper.end(outcome))?;
        // From here on it is stored, whoever still waits.
        sending.0.store(true, Ordering::SeqCst);
        let label = account.label().map(str::to_owned);
        let owner = account.clone();
        let stored = worker()?.block(move || {
            let login = Login {
                provider: &file.provider,
                grant: &grant,
                inputs: &inputs,
                label: label.as_deref(),
                priority: None,
            };
            let store = &*owner.engine().inner.store;
            Ok(credential::save_login(store, &login, LOCK_LIMIT)?)
        });
        stored.outcome().await?;
        account.forget_memory();
        Ok(())
    }

    fn start(&self, file: &ProviderFile, inputs: &Inputs, from: Option<StateId>) -> Start {
        Start {
            provider: file.provider.clone(),
            action: Action::Login,
            from,
            region: self.region.clone(),
            inputs: inputs.values.clone(),
            token: None,
            bound_to: None,
            earlier: Default::default(),
            browser: self.browser,
            entropy: Box::new(crate::entropy::System),
        }
    }

    /// Asks for the inputs that the login needs and nothing supplies.
    async fn complete(
        &self,
        file: &Arc<ProviderFile>,
        inputs: Inputs,
        from: Option<StateId>,
    ) -> Result<Inputs> {
        let provider = &file.provider;
        let begins_in = Machine::start(self.start(file, &inputs, from), Clock::start().now()).0.state();
        let region = self.region.as_deref();
        let constants = Constants { provider, region, inputs: &inputs.values };
        let needed = begins_in.map(|id| provider.inputs_needed(id, &constants)).unwrap_or_default();
        let mut set = self.set.clone();
        let mut asked = false;
        for name in needed {
            let Some(input) = provider.inputs.get(name) else { continue };
            let question = Question::Input {
                name: name.to_owned(),
                prompt: input.prompt.clone().unwrap_or_else(|| name.replace('_', " ")),
                secret: input.secret,
                choices: input.choices.clone(),
            };
            let Some(answer) = self.ui.ask(&question).await else {
                let message = format!("`{}` needs the input `{name}`", provider.id);
                return Err(Error::new(ErrorKind::LoginRequired, "missing_input", message));
            };
            input::validate(name, input, answer.expose_secret(), &InputOrigin::Set)?;
            set.insert(name.to_owned(), answer.expose_secret().to_owned());
            asked = true;
        }
        if !asked {
            return Ok(inputs);
        }
        let (account, file) = (self.account.clone(), file.clone());
        self.account.engine().inner.io()?.worker.block(move || account.inputs(&file, &set)).outcome().await
    }
}

impl IntoFuture for LoginRequest {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'static, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Knows whether a request is out.
struct Sending(Arc<AtomicBool>);

impl Witness for Sending {
    fn sending(&mut self, _: &Request) -> io::Result<()> {
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn answered(&mut self, _: &Request, _: &Response) -> io::Result<()> {
        self.0.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn performed(&mut self, _: &hermes_machine::machine::Effect, event: &hermes_machine::machine::Event) {
        if matches!(event, hermes_machine::machine::Event::Failed(_)) {
            self.0.store(false, Ordering::SeqCst);
        }
    }
}

fn grant_of(outcome: Outcome) -> Result<Grant> {
    match outcome {
        Outcome::Success(grant) => Ok(*grant),
        Outcome::Failed(trouble) => Err(trouble.into()),
        Outcome::Cancelled => Err(Error::cancelled()),
        Outcome::Done { .. } => {
            Err(Error::new(ErrorKind::File, "no_credential", "the login ended without a credential"))
        }
    }
}

fn refuse_discontinued(provider: &Provider) -> Result<()> {
    if provider.status != Status::Discontinued {
        return Ok(());
    }
    let message = format!("`{}` is discontinued", provider.id);
    let error = Error::new(ErrorKind::File, "discontinued", message);
    Err(error.with_help(provider.status_note.as_deref().unwrap_or("choose another provider")))
}

/// The state of that name, one of those that the file lists for a login.
fn start_state(provider: &Provider, name: Option<&str>) -> Result<Option<StateId>> {
    let Some(name) = name else { return Ok(None) };
    let starts = provider.starts(Action::Login);
    let found = provider.state_id(name).filter(|id| starts.contains(id));
    found.map(Some).ok_or_else(|| {
        let message = format!("no login of `{}` begins in `{name}`", provider.id);
        Error::new(ErrorKind::Usage, "unknown_start", message)
    })
}
