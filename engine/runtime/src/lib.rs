//! What a flow does: HTTP, listener, browser, store, catalogue. The library that a Rust agent depends on.

pub mod browser;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod core_file;
pub mod credential;
pub mod driver;
pub mod entropy;
#[cfg(test)]
mod fake;
pub mod home;
pub mod http;
pub mod input;
pub mod keep;
pub mod listener;
pub mod models;
pub mod own_file;
pub mod simulate;
pub mod store;
pub mod trust;

pub use hermes_engine_core as core;
