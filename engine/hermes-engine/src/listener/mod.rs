//! The listener that a browser comes back to: on this computer alone, for one callback (S19).
//!
//! It is bound before the URL is built, but answers a callback only while somebody waits in [`Listener::callback`]. A
//! callback that does not bring back what [`Listener::expect`] names is not this login's: it is answered with 400, and the
//! wait goes on. What the page says is the same for every callback: whether the login succeeded isn't known yet, and
//! nothing that came in is written back.

mod bind;
mod exchange;
mod peer;
mod request;
mod start;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hermes_machine::machine::{CallbackQuery, CallbackTie, Listener as Wanted};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use exchange::{Answer, Service};
use peer::Ends;

pub use bind::BindError;
pub use request::{Expected, Verdict};
pub use start::StartPage;

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
    tie: Mutex<Option<CallbackTie>>,
    came: Slot<CallbackQuery>,
    /// An `error` that came without what ties it to this login.
    stray: Slot<String>,
}

/// A place for one thing, and a bell that rings when it is there.
#[derive(Debug)]
struct Slot<T> {
    thing: Mutex<Option<T>>,
    bell: Notify,
}

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot { thing: Mutex::new(None), bell: Notify::new() }
    }
}

impl<T> Slot<T> {
    fn put(&self, thing: T) {
        *lock(&self.thing) = Some(thing);
        self.bell.notify_one();
    }

    fn take(&self) -> Option<T> {
        lock(&self.thing).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Whether somebody waits; from then on nobody does, as one callback is enough.
    fn accept(&self) -> bool {
        self.is_awaited.swap(false, Ordering::SeqCst)
    }

    /// Whether a callback is this login's. An `error` that doesn't say is kept, for the user to judge.
    fn is_ours(&self, query: &CallbackQuery) -> bool {
        let tie = lock(&self.tie);
        let Some(tie) = tie.as_ref() else { return true };
        if !tie.is_named_in(query)
            && let Some((_, error)) = query.0.iter().find(|(name, _)| name == "error")
        {
            self.stray.put(error.clone());
        }
        tie.holds(query)
    }
}

/// The desk and what a callback must say to come to it.
struct Callbacks {
    expected: Expected,
    desk: Arc<Desk>,
}

impl Service for Callbacks {
    fn answer(&self, head: &[u8], ends: &Ends) -> Answer {
        let verdict = self.expected.judge(head);
        let page = verdict.answer();
        let Verdict::Callback(query) = verdict else { return page.into() };
        if ends.belong_to_another_user() {
            return request::another_user().into();
        }
        if !self.desk.is_ours(&query) {
            return request::not_this_login().into();
        }
        if !self.desk.accept() {
            return request::done_already().into();
        }
        let desk = self.desk.clone();
        Answer { text: page, then: Some(Box::new(move || desk.came.put(query))) }
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
        let desk = Arc::new(Desk::default());
        let service = Arc::new(Callbacks { expected: Expected::new(wanted, port), desk: desk.clone() });
        let mut tasks = JoinSet::new();
        for socket in sockets.sockets {
            tasks.spawn(exchange::serve(socket, service.clone()));
        }
        let redirect_uri = format!("http://{}:{port}{}", wanted.host, wanted.path);
        Ok(Listener { redirect_uri, desk, _tasks: tasks })
    }

    /// Where a browser is to come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// From now on only a callback that brings this back is taken; with `None` any is.
    pub fn expect(&self, tie: Option<CallbackTie>) {
        *lock(&self.desk.tie) = tie;
    }

    /// Waits for the callback. Until it is polled, and after it is done, requests are told that nobody waits.
    pub async fn callback(&self) -> CallbackQuery {
        loop {
            if let Some(query) = self.desk.came.take() {
                return query;
            }
            let _awaiting = Awaiting::at(&self.desk);
            self.desk.came.bell.notified().await;
        }
    }

    /// Waits for an `error` that came without what ties it to this login, as the request wrote it: it may be a provider's that
    /// leaves `state` out, or anybody's. Loses none when it is dropped.
    pub async fn stray_error(&self) -> String {
        loop {
            if let Some(error) = self.desk.stray.take() {
                return error;
            }
            self.desk.stray.bell.notified().await;
        }
    }
}
