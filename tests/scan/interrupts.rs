//! Ctrl-C, SIGTERM and SIGHUP in the middle of a run.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::bench::{Bench, HANG, HANG_POLITELY};
use crate::common::{OPENSSL, Row, Run};

const ALL: [&str; 3] = ["syft", "snyk", "docker"];

/// How long a scanner may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// A scan in which Trivy gives its result and the others hang, interrupted then. Also gives the time
/// from the first signal to the end.
fn interrupted(bench: &Bench, hang: &str, signals: &[Signal]) -> (Run, Duration) {
    for program in ALL {
        bench.stub(program, hang);
    }
    let running = bench.start(bench.scan_command(&[]), &ALL);
    bench.wait_for(
        |bench| bench.path("out/raw/trivy.json").is_file(),
        "Trivy's report",
    );
    let begin = Instant::now();
    for signal in signals {
        running.signal(*signal);
        // Two of a kind that come together are one for the kernel.
        std::thread::sleep(Duration::from_millis(300));
    }
    let run = running.end();
    (run, begin.elapsed())
}

/// The program says that it was interrupted, and gives no report that could pass for one.
#[track_caller]
fn assert_told(run: &Run) {
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert_eq!(run.stdout, "");
    let errors: Vec<&str> = run
        .stderr
        .lines()
        .filter(|l| l.starts_with("error"))
        .collect();
    assert!(
        matches!(errors[..], [error] if error.contains("interrupted") && error.contains("out")),
        "{}",
        run.stderr
    );
}

#[test]
fn each_signal_ends_every_process_and_leaves_a_run_that_says_so() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let bench = Bench::new();
        let (run, elapsed) = interrupted(&bench, HANG_POLITELY, &[signal]);
        assert_told(&run);
        bench.assert_no_process_left();
        assert!(
            elapsed < GRACE,
            "it waits for nobody who is gone: {elapsed:?}"
        );

        let record = bench.document("run.json");
        assert_eq!(record["interrupted"], true, "{signal}");
        let scanners = record["scanners"].as_array().unwrap();
        let status = |id: &str| scanners.iter().find(|s| s["id"] == id).unwrap().clone();
        // What had come is kept.
        assert_eq!(status("trivy")["status"], "completed");
        for id in ["grype", "snyk", "docker-scout"] {
            assert_eq!(status(id)["kind"], "interrupted", "{signal}");
        }
        assert!(!bench.path("out/report.json").exists());
        // Read again, it never is an image that passes: three scanners failed.
        let replayed = bench.replay(&["--profile", "development"]);
        assert_eq!(replayed.code, Some(3), "{replayed:#?}");
        assert!(
            replayed.stdout.contains("the run was interrupted"),
            "{replayed:#?}"
        );

        // The same directory serves for the next run, which is whole.
        for program in ALL {
            bench.stub_first(program, "");
        }
        let run = bench.scan(&[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert_eq!(bench.document("run.json")["interrupted"], false);
        assert_eq!(bench.replay(&[]).code, Some(1));
    }
}

#[test]
fn a_second_signal_waits_for_nobody() {
    let bench = Bench::new();
    let (run, elapsed) = interrupted(&bench, HANG, &[Signal::SIGINT, Signal::SIGINT]);
    assert_told(&run);
    bench.assert_no_process_left();
    assert!(elapsed < GRACE, "{elapsed:?}");
}

#[test]
fn scanners_that_ignore_the_signal_are_killed_after_their_grace_period() {
    let bench = Bench::new();
    let (run, elapsed) = interrupted(&bench, HANG, &[Signal::SIGTERM]);
    assert!(elapsed >= GRACE, "{elapsed:?}");
    assert_told(&run);
    bench.assert_no_process_left();
    assert_eq!(bench.document("run.json")["interrupted"], true);
}

#[test]
fn a_signal_ends_a_report_that_nobody_reads() {
    let ids: Vec<String> = (1000..1100).map(|n| format!("CVE-2024-{n}")).collect();
    let rows: Vec<Row<'_>> = ids.iter().map(|id| Row { id, ..OPENSSL }).collect();
    let bench = Bench::finding(&rows);
    // More than a pipe holds, so that the program hangs in the middle of its output.
    let mut running = bench.start(bench.scan_command(&["--format", "json"]), &[]);
    bench.wait_for(
        |bench| bench.path("out/report.json").is_file(),
        "the report",
    );
    std::thread::sleep(Duration::from_millis(300));
    assert!(!running.is_over(), "the report has to be larger");
    running.signal(Signal::SIGINT);
    bench.wait_for(|_| running.is_over(), "the end");
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stderr.contains("interrupted"), "{}", run.stderr);
    // The bundle was whole before the report was printed.
    assert_eq!(bench.replay(&[]).code, Some(1));
}
