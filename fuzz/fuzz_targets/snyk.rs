//! Snyk's JSON: one project, several, an error.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::Snyk];

const SKELETONS: &[&str] = &[
    r#"{"ok":false,"packageManager":"deb","vulnerabilities":[…]}"#,
    r#"{"ok":false,"vulnerabilities":[],"applications":[…]}"#,
    r#"{"ok":false,"vulnerabilities":[],"filtered":…}"#,
    r#"[{"ok":false,"packageManager":"npm","vulnerabilities":[…]}]"#,
    r#"{"ok":false,"error":…}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
