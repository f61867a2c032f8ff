use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::image::{ImageIdentity, SourceKind};
use crate::model::{Capabilities, ScannerId};

fn target() -> TargetRecord {
    TargetRecord {
        reference: "alpine:3.19".to_owned(),
        source: SourceKind::Remote,
        requested_platform: None,
        identity: ImageIdentity::default(),
    }
}

fn record(scanners: Vec<ScannerRecord>) -> RunRecord {
    RunRecord::new("2026-03-01T00:00:00Z".to_owned(), target(), scanners)
}

fn scanner(report: Option<FileRecord>) -> ScannerRecord {
    ScannerRecord {
        id: ScannerId::new("trivy"),
        title: "Trivy".to_owned(),
        outcome: Outcome::Completed,
        version: Some("0.69.3".to_owned()),
        database_built: None,
        executables: Vec::new(),
        environment: Vec::new(),
        steps: Vec::new(),
        duration_ms: 5,
        report,
        inventory: None,
        stderr: None,
        capabilities: Capabilities::default(),
    }
}

fn file(path: &str, bytes: &[u8]) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        sha256: sha256(bytes),
        bytes: bytes.len() as u64,
        format: Some("trivy-json".to_owned()),
    }
}

/// A finished bundle with one scanner whose report has this content.
fn bundle(root: &Path, report: &[u8]) -> Bundle {
    let draft = Bundle::create(root).unwrap();
    draft.write("raw/trivy.json", report).unwrap();
    let scanners = vec![scanner(Some(file("raw/trivy.json", report)))];
    draft.finish(record(scanners)).unwrap()
}

#[test]
fn a_record_survives_writing_and_opening() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("out");
    let written = bundle(&root, b"{}");
    let opened = Bundle::open(&root).unwrap();
    assert_eq!(opened.record(), written.record());
    let mode = |name: &str| root.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("run.json")), (0o700, 0o600));
}

#[test]
fn a_run_is_incomplete_until_its_record_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let draft = Bundle::create(dir.path()).unwrap();
    let error = Bundle::open(dir.path()).unwrap_err();
    assert!(matches!(error, BundleError::Incomplete(_)));
    draft.finish(record(Vec::new())).unwrap();
    assert!(Bundle::open(dir.path()).is_ok());
    // Beginning anew takes the old answer away at once.
    Bundle::create(dir.path()).unwrap();
    let error = Bundle::open(dir.path()).unwrap_err();
    assert!(matches!(error, BundleError::Incomplete(_)));
}

#[test]
fn foreign_files_are_left_alone_and_earlier_runs_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("policy.yaml"), "mine").unwrap();
    let error = Bundle::create(dir.path()).unwrap_err().to_string();
    assert!(error.contains("`policy.yaml`"), "{error}");
    assert!(dir.path().join("policy.yaml").exists());

    let run = dir.path().join("run");
    bundle(&run, b"{}").write("report.json", b"{}").unwrap();
    fs::create_dir(run.join(".work-abc")).unwrap();
    Bundle::create(&run)
        .unwrap()
        .finish(record(Vec::new()))
        .unwrap();
    assert!(!run.join("report.json").exists() && !run.join("raw/trivy.json").exists());
    assert!(!run.join(".work-abc").exists());
    fs::write(run.join("notes.txt"), "mine").unwrap();
    let error = Bundle::create(&run).unwrap_err().to_string();
    assert!(error.contains("notes.txt"), "{error}");
    assert!(
        Bundle::open(&run).is_ok(),
        "a refused directory is untouched"
    );
}

#[test]
fn missing_and_altered_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle(dir.path(), b"{}");
    fs::write(dir.path().join("raw/trivy.json"), "{ }").unwrap();
    let error = bundle.runs().unwrap_err().to_string();
    assert!(
        error.contains("raw/trivy.json") && error.contains("altered"),
        "{error}"
    );
    fs::remove_file(dir.path().join("raw/trivy.json")).unwrap();
    let error = Bundle::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("raw/trivy.json"), "{error}");
}

#[test]
fn a_report_that_no_longer_parses_fails_its_scanner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let draft = Bundle::create(dir.path()).unwrap();
    draft.write("raw/trivy.json", b"not json").unwrap();
    let mut other = scanner(None);
    other.id = ScannerId::new("grype");
    other.outcome = Outcome::Failed(Failure {
        kind: FailureKind::Timeout,
        cause: "late".to_owned(),
        remedy: "wait".to_owned(),
    });
    let scanners = vec![scanner(Some(file("raw/trivy.json", b"not json"))), other];
    let runs = draft.finish(record(scanners)).unwrap().runs().unwrap();
    let kinds: Vec<FailureKind> = runs
        .iter()
        .map(|run| match &run.outcome {
            Outcome::Failed(failure) => failure.kind,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [FailureKind::BadReport, FailureKind::Timeout]);
}

#[test]
fn a_forged_record_reaches_no_file_outside() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("run");
    fs::write(dir.path().join("secret"), "x").unwrap();
    for name in ["../secret", "/etc/passwd", "raw/../../secret", ""] {
        let draft = Bundle::create(&root).unwrap();
        draft
            .finish(record(vec![scanner(Some(file(name, b"x")))]))
            .unwrap();
        let error = Bundle::open(&root).unwrap_err();
        assert!(
            matches!(error, BundleError::Outside { .. }),
            "{name}: {error}"
        );
        fs::remove_dir_all(&root).unwrap();
    }
}

#[test]
fn a_later_layout_and_a_broken_record_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), b"{}");
    let path = dir.path().join("run.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace(r#""schema_version": "1""#, r#""schema_version": "2""#),
    )
    .unwrap();
    let error = Bundle::open(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("layout 2") && error.contains("update crosscheck"),
        "{error}"
    );
    fs::write(&path, text.replace(r#""tool""#, r#""added": [1], "tool""#)).unwrap();
    assert!(
        Bundle::open(dir.path()).is_ok(),
        "added fields are passed over"
    );
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let error = Bundle::open(dir.path()).unwrap_err();
    assert!(matches!(error, BundleError::Malformed { .. }), "{error}");
    let error = Bundle::open(&dir.path().join("raw")).unwrap_err();
    assert!(matches!(error, BundleError::NotARun(_)), "{error}");
}
