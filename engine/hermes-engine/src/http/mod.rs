//! HTTP over reqwest and rustls.
//!
//! Nothing is built before the first request, and no root certificate is read before the first handshake: whoever only
//! hands out a fresh token pays for neither. Does not follow redirects, does not repeat a request, does not keep a
//! connection: which request goes where, and how often, is the machine's decision alone.

mod connect_to;
mod failure;
mod proxy;
mod roots;
#[cfg(test)]
mod tests;
mod wire;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use hermes_format::origin::transport_allowed;
use hermes_machine::machine::{Failure, FailureKind, Request, Response};
use reqwest::Client;
use url::{Host, Url};

pub use connect_to::{ConnectToError, parse_connect_to};

/// The TLS of all connections, for a client of one's own: the platform's roots, and a company's own CA. Reads none of them
/// before the first handshake.
///
/// # Errors
/// TLS can't be set up.
pub fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    roots::client_config()
}

/// The longest body that is read, after decoding (S6).
pub const BODY_LIMIT: usize = 64 * 1024;
/// The longest body of a live list of models (S6).
pub const MODEL_LIST_LIMIT: usize = 8 * 1024 * 1024;
/// The longest headers that are taken, names and values together (S6).
const HEADER_LIMIT: usize = 32 * 1024;
/// How long a connection may take to be there, TLS included (S6).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How requests are sent.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// The limit of one request; 30 s where nothing is said.
    pub timeout: Option<Duration>,
    /// `--connect-to`: the https host, and the loopback address that stands in for it.
    pub connect_to: Vec<(String, std::net::SocketAddr)>,
    /// `--simulate`: the one address that anything is sent to.
    pub only: Option<std::net::SocketAddr>,
}

impl HttpOptions {
    /// Where a browser on this machine reaches a URL: the URL itself, or the address that stands in for its host.
    pub fn reached_at(&self, url: &Url) -> Url {
        let stand_in = connect_to::stand_in(&self.connect_to, url);
        stand_in.and_then(|address| wire::moved(url, address).ok()).unwrap_or_else(|| url.clone())
    }
}

/// A client that is built at its first request.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
    /// For how long an idle connection is kept; `None` keeps none.
    idle: Option<Duration>,
    /// To other computers, through a proxy where the environment names one.
    outside: OnceLock<Client>,
    /// To this computer: never through a proxy (S5).
    loopback: OnceLock<Client>,
}

impl Http {
    /// A client with these options. Touches neither network nor roots.
    pub fn new(options: HttpOptions) -> Http {
        Http { options, idle: None, outside: OnceLock::new(), loopback: OnceLock::new() }
    }

    /// A client that keeps connections for 5 s after their last answer, for a program that sends many requests. Use it on
    /// one async runtime only: a connection belongs to the runtime that opened it.
    ///
    /// Not longer: a server that closes an idle connection as a renewal leaves on it makes an answer that is unknown.
    pub fn keeping_connections(options: HttpOptions) -> Http {
        Http { idle: Some(Duration::from_secs(5)), ..Http::new(options) }
    }

    /// The limit of one request.
    pub fn timeout(&self) -> Duration {
        self.options.timeout.unwrap_or(Duration::from_secs(30))
    }

    /// See [`HttpOptions::reached_at`].
    pub fn reached_at(&self, url: &Url) -> Url {
        self.options.reached_at(url)
    }

    /// Sends a request and reads its answer, up to 64 KiB after decoding.
    pub async fn send(&self, request: &Request) -> Result<Response, Failure> {
        self.send_up_to(request, BODY_LIMIT).await
    }

    /// Sends a request and reads its answer, up to `limit` bytes after decoding; the rest is left unread.
    pub async fn send_up_to(&self, request: &Request, limit: usize) -> Result<Response, Failure> {
        if !transport_allowed(&request.url) {
            return Err(failure::unsent("plain http is for this computer only"));
        }
        let stand_in = connect_to::stand_in(&self.options.connect_to, &request.url);
        if let Some(only) = self.options.only
            && stand_in != Some(only)
            && !connect_to::is_at(only, &request.url)
        {
            let host = connect_to::authority(&request.url);
            let message = format!("`{host}` is not simulated, and nothing was sent to it");
            return Err(failure::of_kind(FailureKind::NotSimulated, false, message));
        }
        let loopback = stand_in.is_some() || stays_here(request);
        let client = self.client(loopback)?;
        let wire = wire::request(request, stand_in, self.timeout())?;
        let host = request.url.host_str().unwrap_or_default();
        let answer = client.execute(wire).await.map_err(|error| failure::of(error, host))?;
        read(answer, limit).await.map_err(|broken| broken.into_failure(host))
    }

    fn client(&self, loopback: bool) -> Result<&Client, Failure> {
        let slot = if loopback { &self.loopback } else { &self.outside };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build(loopback)?;
        Ok(slot.get_or_init(|| client))
    }

    fn build(&self, loopback: bool) -> Result<Client, Failure> {
        let tls = roots::client_config().map_err(|error| {
            failure::of_kind(FailureKind::Tls, false, format!("TLS can't be set up: {error}"))
        })?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("hermes-engine/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Repeats below the machine would spend refresh tokens.
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(self.idle)
            .pool_max_idle_per_host(if self.idle.is_some() { usize::MAX } else { 0 })
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout()));
        let builder = if loopback {
            builder.no_proxy().resolve_to_addrs("localhost", &LOCALHOST)
        } else {
            proxy::of_environment(&|name| std::env::var(name).ok()).map_err(failure::unsent)?;
            builder
        };
        builder.build().map_err(|error| {
            let error = error.without_url();
            failure::unsent(format!("the HTTP client can't be set up: {error}"))
        })
    }
}

/// Whether the host is this computer: a proxy would send the request in a circle. For `localhost` no name server is asked.
fn stays_here(request: &Request) -> bool {
    match request.url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        None => false,
    }
}

/// The addresses of `localhost` ([RFC 6761 §6.3](https://www.rfc-editor.org/rfc/rfc6761#section-6.3)); the port is the URL's.
const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Why an answer that had begun could not be read.
enum Unread {
    Broken(reqwest::Error),
    HeadersTooLong,
}

impl Unread {
    fn into_failure(self, host: &str) -> Failure {
        match self {
            Unread::Broken(error) => Failure { sent: true, ..failure::of(error, host) },
            Unread::HeadersTooLong => failure::of_kind(
                FailureKind::Broken,
                true,
                format!("the headers of {host} are longer than 32 KiB"),
            ),
        }
    }
}

async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Response, Unread> {
    let status = answer.status().as_u16();
    let headers: Vec<(String, String)> = answer
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    if headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() > HEADER_LIMIT {
        return Err(Unread::HeadersTooLong);
    }
    let mut body = Vec::new();
    // Chunks are counted after decoding, so a small answer can't unpack into a large one.
    while let Some(chunk) = answer.chunk().await.map_err(Unread::Broken)? {
        let room = limit - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok(Response { status, headers, body, truncated: true });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body, truncated: false })
}
