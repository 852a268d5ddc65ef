//! One renewal for any number of callers.
//!
//! Note: a caller that goes away takes its interest with it. When the last one is gone, work that still waits for a lock
//! stops and begins nothing; a request that may have spent a token is brought to its end all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::watch;

use super::error::{Error, Result};

/// Work that is under way.
pub(super) struct Flight<T> {
    outcome: watch::Receiver<Option<Result<T>>>,
    waiters: Arc<Waiters>,
}

/// Who waits, and what is raised when nobody does any more.
#[derive(Default)]
struct Waiters {
    count: AtomicUsize,
    stop: Arc<AtomicBool>,
}

/// The end of a flight that its work holds.
pub(super) struct Landing<T> {
    outcome: watch::Sender<Option<Result<T>>>,
    stop: Arc<AtomicBool>,
}

impl<T: Clone> Flight<T> {
    /// A flight, and its end.
    pub(super) fn begin() -> (Flight<T>, Landing<T>) {
        let (sender, outcome) = watch::channel(None);
        let waiters = Arc::new(Waiters::default());
        let landing = Landing { outcome: sender, stop: waiters.stop.clone() };
        (Flight { outcome, waiters }, landing)
    }

    /// Joins; `None` where it has landed or is being given up.
    pub(super) fn join(&self) -> Option<Joined<T>> {
        self.waiters.count.fetch_add(1, Ordering::SeqCst);
        let joined = Joined { outcome: self.outcome.clone(), waiters: self.waiters.clone() };
        let is_over = self.waiters.stop.load(Ordering::SeqCst) || self.outcome.borrow().is_some();
        (!is_over).then_some(joined)
    }
}

impl<T> Landing<T> {
    /// What is raised when nobody waits any more.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Gives everybody the outcome.
    pub(super) fn land(self, outcome: Result<T>) {
        // Nobody may be left.
        let _ = self.outcome.send(Some(outcome));
    }
}

/// One caller of a flight.
pub(super) struct Joined<T> {
    outcome: watch::Receiver<Option<Result<T>>>,
    waiters: Arc<Waiters>,
}

impl<T: Clone> Joined<T> {
    /// The outcome.
    pub(super) async fn outcome(mut self) -> Result<T> {
        match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(Error::lost())),
            // The work panicked.
            Err(_) => Err(Error::lost()),
        }
    }
}

impl<T> Drop for Joined<T> {
    fn drop(&mut self) {
        if self.waiters.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.waiters.stop.store(true, Ordering::SeqCst);
        }
    }
}
