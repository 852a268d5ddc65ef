//! What must hold is said in `oracle/allowance.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::allowance::holds(data));
