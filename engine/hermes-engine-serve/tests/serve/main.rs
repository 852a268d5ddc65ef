//! The proxy as its clients and servers see it: bytes on plain sockets on both sides.
#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

#[path = "../../../hermes-engine/tests/engine/server.rs"]
mod authority;
mod credential;
mod fault;
mod gate;
mod operation;
mod scene;
mod stream;
mod upstream;
