//! The async runtime of plain code.

use std::future::Future;
use std::io;

/// An async runtime of this thread. What it still has in hand when it is dropped is left behind: a look-up of a name that no
/// server answers would hold up the end of a run that was cancelled for as long as the system tries.
#[derive(Debug)]
pub struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    /// Starts a runtime.
    ///
    /// # Errors
    ///
    /// Where the system has no descriptors left for one.
    pub fn start() -> io::Result<Runtime> {
        Ok(Runtime(Some(tokio::runtime::Builder::new_current_thread().enable_all().build()?)))
    }

    /// Runs a future to its end.
    ///
    /// # Panics
    ///
    /// Inside an async runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> io::Result<T> {
        // It is there until it is dropped.
        Ok(self.0.as_ref().ok_or(io::ErrorKind::NotConnected)?.block_on(future))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a future to its end on a [`Runtime`] of its own.
///
/// # Errors
///
/// Where the system has no descriptors left for a runtime.
///
/// # Panics
///
/// Inside an async runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Runtime::start()?.block_on(future)
}
