//! What must hold is said in `oracle/answer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::answer::holds(data));
