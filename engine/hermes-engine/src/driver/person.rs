//! Who takes part in a run beside the servers: a person who is shown things, and a witness of what goes over the wire.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use hermes_format::origin::Origin;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Effect, Event, Failure, Progress, Prompt, Request, Response};

/// What became of the attempt to open a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A browser was started.
    Yes,
    /// No attempt was made: `--no-browser`, SSH, no display, …
    NotTried,
    /// The attempt failed.
    Failed,
}

/// The person at the other end of a run: what they are told, and what they paste.
///
/// All but [`Person::paste`] return at once: while they work, nothing else happens.
pub trait Person: Send {
    /// Shows the page and the code, once for each new prompt.
    fn show(&mut self, prompt: &Prompt, opened: &Opened);
    /// Says that the run waits, and how long is left; called about once a second while it does.
    fn waiting(&mut self, left: Option<Duration>);
    /// The run waits no longer. Called after any call of `waiting`.
    fn waited(&mut self);
    /// The login's listener is bound, and this is where a browser comes back to.
    fn listening(&mut self, redirect_uri: &str) {
        let _ = redirect_uri;
    }
    /// The last answer was none that can be used, and the server is asked again; not made safe for a screen.
    fn note(&mut self, note: &str) {
        let _ = note;
    }
    /// The last paste was not taken, for this reason; another is waited for.
    fn again(&mut self, reason: &str) {
        let _ = reason;
    }
    /// A port can't be listened on, and the login goes on with another, or in another way.
    fn port_taken(&mut self, port: u16) {
        let _ = port;
    }
    /// A page came back with this error and without what ties it to this run: the wait goes on. Not yet made safe for a
    /// screen.
    fn stray_error(&mut self, error: &str) {
        let _ = error;
    }
    /// Whether these hosts, which a server's answer names, may take part in the login. Without a terminal the answer is no.
    fn agrees(&mut self, origins: &[Origin], sends_secret: bool) -> bool {
        let _ = (origins, sends_secret);
        false
    }
    /// The next thing that the person pastes; never resolves where nobody can paste.
    ///
    /// The future is dropped and asked for again about once a second, and must lose nothing by that: receive from a
    /// channel that a thread fills, don't read from the terminal in it.
    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + Send + '_>>;
}

/// A person who is not there: for runs that show nothing and ask nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Person for Nobody {
    fn show(&mut self, _: &Prompt, _: &Opened) {}
    fn waiting(&mut self, _: Option<Duration>) {}
    fn waited(&mut self) {}
    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// Watches what goes over the wire: the journal of a refresh, or nobody.
pub trait Witness: Send {
    /// A request is about to be sent. An error ends the run, and nothing is sent.
    fn sending(&mut self, request: &Request) -> io::Result<()>;
    /// An answer arrived and has not been read; it is durable when this returns.
    ///
    /// An error does not end the run: an answer in hand, which may hold the only successor of a spent refresh token, is
    /// worth more than its record. Whoever keeps records remembers that this one is missing.
    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()>;
    /// A request is next, known or to be sent, and the run has come so far.
    fn reached(&mut self, progress: Progress) {
        let _ = progress;
    }
    /// The answer to a request where one is at hand from an earlier run, and when it arrived on the wall clock. It is
    /// asked before anything is sent; what it gives is read as if it had just arrived at that time.
    fn known(&mut self, request: &Request) -> Option<(Response, UnixMs)> {
        let _ = request;
        None
    }
    /// Whether a request that got no answer is sent once more, at once and as it was. Asked once for each request; the
    /// repeat is announced to [`Witness::sending`] too.
    fn again(&mut self, request: &Request, failure: &Failure) -> bool {
        let _ = (request, failure);
        false
    }
    /// An effect was performed, and this came of it. Told of answers too; nothing is durable by that.
    fn performed(&mut self, effect: &Effect, event: &Event) {
        let _ = (effect, event);
    }
}

/// A witness that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn sending(&mut self, _: &Request) -> io::Result<()> {
        Ok(())
    }
    fn answered(&mut self, _: &Request, _: &Response) -> io::Result<()> {
        Ok(())
    }
}
