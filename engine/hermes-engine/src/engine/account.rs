//! One account of a provider: access to it, rejections, its state.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::future::IntoFuture;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use hermes_format::provider::{Model, Provider};
use hermes_format::time::UnixMs;
use hermes_machine::access as rendered;
use hermes_machine::machine::Code;
use indexmap::IndexMap;
use url::Url;

use super::access::{Access, Parts, headers};
use super::error::{Error, ErrorKind, Result};
use super::flight::{Flight, Joined};
use super::login::LoginRequest;
use super::provider_file::ProviderFile;
use super::ui::{BoxFuture, Ui};
use super::{Engine, InFlight, Key, lock};
use crate::clock;
use crate::credential::{self, Credential};
use crate::input::{self, Inputs, Supply};
use crate::store::sha256;

/// For how long what is in memory is believed without a look at the store.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long a refusal holds where the server names no time: that of a token, and that of its use.
const REFUSED_FOR: Duration = Duration::from_secs(300);
const LIMITED_FOR: Duration = Duration::from_secs(3600);
/// How long the end of the caller's async runtime waits for a renewal: two requests and a little.
const LONGEST_RENEWAL: Duration = Duration::from_secs(65);

/// An account of a provider. Cheap to clone.
#[derive(Clone)]
pub struct Account {
    engine: Engine,
    name: String,
    label: Option<String>,
}

/// What is known of an account in memory.
#[derive(Default)]
pub(super) struct State {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    current: Option<Current>,
    flight: Option<Flight<Arc<Held>>>,
    rejected: Option<Rejected>,
}

/// The credential that was handed out last.
struct Current {
    held: Arc<Held>,
    seen: Instant,
    stamp: Stamp,
}

/// What changes with `auth.json`.
type Stamp = Option<(SystemTime, u64)>;

/// A credential with all that access is rendered from.
struct Held {
    file: Arc<ProviderFile>,
    credential: Credential,
    sha256: String,
    /// By the model that was asked for.
    rendered: Mutex<HashMap<Option<String>, Access>>,
}

/// A token that a server has refused.
#[derive(Clone)]
struct Rejected {
    sha256: String,
    why: Rejection,
    at: Instant,
}

/// Why a server refused an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    retry_after: Option<Duration>,
}

impl Rejection {
    /// By the HTTP status of the answer: 401 and 403 mean the token, 402 and 429 how much the account was used. Any other
    /// status says nothing of the credential, and is ignored.
    pub fn status(status: u16) -> Rejection {
        Rejection { status, retry_after: None }
    }

    /// How long the server asked to wait.
    pub fn retry_after(self, wait: Duration) -> Rejection {
        Rejection { retry_after: Some(wait), ..self }
    }

    fn is_limit(self) -> bool {
        matches!(self.status, 402 | 429)
    }

    fn is_of_credential(self) -> bool {
        matches!(self.status, 401..=403 | 429)
    }
}

impl Account {
    pub(super) fn new(engine: Engine, name: &str) -> Account {
        Account { engine, name: name.trim().to_lowercase(), label: None }
    }

    /// The account of this label, where the provider has several.
    pub fn labelled(self, label: impl Into<String>) -> Account {
        Account { label: Some(label.into()), ..self }
    }

    /// A token that is valid now, renewed if need be, with all that a request needs. Never asks the user.
    ///
    /// Await it: `account.access().await?`. In a spawned task, write `async move { account.access().await }`.
    pub fn access(&self) -> AccessRequest {
        AccessRequest {
            account: self.clone(),
            min_ttl: None,
            region: None,
            model: None,
            is_limit_ignored: false,
        }
    }

    /// What the provider's file says of it. Reads the file, and touches no credential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: no provider has this name. [`ErrorKind::File`], [`ErrorKind::Refused`]: its file can't be
    /// used.
    pub async fn provider(&self) -> Result<ProviderInfo> {
        let inner = &self.engine.inner;
        if let Some(file) = inner.files.remembered(&self.name) {
            return Ok(ProviderInfo(file));
        }
        let account = self.clone();
        let read = inner.io()?.worker.block(move || account.engine.inner.files.open(&account.name));
        Ok(ProviderInfo(read.outcome().await?))
    }

    /// Logs in: runs the flow of the provider's file with a user, and stores what it brings.
    pub fn login(&self, ui: impl Ui) -> LoginRequest {
        LoginRequest::new(self.clone(), Arc::new(ui))
    }

    /// Notes that a server refused an access. Sends nothing.
    ///
    /// After 401 and 403 the next [`Account::access`] gives another token; after 402 and 429 another account of the
    /// provider goes first for as long as the server said, else for an hour. A rejection of a token that is not current
    /// any more is ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`]: the pause could not be noted.
    pub async fn reject(&self, access: &Access, why: Rejection) -> Result<()> {
        if !why.is_of_credential() {
            return Ok(());
        }
        let sha256 = sha256(access.token().expose_secret());
        for state in self.states() {
            let mut memory = lock(&state.memory);
            let is_past = memory.current.as_ref().is_some_and(|current| current.held.sha256 != sha256);
            if !is_past {
                memory.current = None;
                memory.rejected = Some(Rejected { sha256: sha256.clone(), why, at: Instant::now() });
            }
        }
        if !why.is_limit() {
            return Ok(());
        }
        let account = self.clone();
        let noted = self.engine.inner.io()?.worker.block(move || {
            let inner = &account.engine.inner;
            let file = inner.files.open(&account.name)?;
            let rejected =
                credential::Rejected { sha256: &sha256, status: why.status, retry_after: why.retry_after };
            Ok(credential::note_refusal(&inner.store, &file.provider, rejected)?)
        });
        noted.outcome().await
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Forgets what is in memory of the provider's accounts, after a change that was made here.
    pub(super) fn forget_memory(&self) {
        for state in self.states() {
            let mut memory = lock(&state.memory);
            memory.current = None;
            memory.rejected = None;
        }
    }

    fn states(&self) -> Vec<Arc<State>> {
        let accounts = lock(&self.engine.inner.accounts);
        accounts.iter().filter(|(key, _)| key.provider == self.name).map(|(_, state)| state.clone()).collect()
    }

    /// The values of the inputs: what is given, the sources of the file, the stored ones, defaults. Reads files, and can
    /// run programs.
    pub(super) fn inputs(&self, file: &ProviderFile, set: &IndexMap<String, String>) -> Result<Inputs> {
        let inner = &self.engine.inner;
        let has_inputs = !file.provider.inputs.is_empty();
        let record = if has_inputs { self.record(file)? } else { None };
        let kept = record.map(|record| record.inputs()).unwrap_or_default();
        let variable = |name: &str| (inner.environment)(name);
        let supply = Supply { set, kept: &kept, home: &inner.home, variable: &variable, allowed: &|_| true };
        Ok(input::resolve(&file.provider, &supply)?)
    }

    fn record(&self, file: &ProviderFile) -> Result<Option<crate::store::Record>> {
        let document = self.engine.inner.store.read()?;
        let all = credential::credentials(&document, &file.provider);
        let is_meant = |slot: &crate::store::Slot| self.label().is_none_or(|label| slot.is_called(label));
        Ok(all.into_iter().find(is_meant).map(|slot| slot.record))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A request for access; await it.
#[must_use = "does nothing until awaited"]
#[derive(Debug, Clone)]
pub struct AccessRequest {
    account: Account,
    min_ttl: Option<Duration>,
    region: Option<String>,
    model: Option<String>,
    is_limit_ignored: bool,
}

impl AccessRequest {
    /// Renews the token first if it expires sooner than this.
    pub fn min_ttl(self, ttl: Duration) -> AccessRequest {
        AccessRequest { min_ttl: Some(ttl), ..self }
    }

    /// The region, where no stored credential has one.
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

    fn key(&self) -> Key {
        Key {
            provider: self.account.name.clone(),
            label: self.account.label.clone(),
            region: self.region.clone(),
        }
    }

    async fn run(self) -> Result<Access> {
        let state = self.account.engine.inner.state(&self.key());
        loop {
            let joined = {
                let mut memory = lock(&state.memory);
                if let Some(held) = memory.remembered(&self) {
                    drop(memory);
                    return held.access(self.model.as_deref());
                }
                match memory.flight.as_ref().and_then(Flight::join) {
                    Some(joined) => (joined, false),
                    None => (self.begin(&state, &mut memory)?, true),
                }
            };
            let (joined, is_own) = joined;
            match joined.outcome().await {
                // What somebody else asked for may not be enough here.
                Ok(held) if is_own || held.satisfies(&self) => return held.access(self.model.as_deref()),
                // Whoever began it went away.
                Err(error) if !is_own && error.kind() == ErrorKind::Cancelled => {}
                Ok(_) => {}
                Err(error) if self.is_limit_ignored && error.code() == Code::RateLimited.as_str() => {
                    return self.run_limited().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Access by what is stored alone, whatever a server said of its use.
    async fn run_limited(self) -> Result<Access> {
        let request = self.clone();
        let in_flight = InFlight::begin(&self.account.engine);
        let work = self.account.engine.inner.io()?.worker.block(move || {
            let held = request.obtain(None, Arc::default());
            drop(in_flight);
            held
        });
        work.outcome().await?.0.access(self.model.as_deref())
    }

    /// Begins a flight that others can join.
    fn begin(&self, state: &Arc<State>, memory: &mut Memory) -> Result<Joined<Arc<Held>>> {
        let io = self.account.engine.inner.io()?;
        let (flight, landing) = Flight::begin();
        let joined = flight.join().ok_or_else(Error::lost)?;
        memory.flight = Some(flight);
        let in_flight = InFlight::begin(&self.account.engine);
        let request = self.clone();
        let rejected = memory.rejected.clone().filter(Rejected::is_in_force);
        let state = state.clone();
        let work = io.worker.block(move || {
            let outcome = request.obtain(rejected.as_ref(), landing.stop());
            let mut memory = lock(&state.memory);
            memory.flight = None;
            if let Ok((held, stamp)) = &outcome {
                memory.remember(held, *stamp);
            }
            drop(memory);
            landing.land(outcome.map(|(held, _)| held));
            drop(in_flight);
            Ok(())
        });
        drop(work);
        self.account.engine.hold_runtime();
        Ok(joined)
    }

    /// Reads, renews if need be, and waits for locks and servers: on a thread that is made for that.
    fn obtain(&self, rejected: Option<&Rejected>, stop: Arc<AtomicBool>) -> Result<(Arc<Held>, Stamp)> {
        let inner = &self.account.engine.inner;
        let file = inner.files.open(&self.account.name)?;
        let region = known_region(&file.provider, self.region.as_deref())?;
        // Before it is read: a change in between is seen the next time.
        let stamp = stamp_of(&inner.store.path());
        let inputs = self.account.inputs(&file, &IndexMap::new())?;
        let store = inner.store.clone().stopping_at(stop);
        let request = credential::Request {
            store: &store,
            provider: &file.provider,
            region,
            inputs: &inputs,
            vouched: Some(&file.provider),
            min_ttl: self.min_ttl,
            rejected: rejected.map(Rejected::as_request),
            only: self.account.label.as_deref(),
            http: inner.http.clone(),
            io: Some(&inner.io()?.shared),
        };
        let credential = credential::token(&request)?;
        if let Some(lack) = credential::lack(&file.provider, &credential) {
            return Err(lack.into());
        }
        let sha256 = sha256(credential.access_token.expose_secret());
        let stamp = if credential.source == credential::Source::Renewed {
            stamp_of(&inner.store.path())
        } else {
            stamp
        };
        Ok((Arc::new(Held { file, credential, sha256, rendered: Mutex::default() }), stamp))
    }
}

impl IntoFuture for AccessRequest {
    type Output = Result<Access>;
    type IntoFuture = BoxFuture<'static, Result<Access>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Memory {
    /// What was handed out before, where it still serves.
    fn remembered(&mut self, request: &AccessRequest) -> Option<Arc<Held>> {
        let inner = &request.account.engine.inner;
        let current = self.current.as_mut().filter(|current| current.held.satisfies(request))?;
        if current.seen.elapsed() >= BELIEVED {
            let file = inner.files.remembered(&request.account.name);
            let same_file = file.is_some_and(|file| Arc::ptr_eq(&file, &current.held.file));
            if !same_file || stamp_of(&inner.store.path()) != current.stamp {
                self.current = None;
                return None;
            }
            current.seen = Instant::now();
        }
        Some(current.held.clone())
    }

    fn remember(&mut self, held: &Arc<Held>, stamp: Stamp) {
        if self.rejected.as_ref().is_some_and(|rejected| rejected.sha256 != held.sha256) {
            self.rejected = None;
        }
        if self.rejected.is_none() {
            self.current = Some(Current { held: held.clone(), seen: Instant::now(), stamp });
        }
    }
}

impl Held {
    /// Whether a use would take it as it is.
    fn satisfies(&self, request: &AccessRequest) -> bool {
        let now = clock::wall();
        let is_alive = self.credential.renew_at.is_none_or(|at| at > now);
        let wanted = request.min_ttl.map_or(0, |ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
        let lives = |at: UnixMs| at.0.saturating_sub(now.0) >= wanted;
        is_alive && self.credential.expires_at.is_none_or(lives)
    }

    /// Access for a model, rendered once.
    fn access(&self, model: Option<&str>) -> Result<Access> {
        if let Some(access) = lock(&self.rendered).get(&model.map(str::to_owned)) {
            return Ok(access.clone());
        }
        let access = self.render(model)?;
        lock(&self.rendered).insert(model.map(str::to_owned), access.clone());
        Ok(access)
    }

    fn render(&self, name: Option<&str>) -> Result<Access> {
        let Held { file, credential, .. } = self;
        let provider = &file.provider;
        let model = match name {
            Some(name) => find_model(provider, name),
            None => provider.models.first(),
        };
        let held = rendered::Held {
            region: credential.region.as_deref(),
            inputs: &credential.inputs,
            token: &credential.token,
            origins: &credential.origins,
        };
        let access = rendered::access(provider, &held, model)?;
        let bad_url = |error| Error::because(ErrorKind::File, "bad_url", error);
        let default_region = || provider.regions.as_ref().map(|regions| regions.default.clone());
        Ok(Access(Arc::new(Parts {
            token: credential.access_token.clone(),
            base_url: access.base_url.map(|url| Url::parse(&url)).transpose().map_err(bad_url)?,
            mode: access.mode,
            // A model that the file doesn't list may exist all the same.
            model: model.map(|model| model.id.clone()).or_else(|| name.map(str::to_owned)),
            region: credential.region.clone().or_else(default_region),
            headers: headers(&access.headers)?,
            expires_at: credential.expires_at,
            warnings: credential.warnings.clone(),
            provider: provider.id.clone(),
            is_renewable: credential.source != credential::Source::Made && !credential::is_key(provider),
        })))
    }
}

/// What a provider's file says of it.
#[derive(Clone)]
pub struct ProviderInfo(Arc<ProviderFile>);

impl ProviderInfo {
    /// The id.
    pub fn id(&self) -> &str {
        &self.0.provider.id
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.0.provider.name
    }

    /// The protocol that the provider speaks.
    pub fn mode(&self) -> Option<&str> {
        self.0.provider.api.mode.as_deref()
    }

    /// The id of a model, by the id or an alias.
    pub fn model(&self, name: &str) -> Option<&str> {
        find_model(&self.0.provider, name).map(|model| model.id.as_str())
    }

    /// Whether a model has a protocol or a base URL of its own.
    pub fn has_routes(&self) -> bool {
        self.0.provider.models.iter().any(|model| model.base_url.is_some())
    }
}

impl fmt::Debug for ProviderInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderInfo").field(&self.id()).finish()
    }
}

impl Rejected {
    /// A limit is over when the time is that the server asked for; a refusal is not believed for ever either.
    fn is_in_force(&self) -> bool {
        let usual = if self.why.is_limit() { LIMITED_FOR } else { REFUSED_FOR };
        self.at.elapsed() < self.why.retry_after.unwrap_or(usual)
    }

    fn as_request(&self) -> credential::Rejected<'_> {
        credential::Rejected {
            sha256: &self.sha256,
            status: self.why.status,
            retry_after: self.why.retry_after,
        }
    }
}

impl Engine {
    /// Keeps the caller's async runtime from ending under a renewal: whoever waits may be its last task.
    fn hold_runtime(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
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

fn find_model<'p>(provider: &'p Provider, name: &str) -> Option<&'p Model> {
    let by_id = provider.models.iter().find(|model| model.id == name);
    by_id.or_else(|| provider.models.iter().find(|model| model.aliases.iter().any(|alias| alias == name)))
}

fn known_region<'r>(provider: &Provider, region: Option<&'r str>) -> Result<Option<&'r str>> {
    let Some(wanted) = region else { return Ok(None) };
    let mut known = provider.regions.iter().flat_map(|regions| regions.tables.keys());
    if known.any(|name| name == wanted) {
        return Ok(region);
    }
    let message = format!("`{}` has no region `{wanted}`", provider.id);
    Err(Error::new(ErrorKind::Usage, "unknown_region", message))
}

fn stamp_of(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
