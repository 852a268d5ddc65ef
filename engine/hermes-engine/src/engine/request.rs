//! Access: from memory where that serves, else read and renewed once for all who ask.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hermes_format::provider::Provider;
use hermes_machine::machine::{Code, parse_challenge};
use indexmap::IndexMap;

use super::access::Access;
use super::account::{Account, Rejection};
use super::error::{Error, ErrorKind, Result};
use super::explain::explain;
use super::flight::{Flight, Joined};
use super::memory::{Held, Memory, Rejected, State};
use super::provider_file::ProviderFile;
use super::ui::BoxFuture;
use super::{Engine, InFlight, Key, lock, worker};
use crate::credential;
use crate::store::{Stamp, StoredGrant};

/// How long the end of the caller's async runtime waits for a renewal: two requests and a little.
const LONGEST_RENEWAL: Duration = Duration::from_secs(65);

/// A request for access; await it.
#[must_use = "does nothing until awaited"]
#[derive(Debug, Clone)]
pub struct AccessRequest {
    account: Account,
    min_ttl: Option<Duration>,
    region: Option<String>,
    model: Option<String>,
    is_limit_ignored: bool,
    /// The `WWW-Authenticate` header of a refusal.
    challenge: Option<String>,
    /// The hash of a token, and how it was refused.
    rejected: Option<(String, Rejection)>,
}

impl AccessRequest {
    pub(super) fn new(account: Account) -> AccessRequest {
        let model = account.model().map(str::to_owned);
        let region = account.region().map(str::to_owned);
        AccessRequest {
            account,
            min_ttl: None,
            region,
            model,
            is_limit_ignored: false,
            challenge: None,
            rejected: None,
        }
    }

    /// Renews the token first if it expires sooner than this.
    pub fn min_ttl(self, ttl: Duration) -> AccessRequest {
        AccessRequest { min_ttl: Some(ttl), ..self }
    }

    /// The region. A stored login of another region is not used.
    pub fn region(self, region: impl Into<String>) -> AccessRequest {
        AccessRequest { region: Some(region.into()), ..self }
    }

    /// The model, by its id or an alias: it can have a protocol and a base URL of its own.
    pub fn model(self, model: impl Into<String>) -> AccessRequest {
        AccessRequest { model: Some(model.into()), ..self }
    }

    /// Hands out an account whose limit was reached rather than none: a limit can be one model's.
    pub fn ignoring_limits(self) -> AccessRequest {
        AccessRequest { is_limit_ignored: true, ..self }
    }

    /// Another token than the one with this SHA-256 in hex, which a server has refused. For a caller that does not hold
    /// the [`Access`] any more; see [`Account::reject`].
    pub fn rejected(self, sha256: impl Into<String>, why: Rejection) -> AccessRequest {
        AccessRequest { rejected: Some((sha256.into(), why)), ..self }
    }

    /// The `WWW-Authenticate` header of that refusal: the next login asks for what it wants.
    pub fn challenge(self, header: impl Into<String>) -> AccessRequest {
        AccessRequest { challenge: Some(header.into()), ..self }
    }

    /// Waits on this thread, and does the work on it: no thread and no async runtime is started unless a request must be
    /// sent. While `stop` is raised no lock is waited for and no renewal begins; one that is under way is brought to its
    /// end.
    ///
    /// # Errors
    ///
    /// As awaiting it; [`ErrorKind::Cancelled`] where `stop` was raised.
    pub fn wait(self, stop: &Arc<AtomicBool>) -> Result<Access> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return crate::blocking::wait(self);
        }
        crate::blocking::wait(self.run(Place::Here(stop.clone())))
    }

    fn key(&self) -> Key {
        Key {
            provider: self.account.name().to_ascii_lowercase(),
            label: self.account.label().map(str::to_owned),
            region: self.region.clone(),
        }
    }

    async fn run(self, place: Place) -> Result<Access> {
        self.held(place).await?.access(self.model.as_deref())
    }

    /// The credential itself.
    pub(super) async fn credential(&self) -> Result<Arc<Held>> {
        self.held(Place::Worker).await
    }

    async fn held(&self, place: Place) -> Result<Arc<Held>> {
        let state = self.account.engine().inner.state(&self.key());
        loop {
            let joined = {
                let mut memory = lock(&state.memory);
                if let Some(held) = memory.remembered(self) {
                    return Ok(held);
                }
                match memory.flight.as_ref().and_then(Flight::join) {
                    Some(joined) => Err(joined),
                    None => Ok(self.begin(&state, &mut memory, &place)?),
                }
            };
            let (joined, is_own) = match joined {
                Ok((joined, work)) => {
                    self.start(work, &place)?;
                    (joined, true)
                }
                Err(joined) => (joined, false),
            };
            match joined.outcome().await {
                // What somebody else asked for may not be enough here.
                Ok(held) if is_own || held.satisfies(self) => return Ok(held),
                // Whoever began it went away.
                Err(error) if !is_own && error.kind() == ErrorKind::Cancelled => {}
                Ok(_) => {}
                Err(error) if self.is_limit_ignored && error.code() == Code::RateLimited.as_str() => {
                    return self.limited().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Access by what is stored alone, whatever a server said of its use.
    async fn limited(&self) -> Result<Arc<Held>> {
        let request = self.clone();
        let in_flight = InFlight::begin(self.account.engine());
        let work = self.account.engine().inner.io()?.worker.block(move || {
            let held = request.obtain(None, &AtomicBool::new(false), false);
            drop(in_flight);
            held
        });
        Ok(work.outcome().await?.0)
    }

    /// Begins a flight that others can join. The work is to be started without the lock on the memory.
    fn begin(
        &self,
        state: &Arc<State>,
        memory: &mut Memory,
        place: &Place,
    ) -> Result<(Joined<Arc<Held>>, Work)> {
        let (flight, landing) = Flight::begin();
        let joined = flight.join().ok_or_else(Error::lost)?;
        memory.flight = Some(flight);
        let in_flight = InFlight::begin(self.account.engine());
        let request = self.clone();
        let rejected = self.rejected.as_ref().map(|(sha256, why)| Rejected::now(sha256.clone(), *why));
        let rejected = rejected.or_else(|| memory.rejected.clone().filter(Rejected::is_in_force));
        let state = state.clone();
        let stop = match place {
            Place::Worker => landing.stop(),
            Place::Here(stop) => stop.clone(),
        };
        let is_held = matches!(place, Place::Worker) && self.account.engine().can_hold_runtime();
        let work = move || {
            let outcome = request.obtain(rejected.as_ref(), &stop, is_held);
            let mut memory = lock(&state.memory);
            memory.flight = None;
            if let Ok((held, stamp)) = &outcome {
                memory.remember(held, stamp.clone());
            }
            drop(memory);
            landing.land(outcome.map(|(held, _)| held));
            drop(in_flight);
        };
        Ok((joined, Box::new(work)))
    }

    /// Starts work where it is to be done.
    fn start(&self, work: Work, place: &Place) -> Result<()> {
        match place {
            Place::Here(_) => work(),
            Place::Worker => {
                let engine = self.account.engine();
                drop(engine.inner.io()?.worker.block(move || {
                    work();
                    Ok(())
                }));
                engine.hold_runtime();
            }
        }
        Ok(())
    }

    /// Reads, renews if need be, and waits for locks and servers: on a thread that is made for that.
    fn obtain(
        &self,
        rejected: Option<&Rejected>,
        stop: &AtomicBool,
        is_held: bool,
    ) -> Result<(Arc<Held>, Option<Stamp>)> {
        let inner = &self.account.engine().inner;
        let file = inner.files.open(self.account.name())?;
        let provider = &file.provider;
        let region = known_region(provider, self.region.as_deref())?;
        // What was handed out here is stored before anything is read.
        inner.committing.wait(&provider.id, stop)?;
        if let (Some(rejected), Some(challenge)) =
            (rejected, self.challenge.as_deref().and_then(parse_challenge))
        {
            credential::note_challenge(&*inner.store, provider, rejected.as_request(), &challenge)?;
        }
        // Before it is read: a change in between is seen the next time.
        let stamp = inner.store.stamp(&credential::scope(provider));
        let inputs = self.account.inputs(&file, &IndexMap::new())?;
        let in_region = self.in_region(&file)?;
        let shared = || inner.shared();
        let later = is_held.then(|| self.account.engine().later(&provider.id));
        let request = credential::Request {
            store: &*inner.store,
            provider,
            region,
            inputs: &inputs,
            vouched: Some(provider),
            min_ttl: self.min_ttl,
            rejected: rejected.map(Rejected::as_request),
            only: in_region.as_deref().or(self.account.label()),
            http: inner.http.clone(),
            io: Some(&shared),
            stop: Some(stop),
            later: later.as_ref(),
        };
        let credential =
            credential::token(&request).map_err(|error| explain(error.into(), provider, &inputs))?;
        if let Some(lack) = credential::lack(provider, &credential) {
            return Err(explain(lack.into(), provider, &inputs));
        }
        let credential = match &inputs.unread_env_file {
            Some(why) => {
                let path = inner.home.env_file();
                credential.warning(vec![format!("{} is not read: {why}", path.display())])
            }
            None => credential,
        };
        let is_new = credential.source == credential::Source::Renewed;
        let stamp = if is_new { inner.store.stamp(&credential::scope(provider)) } else { stamp };
        Ok((Arc::new(Held::new(file, credential, inputs)), stamp))
    }

    /// The one stored credential that a region leaves, where some are of another.
    fn in_region(&self, file: &ProviderFile) -> Result<Option<String>> {
        let provider = &file.provider;
        let (Some(region), Some(regions)) = (&self.region, &provider.regions) else { return Ok(None) };
        let region_of =
            |grant: &StoredGrant| grant.made.region.clone().unwrap_or_else(|| regions.default.clone());
        let stored = self.account.engine().inner.grants(provider)?;
        let is_meant = |grant: &&StoredGrant| self.account.label().is_none_or(|name| grant.is_called(name));
        let stored: Vec<&StoredGrant> = stored.iter().filter(is_meant).collect();
        if stored.iter().all(|grant| region_of(grant) == *region) {
            return Ok(None);
        }
        if let Some(grant) = stored.iter().find(|grant| region_of(grant) == *region) {
            return Ok(Some(grant.id.clone()));
        }
        let id = &provider.id;
        let other = stored.first().map(|grant| region_of(grant)).unwrap_or_default();
        let message = format!("the stored login of `{id}` is of the region `{other}`, not `{region}`");
        let help = format!("leave --region out, or run `hermes-engine run-flow {id} --region {region}`");
        Err(Error::new(ErrorKind::LoginRequired, "other_region", message).with_help(help).about(id))
    }

    /// Whether a token that was handed out before serves this request, as far as it is this request's affair.
    pub(super) fn takes(&self, sha256: &str) -> bool {
        self.rejected.as_ref().is_none_or(|(rejected, _)| rejected != sha256)
    }

    pub(super) fn least_life(&self) -> Option<Duration> {
        self.min_ttl
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }
}

impl IntoFuture for AccessRequest {
    type Output = Result<Access>;
    type IntoFuture = BoxFuture<'static, Result<Access>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run(Place::Worker))
    }
}

/// Where the work of a request is done.
enum Place {
    /// On a thread of the engine's, whoever goes away.
    Worker,
    /// On the caller's own; it stops where this is raised.
    Here(Arc<AtomicBool>),
}

/// What a flight does.
type Work = Box<dyn FnOnce() + Send>;

impl Engine {
    /// Whether what goes on after an answer is waited for by the end of the caller's async runtime. A program that has a
    /// hook of its own before requests ends as it likes: it is answered when all is stored.
    fn can_hold_runtime(&self) -> bool {
        self.inner.before_requests.is_none() && tokio::runtime::Handle::try_current().is_ok()
    }

    /// Keeps the caller's async runtime from ending under a renewal: whoever waits may be its last task.
    fn hold_runtime(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if worker::is_own_thread() {
            return;
        }
        let mut count = self.inner.in_flight.subscribe();
        let (landed, has_landed) = std::sync::mpsc::channel::<()>();
        if let Ok(io) = self.inner.io() {
            io.worker.handle().spawn(async move {
                let _ = count.wait_for(|count| *count == 0).await;
                drop(landed);
            });
        }
        runtime.spawn_blocking(move || has_landed.recv_timeout(LONGEST_RENEWAL));
    }
}

/// A region that the provider has.
pub(super) fn known_region<'r>(provider: &Provider, region: Option<&'r str>) -> Result<Option<&'r str>> {
    let Some(wanted) = region else { return Ok(None) };
    let known: Vec<&str> =
        provider.regions.iter().flat_map(|regions| regions.tables.keys()).map(String::as_str).collect();
    if known.contains(&wanted) {
        return Ok(region);
    }
    let help =
        if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    let message = format!("`{}` has no region `{wanted}`", provider.id);
    Err(Error::new(ErrorKind::Usage, "usage", message).with_help(help))
}
