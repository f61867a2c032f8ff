//! OSV-Scanner's JSON.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::OsvScanner];

const SKELETONS: &[&str] = &[
    r#"{"results":[{"source":{"path":"x","type":"os"},"packages":[…]}]}"#,
    r#"{"results":[{"packages":[{"package":{"name":"a","version":"1","ecosystem":"npm"},"vulnerabilities":[…]}]}]}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
