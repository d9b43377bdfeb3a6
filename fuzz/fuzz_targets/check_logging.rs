//! Fuzz target of `nutkin_any_bytes::check_logging`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nutkin_any_bytes::check_logging(data));
