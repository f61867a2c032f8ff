//! Syft's JSON.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::Syft];

const SKELETONS: &[&str] = &[
    r#"{"schema":{"version":"16.0.18"},"artifacts":[…]}"#,
    r#"{"schema":{"version":"16.0.18"},"artifacts":[],"source":…}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
