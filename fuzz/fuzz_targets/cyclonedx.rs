//! CycloneDX JSON.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::CycloneDx];

const SKELETONS: &[&str] = &[
    r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[…]}"#,
    r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","bom-ref":"a","name":"a","version":"1","purl":"pkg:npm/a@1"}],"vulnerabilities":[…]}"#,
    r#"{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":…}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
