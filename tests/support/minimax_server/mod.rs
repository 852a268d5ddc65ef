//! MiniMax's authorization server as it is seen on the wire, on a loopback port.
//!
//! It is written from observations of the service alone. It judges what it is asked as strictly as the service does, and
//! keeps what a client did wrong in [`Running::violations`], where the service would only have shrugged.

mod answer;
mod book;
mod options;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use book::Counts;
pub use options::{CodeFault, ExpiredIn, PollFault, RefreshFault, Reuse, Rotation};

use book::Book;
use options::Options;

/// The client id that the service knows.
pub const CLIENT_ID: &str = "78257093-7e40-4613-99e0-527b14b39113";
/// The scope that goes with it.
pub const SCOPE: &str = "group_id profile model.completion";
/// The grant of its user-code flow.
pub const USER_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:user_code";
/// All hosts of the service, both regions.
pub const HOSTS: [&str; 4] =
    ["api.minimax.io", "account.minimax.io", "api.minimaxi.com", "account.minimaxi.com"];

/// A server to be started: the service as it is today, but for what is said otherwise.
#[derive(Debug, Clone, Default)]
pub struct MinimaxServer {
    options: Options,
}

/// A server that runs until it is dropped.
pub struct Running {
    addr: SocketAddr,
    book: Arc<Mutex<Book>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MinimaxServer {
    /// A server that approves at the first poll, names its times in Unix milliseconds and answers where it is asked.
    pub fn new() -> MinimaxServer {
        MinimaxServer::default()
    }

    /// Answers this many polls with `pending` first.
    pub fn pending(mut self, polls: u32) -> MinimaxServer {
        self.options.pending = polls;
        self
    }

    /// Is never approved.
    pub fn never_approved(self) -> MinimaxServer {
        self.pending(u32::MAX)
    }

    /// Sends this `interval`; without a call, none.
    pub fn interval_ms(mut self, interval: u64) -> MinimaxServer {
        self.options.interval_ms = Some(interval);
        self
    }

    /// How `expired_in` is written, in both answers.
    pub fn expired_in(mut self, kind: ExpiredIn) -> MinimaxServer {
        self.options.expired_in = kind;
        self
    }

    /// How long a user code lives.
    pub fn code_life(mut self, life: Duration) -> MinimaxServer {
        self.options.code_life = life;
        self
    }

    /// How long an access token lives.
    pub fn token_life(mut self, life: Duration) -> MinimaxServer {
        self.options.token_life = life;
        self
    }

    /// Redirects with 307 from the API's host to the account's, as the service does today.
    pub fn redirecting(mut self) -> MinimaxServer {
        self.options.redirect_to = Some(None);
        self
    }

    /// Redirects with 307 from the account's host to this one.
    pub fn redirecting_to(mut self, host: &str) -> MinimaxServer {
        self.options.redirect_to = Some(Some(host.to_owned()));
        self
    }

    /// Shows the page on the host that is gone.
    pub fn with_dead_page(mut self) -> MinimaxServer {
        self.options.has_dead_page = true;
        self
    }

    /// Fails the first request.
    pub fn code_fault(mut self, fault: CodeFault) -> MinimaxServer {
        self.options.code_fault = Some(fault);
        self
    }

    /// Fails the poll that would have been approved, and all after it.
    pub fn poll_fault(mut self, fault: PollFault) -> MinimaxServer {
        self.options.poll_fault = Some(fault);
        self
    }

    /// Answers the first polls with these statuses, before anything else. 0 breaks the connection.
    pub fn hiccups(mut self, statuses: &[u16]) -> MinimaxServer {
        self.options.hiccups = statuses.to_vec();
        self
    }

    /// What a refresh answers beside the new access token.
    pub fn rotation(mut self, rotation: Rotation) -> MinimaxServer {
        self.options.rotation = rotation;
        self
    }

    /// What a second use of a refresh token does.
    pub fn reuse(mut self, reuse: Reuse) -> MinimaxServer {
        self.options.reuse = reuse;
        self
    }

    /// Fails the first `times` refreshes.
    pub fn refresh_fault(mut self, fault: RefreshFault, times: u32) -> MinimaxServer {
        self.options.refresh_fault = Some((fault, times));
        self
    }

    /// Waits before it answers a refresh, so that several can be under way.
    pub fn slow_refresh(mut self, delay: Duration) -> MinimaxServer {
        self.options.refresh_delay = delay;
        self
    }

    /// Adds `notification_message` to the first token answer.
    pub fn notification(mut self, text: &str) -> MinimaxServer {
        self.options.notification = Some(text.to_owned());
        self
    }

    /// Adds `resource_url` to token answers.
    pub fn resource_url(mut self, url: &str) -> MinimaxServer {
        self.options.resource_url = Some(url.to_owned());
        self
    }

    /// Knows a login that was made before, in the global region.
    pub fn with_login(mut self, access_token: &str, refresh_token: &str) -> MinimaxServer {
        self.options.logins.push((access_token.to_owned(), refresh_token.to_owned()));
        self
    }

    /// Listens on a free loopback port, in a thread of its own.
    pub fn start(self) -> Running {
        let book = Arc::new(Mutex::new(Book::new(self.options)));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let shared = book.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("somebody waits");
                let serve = axum::serve(listener, wire::router(shared));
                tokio::select! {
                    _ = serve.into_future() => {}
                    _ = stopped => {}
                }
            });
        });
        let addr = told.recv().expect("the server starts");
        Running { addr, book, stop: Some(stop), thread: Some(thread) }
    }
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `--connect-to` for all hosts of the service.
    pub fn connect_to(&self) -> Vec<String> {
        super::program::connect_to(&HOSTS, self.addr)
    }

    /// How often each kind of request came.
    pub fn counts(&self) -> Counts {
        self.book().counts.clone()
    }

    /// What clients did that they must not do.
    pub fn violations(&self) -> Vec<String> {
        self.book().violations.clone()
    }

    /// The refresh tokens that would be taken now.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        self.book().live_refresh_tokens()
    }

    /// Whether the service would take this access token.
    pub fn knows_access_token(&self, token: &str) -> bool {
        self.book().knows_access_token(token)
    }

    /// All access tokens that were ever given out.
    pub fn access_tokens(&self) -> Vec<String> {
        self.book().access_tokens()
    }

    /// All else that nobody but the client may know: refresh tokens and PKCE verifiers.
    pub fn other_secrets(&self) -> Vec<String> {
        self.book().other_secrets()
    }

    /// Changes the server while it runs.
    pub fn change(&self, change: impl FnOnce(MinimaxServer) -> MinimaxServer) {
        let mut book = self.book();
        let server = MinimaxServer { options: book.options.clone() };
        book.options = change(server).options;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
