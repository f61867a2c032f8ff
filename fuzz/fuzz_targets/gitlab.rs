//! GitLab container scanning reports.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::GitLab];

const SKELETONS: &[&str] = &[
    r#"{"version":"15.0.6","scan":{},"vulnerabilities":[…]}"#,
    r#"{"version":"15.0.6","scan":…,"vulnerabilities":[]}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
