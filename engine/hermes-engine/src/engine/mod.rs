//! The door of the library: an [`Engine`] gives [`Account`]s, and an account gives [`Access`].
//!
//! Note: nothing here runs on the caller's async runtime. Requests, renewals and writes live on one thread of the engine's
//! own, started at the first need; the caller's futures only wait. So one engine serves any number of runtimes, and plain
//! threads too. No signal is caught.

mod access;
mod account;
mod ask;
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
mod attach;
mod choice;
mod committing;
mod environment;
mod error;
mod explain;
mod flight;
mod info;
mod keep;
mod login;
mod logout;
mod memory;
mod provider_file;
mod request;
mod status;
mod ui;
mod worker;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hermes_format::provider::Provider;
use tokio::sync::watch;

pub use access::Access;
pub use account::{Account, Rejection};
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub(crate) use attach::{check_origin, rejection};
pub use error::{Error, ErrorKind, Result};
pub use info::ProviderInfo;
pub use login::LoginRequest;
pub use request::AccessRequest;
pub use status::{AccountState, AccountStatus};
pub use ui::{BoxFuture, Page, Progress, Question, Ui};

use crate::catalog::{Catalog, Folders};
use crate::credential::{self, SharedIo};
use crate::driver::{NoWitness, Witness};
use crate::home::Home;
use crate::http::{Http, HttpOptions};
use crate::store::{AnyStore, FileStore, Store, StoredGrant, wait};
use committing::Committing;
use memory::State;
use provider_file::ProviderFiles;
use worker::Worker;

/// Reads an environment variable.
type Environment = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Makes who watches a flow.
type Witnesses = Arc<dyn Fn() -> Box<dyn Witness> + Send + Sync>;

/// What is called before the first request.
type Hook = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// Credentials of one home: the entry to the library.
///
/// Cheap to clone; clones share connections, renewals and what is known in memory.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    home: Home,
    files: ProviderFiles,
    store: Arc<dyn AnyStore>,
    environment: Environment,
    http: HttpOptions,
    before_requests: Option<Hook>,
    witnesses: Option<Witnesses>,
    is_begun: AtomicBool,
    io: OnceLock<Io>,
    accounts: Mutex<HashMap<Key, Arc<State>>>,
    in_flight: watch::Sender<usize>,
    committing: Committing,
}

/// The engine's thread and its client.
struct Io {
    worker: Worker,
    shared: SharedIo,
}

/// What tells one account from all others in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    provider: String,
    label: Option<String>,
    region: Option<String>,
}

/// How an engine is made.
#[must_use = "does nothing until `build` is called"]
#[derive(Default)]
pub struct EngineBuilder {
    home: Option<PathBuf>,
    folders: Folders,
    catalog: Option<Catalog>,
    connect_to: Vec<(String, SocketAddr)>,
    timeout: Option<Duration>,
    environment: Option<Environment>,
    before_requests: Option<Hook>,
    witnesses: Option<Witnesses>,
    store: Option<Arc<dyn AnyStore>>,
}

impl EngineBuilder {
    /// The home folder; `HERMES_HOME`, else `~/.hermes`, if not given.
    pub fn home(mut self, home: impl Into<PathBuf>) -> EngineBuilder {
        self.home = Some(home.into());
        self
    }

    /// A folder of provider files over the built-in ones and those of the home; repeatable, later ones win. The library
    /// never reads `./providers.d` by itself.
    pub fn providers_dir(mut self, folder: impl Into<PathBuf>) -> EngineBuilder {
        self.folders.named.push(folder.into());
        self
    }

    /// The provider files of a program that has a catalogue already, in the place of those of the home and of
    /// [`EngineBuilder::providers_dir`].
    pub fn catalog(mut self, catalog: Catalog) -> EngineBuilder {
        self.catalog = Some(catalog);
        self
    }

    /// Routes requests for `https://HOST` to a loopback address over plain HTTP, for tests; repeatable.
    pub fn connect_to(mut self, host: impl Into<String>, address: SocketAddr) -> EngineBuilder {
        self.connect_to.push((host.into(), address));
        self
    }

    /// The time limit of one request; 30 s if not given.
    pub fn timeout(mut self, limit: Duration) -> EngineBuilder {
        self.timeout = Some(limit);
        self
    }

    /// Where credentials are kept; the `auth.json` of the home, if not given.
    pub fn store(mut self, store: impl Store) -> EngineBuilder {
        self.store = Some(Arc::new(store));
        self
    }

    /// What inputs are read from in the place of the process's environment.
    pub fn environment(
        mut self,
        variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.environment = Some(Arc::new(variable));
        self
    }

    /// Calls this once before the engine's thread starts for the first request: the place for a program to install its
    /// signal handlers, as a renewal must not be cut off. The library itself catches no signal.
    pub fn before_requests(
        mut self,
        hook: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.before_requests = Some(Box::new(hook));
        self
    }

    /// Lets flows with a user, and those that ask a server about a credential, be watched.
    #[doc(hidden)]
    pub fn witness(mut self, make: impl Fn() -> Box<dyn Witness> + Send + Sync + 'static) -> EngineBuilder {
        self.witnesses = Some(Arc::new(make));
        self
    }

    /// Makes the engine. Reads no file and starts no thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: no home folder is known.
    pub async fn build(self) -> Result<Engine> {
        let environment = self.environment.unwrap_or_else(|| Arc::new(|name: &str| std::env::var_os(name)));
        let home = Home::find(self.home.as_deref(), &|name| environment(name))
            .map_err(|error| Error::because(ErrorKind::Usage, "no_home", error))?;
        let folders = Folders { home: Some(home.providers_dir()), ..self.folders };
        let catalog = self.catalog.unwrap_or_else(|| Catalog::new(&folders));
        Ok(Engine {
            inner: Arc::new(Inner {
                files: ProviderFiles::new(catalog, home.clone()),
                store: self.store.unwrap_or_else(|| Arc::new(FileStore::open(home.clone()))),
                home,
                environment,
                http: HttpOptions { timeout: self.timeout, connect_to: self.connect_to, only: None },
                before_requests: self.before_requests,
                witnesses: self.witnesses,
                is_begun: AtomicBool::new(false),
                io: OnceLock::new(),
                accounts: Mutex::default(),
                in_flight: watch::channel(0).0,
                committing: Committing::default(),
            }),
        })
    }
}

impl Engine {
    /// Opens `HERMES_HOME`, else `~/.hermes`, with the built-in providers and those of its `providers.d`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: no home folder is known.
    pub async fn open() -> Result<Engine> {
        Engine::builder().build().await
    }

    /// An engine with options.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// An account by the id or an alias of its provider. Touches no file: the provider's file is read and checked at the
    /// first use, and again when it changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: the name is empty.
    pub fn account(&self, provider: &str) -> Result<Account> {
        if provider.trim().is_empty() {
            return Err(Error::new(ErrorKind::Usage, "unknown_provider", "the provider has no name"));
        }
        Ok(Account::new(self.clone(), provider))
    }

    /// Runs what waits for locks and disks, on a thread of the engine's that is made for that.
    async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let engine = self.clone();
        self.inner.io()?.worker.block(move || work(&engine)).outcome().await
    }

    /// Runs work on the engine's thread for as long as somebody waits for it; [`Engine::settle`] waits for it too.
    async fn attended<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let in_flight = InFlight::begin(self);
        self.tended(async move {
            let _in_flight = in_flight;
            work.await
        })
        .await
    }

    /// The same for work that never ends by itself.
    async fn tended<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (alive, gone) = tokio::sync::oneshot::channel::<()>();
        let work = self.inner.io()?.worker.spawn(async move {
            tokio::select! {
                biased;
                outcome = work => outcome,
                _ = gone => Err(Error::cancelled()),
            }
        });
        let outcome = work.outcome().await;
        drop(alive);
        outcome
    }

    /// Resolves when no renewal and no login is in flight. What a program awaits before it ends.
    pub async fn settle(&self) {
        let mut seen = self.inner.in_flight.subscribe();
        // The sender lives as long as `self`.
        let _ = seen.wait_for(|count| *count == 0).await;
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("home", &self.inner.home.path()).finish_non_exhaustive()
    }
}

impl Inner {
    /// The thread and the client, started at the first need.
    fn io(&self) -> Result<&Io> {
        if let Some(io) = self.io.get() {
            return Ok(io);
        }
        let worker = Worker::start()?;
        let shared = SharedIo {
            handle: worker.handle().clone(),
            http: Arc::new(Http::keeping_connections(self.http.clone())),
        };
        // Of two that start at once one is dropped, which ends its thread.
        Ok(self.io.get_or_init(|| Io { worker, shared }))
    }

    /// Who watches the next flow.
    fn witness(&self) -> Box<dyn Witness> {
        self.witnesses.as_ref().map_or_else(|| Box::new(NoWitness) as _, |make| make())
    }

    /// What a request is sent with. The first to ask calls the program's hook.
    fn shared(&self) -> io::Result<SharedIo> {
        if let Some(hook) = &self.before_requests
            && !self.is_begun.swap(true, Ordering::SeqCst)
        {
            hook()?;
        }
        self.io().map(|io| io.shared.clone()).map_err(io::Error::other)
    }

    /// The stored grants of a provider, in the order in which they are tried.
    fn grants(&self, provider: &Provider) -> Result<Vec<StoredGrant>> {
        self.committing.wait(&provider.id, &AtomicBool::new(false))?;
        let snapshot = wait(self.store.grants(&credential::scope(provider)))?;
        Ok(credential::credentials(&snapshot, provider))
    }

    /// What is known in memory of an account.
    fn state(&self, key: &Key) -> Arc<State> {
        lock(&self.accounts).entry(key.clone()).or_default().clone()
    }
}

/// A lock whose holder never panics half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something in flight that [`Engine::settle`] waits for.
struct InFlight(Engine);

impl InFlight {
    fn begin(engine: &Engine) -> InFlight {
        engine.inner.in_flight.send_modify(|count| *count += 1);
        InFlight(engine.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.inner.in_flight.send_modify(|count| *count = count.saturating_sub(1));
    }
}
