//! The writers, from a whole report to bytes.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod compact;
mod comparison;
mod comparison_sample;
mod cosign;
mod csv;
mod cyclonedx;
mod defectdojo;
mod gitlab;
mod hostile;
mod html;
mod json;
mod junit;
mod markdown;
mod openvex;
mod prometheus;
mod sample;
mod sarif;
mod scanners;
mod schemas;
mod table;
mod vulns;

use std::path::Path;

use assert_cmd::Command;
use crosscheck::model::report::Report;
use crosscheck::report::{Format, Options, ReportFile, write};
use serde_json::Value;

/// What a writer writes, as text.
fn render(format: Format, report: &Report, options: &Options) -> String {
    let mut bytes = Vec::new();
    write(format, report, options, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A JSON report that was written beside the one looked at.
fn json_file(path: &str) -> ReportFile {
    ReportFile {
        format: Format::JSON,
        path: path.to_owned(),
    }
}

/// What the program writes of the bundled example in one format.
fn example(format: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::cargo_bin("crosscheck")
        .unwrap()
        .current_dir(root)
        .args(["report", "examples/runs/pytorch-cuda", "--color", "never"])
        .args(["--format", format])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A document without most members of its long lists: short enough to be read in a snapshot.
#[allow(dead_code, reason = "some formats are not JSON")]
fn excerpt(document: &Value) -> Value {
    const SHOWN: usize = 3;
    match document {
        Value::Array(items) => {
            let mut shown: Vec<Value> = items.iter().take(SHOWN).map(excerpt).collect();
            if items.len() > SHOWN {
                shown.push(format!("... and {} more", items.len() - SHOWN).into());
            }
            shown.into()
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), excerpt(member)))
            .collect(),
        other => other.clone(),
    }
}
