//! The published JSON Schema of policies: current, and of one mind with the reader.

use std::path::Path;

use crosscheck::policy;

fn schema() -> serde_json::Value {
    policy::schema().to_value()
}

#[test]
fn the_published_schemas_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for (name, schema) in [
        ("policy.schema.json", schema()),
        (
            "policy-cases.schema.json",
            policy::cases_schema().to_value(),
        ),
    ] {
        let file = folder.join(name);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            published == text,
            "schemas/{name} is out of date; run `UPDATE_SCHEMAS=1 cargo test --test policy_schema`"
        );
    }
}

#[test]
fn the_examples_meet_their_schemas_and_resolve_to_valid_policies() {
    let cases = jsonschema::validator_for(&policy::cases_schema().to_value()).unwrap();
    let policies = jsonschema::validator_for(&schema()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("examples/policies")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path());
    let mut checked = 0;
    for path in examples.chain([root.join("policy.yaml")]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let document: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let is_cases = path.to_string_lossy().ends_with(".test.yaml");
        let validator = if is_cases { &cases } else { &policies };
        if !is_cases {
            let policy = policy::parse(&text, "p.yaml").unwrap();
            for profile in policy.profiles() {
                let resolved = policy.resolve(Some(profile)).unwrap();
                let yaml = resolved.to_yaml().unwrap();
                let again = policy::parse(&yaml, "resolved.yaml")
                    .unwrap_or_else(|errors| panic!("{}: {profile}: {errors}", path.display()));
                let again = again.resolve(None).unwrap();
                assert_eq!(again.to_document(), resolved.to_document());
            }
        }
        let cases = document;
        let errors: Vec<String> = validator
            .iter_errors(&cases)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        checked += 1;
    }
    assert!(checked >= 11, "{checked}");
}

/// Policies, and whether they are right. The schema and the reader must agree on each.
const POLICIES: &[(bool, &str)] = &[
    (true, "version: 1"),
    (
        true,
        "version: 1\nscanners: {required: [trivy], quorum: 2, max-database-age: 7d}",
    ),
    (true, "version: 1\nseverity: {resolve: majority}"),
    (true, "version: 1\nseverity: {resolve: [trivy, grype]}"),
    (
        true,
        "version: 1\nprofiles: {a: {extends: research, description: d, severity: {high: {fixable: block}, low: warn}, scanners: {quorum: 1}}}",
    ),
    (
        true,
        "version: 1\nignore: [{id: CVE-2024-6345, package: a, purl: 'pkg:a/b', path: /a, version: '1', ecosystem: deb, reason: r, owner: o, created: 2026-01-01, expires: 2026-02-01, until-fixed: true, acknowledge-broad: false}]",
    ),
    (
        true,
        "version: 1\nprofile-for: [{image: 'a/*', profile: production}]\nprofiles: {p: {extends: production, rules: [{name: a, when: {severity: [critical, high], fix: none, known-exploited: true, epss-at-least: 0.5, cvss-at-least: 9, agreement: {at-least: 2}, state: disputed, id: CVE-2024-1, package: a, purl: 'pkg:a/b', path: /a, version: '<2', ecosystem: deb, layer: base}, then: block, no-grace: true}], grace: {from: first-sight, critical: 2d}, unchecked: acknowledge}}",
    ),
    (
        true,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {severity: low, agreement: {fewer-than: majority}}, then: warn}]}}",
    ),
    (
        true,
        "version: 1\nrule-sets: {s: {argument: a, justification: component_not_present, unless-installed: [linux-image-*], ignore: [{package: a}], label: {name: l, for: [{state: rejected}]}}}\nuse-rule-sets: [{name: s, owner: o, created: 2026-01-01, expires: 2026-02-01}]",
    ),
    (
        true,
        "version: 1\nacknowledge-unchecked: [{package: a, ecosystem: deb, reason: r, owner: o, expires: 2026-01-01}]\nvex: [a.json]\nenrichment: {kev: {url: 'https://a.example/k', max-age: 7d, required: true}, epss: {file: e.csv}}\ncuda: {host-drivers: ['580.178.04'], host-drivers-from: n.json, bulletins: b.yaml}",
    ),
    (false, "{}"),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {}, then: block}]}}",
    ),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {severity: hihg}, then: block}]}}",
    ),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {severity: []}, then: block}]}}",
    ),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {epss-at-least: 2}, then: block}]}}",
    ),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, rules: [{name: a, when: {agreement: {at-least: 0}}, then: block}]}}",
    ),
    (
        false,
        "version: 1\nprofiles: {p: {extends: production, grace: {critical: 2}}}",
    ),
    (
        false,
        "version: 1\nrule-sets: {s: {argument: a, ignore: [{}]}}",
    ),
    (
        false,
        "version: 1\nacknowledge-unchecked: [{package: a, reason: r, owner: o}]",
    ),
    (false, "version: 2"),
    (false, "version: 1\nprofile: {}"),
    (false, "version: 1\nscanners: {quorum: 0}"),
    (false, "version: 1\nscanners: {max-database-age: 7 days}"),
    (false, "version: 1\nscanners: {max-database-age: 0d}"),
    (false, "version: 1\nscanners: {requires: [trivy]}"),
    (false, "version: 1\nseverity: {resolve: best}"),
    (false, "version: 1\nseverity: {resolve: []}"),
    (false, "version: 1\nseverity: {}"),
    (
        false,
        "version: 1\nprofiles: {a: {extends: research, severity: {high: ignore}}}",
    ),
    (
        false,
        "version: 1\nprofiles: {a: {extends: research, severity: {high: {fixed: block}}}}",
    ),
    (
        false,
        "version: 1\nprofiles: {a: {extends: research, severity: {high: {}}}}",
    ),
    (
        false,
        "version: 1\nprofiles: {a: {extends: research, severity: {severe: block}}}",
    ),
    (
        false,
        "version: 1\nignore: [{id: CVE-2024-6345, owner: o, until-fixed: true}]",
    ),
    (
        false,
        "version: 1\nignore: [{id: CVE-2024-6345, reason: r, until-fixed: true}]",
    ),
    (
        false,
        "version: 1\nignore: [{reason: r, owner: o, until-fixed: true}]",
    ),
    (
        false,
        "version: 1\nignore: [{id: CVE-2024-6345, reason: r, owner: o, expires: soon}]",
    ),
    (
        false,
        "version: 1\nignore: [{id: CVE-2024-6345, reason: r, owner: o, until-fixed: 'yes'}]",
    ),
    (
        false,
        "version: 1\nignore: [{id: CVE-2024-6345, reason: r, owner: o, until-fixed: true, paths: /a}]",
    ),
];

#[test]
fn the_schema_and_the_reader_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let built_in = (true, policy::Policy::built_in_text());
    for (right, text) in POLICIES.iter().chain([&built_in]) {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
        assert_eq!(validator.is_valid(&value), *right, "schema: {text}");
        assert_eq!(
            policy::parse(text, "p.yaml").is_ok(),
            *right,
            "reader: {text}"
        );
    }
}

#[test]
fn the_schema_describes_every_key() {
    let text = schema().to_string();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut bare = Vec::new();
    let mut visit = vec![(String::new(), &value)];
    while let Some((path, node)) = visit.pop() {
        if let Some(properties) = node.get("properties").and_then(|p| p.as_object()) {
            for (key, property) in properties {
                if property.get("description").is_none() {
                    bare.push(format!("{path}/{key}"));
                }
            }
        }
        if let Some(object) = node.as_object() {
            visit.extend(
                object
                    .iter()
                    .map(|(key, node)| (format!("{path}/{key}"), node)),
            );
        }
    }
    assert!(bare.is_empty(), "without description: {bare:?}");
}
