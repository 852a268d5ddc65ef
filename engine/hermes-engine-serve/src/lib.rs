//! A proxy on loopback that adds the credential to each request, so that its clients never hold one.
//!
//! A client that reads a token at its start dies when the token does; one that is told a base URL and a key of this proxy
//! goes on, whatever becomes of the token: it is renewed ahead of its end and when a server refuses it.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use hermes_engine::Engine;
//! use hermes_engine_serve::{Keys, Listener, Scope, Server};
//!
//! let mut keys = Keys::in_memory();
//! let key = keys.add("agent", Scope::provider("acme"))?;
//! let listener = Listener::bind("127.0.0.1:0").await?;
//! let base_url = format!("{}/acme", listener.url());
//! // Give `base_url` and `key` to the client.
//! let server = Server::builder(Engine::open().await?, keys).build()?;
//! server.run(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The path of a request is `/{account}/{rest}`: the account is the id or an alias of a provider, or `id:label`; the rest
//! is appended to the base URL of the provider's file. Nothing else decides where a credential goes.
//!
//! - **Bodies stream** both ways with backpressure. Up to 1 MiB of a request is held for one repetition.
//! - **401** (and 403, where the token can be renewed) renews that token once and repeats the request.
//! - **402 and 429** let another account of the provider go on, if there is one.
//! - **Own errors** have the shape that the client's protocol parses.

mod body;
mod exchange;
mod forward;
mod gate;
mod header;
mod key;
mod limit;
mod listener;
mod log;
mod metrics;
mod path;
mod protocol;
mod refusal;
mod server;
mod supervisor;
mod upgrade;
mod upstream;

pub use key::{Key, KeyError, Keys, Scope};
pub use limit::raise_descriptor_limit;
pub use listener::Listener;
pub use log::AccessLog;
pub use server::{Server, ServerBuilder};
pub use supervisor::notify;
