//! What must hold is said in `oracle/file.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::file::holds(data));
