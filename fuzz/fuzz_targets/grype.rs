//! Grype's JSON.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::Grype];

const SKELETONS: &[&str] = &[
    r#"{"descriptor":{"name":"grype"},"matches":[…]}"#,
    r#"{"descriptor":{"name":"grype"},"matches":[],"ignoredMatches":[…]}"#,
    r#"{"descriptor":{"name":"grype"},"matches":[],"source":…}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
