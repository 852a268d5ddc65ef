//! The simulated authorization server on a loopback port.
//!
//! What it answers is decided in [`hermes_engine_core::simulate`]; this room gives it a socket, a clock and randomness,
//! and plays the person at the approval page where none is there.

use std::io;
use std::net::SocketAddr;

use hermes_engine_core::machine::Prompt;
pub use hermes_engine_core::simulate::{Exchange, Scenario, Server, UnknownScenario};
use tokio::sync::mpsc::UnboundedReceiver;

/// A simulated authorization server that listens on loopback for as long as this value lives.
pub struct Simulator {
    addr: SocketAddr,
    hosts: Vec<String>,
    exchanges: UnboundedReceiver<Exchange>,
}

impl Simulator {
    /// Listens on `127.0.0.1:port` (0: any free one) and serves from a task of the current runtime.
    pub async fn bind(server: Server, port: u16) -> io::Result<Simulator> {
        let _ = (server, port);
        unimplemented!()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What [`crate::http::HttpOptions::connect_to`] takes to send each of the provider's hosts here.
    pub fn connect_to(&self) -> Vec<(String, SocketAddr)> {
        self.hosts.iter().map(|host| (host.clone(), self.addr)).collect()
    }

    /// The next request that was answered, for those who watch.
    pub async fn next_exchange(&mut self) -> Option<Exchange> {
        self.exchanges.recv().await
    }

    /// One who visits pages in the place of a person.
    pub fn visitor(&self) -> Visitor {
        Visitor { connect_to: self.connect_to() }
    }
}

/// Plays the person: visits the page of a prompt, as a browser would, and follows it back to the listener.
#[derive(Debug, Clone)]
pub struct Visitor {
    connect_to: Vec<(String, SocketAddr)>,
}

/// What a visit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// The page was shown, and there is nothing to bring back: the flow polls.
    Shown,
    /// The listener on loopback got the callback.
    CalledBack,
    /// This text is to be pasted: the URL that the server redirected to.
    Paste(String),
}

impl Visitor {
    /// Visits the prompt's page. Errors where the server or the listener could not be reached.
    pub async fn visit(&self, prompt: &Prompt) -> io::Result<Visit> {
        let _ = (&self.connect_to, prompt);
        unimplemented!()
    }
}
