//! The engine's own thread: one async runtime for the HTTP client and for everything that must outlive its caller.
//!
//! A renewal can't live on the caller's runtime: `tokio::spawn`ed work is dropped with it, and a token that a server has
//! just rotated would be lost. A pooled HTTP client can't either: its connections belong to the runtime that opened them,
//! and a second runtime would wait for a first one that is not driven. So both live here, and callers wait on channels.

use std::future::Future;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::error::{Error, ErrorKind, Result};

/// The most threads that wait for locks and disks at once.
const BLOCKING_THREADS: usize = 128;

/// The name of the engine's threads.
const THREAD: &str = "hermes-io";

/// Whether this is a thread of an engine's own.
pub(super) fn is_own_thread() -> bool {
    thread::current().name() == Some(THREAD)
}

/// The running thread. It ends when this is dropped, without waiting for look-ups that hang.
#[derive(Debug)]
pub(super) struct Worker {
    handle: Handle,
    /// Dropped with the worker, which ends the thread.
    _end: oneshot::Sender<()>,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start() -> Result<Worker> {
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let run = move || {
            let built = Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(BLOCKING_THREADS)
                .thread_name(THREAD)
                .build();
            let runtime = match built {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(error))),
            };
            // Whoever started the thread waits for this.
            let _ = tell.send(Ok(runtime.handle().clone()));
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        };
        let spawned = thread::Builder::new().name(THREAD.to_owned()).spawn(run);
        let unstarted = |error| Error::because(ErrorKind::Retryable, "no_runtime", error);
        spawned.map_err(unstarted)?;
        let handle = told.recv().map_err(|_| Error::lost())?.map_err(unstarted)?;
        Ok(Worker { handle, _end: end })
    }

    /// The runtime, for code on a thread of its own that waits for requests.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs async work to its end, whether or not anybody waits for it.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Task<T> {
        Task(self.handle.spawn(work))
    }

    /// Runs work that waits for locks and disks to its end, on a thread that is made for that.
    pub(super) fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Task<T> {
        Task(self.handle.spawn_blocking(work))
    }
}

/// Work that goes on whether or not this is awaited.
pub(super) struct Task<T>(JoinHandle<Result<T>>);

impl<T> Task<T> {
    /// The outcome.
    pub(super) async fn outcome(self) -> Result<T> {
        self.0.await.map_err(|_| Error::lost())?
    }
}
