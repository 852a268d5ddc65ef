//! The listener that a browser comes back to: on this computer alone, for one callback (S19).
//!
//! It is bound before the URL is built, but answers a callback only while somebody waits in [`Listener::callback`]. What
//! the page says is the same for every callback: whether the login succeeded isn't known yet, and nothing that came in
//! is written back.

mod bind;
mod exchange;
mod request;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use hermes_engine_core::machine::{CallbackQuery, Listener as Wanted};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use bind::BindError;
pub use request::{Expected, Verdict};

/// A listener that is bound. Dropping it closes its sockets and every connection.
#[derive(Debug)]
pub struct Listener {
    redirect_uri: String,
    waiting: Waiting,
    /// Accepts connections, and aborts when it is dropped.
    _tasks: JoinSet<()>,
}

/// Whoever waits for a callback; nobody most of the time.
type Waiting = Arc<Mutex<Option<oneshot::Sender<CallbackQuery>>>>;

impl Listener {
    /// Binds a listener to a loopback literal, whatever the host is called.
    pub async fn bind(wanted: &Wanted) -> Result<Listener, BindError> {
        let sockets = bind::sockets(wanted).await?;
        let port = sockets.port;
        let expected = Arc::new(Expected::new(wanted, port));
        let waiting = Waiting::default();
        let mut tasks = JoinSet::new();
        for socket in sockets.sockets {
            tasks.spawn(exchange::serve(socket, expected.clone(), waiting.clone()));
        }
        let redirect_uri = format!("http://{}:{port}{}", wanted.host, wanted.path);
        Ok(Listener { redirect_uri, waiting, _tasks: tasks })
    }

    /// Where a browser is to come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the callback. Until it is polled, and after it is done, requests are told that nobody waits.
    pub async fn callback(&self) -> CallbackQuery {
        loop {
            let (tell, told) = oneshot::channel();
            if let Ok(mut waiting) = self.waiting.lock() {
                *waiting = Some(tell);
            }
            if let Ok(query) = told.await {
                return query;
            }
        }
    }
}
