//! The runner against stub scanners: every way in which a scanner can end, what is kept of it, and
//! that nothing of it lives on.
#![cfg(target_os = "linux")]
// Clippy's exemption for tests does not reach their helper functions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bench;
mod line_up;

use std::time::{Duration, Instant};

use bench::{Bench, REPORT, assert_gone};
use crosscheck::image::Source;
use crosscheck::model::{FailureKind, Outcome};
use crosscheck::scanners::{Event, Exit, Interrupter, LoginState, Scanned, run_all, survey};

/// A script that writes the small report.
fn writes_report() -> String {
    format!("cat > \"$2\" <<'END'\n{REPORT}\nEND")
}

#[tokio::test]
async fn a_report_and_an_allowed_exit_code_make_a_result() {
    let bench = Bench::new();
    bench.scanner("clean", &writes_report());
    bench.scanner("findings", &format!("{}\nexit 1", writes_report()));
    let done = bench.run(&["clean", "findings"]).await;
    for scanned in &done.scanned {
        assert_eq!(scanned.record.outcome, Outcome::Completed);
        assert_eq!(scanned.report.as_ref().unwrap().observations.len(), 1);
        assert_eq!(scanned.record.version.as_deref(), Some("1.2.3"));
    }
    let record = &done.scanned[1].record;
    assert_eq!(record.steps.len(), 1);
    assert_eq!(record.steps[0].exit, Exit::Code(1));
    assert_eq!(
        record.steps[0].argv[1..],
        ["scan", "scan.json", "example.org/app:1"]
    );
    assert_eq!(record.report.as_ref().unwrap().path, "raw/findings.json");
    assert_eq!(record.executables[0].sha256.as_ref().unwrap().len(), 64);
    assert!(!bench.everything_stored().contains("\"FOREIGN"));
}

#[tokio::test]
async fn reading_a_bundle_again_gives_what_the_scan_gave() {
    let bench = Bench::new();
    bench.scanner("good", &format!("{}\necho note >&2", writes_report()));
    bench.scanner("bad", "echo sorry >&2; exit 2");
    let done = bench.run(&["good", "bad"]).await;
    let replayed = done.bundle.runs().unwrap();
    let scanned: Vec<_> = done.scanned.into_iter().map(Scanned::into_run).collect();
    assert_eq!(replayed, scanned);
    let stderr = std::fs::read_to_string(bench.path("out/raw/good.stderr")).unwrap();
    assert_eq!(stderr, "note\n");
    let names: Vec<_> = std::fs::read_dir(bench.path("out"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(
        names.len(),
        3,
        "run.json, raw and sbom, and no temporary files: {names:?}"
    );
}

#[tokio::test]
async fn a_failing_exit_code_makes_no_result_whatever_was_written() {
    let bench = Bench::new();
    bench.scanner(
        "stub",
        &format!("{}\necho 'FATAL no luck' >&2\nexit 2", writes_report()),
    );
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::Other);
    assert_eq!(done.failure().cause, "FATAL no luck");
    assert!(done.failure().remedy.contains("raw/stub.stderr"));
    // What it wrote is kept as evidence.
    assert!(bench.path("out/raw/stub.json").is_file());
}

#[tokio::test]
async fn a_crash_is_told_from_a_failure() {
    let bench = Bench::new();
    bench.scanner("stub", "echo 'about to die' >&2; kill -SEGV $$");
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::Crash);
    assert!(done.failure().cause.contains("signal 11: about to die"));
    assert_eq!(done.only().record.steps[0].exit, Exit::Signal(11));
}

#[tokio::test]
async fn a_scanner_that_hangs_is_ended_with_all_its_descendants() {
    let mut bench = Bench::new();
    bench.limits.timeout = Some(Duration::from_secs(2));
    bench.scanner(
        "stub",
        "trap '' TERM\n(trap '' TERM; while :; do sleep 300; done) &\necho $$ > $NOTES/pid\n\
         while :; do sleep 300; done",
    );
    let begin = Instant::now();
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::Timeout);
    assert!(done.failure().remedy.contains("--timeout"));
    assert!(begin.elapsed() < Duration::from_secs(30));
    assert_gone(&bench.noted("pid").await).await;
}

#[tokio::test]
async fn what_a_scanner_leaves_running_is_ended_with_it() {
    let bench = Bench::new();
    bench.scanner(
        "stub",
        &format!("echo $$ > $NOTES/pid\nsleep 300 &\n{}", writes_report()),
    );
    let begin = Instant::now();
    let done = bench.run(&["stub"]).await;
    // The sleeper holds the output pipe, and is not waited for.
    assert!(begin.elapsed() < Duration::from_secs(60));
    assert_eq!(done.only().record.outcome, Outcome::Completed);
    assert_gone(&bench.noted("pid").await).await;
}

#[tokio::test]
async fn an_interrupt_ends_all_and_starts_nothing_more() {
    let mut bench = Bench::new();
    bench.jobs = 2;
    let hang = |name: &str| format!("trap '' TERM\necho $$ > $NOTES/{name}\nsleep 300 & sleep 300");
    for name in ["a", "b", "c"] {
        bench.scanner(name, &hang(name));
    }
    let (interrupter, interrupt) = Interrupter::new();
    let stop = async {
        bench.noted("a").await;
        bench.noted("b").await;
        interrupter.interrupt();
    };
    let (done, ()) = tokio::join!(bench.run_until(&["a", "b", "c"], interrupt), stop);
    for scanned in &done.scanned {
        match &scanned.record.outcome {
            Outcome::Failed(failure) => assert_eq!(failure.kind, FailureKind::Interrupted),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bench.note("c"), "", "the third was never started");
    assert_gone(&bench.noted("a").await).await;
    assert_gone(&bench.noted("b").await).await;
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.scanner(
        "stub",
        "trap '' TERM\nsleep 300 &\necho $$ > $NOTES/pid\nsleep 300",
    );
    let request = bench.request(&["stub"], &bench.path("out"));
    let (_interrupter, interrupt) = Interrupter::new();
    let pid = tokio::select! {
        _ = run_all(request, interrupt, |_| {}) => panic!("it cannot end"),
        pid = bench.noted("pid") => pid,
    };
    assert_gone(&pid).await;
}

#[tokio::test]
async fn a_panic_in_the_listener_costs_one_scanner_and_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.scanner("good", &writes_report());
    bench.scanner("stub", "echo TOOMANYREQUESTS >&2; exit 2");
    let request = bench.request(&["good", "stub"], &bench.path("out"));
    let (_interrupter, interrupt) = Interrupter::new();
    let scanned = run_all(request, interrupt, |event| {
        assert!(
            !matches!(event, Event::Retrying { .. }),
            "the listener's own fault"
        );
    })
    .await
    .unwrap();
    assert_eq!(scanned[0].record.outcome, Outcome::Completed);
    match &scanned[1].record.outcome {
        Outcome::Failed(failure) => assert!(failure.cause.contains("crosscheck itself")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn text_in_place_of_a_report_is_no_clean_image() {
    for (script, cause) in [
        ("echo 'Usage: stub [options]' > \"$2\"", "not JSON"),
        ("printf '{\"SchemaVersion\":2,\"Res' > \"$2\"", "truncated"),
        (
            "echo '{\"matches\":[],\"descriptor\":{}}' > \"$2\"",
            "expected Trivy JSON",
        ),
        (": > \"$2\"", "no report"),
        ("true", "no report"),
        ("ln -s /etc/passwd \"$2\"", "no report"),
    ] {
        let bench = Bench::new();
        bench.scanner("stub", script);
        let done = bench.run(&["stub"]).await;
        assert_eq!(done.failure().kind, FailureKind::BadReport, "{script}");
        assert!(
            done.failure().cause.contains(cause),
            "{script}: {:?}",
            done.failure()
        );
    }
}

#[tokio::test]
async fn a_report_that_names_nothing_proves_nothing() {
    let bench = Bench::new();
    let empty = r#"{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"container_image"}"#;
    bench.scanner("stub", &format!("echo '{empty}' > \"$2\""));
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::Unsupported);
}

#[tokio::test]
async fn a_report_of_which_nothing_can_be_understood_is_no_result() {
    let bench = Bench::new();
    let report = REPORT.replace("CVE-2024-0001", "");
    bench.scanner("stub", &format!("echo '{report}' > \"$2\""));
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::BadReport);
    assert!(done.failure().cause.contains("none of its 1 findings"));
}

#[tokio::test]
async fn a_report_about_another_image_is_refused() {
    let mut bench = Bench::new();
    bench.scanner("stub", &writes_report());
    bench.identity.diff_ids = vec!["sha256:bb".to_owned()];
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::BadReport);
    assert!(done.failure().cause.contains("another image"));
    bench.identity.diff_ids = vec!["sha256:aa".to_owned()];
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.only().record.outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_scanner_that_is_not_here_or_too_old_is_told_so() {
    let bench = Bench::new();
    bench.adapter("gone", |text| text);
    let done = bench.run(&["gone"]).await;
    assert_eq!(done.failure().kind, FailureKind::NotInstalled);
    assert_eq!(done.failure().remedy, "install the stub");

    bench.adapter("old", |text| text);
    bench.program("old", "echo 0.9.9");
    let done = bench.run(&["old"]).await;
    assert_eq!(done.failure().kind, FailureKind::TooOld);
    assert!(done.failure().remedy.contains("1.0.0"));
    assert_eq!(done.only().record.version.as_deref(), Some("0.9.9"));
    assert!(done.only().record.steps.is_empty());
}

#[tokio::test]
async fn a_refused_login_is_recognised_by_text_and_by_code() {
    let bench = Bench::new();
    bench.scanner(
        "text",
        "echo 'FATAL remote error: UNAUTHORIZED: no' >&2; exit 2",
    );
    bench.scanner("code", "exit 77");
    for name in ["text", "code"] {
        let done = bench.run(&[name]).await;
        assert_eq!(done.failure().kind, FailureKind::Authentication, "{name}");
        assert!(done.failure().remedy.contains("log in"), "{name}");
    }
}

#[tokio::test]
async fn a_scanner_that_writes_without_end_is_stopped() {
    for (place, script) in [
        (
            "report",
            // Slower than `yes`: the file is looked at four times a second, and the disk is not ours.
            "echo $$ > $NOTES/pid; line=$(printf %2000s); while :; do echo \"$line\" >> \"$2\"; done",
        ),
        ("output", "echo $$ > $NOTES/pid; yes"),
        ("errors", "echo $$ > $NOTES/pid; yes >&2"),
    ] {
        let mut bench = Bench::new();
        bench.limits.max_report = 1 << 20;
        bench.limits.max_stderr = 1 << 20;
        bench.scanner("stub", script);
        let done = bench.run(&["stub"]).await;
        assert_eq!(done.failure().kind, FailureKind::Oversize, "{place}");
        assert_eq!(done.only().record.steps[0].exit, Exit::Oversize, "{place}");
        assert_gone(&bench.noted("pid").await).await;
    }
}

#[tokio::test]
async fn scanners_run_side_by_side_unless_jobs_forbid_it() {
    let mut bench = Bench::new();
    let names = ["a", "b", "c", "d"];
    for name in names {
        bench.scanner(name, &format!("sleep 1\n{}", writes_report()));
    }
    let wall = |bench: &Bench| {
        let begin = Instant::now();
        let request = bench.request(&names, &bench.path("out"));
        async move {
            let (_interrupter, interrupt) = Interrupter::new();
            let scanned = run_all(request, interrupt, |_| {}).await.unwrap();
            let sum: u64 = scanned
                .iter()
                .map(|scanned| scanned.record.duration_ms)
                .sum();
            let peaks = scanned
                .iter()
                .map(|scanned| scanned.record.steps[0].peak_memory_bytes);
            assert!(
                peaks.map(Option::unwrap).all(|peak| peak > 0),
                "a sleeping shell holds some memory"
            );
            (begin.elapsed(), Duration::from_millis(sum))
        }
    };
    let (together, sum) = wall(&bench).await;
    assert!(together < sum.mul_f64(0.6), "{together:?} of {sum:?}");
    bench.jobs = 1;
    let (one_by_one, sum) = wall(&bench).await;
    assert!(one_by_one > sum.mul_f64(0.9), "{one_by_one:?} of {sum:?}");
}

#[tokio::test]
async fn two_that_must_not_meet_take_turns() {
    let bench = Bench::new();
    let script = "mkdir $NOTES/busy || echo met >> $NOTES/met\nsleep 0.3\nrmdir $NOTES/busy";
    bench.program(
        "shared",
        &format!(
            "[ \"$1\" = --version ] && echo 1.2.3 && exit\n{script}\n{}",
            writes_report()
        ),
    );
    for name in ["one", "two"] {
        bench.adapter(name, |text| {
            text.replace("executable: NAME", "executable: shared")
                .replace("concurrent: true", "concurrent: false")
        });
    }
    let done = bench.run(&["one", "two"]).await;
    assert_eq!(bench.note("met"), "");
    assert!(
        done.scanned
            .iter()
            .all(|scanned| scanned.record.outcome.is_trustworthy())
    );
}

#[tokio::test]
async fn the_environment_is_clean_and_no_secret_is_kept() {
    let mut bench = Bench::new();
    bench.set("STUB_TOKEN", "own-secret-value");
    bench.set("OTHER_TOKEN", "foreign-secret-value");
    bench.set("STUB_SEVERITY", "CRITICAL");
    bench.set("HTTPS_PROXY", "http://me:proxy-password@proxy.example:3128");
    std::fs::write(bench.path("home/.stub.yaml"), "only-fixed: true").unwrap();
    let report = REPORT.replace(
        "\"ArtifactName\":\"app\"",
        "\"ArtifactName\":\"'$STUB_TOKEN'\"",
    );
    bench.scanner(
        "stub",
        &format!(
            "env | sort > $NOTES/env; pwd > $NOTES/pwd; ls -A > $NOTES/files; ls -A $HOME > $NOTES/home\n\
             cat > $NOTES/stdin\necho '{report}' > \"$2\"\necho \"using $STUB_TOKEN and $HTTPS_PROXY\" >&2\n"
        ),
    );
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.only().record.outcome, Outcome::Completed);
    let env = bench.note("env");
    assert!(env.contains("STUB_TOKEN=own-secret-value"), "{env}");
    for missing in [
        "OTHER_TOKEN",
        "foreign-secret",
        "STUB_SEVERITY",
        "CARGO",
        "USER=",
    ] {
        assert!(!env.contains(missing), "{missing}: {env}");
    }
    for expected in ["NO_COLOR=1", "CI=1", "TMPDIR=", "XDG_CONFIG_HOME="] {
        assert!(env.contains(expected), "{expected}: {env}");
    }
    assert!(!env.contains(&format!("HOME={}\n", bench.path("home").display())));
    assert_eq!(bench.note("home"), "");
    assert_eq!(bench.note("stdin"), "");
    assert_eq!(
        bench.note("files"),
        "scan.err\nscan.out\n",
        "nothing but the runner's own files"
    );

    assert_eq!(done.only().record.environment, ["NOTES", "STUB_TOKEN"]);
    let stored = bench.everything_stored();
    for secret in ["own-secret-value", "foreign-secret-value", "proxy-password"] {
        assert!(!stored.contains(secret), "{secret}");
    }
    assert!(stored.contains("using *** and http://***@proxy.example:3128"));
    assert!(stored.contains(r#""ArtifactName":"***""#));
    // The digest is that of the file as it is kept.
    assert!(done.bundle.runs().is_ok());
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again_and_others_are_not() {
    let bench = Bench::new();
    bench.scanner(
        "busy",
        &format!(
            "if [ ! -e $NOTES/tried ]; then touch $NOTES/tried; echo 'TOOMANYREQUESTS: slow down' >&2; exit 2; fi\n{}",
            writes_report()
        ),
    );
    let done = bench.run(&["busy"]).await;
    assert_eq!(done.only().record.outcome, Outcome::Completed);
    assert_eq!(done.only().record.steps.len(), 2);
    assert!(done.events.iter().any(
        |event| matches!(event, Event::Retrying { cause, .. } if cause.contains("slow down"))
    ));

    bench.scanner("never", "echo 'TOOMANYREQUESTS' >&2; exit 2");
    let done = bench.run(&["never"]).await;
    assert_eq!(done.failure().kind, FailureKind::RateLimit);
    assert_eq!(done.only().record.steps.len(), 3);

    bench.scanner("final", "echo UNAUTHORIZED >&2; exit 2");
    let done = bench.run(&["final"]).await;
    assert_eq!(done.only().record.steps.len(), 1);
}

#[tokio::test]
async fn events_tell_the_beginning_and_the_end() {
    let bench = Bench::new();
    bench.scanner("stub", &writes_report());
    let done = bench.run(&["stub"]).await;
    assert!(matches!(&done.events[..], [
        Event::Started { title, .. },
        Event::Finished { outcome: Outcome::Completed, .. },
    ] if title == "Stub stub"));
}

#[tokio::test]
async fn a_source_that_a_scanner_cannot_read_is_named() {
    let mut bench = Bench::new();
    bench.scanner("stub", &writes_report());
    bench.source = Source::OciArchive("/tmp/app.tar".into());
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.failure().kind, FailureKind::Unsupported);
    assert!(done.failure().remedy.contains("a docker archive"));
}

#[tokio::test]
async fn a_path_that_could_be_misread_reaches_the_scanner_under_a_plain_name() {
    let mut bench = Bench::new();
    let path = bench.path("a,b:c $(x) @d.tar");
    std::fs::write(&path, "image").unwrap();
    bench.source = Source::DockerArchive(path);
    bench.scanner(
        "stub",
        &format!("cat \"$3\" > $NOTES/image\n{}", writes_report()),
    );
    let done = bench.run(&["stub"]).await;
    assert_eq!(done.only().record.steps[0].argv[3], "image.tar");
    assert_eq!(bench.note("image"), "image");
}

#[tokio::test]
async fn a_survey_tells_versions_and_what_to_do() {
    let mut bench = Bench::new();
    bench.program(
        "trivy",
        r#"echo '{"Version":"0.69.3","VulnerabilityDB":{"UpdatedAt":"2026-02-01T00:00:00Z"}}'"#,
    );
    bench.program("snyk", "echo '1.1307.4 (standalone)'");
    bench.program(
        "docker",
        "echo \"docker: 'scout' is not a docker command.\" >&2; exit 1",
    );
    bench.program("grype", r#"echo '{"version":"0.80.0"}'"#);
    bench.program("syft", r#"echo '{"version":"1.30.0"}'"#);
    let find = |found: &[crosscheck::scanners::ScannerStatus], name: &str| {
        found
            .iter()
            .find(|status| status.id.as_str() == name)
            .unwrap()
            .clone()
    };
    let found = survey(&bench.adapters(), &bench.host()).await.unwrap();
    let trivy = find(&found, "trivy");
    assert_eq!(trivy.version.as_deref(), Some("0.69.3"));
    assert_eq!(
        trivy.database_built.as_deref(),
        Some("2026-02-01T00:00:00Z")
    );
    assert_eq!((trivy.login, trivy.remedy), (LoginState::NotNeeded, None));
    let snyk = find(&found, "snyk");
    assert_eq!(snyk.login, LoginState::Missing);
    assert!(snyk.remedy.unwrap().contains("SNYK_TOKEN"));
    let scout = find(&found, "docker-scout");
    assert_eq!(scout.problem.unwrap().kind, FailureKind::NotInstalled);
    assert!(scout.path.is_some());
    let grype = find(&found, "grype");
    assert_eq!(grype.problem.unwrap().kind, FailureKind::TooOld);
    assert_eq!(grype.version.as_deref(), Some("0.80.0"));
    let osv = find(&found, "osv-scanner");
    assert_eq!(osv.problem.unwrap().kind, FailureKind::NotInstalled);

    bench.set("SNYK_TOKEN", "x");
    let found = survey(&bench.adapters(), &bench.host()).await.unwrap();
    assert_eq!(find(&found, "snyk").login, LoginState::Present);
}
