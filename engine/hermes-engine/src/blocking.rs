//! The library for plain code, without an async runtime.
//!
//! ```no_run
//! use hermes_engine::blocking;
//! use hermes_engine::Engine;
//!
//! let engine = blocking::wait(Engine::open())?;
//! let access = blocking::wait(engine.account("acme")?.access())?;
//! println!("{}", access.token().expose_secret());
//! # Ok::<(), hermes_engine::Error>(())
//! ```

use std::future::IntoFuture;

/// Waits on this thread for anything that the library gives to await.
///
/// The work itself is done on the engine's own thread, so this needs no runtime, and blocks no runtime but the one whose
/// thread it is called on.
pub fn wait<T>(work: impl IntoFuture<Output = T>) -> T {
    pollster::block_on(work.into_future())
}
