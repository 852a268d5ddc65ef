//! Credentials of AI providers: logged in by declarative flows, kept fresh, handed out when they are needed.
//!
//! An agent asks for [`Access`] before each request, and reports what a server refused:
//!
//! ```no_run
//! # async fn agent(http: reqwest::Client, body: serde_json::Value) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use hermes_engine::{Engine, Rejection};
//!
//! let engine  = Engine::open().await?;                 // ~/.hermes, the built-in providers, the file store
//! let account = engine.account("acme")?;               // an id or an alias; `.labelled("work")` for one of several
//! let access  = account.access().min_ttl(Duration::from_secs(600)).await?;
//! let reply   = http.post(access.url("v1/messages")?).headers(access.headers()).json(&body).send().await?;
//! if reply.status() == 401 {
//!     account.reject(&access, Rejection::status(401)).await?;   // the next access() is another token
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A login needs a user, which is whatever implements [`Ui`]: `account.login(MyUi).await?`.
//!
//! - **Any runtime.** Futures only wait; the work is done on one thread of the engine's own. Several runtimes, or none but
//!   a `block_on`, can share one [`Engine`].
//! - **Dropping a future cancels it**, and loses nothing: a request that may have spent a refresh token is brought to its
//!   end and stored. [`Engine::settle`] waits for that.
//! - **One renewal** for any number of callers in a process, and for any number of processes on a home.
//! - **No signal is caught**, and `./providers.d` is not read.

#[cfg(windows)]
compile_error!(
    "hermes-engine runs on Linux and macOS; Windows is not supported: its store relies on flock, file modes and atomic replacement"
);

pub mod blocking;
pub mod browser;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod core_file;
pub mod credential;
pub mod driver;
mod engine;
pub mod entropy;
#[cfg(test)]
mod fake;
pub mod home;
pub mod http;
pub mod input;
pub mod keep;
pub mod listener;
pub mod models;
pub mod own_file;
pub mod process;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
pub mod simulate;
pub mod store;
#[cfg(feature = "tower")]
pub mod tower;
pub mod trust;

pub use engine::{
    Access, AccessRequest, Account, AccountState, AccountStatus, BoxFuture, Engine, EngineBuilder, Error,
    ErrorKind, LoginRequest, Page, Progress, ProviderInfo, Question, Rejection, Result, Ui,
};
pub use hermes_format::secret::Secret;
