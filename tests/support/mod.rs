//! What the tests of the whole program share.
//!
//! The server here knows the service from the outside and uses no line of the engine: a mistake that both made together
//! would be no test.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each helper is for those tests that need it")]

pub mod minimax_server;
pub mod page;
pub mod program;
pub mod recorder;
pub mod service;
pub mod started;

pub use minimax_server::MinimaxServer;
pub use program::{Program, Run};
pub use recorder::Recorder;
pub use started::Started;

/// SHA-256 in lower-case hex.
pub fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
