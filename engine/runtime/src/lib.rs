//! What a flow does: HTTP, listener, browser, store, catalogue. The library that a Rust agent depends on.

pub mod catalog;
pub mod config;
pub mod driver;
pub mod http;

pub use hermes_engine_core as core;
