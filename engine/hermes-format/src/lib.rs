//! What a provider file says: its text, read and judged, becomes a [`provider::Provider`] that knows where each of its parts
//! was written.
//!
//! In scope: source texts and diagnostics, TOML and YAML, templates, JSONPath, conditions and their solver, the raw and the
//! lowered model, origins, and which values are secret. Out of scope: running a flow (`hermes-machine`) and everything that
//! touches the world: this crate has no clock, no environment, no files, no sockets and no generator of random numbers.
//!
//! An implementation crate of `hermes-engine`: same version, no promise of its own.

pub mod condition;
pub mod diagnostic;
pub mod label;
pub mod load;
pub mod origin;
pub mod parse;
pub mod provider;
pub mod query;
pub mod raw;
pub mod secret;
pub mod source;
pub mod template;
pub mod text;
pub mod time;
