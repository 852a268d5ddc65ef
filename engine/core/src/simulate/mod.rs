//! An authorization server for any provider file, made from the file alone.
//!
//! It knows the file's requests and rules, so it can answer each request in a way that takes any wanted rule; and it
//! checks what a real server would: PKCE, `state`, `redirect_uri`, literal fields, single use of codes and refresh tokens.
//! It is pure: time and randomness are arguments, and it has no socket. What looks like a secret here is invented, and
//! says so in its first letters.

mod scenario;
mod wire;

use indexmap::IndexMap;

pub use scenario::{Scenario, UnknownScenario};
pub use wire::{Asked, Exchange, Reply};

use crate::machine::Entropy;
use crate::provider::Shared;
use crate::time::UnixMs;

/// A simulated authorization server.
pub struct Server {
    provider: Shared,
    scenario: Scenario,
    inputs: IndexMap<String, String>,
}

impl Server {
    /// A server for a provider that behaves as the scenario says.
    pub fn new(provider: Shared, scenario: Scenario) -> Server {
        Server { provider, scenario, inputs: IndexMap::new() }
    }

    /// Tells the values of inputs, where hosts depend on them.
    pub fn with_inputs(mut self, inputs: IndexMap<String, String>) -> Server {
        self.inputs = inputs;
        self
    }

    /// What the server does.
    pub fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// The hosts that the server stands in for: all that the file's URLs and `hosts` name, in any region.
    pub fn hosts(&self) -> Vec<String> {
        let _ = (&self.provider, &self.inputs);
        unimplemented!()
    }

    /// Answers a request, and says what happened.
    pub fn answer(&mut self, asked: &Asked, now: UnixMs, entropy: &mut dyn Entropy) -> (Reply, Exchange) {
        let _ = (asked, now, entropy);
        unimplemented!()
    }
}
