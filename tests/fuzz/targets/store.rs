//! What must hold is said in `oracle/store.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::store::holds(data));
