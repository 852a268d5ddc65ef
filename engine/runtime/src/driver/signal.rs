//! Signals that end a run: Ctrl-C, and what a closing terminal or a supervisor sends (S33).
//!
//! From the first [`Signals::catch`] to the end of the process these signals no longer end the process by themselves: it
//! is for whoever caught them to look, [`Signals::caught`], and to stop when it is safe. That is what a redeem needs, and
//! what a loop that runs for long must not forget.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a run, caught.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to catch SIGINT, SIGTERM and SIGHUP. Needs an async runtime.
    pub fn catch() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Loses none when it is dropped.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Whether a signal came that nobody took yet.
    pub async fn caught(&mut self) -> bool {
        // A moment, not none: a signal is told to the runtime through a pipe that it has to read first.
        tokio::time::timeout(Duration::from_millis(1), self.next()).await.is_ok()
    }
}
