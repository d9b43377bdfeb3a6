//! Fuzz target of `nutkin_any_bytes::check_configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nutkin_any_bytes::check_configuration(data));
