//! SARIF of the tools whose prose is read, and of any other.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::Sarif];

const SKELETONS: &[&str] = &[
    r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy","rules":[]}},"results":[…]}]}"#,
    r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Grype","rules":[…]}},"results":[{"ruleId":"CVE-2020-1000-tar","ruleIndex":0}]}]}"#,
    r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Snyk Container","rules":[…]}},"results":[{"ruleId":"SNYK-DEBIAN12-TAR-1"}]}]}"#,
    r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"docker scout","rules":[]}},"results":[…]}]}"#,
    r#"{"version":"2.1.0","runs":[…]}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
