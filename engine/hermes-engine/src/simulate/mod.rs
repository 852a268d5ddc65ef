//! The simulated authorization server on a loopback port.
//!
//! What it answers is decided in [`hermes_proof::simulate`]; this room gives it a socket, a clock and randomness,
//! and plays the person at the approval page where none is there.

mod socket;
#[cfg(test)]
mod tests;
mod visit;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

pub use hermes_proof::simulate::{Exchange, Scenario, Server, UnknownScenario};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::http::HttpOptions;

pub use visit::{Visit, Visiting, Visitor};

/// A simulated authorization server that listens on loopback for as long as this value lives.
pub struct Simulator {
    addr: SocketAddr,
    hosts: Vec<String>,
    exchanges: UnboundedReceiver<Exchange>,
    task: JoinHandle<io::Result<()>>,
}

impl Simulator {
    /// Listens on `127.0.0.1:port` (0: any free one) and serves from a task of the current runtime.
    ///
    /// # Errors
    ///
    /// Where the port can't be had.
    pub async fn bind(server: Server, port: u16) -> io::Result<Simulator> {
        let hosts = server.hosts().to_vec();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let addr = listener.local_addr()?;
        let (sender, exchanges) = unbounded_channel();
        let task = tokio::spawn(socket::serve(listener, server, sender));
        Ok(Simulator { addr, hosts, exchanges, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How requests are sent in the simulation: each of the provider's hosts is here, and there is no other place.
    pub fn http(&self, timeout: Option<Duration>) -> HttpOptions {
        HttpOptions { timeout, connect_to: self.connect_to(), only: Some(self.addr) }
    }

    /// What [`crate::http::HttpOptions::connect_to`] takes to send each of the provider's hosts here.
    pub fn connect_to(&self) -> Vec<(String, SocketAddr)> {
        self.hosts.iter().map(|host| (host.clone(), self.addr)).collect()
    }

    /// The next request that was answered, for those who watch.
    pub async fn next_exchange(&mut self) -> Option<Exchange> {
        self.exchanges.recv().await
    }

    /// The requests that were answered and not yet looked at.
    pub fn exchanges(&mut self) -> Vec<Exchange> {
        std::iter::from_fn(|| self.exchanges.try_recv().ok()).collect()
    }

    /// One who visits pages in the place of a person.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.http(None))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}
