//! Reports that crosscheck wrote, and what `compare` and `diff` make of altered ones.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_written(bytes));
