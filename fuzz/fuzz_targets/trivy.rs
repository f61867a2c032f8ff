//! Trivy's JSON in all its layouts.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[
    Format::Trivy,
    Format::TrivyLegacy,
    Format::TrivyKubernetes,
    Format::TrivyOperator,
];

const SKELETONS: &[&str] = &[
    r#"{"SchemaVersion":2,"Results":[{"Class":"os-pkgs","Type":"debian","Vulnerabilities":[…]}]}"#,
    r#"{"SchemaVersion":2,"Results":[{"Type":"npm","Packages":[…]}]}"#,
    r#"{"SchemaVersion":2,"Metadata":…}"#,
    r#"[{"Target":"x","Type":"alpine","Vulnerabilities":[…]}]"#,
    r#"{"ClusterName":"x","Resources":[{"Results":[{"Vulnerabilities":[…]}]}]}"#,
    r#"{"kind":"VulnerabilityReport","report":{"vulnerabilities":[…]}}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
