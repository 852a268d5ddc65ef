//! What must hold is said in `oracle/template.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::template::holds(data));
