//! What a flow means: the file format, the machine that runs it, and the checks that prove it.
//!
//! In scope: reading provider and test files, judging them, running a flow as a value that is stepped by events.
//! Out of scope: everything that touches the world. This crate has no clock, no environment, no files, no sockets and no
//! generator of random numbers; time and randomness are arguments.

pub mod access;
pub mod check;
pub mod condition;
pub mod diagnostic;
pub mod graph;
pub mod label;
pub mod load;
pub mod machine;
pub mod origin;
pub mod parse;
pub mod pkce;
pub mod provider;
pub mod query;
pub mod raw;
pub mod replay;
pub mod secret;
pub mod simulate;
pub mod source;
pub mod template;
pub mod text;
pub mod time;
