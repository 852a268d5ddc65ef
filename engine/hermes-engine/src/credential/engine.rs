//! What a renewal runs on: a runtime of its own with signals held from before the send until after the commit (S33), or
//! the shared one of a program that embeds the library and keeps its signals to itself.

use std::io;
use std::sync::Arc;

use hermes_machine::machine::{Outcome, Progress, Start};
use tokio::runtime::Handle;

use crate::driver::{self, Nobody, Runtime, Signals, Witness};
use crate::http::{Http, HttpOptions};

/// The client and the runtime that all renewals of a program share. The runtime is driven by another thread.
#[derive(Debug, Clone)]
pub struct SharedIo {
    /// The runtime.
    pub handle: Handle,
    /// The client.
    pub http: Arc<Http>,
}

/// Gives what is shared, started at the first need.
pub type GetIo<'a> = &'a (dyn Fn() -> io::Result<SharedIo> + Sync);

/// What a renewal runs on.
pub(super) enum Engine {
    /// A runtime that exists for this renewal.
    Own { runtime: Runtime, signals: Box<Signals>, http: Http },
    /// The program's.
    Shared(SharedIo),
}

impl Engine {
    /// Takes what is shared, or starts a runtime and holds signals from here on.
    pub(super) fn start(shared: Option<GetIo<'_>>, http: &HttpOptions) -> io::Result<Engine> {
        if let Some(shared) = shared {
            return Ok(Engine::Shared(shared()?));
        }
        let runtime = Runtime::start()?;
        let signals = Box::new(runtime.block_on(async { Signals::catch() })??);
        Ok(Engine::Own { runtime, signals, http: Http::new(http.clone()) })
    }

    /// Runs a flow to its end, without a user.
    pub(super) fn run(&self, start: Start, witness: &mut dyn Witness) -> io::Result<Outcome> {
        match self {
            Engine::Own { runtime, http, .. } => {
                runtime.block_on(driver::run(start, http, &mut Nobody, witness))?
            }
            Engine::Shared(SharedIo { handle, http }) => {
                handle.block_on(driver::run_uninterrupted(start, http, &mut Nobody, witness))
            }
        }
    }

    /// Goes on with a login of an earlier process.
    pub(super) fn resume(
        &self,
        start: Start,
        progress: Progress,
        witness: &mut dyn Witness,
    ) -> io::Result<Outcome> {
        match self {
            Engine::Own { runtime, http, .. } => {
                runtime.block_on(driver::resume(start, progress, http, witness))?
            }
            Engine::Shared(SharedIo { handle, http }) => {
                handle.block_on(driver::resume_uninterrupted(start, progress, http, witness))
            }
        }
    }

    /// Whether a signal came while they were held.
    pub(super) fn interrupted(&mut self) -> bool {
        match self {
            Engine::Own { runtime, signals, .. } => runtime.block_on(signals.caught()).unwrap_or_default(),
            Engine::Shared(_) => false,
        }
    }
}
