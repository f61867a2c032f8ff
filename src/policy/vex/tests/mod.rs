//! From a document's bytes to what follows for a finding.

mod conflicts;
mod damage;
mod matching;
mod reading;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::model::report::TargetSummary;
use crate::model::{Distro, Finding, Justification, VexStatus};

const MANIFEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const REFERENCE: &str = "registry.example.com/team/trainer:2.4.0";

fn target(reference: &str) -> TargetSummary {
    TargetSummary {
        reference: reference.to_owned(),
        config_digest: None,
        manifest_digest: Some(MANIFEST.to_owned()),
        repo_digests: Vec::new(),
        platform: Some("linux/amd64".to_owned()),
        distro: Some(Distro {
            family: "debian".to_owned(),
            version: "12.5".to_owned(),
            end_of_life: false,
        }),
    }
}

fn product() -> Product {
    Product::new(&target(REFERENCE), &[])
}

/// The moment that is decided for.
fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().unwrap()
}

/// A finding on installed packages: name, version and package URL of each.
fn finding(ecosystem: &str, group: &str, instances: &[(&str, &str, Option<&str>)]) -> Finding {
    let instances: Vec<Value> = instances
        .iter()
        .map(|(name, version, purl)| {
            json!({
                "name": name, "version": version, "purl": purl, "architecture": "amd64",
                "source": (ecosystem == "deb").then(|| json!({"name": group})),
                "scanners": ["trivy"],
            })
        })
        .collect();
    serde_json::from_value(json!({
        "key": "k",
        "vulnerability": {
            "id": "CVE-2024-5535", "aliases": ["GHSA-4fc7-mvrr-wv2c"],
            "state": "active", "known_exploited": false,
        },
        "package": {"ecosystem": ecosystem, "name": group},
        "instances": instances,
        "severity": {
            "level": "high", "rule": "vendor", "lowest": "high", "highest": "high",
            "disputed": false,
        },
        "ratings": [], "fix": {"state": "unknown"}, "observations": [], "verdicts": {},
    }))
    .unwrap()
}

const LIBSSL: &str = "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12.5";
const OPENSSL: &str = "pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=amd64&distro=debian-12.5";

/// CVE-2024-5535 in the two packages built from openssl.
fn openssl() -> Finding {
    finding(
        "deb",
        "openssl",
        &[
            ("libssl3", "3.0.15-1~deb12u1", Some(LIBSSL)),
            ("openssl", "3.0.15-1~deb12u1", Some(OPENSSL)),
        ],
    )
}

/// An OpenVEX document of these statements.
fn openvex(statements: &Value) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.invalid/vex/1",
        "author": "Example Security", "timestamp": "2026-01-02T03:04:05Z", "version": 1,
        "statements": statements,
    })
}

/// A statement that justifies `not_affected` for products.
fn harmless(products: &Value) -> Value {
    json!({
        "vulnerability": {"name": "CVE-2024-5535"}, "products": products,
        "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
    })
}

fn parsed(name: &str, document: &Value) -> VexDocument {
    read(document.to_string().as_bytes(), name).unwrap_or_else(|error| panic!("{error}"))
}

/// The statement of a document that has one.
fn only(document: &Value) -> Statement {
    let mut document = parsed("a.json", document);
    assert_eq!(document.statements.len(), 1, "{:#?}", document.diagnostics);
    document.statements.remove(0)
}

/// The messages of a document, each with its pointer.
fn messages(document: &Value) -> Vec<String> {
    parsed("a.json", document)
        .diagnostics
        .iter()
        .map(|d| {
            assert_eq!(d.origin, "a.json");
            format!("{} {}", d.pointer.as_deref().unwrap_or(""), d.message)
        })
        .collect()
}

/// Which instances documents take out of account.
fn ignored(documents: &[&Value], finding: &Finding) -> Vec<bool> {
    let documents = documents
        .iter()
        .enumerate()
        .map(|(index, document)| parsed(&format!("{index}.json"), document))
        .collect();
    let statements = Statements::new(documents, &product(), now());
    statements.on(finding).ignored().collect()
}

fn matches(products: &Value, finding: &Finding) -> Vec<bool> {
    ignored(&[&openvex(&json!([harmless(products)]))], finding)
}
