//! What must hold is said in `oracle/callback.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::callback::holds(data));
