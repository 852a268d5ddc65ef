//! What must hold is said in `oracle/paste.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::paste::holds(data));
