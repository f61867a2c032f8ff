//! VEX documents: OpenVEX, CycloneDX, CSAF.

#![no_main]

use libfuzzer_sys::fuzz_target;

const SKELETONS: &[&str] = &[
    r#"{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-01-01T00:00:00Z","statements":[…]}"#,
    r#"{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"CVE-2020-1000","status":"fixed","products":[…]}]}"#,
    r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"bom-ref":"a","purl":"pkg:npm/a@1"}],"vulnerabilities":[…]}"#,
    r#"{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-2020-1000","analysis":{"state":"resolved"},"affects":[…]}]}"#,
    r#"{"document":{"csaf_version":"2.0"},"product_tree":{"full_product_names":[{"name":"a","product_id":"A"}]},"vulnerabilities":[…]}"#,
    r#"{"document":{"csaf_version":"2.0"},"product_tree":{…},"vulnerabilities":[{"cve":"CVE-2020-1000","product_status":{"fixed":["A","B"]}}]}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_vex(SKELETONS, bytes));
