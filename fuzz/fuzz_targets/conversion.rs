//! Fuzz target of `nutkin_core::any_bytes::conversion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nutkin_core::any_bytes::conversion(data));
