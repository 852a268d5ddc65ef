//! The loop that performs a machine's effects.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use hermes_engine_core::machine::{Failure, Outcome, Prompt, Request, Response, Start};
use hermes_engine_core::time::UnixMs;

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
pub trait Person {
    /// Shows the page and the code, once for each new prompt.
    fn show(&mut self, prompt: &Prompt, opened: &Opened);
    /// Says that the run waits, and how long is left; called about once a second while it does.
    fn waiting(&mut self, left: Option<Duration>);
    /// The run waits no longer.
    fn waited(&mut self);
    /// The next thing that the person pastes; never resolves where nobody can paste.
    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + '_>>;
}

/// Watches what goes over the wire: the journal of a refresh, or nobody.
pub trait Witness {
    /// A request is about to be sent.
    fn sending(&mut self, request: &Request) -> io::Result<()>;
    /// An answer arrived and has not been read; it is durable when this returns.
    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()>;
    /// The answer to a request where one is at hand from an earlier run, and when it arrived on the wall clock. It is
    /// asked before anything is sent; what it gives is read as if it had just arrived at that time.
    fn known(&mut self, request: &Request) -> Option<(Response, UnixMs)> {
        let _ = request;
        None
    }
    /// Whether a request that got no answer is sent once more, at once and as it was.
    fn again(&mut self, request: &Request, failure: &Failure) -> bool {
        let _ = (request, failure);
        false
    }
}

/// A witness that keeps nothing.
pub struct NoWitness;

impl Witness for NoWitness {
    fn sending(&mut self, _: &Request) -> io::Result<()> {
        Ok(())
    }
    fn answered(&mut self, _: &Request, _: &Response) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a flow to its end.
pub async fn run(
    start: Start,
    http: &crate::http::Http,
    person: &mut dyn Person,
    witness: &mut dyn Witness,
) -> io::Result<Outcome> {
    let _ = (start, http, person, witness);
    unimplemented!()
}
