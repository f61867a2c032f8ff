//! The JSON report and its schema.

use std::path::Path;

use crosscheck::model::report::Report;
use crosscheck::report::{
    Format, Options, changes_schema, comparison_schema, escape, explanation_schema, schema,
};
use serde_json::Value;

use crate::{render, sample};

fn json(report: &Report) -> String {
    render(Format::JSON, report, &Options::default())
}

#[test]
fn json_reads_back_as_the_same_report() {
    for report in [sample::report(), sample::passing()] {
        let text = json(&report);
        assert!(text.ends_with("}\n"));
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        assert_eq!(json(&report), text);
    }
}

#[test]
fn json_cannot_harm_a_terminal_and_loses_nothing() {
    let hostile = "\u{1b}[2J \u{9b}31m \u{202e}abc\u{2066} \u{200b}\u{feff} \u{7f} \u{e0041} \"\\";
    let mut report = sample::report();
    hostile.clone_into(&mut report.target.reference);
    report.summary.by_severity.insert(hostile.to_owned(), 1);
    let text = json(&report);
    let escaped = |c: char| c != '\n' && escape::is_unsafe(c);
    assert!(!text.contains(escaped), "{text}");
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn the_checked_in_schemas_are_current() {
    for (name, schema) in [
        ("report", schema()),
        ("explanation", explanation_schema()),
        ("comparison", comparison_schema()),
        ("diff", changes_schema()),
    ] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap();
        assert!(
            checked_in == schema,
            "schemas/{name}.schema.json is out of date: run UPDATE_SCHEMAS=1 cargo test --test report"
        );
    }
}

#[test]
fn reports_are_valid_against_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [sample::report(), sample::passing()] {
        let document: Value = serde_json::from_str(&json(&report)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");

        // The schema is no rubber stamp: a missing member and a wrong word are both refused.
        for spoil in [
            |document: &mut Value| {
                document.as_object_mut().unwrap().remove("verdict");
            },
            |document: &mut Value| document["verdict"]["outcome"] = "fine".into(),
            |document: &mut Value| document["scanners"][0]["status"] = "asleep".into(),
        ] {
            let mut spoilt = document.clone();
            spoil(&mut spoilt);
            assert!(!validator.is_valid(&spoilt));
        }
    }
}
