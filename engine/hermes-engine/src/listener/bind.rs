//! The sockets of a listener: loopback literals, never a name that could lead elsewhere.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use hermes_machine::machine::Listener as Wanted;
use tokio::net::TcpListener;

/// How often another free port is tried where one is free on IPv4 and taken on IPv6.
const TRIES: usize = 8;

/// Why no listener could be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error(
        "another program listens on port {port} of this computer; end it, or wait until it is done, and log in again"
    )]
    Taken {
        /// The port that the provider registered.
        port: u16,
    },
    /// The host is no loopback address.
    #[error("`{host}` is not an address of this computer")]
    NotLoopback {
        /// The host as the file writes it.
        host: String,
    },
    /// The system refused.
    #[error("no listener could be bound to port {port} of this computer: {reason}")]
    Refused {
        /// The port; 0 is any.
        port: u16,
        /// What the system says.
        reason: io::Error,
    },
}

/// Sockets that share one port.
pub(super) struct Bound {
    pub(super) sockets: Vec<TcpListener>,
    pub(super) port: u16,
}

/// Binds what a file calls the host. `localhost` is both literals, because a browser may try either first.
pub(super) async fn sockets(wanted: &Wanted) -> Result<Bound, BindError> {
    match wanted.host.as_str() {
        "127.0.0.1" => one((Ipv4Addr::LOCALHOST, wanted.port).into()).await,
        "[::1]" | "::1" => one((Ipv6Addr::LOCALHOST, wanted.port).into()).await,
        "localhost" => both(wanted.port).await,
        host => Err(BindError::NotLoopback { host: host.to_owned() }),
    }
}

async fn one(address: SocketAddr) -> Result<Bound, BindError> {
    let refused = |reason: io::Error| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { port: address.port() },
        _ => BindError::Refused { port: address.port(), reason },
    };
    let socket = TcpListener::bind(address).await.map_err(refused)?;
    let port = socket.local_addr().map_err(refused)?.port();
    Ok(Bound { sockets: vec![socket], port })
}

async fn both(port: u16) -> Result<Bound, BindError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let mut bound = one((Ipv4Addr::LOCALHOST, port).into()).await?;
        match one((Ipv6Addr::LOCALHOST, bound.port).into()).await {
            Ok(other) => bound.sockets.extend(other.sockets),
            // Whoever has the port on IPv6 would get the callback of a browser that tries IPv6 first.
            Err(taken @ BindError::Taken { .. }) if port != 0 || tries == 0 => return Err(taken),
            Err(BindError::Taken { .. }) => continue,
            // A computer without IPv6 has nobody listening there either.
            Err(_) => {}
        }
        return Ok(bound);
    }
}
