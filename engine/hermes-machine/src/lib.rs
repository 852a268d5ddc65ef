//! What a flow does next, as a value that is stepped by events, and the verdict on the file that describes it.
//!
//! In scope: the machine, PKCE, what a credential gives access to, and every check. Out of scope: everything that touches
//! the world. Time and randomness are arguments.
//!
//! An implementation crate of `hermes-engine`: same version, no promise of its own.

pub mod access;
pub mod check;
pub mod machine;
pub mod pkce;
