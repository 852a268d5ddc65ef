//! The clients that reach the servers: one for any version of HTTP, one for connections that are handed over.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::body::{BoxError, Sending};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// An idle connection is kept for less time than servers keep theirs.
const IDLE: Duration = Duration::from_secs(30);
/// How often a connection that streams is asked whether the server is still there, over HTTP/2.
const PING: Duration = Duration::from_secs(20);

type Https = HttpsConnector<Connector>;

/// How servers are reached. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    any: Client<Https, Sending>,
    http1: Client<Https, Sending>,
    connect_to: Arc<[(String, SocketAddr)]>,
}

impl Upstream {
    pub(crate) fn new(connect_to: Vec<(String, SocketAddr)>) -> Result<Upstream, BoxError> {
        let tls = hermes_engine::http::tls_config()?;
        let connector = Connector::new();
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        let any = builder().enable_all_versions().wrap_connector(connector.clone());
        let http1 = builder().enable_http1().wrap_connector(connector);
        Ok(Upstream { any: client(any), http1: client(http1), connect_to: connect_to.into() })
    }

    /// Sends a request to the server of its URI.
    pub(crate) async fn send(&self, request: Request<Sending>) -> Result<Response<Incoming>, Error> {
        self.any.request(self.moved(request)).await
    }

    /// The same on a connection that can be handed over.
    pub(crate) async fn send_for_upgrade(
        &self,
        request: Request<Sending>,
    ) -> Result<Response<Incoming>, Error> {
        self.http1.request(self.moved(request)).await
    }

    /// A request to a host that an address of this computer stands in for goes there.
    fn moved(&self, mut request: Request<Sending>) -> Request<Sending> {
        let uri = request.uri();
        let Some(authority) = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTPS)) else {
            return request;
        };
        let stand_in = self.connect_to.iter().find(|(host, _)| host.eq_ignore_ascii_case(authority.as_str()));
        let Some(to) = stand_in.and_then(|(_, to)| Authority::try_from(to.to_string()).ok()) else {
            return request;
        };
        if let Ok(host) = authority.as_str().parse() {
            request.headers_mut().insert(header::HOST, host);
        }
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(to);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        request
    }
}

fn client(connector: Https) -> Client<Https, Sending> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http2_keep_alive_interval(PING)
        .build(connector)
}

/// Connects, through the proxy that the environment names for a host.
#[derive(Debug, Clone)]
struct Connector {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Connector {
    fn new() -> Connector {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        direct.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Connector { direct, proxies: Arc::new(Matcher::from_env()) }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        // What stays on this computer goes through no proxy, and a proxy only ever sees what is encrypted.
        let proxy =
            self.proxies.intercept(&to).filter(|_| to.scheme() == Some(&Scheme::HTTPS) && !is_here(&to));
        let Some(proxy) = proxy else {
            let connecting = self.direct.call(to);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let message = format!("the proxy `{}` is not an http:// one", proxy.uri());
            return Box::pin(async move { Err(message.into()) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct.clone());
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async move { Ok(connecting.await?) })
    }
}

fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
