//! Fuzz target of `nutkin_any_bytes::adoption`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nutkin_any_bytes::adoption(data));
