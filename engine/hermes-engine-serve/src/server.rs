//! The server: connections in, requests judged and forwarded, a clean end.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hermes_engine::{Access, Account, Engine};
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::body::{Answer, text};
use crate::exchange::{Exchange, Noted};
use crate::forward::Forward;
use crate::gate::{Admitted, admit, presented_key};
use crate::key::{Key, Keys};
use crate::limit::most_connections;
use crate::listener::{Authority, Listener, Stream};
use crate::log::AccessLog;
use crate::path::Target;
use crate::protocol::Protocols;
use crate::refusal::{Kind, Refusal};
use crate::upgrade;
use crate::upstream::Upstream;

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end waits for a slow disk of the log.
const LOG_LIMIT: Duration = Duration::from_secs(2);
const MOST_HEADERS: usize = 100;
const LONGEST_HEADER: usize = 64 * 1024;

/// How much is taken.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) body: u64,
    pub(crate) hold: usize,
    header: Duration,
    drain: Duration,
}

/// How a server is made.
#[must_use = "does nothing until `build` is called"]
#[derive(Debug)]
pub struct ServerBuilder {
    engine: Engine,
    keys: Keys,
    log: AccessLog,
    connect_to: Vec<(String, SocketAddr)>,
    limits: Limits,
}

impl ServerBuilder {
    /// The access log; off if not given.
    pub fn log(self, log: AccessLog) -> ServerBuilder {
        ServerBuilder { log, ..self }
    }

    /// Routes requests for `https://HOST` to a loopback address over plain HTTP, for tests; repeatable.
    pub fn connect_to(mut self, host: impl Into<String>, address: SocketAddr) -> ServerBuilder {
        self.connect_to.push((host.into(), address));
        self
    }

    /// The most connections at once; others are answered with 503. As many as there are descriptors for, if not given.
    pub fn max_connections(mut self, count: usize) -> ServerBuilder {
        self.limits.connections = count.max(1);
        self
    }

    /// The longest body of a request, in bytes; 512 MiB if not given.
    pub fn max_body(mut self, bytes: u64) -> ServerBuilder {
        self.limits.body = bytes;
        self
    }

    /// How much of a request is held for its repetition, in bytes; 1 MiB if not given.
    pub fn hold(mut self, bytes: usize) -> ServerBuilder {
        self.limits.hold = bytes;
        self
    }

    /// How long the header of a request may take, and a connection may be silent; 10 s if not given.
    pub fn header_timeout(mut self, limit: Duration) -> ServerBuilder {
        self.limits.header = limit;
        self
    }

    /// How long answers that are under way may take once the server is to end; 30 s if not given.
    pub fn drain(mut self, limit: Duration) -> ServerBuilder {
        self.limits.drain = limit;
        self
    }

    /// Makes the server. Connects to nothing.
    ///
    /// # Errors
    ///
    /// TLS can't be set up.
    pub fn build(self) -> io::Result<Server> {
        let noted = Noted { log: self.log, ..Noted::default() };
        Ok(Server {
            shared: Arc::new(Shared {
                engine: self.engine,
                keys: self.keys,
                protocols: Protocols::read(),
                upstream: Upstream::new(self.connect_to).map_err(io::Error::other)?,
                noted: Arc::new(noted),
                limits: self.limits,
                forbidden: Forbidden::default(),
                is_draining: AtomicBool::new(false),
            }),
        })
    }
}

/// A proxy that adds the credential of an account to each request.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    engine: Engine,
    keys: Keys,
    pub(crate) protocols: Protocols,
    pub(crate) upstream: Upstream,
    pub(crate) noted: Arc<Noted>,
    pub(crate) limits: Limits,
    pub(crate) forbidden: Forbidden,
    is_draining: AtomicBool,
}

impl Server {
    /// A server over an engine, for the clients that have these keys.
    pub fn builder(engine: Engine, keys: Keys) -> ServerBuilder {
        let limits = Limits {
            connections: most_connections(),
            body: 512 * 1024 * 1024,
            hold: 1024 * 1024,
            header: HEADER_TIMEOUT,
            drain: Duration::from_secs(30),
        };
        ServerBuilder { engine, keys, log: AccessLog::off(), connect_to: Vec::new(), limits }
    }

    /// Serves until `stop` is ready; then takes no connection any more, brings what is under way to its end, and waits for
    /// renewals that are in flight.
    ///
    /// # Errors
    ///
    /// None once it listens: a connection that fails is that connection's end.
    pub async fn run(self, listener: Listener, stop: impl Future<Output = ()>) -> io::Result<()> {
        let mut stop = pin!(stop);
        let (end, ending) = watch::channel(());
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok(stream) => {
                        let is_over = connections.len() >= self.shared.limits.connections;
                        let connection = Connection { shared: self.shared.clone(), authority: listener.authority(), is_over };
                        connections.spawn(connection.serve(stream, ending.clone()));
                    }
                    // Out of descriptors, most likely: nothing is gained by trying at once.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
        self.shared.is_draining.store(true, Ordering::SeqCst);
        drop(listener);
        drop(ending);
        // Nobody may be connected.
        let _ = end.send(());
        let _ = tokio::time::timeout(self.shared.limits.drain, end.closed()).await;
        connections.shutdown().await;
        self.shared.engine.settle().await;
        let noted = self.shared.noted.clone();
        // The last lines are those that tell why it ended.
        let _ = tokio::task::spawn_blocking(move || noted.log.settle(LOG_LIMIT)).await;
        Ok(())
    }
}

/// One connection.
struct Connection {
    shared: Arc<Shared>,
    authority: Authority,
    /// Whether it is one too many.
    is_over: bool,
}

impl Connection {
    async fn serve(self, stream: Stream, mut ending: watch::Receiver<()>) {
        let this = Arc::new(self);
        let open = &this.shared.noted.metrics.connections;
        open.fetch_add(1, Ordering::Relaxed);
        let served = this.clone();
        let service = service_fn(move |request| {
            let this = served.clone();
            async move { Ok::<_, Infallible>(this.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(this.shared.limits.header)
            .max_headers(MOST_HEADERS)
            .max_header_size(LONGEST_HEADER)
            .keep_alive(!this.is_over)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        // A client that goes away or sends nonsense ends its connection, and that is all.
        tokio::select! {
            _ = &mut connection => {}
            _ = ending.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
        open.fetch_sub(1, Ordering::Relaxed);
    }

    async fn answer(&self, mut request: Request<Incoming>) -> Response<Answer> {
        let shared = &self.shared;
        if self.is_over {
            shared.noted.metrics.refused_connections.fetch_add(1, Ordering::Relaxed);
            let refusal =
                Refusal::new(Kind::Busy, "too_many_connections", "the proxy has too many connections");
            return refusal.after(Duration::from_secs(1)).answer(None);
        }
        let client = upgrade_of(&mut request);
        let (parts, body) = request.into_parts();
        let mut exchange = Exchange::begin(shared.noted.clone(), &parts.method);
        let path = parts.uri.path().to_owned();
        let target = match admit(&parts, &self.authority) {
            Ok(Admitted::Request(target)) => target,
            Ok(other) => return shared.own(&other, &parts.headers, exchange),
            Err(refusal) => return shared.refuse(&refusal, &path, None, exchange),
        };
        let key = match shared.authorize(&parts.headers) {
            Ok(key) => key,
            Err(refusal) => return shared.refuse(&refusal, &path, None, exchange),
        };
        exchange.by(&key.name);
        exchange.of(target.account(), target.template());
        let forward = Forward { shared: shared.clone(), target: target.clone(), key, parts };
        match forward.run(body, &mut exchange).await {
            Ok(answered) if answered.is_upgrade() => {
                let joined = upgrade::join(client, answered.into_answer(), exchange);
                joined.unwrap_or_else(|refusal| refusal.answer(None))
            }
            Ok(answered) => answered.finish(exchange).await,
            Err(refusal) => {
                let mode = shared.mode(&target).await;
                shared.refuse(&refusal, &path, mode.as_deref(), exchange)
            }
        }
    }
}

fn upgrade_of(request: &mut Request<Incoming>) -> Option<hyper::upgrade::OnUpgrade> {
    request.headers().contains_key(header::UPGRADE).then(|| upgrade::of(request))
}

impl Shared {
    /// The account that a path names.
    pub(crate) fn account(&self, target: &Target) -> Result<Account, Refusal> {
        let account = self.engine.account(&target.provider)?;
        Ok(match &target.label {
            Some(label) => account.labelled(label),
            None => account,
        })
    }

    /// The protocol of an account's provider, where its file can be read.
    async fn mode(&self, target: &Target) -> Option<String> {
        let info = self.account(target).ok()?.provider().await.ok()?;
        info.mode().map(str::to_owned)
    }

    /// The key of a client that may call now.
    fn authorize(&self, headers: &http::HeaderMap) -> Result<Arc<Key>, Refusal> {
        let presented = presented_key(headers, self.protocols.key_headers())?;
        let unreadable =
            |error: crate::KeyError| Refusal::new(Kind::User, "keys_unreadable", error.to_string());
        let refused = |code, message: String| Refusal::new(Kind::User, code, message);
        let help = "make one with `hermes-engine serve key add NAME --provider PROVIDER`";
        match self.keys.find(presented).map_err(unreadable)? {
            None => Err(refused("unknown_key", format!("the client key is unknown or was revoked; {help}"))),
            Some(key) if key.scope.is_expired(SystemTime::now()) => {
                Err(refused("key_expired", format!("the client key `{}` has expired; {help}", key.name)))
            }
            Some(key) => Ok(key),
        }
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        path: &str,
        mode: Option<&str>,
        mut exchange: Exchange,
    ) -> Response<Answer> {
        let answer = refusal.answer(self.protocols.shape(path, mode));
        exchange.answered(answer.status().as_u16(), Some(&refusal.code));
        exchange.ended("complete");
        answer
    }

    /// What is answered without any server.
    fn own(&self, asked: &Admitted, headers: &http::HeaderMap, mut exchange: Exchange) -> Response<Answer> {
        let plain = |status: StatusCode, words: String| {
            let mut answer = Response::new(text(words));
            *answer.status_mut() = status;
            let kind = HeaderValue::from_static("text/plain; charset=utf-8");
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        };
        let answer = match asked {
            Admitted::Ready if self.is_draining.load(Ordering::SeqCst) => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned())
            }
            Admitted::Metrics => match self.authorize(headers) {
                Ok(_) => plain(StatusCode::OK, self.noted.metrics.text(self.noted.log.lost())),
                Err(refusal) => refusal.answer(None),
            },
            Admitted::Probe => plain(StatusCode::OK, String::new()),
            Admitted::Health | Admitted::Ready | Admitted::Request(_) => {
                plain(StatusCode::OK, "ok\n".to_owned())
            }
        };
        exchange.answered(answer.status().as_u16(), None);
        exchange.ended("complete");
        answer
    }
}

/// Tokens that a server forbids something although they were just renewed: it is not the token's fault.
#[derive(Debug, Default)]
pub(crate) struct Forbidden(Mutex<HashSet<u64>>);

impl Forbidden {
    /// The most that are remembered.
    const MOST: usize = 1024;

    pub(crate) fn note(&self, access: &Access) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= Self::MOST {
            noted.clear();
        }
        noted.insert(fingerprint(access));
    }

    pub(crate) fn is_noted(&self, access: &Access) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&fingerprint(access))
    }
}

fn fingerprint(access: &Access) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    access.token().expose_secret().hash(&mut hasher);
    hasher.finish()
}
