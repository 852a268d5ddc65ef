//! What must hold for arbitrary input, one room a module: each has `holds(data)`, which panics where it does not.
//!
//! The fuzz targets under `tests/fuzz/targets/` call it with what libFuzzer makes up, `cargo test` with the corpus that
//! came of it.

pub mod allowance;
pub mod answer;
pub mod callback;
pub mod file;
pub mod paste;
pub mod scene;
pub mod store;
pub mod template;
