//! The async runtime of one renewal, with signals held from before the send until after the commit (S33).

use std::io;

use hermes_engine_core::machine::{Outcome, Start};

use crate::driver::{self, Nobody, Runtime, Signals, Witness};
use crate::http::{Http, HttpOptions};

/// A runtime that exists for one renewal.
pub(super) struct Engine {
    runtime: Runtime,
    signals: Signals,
    http: Http,
}

impl Engine {
    /// Starts a runtime and holds signals from here on.
    pub(super) fn start(http: &HttpOptions) -> io::Result<Engine> {
        let runtime = Runtime::start()?;
        let signals = runtime.block_on(async { Signals::catch() })??;
        Ok(Engine { runtime, signals, http: Http::new(http.clone()) })
    }

    /// Runs a flow to its end, without a person.
    pub(super) fn run(&self, start: Start, witness: &mut dyn Witness) -> io::Result<Outcome> {
        self.runtime.block_on(driver::run(start, &self.http, &mut Nobody, witness))?
    }

    /// Whether a signal came while they were held.
    pub(super) fn interrupted(&mut self) -> bool {
        let Engine { runtime, signals, .. } = self;
        runtime.block_on(signals.caught()).unwrap_or_default()
    }
}
