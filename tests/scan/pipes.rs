//! Readers that go away, and disks that are full.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::bench::{Bench, finish};
use crate::common::{IMAGE, OPENSSL, Row, trivy};

/// Far more output than a pipe holds (64 KiB on Linux).
fn many_findings(bench: &Bench) {
    let ids: Vec<String> = (0..1000)
        .map(|n| format!("CVE-2024-{}", 10_000 + n))
        .collect();
    let rows: Vec<Row<'_>> = ids.iter().map(|id| Row { id, ..OPENSSL }).collect();
    bench.write("trivy.json", &trivy("shop:1.0", IMAGE, &rows).to_string());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new();
    many_findings(&bench);
    for (arguments, code) in [
        (&["merge", "trivy.json", "--format", "json"][..], 1),
        (&["merge", "trivy.json", "--all"], 1),
        (&["schema", "report"], 0),
    ] {
        let mut child = bench
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // As `| head -1`: the pipe is closed after one line.
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{arguments:?}");
        drop(reader);
        let status = child.wait().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(said, "", "{arguments:?}");
        assert_eq!(
            status.code(),
            Some(code),
            "the verdict, whoever listens: {arguments:?}"
        );
    }
}

#[test]
fn progress_that_nobody_reads_stops_no_scan() {
    let bench = Bench::new();
    let mut child = bench
        .scan_command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut report = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut report)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(report.starts_with("BLOCKED"), "{report}");
}

#[test]
fn a_report_that_cannot_be_written_is_never_a_success() {
    let bench = Bench::new();
    bench.write(
        "trivy.json",
        &trivy("shop:1.0", IMAGE, &[OPENSSL]).to_string(),
    );
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = bench.command(&["merge", "trivy.json", "--profile", "research"]);
    let run = finish(command.stdout(full));
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr.contains("cannot write to standard output"),
        "{run:#?}"
    );
}
