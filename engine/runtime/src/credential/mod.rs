//! Credentials in use: whether one is fresh, what its state is, and how it is renewed without ever being lost.
//!
//! [`token`] on a fresh credential reads one file and computes; only a renewal builds an async runtime and a client. It
//! builds its own, so call it from plain code, or from `spawn_blocking`, never from inside a runtime.

mod login;
mod status;
mod token;

pub use login::{Login, remove, save_login};
pub use status::{Standing, Status, status};
pub use token::{Credential, Error, Request, Source, token};

use indexmap::IndexMap;
use std::collections::BTreeSet;

/// The values of a provider's inputs, as `--set`, sources, the kept values and defaults gave them.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The values by name.
    pub values: IndexMap<String, String>,
    /// Which of them a source (environment, file, command) gave: these are never stored.
    pub from_sources: BTreeSet<String>,
}
