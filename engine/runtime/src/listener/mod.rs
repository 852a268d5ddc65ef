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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hermes_engine_core::machine::{CallbackQuery, Listener as Wanted};
use tokio::sync::Notify;
use tokio::task::JoinSet;

pub use bind::BindError;
pub use request::{Expected, Verdict};

/// A listener that is bound. Dropping it closes its sockets and every connection.
#[derive(Debug)]
pub struct Listener {
    redirect_uri: String,
    desk: Arc<Desk>,
    /// Accepts connections, and aborts when it is dropped.
    _tasks: JoinSet<()>,
}

/// Where a callback is handed over. It lies there until it is taken: who waited may be busy with something else by the
/// time its page is sent, and waits again.
#[derive(Debug, Default)]
struct Desk {
    is_awaited: AtomicBool,
    came: Mutex<Option<CallbackQuery>>,
    bell: Notify,
}

impl Desk {
    /// Whether somebody waits; from then on nobody does, as one callback is enough.
    fn accept(&self) -> bool {
        self.is_awaited.swap(false, Ordering::SeqCst)
    }

    fn hand_over(&self, query: CallbackQuery) {
        *self.came() = Some(query);
        self.bell.notify_one();
    }

    fn came(&self) -> MutexGuard<'_, Option<CallbackQuery>> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits, for as long as this is there.
struct Awaiting<'a>(&'a Desk);

impl<'a> Awaiting<'a> {
    fn at(desk: &'a Desk) -> Awaiting<'a> {
        desk.is_awaited.store(true, Ordering::SeqCst);
        Awaiting(desk)
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        self.0.is_awaited.store(false, Ordering::SeqCst);
    }
}

impl Listener {
    /// Binds a listener to a loopback literal, whatever the host is called.
    pub async fn bind(wanted: &Wanted) -> Result<Listener, BindError> {
        let sockets = bind::sockets(wanted).await?;
        let port = sockets.port;
        let expected = Arc::new(Expected::new(wanted, port));
        let desk = Arc::new(Desk::default());
        let mut tasks = JoinSet::new();
        for socket in sockets.sockets {
            tasks.spawn(exchange::serve(socket, expected.clone(), desk.clone()));
        }
        let redirect_uri = format!("http://{}:{port}{}", wanted.host, wanted.path);
        Ok(Listener { redirect_uri, desk, _tasks: tasks })
    }

    /// Where a browser is to come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the callback. Until it is polled, and after it is done, requests are told that nobody waits.
    pub async fn callback(&self) -> CallbackQuery {
        loop {
            if let Some(query) = self.desk.came().take() {
                return query;
            }
            let _awaiting = Awaiting::at(&self.desk);
            self.desk.bell.notified().await;
        }
    }
}
