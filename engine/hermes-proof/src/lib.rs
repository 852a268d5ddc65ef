//! The workshop of provider files: a simulated server for any flow, tests that replay one, and graphs of it.
//!
//! Pure as the crates below it: the sockets of the simulator are the engine's.
//!
//! An implementation crate of `hermes-engine`: same version, no promise of its own.

pub mod graph;
pub mod replay;
pub mod simulate;
