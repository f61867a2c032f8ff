//! Docker Scout's SBOM document.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::ScoutSbom];

const SKELETONS: &[&str] = &[
    r#"{"descriptor":{"name":"docker-scout"},"artifacts":[…]}"#,
    r#"{"descriptor":{"name":"docker-scout"},"artifacts":[],"vulnerabilities":[…]}"#,
    r#"{"descriptor":{"name":"docker-scout"},"artifacts":[],"source":…}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
