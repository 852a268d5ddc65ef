//! The async runtime of a command, where it needs one.

use std::future::Future;
use std::io;

/// Runs a future to its end on this thread. What it leaves behind, such as a look-up of a name that no server answers, is
/// not waited for.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(outcome)
}
