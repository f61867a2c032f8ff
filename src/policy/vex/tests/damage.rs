//! Damaged documents: whatever happens to a file, the reader gives a document or an error.

use proptest::prelude::*;

use super::*;

const OPENVEX: &str = r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{"vulnerability":{"name":"CVE-2024-5535","aliases":["GHSA-4fc7-mvrr-wv2c"]},"products":[{"@id":"pkg:oci/trainer@sha256%3Aaaaa?repository_url=a.b/c","hashes":{"sha-256":"aa"},"subcomponents":[{"@id":"pkg:deb/debian/libssl3@3"}]}],"status":"not_affected","justification":"component_not_present"},{"vulnerability":"CVE-2024-5535","products":["a.b/c:1"],"subcomponents":["pkg:npm/a"],"status":"fixed"}]}"#;

const CYCLONEDX: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-01T00:00:00Z","component":{"bom-ref":"i","type":"container","name":"a.b/c","version":"1"}},"components":[{"bom-ref":"s","purl":"pkg:deb/debian/libssl3@3","components":[]}],"vulnerabilities":[{"id":"CVE-2024-5535","analysis":{"state":"not_affected","detail":"d"},"affects":[{"ref":"s","versions":[{"range":"vers:deb/>=1|<4"},{"version":"3"}]},{"ref":"urn:cdx:a/1#s"}]}]}"#;

const CSAF: &str = r#"{"document":{"csaf_version":"2.0","tracking":{"current_release_date":"2026-01-01T00:00:00Z"}},"product_tree":{"branches":[{"category":"product_version","name":"3","product":{"name":"n","product_id":"S","product_identification_helper":{"purl":"pkg:deb/debian/libssl3"}}}],"full_product_names":[{"name":"a.b/c:1","product_id":"I"}],"product_groups":[{"group_id":"G","product_ids":["S","I"]}],"relationships":[{"category":"installed_on","product_reference":"S","relates_to_product_reference":"I","full_product_name":{"name":"x","product_id":"R"}},{"category":"installed_on","product_reference":"R","relates_to_product_reference":"R","full_product_name":{"name":"x","product_id":"R2"}}]},"vulnerabilities":[{"cve":"CVE-2024-5535","product_status":{"known_not_affected":["R","S"],"fixed":["R2"]},"flags":[{"label":"component_not_present","group_ids":["G"]}],"threats":[{"category":"impact","details":"d"}]}]}"#;

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let original = prop::sample::select(vec![OPENVEX, CYCLONEDX, CSAF]);
    let edit = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>());
    (original, prop::collection::vec(edit, 1..6)).prop_map(|(original, edits)| {
        let mut bytes = original.as_bytes().to_vec();
        for (place, kind, byte) in edits {
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, br#"{}[]",:0n"#[usize::from(byte) % 9]),
                2 => bytes.truncate(bytes.len().saturating_sub(at % 40).max(1)),
                _ => {
                    let end = (at + usize::from(byte % 16)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        bytes
    })
}

/// What every document owes its caller.
fn check(document: &VexDocument) {
    for statement in &document.statements {
        assert!(!statement.ids.is_empty() && !statement.products.is_empty());
        assert!(statement.pointer.starts_with('/'));
    }
    assert!(document.diagnostics.len() >= document.skipped);
    let statements = Statements::new(vec![document.clone()], &product(), now());
    assert_eq!(statements.on(&openssl()).rulings.len(), 2);
}

#[test]
fn the_originals_are_whole() {
    for (text, expected) in [(OPENVEX, 2), (CYCLONEDX, 1), (CSAF, 3)] {
        let document = read(text.as_bytes(), "a.json").unwrap();
        assert_eq!(document.statements.len(), expected, "{document:#?}");
        assert_eq!(document.skipped, 0, "{document:#?}");
        check(&document);
        for end in 0..text.len() {
            assert!(
                read(&text.as_bytes()[..end], "a.json").is_err(),
                "cut at {end}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damage_gives_a_document_or_an_error(bytes in damaged()) {
        match read(&bytes, "a.json") {
            Ok(document) => check(&document),
            Err(error) => prop_assert!(error.to_string().starts_with("a.json")),
        }
    }
}
