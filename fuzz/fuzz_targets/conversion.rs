//! Fuzz target of `nutkin_any_bytes::conversion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nutkin_any_bytes::conversion(data));
