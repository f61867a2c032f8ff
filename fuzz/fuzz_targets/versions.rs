//! Three versions of one ecosystem, in one text with a line each.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| crosscheck_fuzz::order_versions(text));
