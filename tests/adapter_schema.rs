//! The JSON Schema of adapter manifests describes the manifests that ship with crosscheck.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::path::Path;

use serde_json::Value;

fn schema() -> jsonschema::Validator {
    let schema = schemars::schema_for!(crosscheck::scanners::Manifest).to_value();
    jsonschema::validator_for(&schema).unwrap()
}

fn manifests() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.display().to_string(),
                serde_yaml::from_str(&text).unwrap(),
            )
        })
        .collect()
}

#[test]
fn every_manifest_is_valid() {
    let schema = schema();
    let manifests = manifests();
    assert!(manifests.len() >= 5);
    for (name, manifest) in manifests {
        let errors: Vec<String> = schema
            .iter_errors(&manifest)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn an_unknown_key_is_not() {
    let schema = schema();
    let (_, mut manifest) = manifests().remove(0);
    manifest
        .as_object_mut()
        .unwrap()
        .insert("colour".to_owned(), Value::Null);
    assert!(!schema.is_valid(&manifest));
}
