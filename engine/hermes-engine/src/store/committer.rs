//! One thread that writes `auth.json` for all who wait: what has come meanwhile is applied to one document, which is
//! written once.
//!
//! Note: whoever waits is answered when the write is durable, and an error of the write is everybody's. A change that a
//! caller has given up is made all the same.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tokio::sync::oneshot;

use super::document::Document;
use super::error::StoreError;
use super::port::wait;
use super::{FileStore, file};

/// What a login may add to the file.
const ROOM: usize = 16 * 1024;

/// The thread, started with the first change.
#[derive(Debug, Default)]
pub(super) struct Committer {
    queue: OnceLock<Option<Sender<Job>>>,
}

/// Something that is done under the lock of the file.
enum Job {
    /// A change, and who waits for it.
    Change(Box<dyn Waiting>),
    /// The proof that a file can be replaced.
    Proof(PathBuf, oneshot::Sender<Result<(), StoreError>>),
}

/// A change, and who waits for it.
trait Waiting: Send {
    /// Makes the change.
    fn apply(&mut self, document: &mut Document);

    /// Tells who waits how the write went.
    fn finish(self: Box<Self>, written: Result<(), StoreError>);
}

struct Change<T, F> {
    change: Option<F>,
    made: Option<T>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Document) -> T + Send> Waiting for Change<T, F> {
    fn apply(&mut self, document: &mut Document) {
        self.made = self.change.take().map(|change| change(document));
    }

    fn finish(self: Box<Self>, written: Result<(), StoreError>) {
        let Change { made, tell, .. } = *self;
        let unmade = || StoreError::lost("the change was not made");
        // Nobody may wait for it any more.
        let _ = tell.send(written.and_then(|()| made.ok_or_else(unmade)));
    }
}

impl FileStore {
    /// Changes the credentials under `auth.lock`, together with what others change at the same time. Durable when this
    /// returns; done even if nobody waits any more.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Document) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        self.enqueue(Job::Change(Box::new(Change { change: Some(change), made: None, tell })));
        told.await.unwrap_or_else(|_| Err(StoreError::lost("the change was given up")))
    }

    /// Proves that a file can be replaced by one that is somewhat longer.
    pub(super) async fn prove_room(&self, target: &Path) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        self.enqueue(Job::Proof(target.to_owned(), tell));
        told.await.unwrap_or_else(|_| Err(StoreError::lost("the proof was given up")))
    }

    fn enqueue(&self, job: Job) {
        let start = || {
            let (queue, jobs) = mpsc::channel();
            // Its own queue would keep the thread from ending with the store.
            let store = FileStore::open(self.home.clone());
            let thread = thread::Builder::new().name("hermes-store".to_owned());
            thread.spawn(move || run(&store, &jobs)).ok().map(|_| queue)
        };
        let unsent = match self.committer.queue.get_or_init(start) {
            Some(queue) => queue.send(job).err().map(|unsent| unsent.0),
            None => Some(job),
        };
        if let Some(job) = unsent {
            // Where no thread can be started, this one writes.
            self.perform(vec![job], &mpsc::channel().1);
        }
    }

    /// Does all that waits, under one lock and with one write.
    fn perform(&self, mut jobs: Vec<Job>, more: &Receiver<Job>) {
        let created = self.home.create().map_err(|source| self.unwritable(self.home.path(), source));
        // Whoever has something to store waits, whatever comes.
        let locks = match created.and_then(|()| wait(self.lock_files(&|| false))) {
            Ok(locks) => locks,
            Err(error) => return jobs.into_iter().for_each(|job| job.fail(&error)),
        };
        jobs.extend(more.try_iter());
        let mut changes = Vec::new();
        let mut proofs: Vec<(PathBuf, Vec<oneshot::Sender<_>>)> = Vec::new();
        for job in jobs {
            match job {
                Job::Change(change) => changes.push(change),
                Job::Proof(target, tell) => match proofs.iter_mut().find(|(known, _)| *known == target) {
                    Some((_, all)) => all.push(tell),
                    None => proofs.push((target, vec![tell])),
                },
            }
        }
        for (target, all) in proofs {
            // Under its locks the proof is nothing that a writer sweeps away.
            let proof = prove(&target, all.len());
            all.into_iter().for_each(|tell| drop(tell.send(again(&proof))));
        }
        if changes.is_empty() {
            return;
        }
        let apply = |document: &mut Document| changes.iter_mut().for_each(|change| change.apply(document));
        let written = self.write(apply, !locks.is_empty());
        changes.into_iter().for_each(|change| change.finish(again(&written)));
    }
}

impl Job {
    /// Tells who waits that nothing could be done.
    fn fail(self, error: &StoreError) {
        match self {
            Job::Change(change) => change.finish(Err(error.again())),
            Job::Proof(_, tell) => drop(tell.send(Err(error.again()))),
        }
    }
}

fn run(store: &FileStore, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter()).collect();
        // A change that panics takes its group with it, and not those that follow.
        let perform = std::panic::AssertUnwindSafe(|| store.perform(group, jobs));
        let _ = std::panic::catch_unwind(perform);
    }
}

/// The same for everybody.
fn again(result: &Result<(), StoreError>) -> Result<(), StoreError> {
    result.as_ref().map_or_else(|error| Err(error.again()), |()| Ok(()))
}

fn prove(target: &Path, changes: usize) -> Result<(), StoreError> {
    let size = target.metadata().map(|about| about.len() as usize).unwrap_or_default();
    file::prove_writable(target, size + ROOM.saturating_mul(changes))
}
