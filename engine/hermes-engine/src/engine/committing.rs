//! Renewals whose callers have been answered, and which are not stored yet.
//!
//! Note: until then the store holds the token before. In this process nobody may be handed that one again.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;

use super::error::Result;
use super::{Engine, InFlight, lock};
use crate::credential::{Completion, Later};
use crate::store::{wait, wait_unless};

/// Commits that go on, by the id of the provider. Each is over when its channel closes.
#[derive(Default)]
pub(super) struct Committing(Mutex<Vec<(String, watch::Receiver<()>)>>);

impl Committing {
    fn begin(&self, provider: &str) -> watch::Sender<()> {
        let (done, is_done) = watch::channel(());
        let mut all = lock(&self.0);
        all.retain(|(_, commit)| commit.has_changed().is_ok());
        all.push((provider.to_owned(), is_done));
        done
    }

    /// Waits for those of a provider that have begun by now.
    pub(super) fn wait(&self, provider: &str, stop: &AtomicBool) -> Result<()> {
        let mut begun = lock(&self.0).clone();
        begun.retain(|(id, _)| id == provider);
        for (_, mut commit) in begun {
            wait_unless(Some(stop), async {
                while commit.changed().await.is_ok() {}
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Engine {
    /// Brings the commits of a provider to their end after their callers were answered; [`Engine::settle`] waits for them.
    pub(super) fn later(&self, provider: &str) -> Later {
        let (engine, id) = (self.clone(), provider.to_owned());
        let start = move |work: Completion| {
            let (in_flight, done) = (InFlight::begin(&engine), engine.inner.committing.begin(&id));
            match engine.inner.io() {
                Ok(io) => drop(io.worker.handle().spawn(async move {
                    work.await;
                    drop(done);
                    drop(in_flight);
                })),
                Err(_) => wait(work),
            }
        };
        Later { store: self.inner.store.clone(), start: Box::new(start) }
    }
}
