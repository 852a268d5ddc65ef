//! HTTP over reqwest and rustls, built only when a request is certain.

use std::time::Duration;

use hermes_engine_core::machine::{Failure, Request, Response};

/// How requests are sent.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// The limit of one request; 30 s where nothing is said.
    pub timeout: Option<Duration>,
    /// `--connect-to`: the https host, and the loopback address that stands in for it.
    pub connect_to: Vec<(String, std::net::SocketAddr)>,
}

/// A client that is built at its first request.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
}

impl Http {
    /// A client with these options. Touches neither network nor roots.
    pub fn new(options: HttpOptions) -> Http {
        Http { options }
    }

    /// The limit of one request.
    pub fn timeout(&self) -> Duration {
        self.options.timeout.unwrap_or(Duration::from_secs(30))
    }

    /// Sends a request and reads its answer, up to 64 KiB after decoding.
    pub async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let _ = request;
        unimplemented!()
    }
}
