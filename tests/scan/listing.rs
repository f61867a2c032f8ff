//! `crosscheck scanners`.

use serde_json::Value;

use crate::bench::{Bench, finish};

/// A machine on which Trivy is fine, Grype has no Syft, Snyk is too old and Docker has no Scout.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.remove_program("syft").remove_program("osv-scanner");
    bench.program("snyk", "echo '1.1000.0'");
    bench.program(
        "docker",
        "echo \"docker: 'scout' is not a docker command.\" >&2; exit 1",
    );
    bench
}

/// The words of the table's line on a scanner.
#[track_caller]
fn line<'o>(stdout: &'o str, title: &str) -> Vec<&'o str> {
    let line = stdout
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(title));
    line.unwrap_or_else(|| panic!("no {title} in:\n{stdout}"))
        .split_whitespace()
        .collect()
}

#[test]
fn the_table_tells_what_is_here_and_how_to_mend_the_rest() {
    let bench = bench();
    let run = bench.run(&["scanners"]);
    assert_eq!(run.code, Some(0), "it tells and does not judge: {run:#?}");
    assert_eq!(run.stderr, "");
    let out = &run.stdout;
    assert_eq!(
        line(out, "Trivy"),
        ["ready", "0.69.3", "2026-02-09", "not", "needed"]
    );
    assert_eq!(line(out, "Grype")[0], "not-installed");
    assert_eq!(
        line(out, "Snyk Container"),
        ["too-old", "1.1000.0", "-", "missing"]
    );
    assert_eq!(line(out, "Docker Scout")[0], "not-installed");
    assert_eq!(line(out, "OSV-Scanner")[0], "not-installed");
    let (_, to_do) = out.split_once("\nTO DO\n").unwrap();
    let remedy = |title: &str| line(to_do, &format!("{title}:")).join(" ");
    assert!(remedy("Grype").contains("install Syft"), "{to_do}");
    assert!(
        remedy("Snyk Container").contains("update snyk to 1.1292.0"),
        "{to_do}"
    );
    assert!(
        remedy("Docker Scout").contains("Docker Scout plugin"),
        "{to_do}"
    );
    assert!(remedy("OSV-Scanner").contains("on PATH"), "{to_do}");
    assert!(!to_do.contains("Trivy"), "{to_do}");
    bench.assert_no_process_left();
}

#[test]
fn json_holds_the_same() {
    let bench = bench();
    let run = bench.run(&["scanners", "--json"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let list = run.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 5);
    let find = |id: &str| list.iter().find(|status| status["id"] == id).unwrap();
    let trivy = find("trivy");
    assert_eq!(trivy["version"], "0.69.3");
    assert_eq!(trivy["database_built"], "2026-02-09T06:00:00Z");
    assert_eq!(trivy["path"], bench.program_path("trivy").to_str().unwrap());
    assert_eq!(
        (&trivy["problem"], &trivy["remedy"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(find("grype")["problem"]["cause"], "`syft` is not on PATH");
    assert_eq!(find("snyk")["minimum"], "1.1292.0");
    assert_eq!(find("docker-scout")["problem"]["kind"], "not-installed");
    let osv = find("osv-scanner");
    assert_eq!(
        (&osv["path"], &osv["default"]),
        (&Value::Null, &Value::Bool(false))
    );
}

#[test]
fn a_login_is_found_in_variables_and_files() {
    let bench = Bench::new();
    let logins = |environment: &[(&str, &str)]| {
        let mut command = bench.command(&["scanners", "--json"]);
        let run = finish(command.envs(environment.iter().copied()));
        let list = run.json();
        assert!(!run.stdout.contains("canary"), "{run:#?}");
        ["snyk", "docker-scout"].map(|id| {
            let mut statuses = list.as_array().unwrap().iter();
            let status = statuses.find(|status| status["id"] == id).unwrap();
            // Without a login it says what to do, although nothing is wrong with the program.
            assert_eq!(status["problem"], Value::Null);
            let is_missing = status["login"] == "missing";
            assert_eq!(status["remedy"].is_string(), is_missing, "{status:#}");
            !is_missing
        })
    };
    assert_eq!(logins(&[]), [false, false]);
    assert_eq!(logins(&[("SNYK_TOKEN", "canary")]), [true, false]);
    assert_eq!(
        logins(&[("DOCKER_SCOUT_HUB_PASSWORD", "canary")]),
        [false, true]
    );
    bench.write(
        "../home/.config/configstore/snyk.json",
        r#"{"api":"canary"}"#,
    );
    let auths = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"canary"}}}"#;
    bench.write("../home/.docker/config.json", auths);
    assert_eq!(logins(&[]), [true, true]);
}

#[test]
fn a_program_that_hangs_or_babbles_is_told_as_such() {
    let bench = Bench::new();
    bench.program("trivy", "kill -KILL $$");
    bench.program("grype", "yes");
    bench.program(
        "osv-scanner",
        "echo; echo \"$(printf '\\033[2J')no version\"",
    );
    let run = bench.run(&["scanners"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
    for title in ["Trivy", "Grype", "OSV-Scanner"] {
        assert_eq!(
            line(&run.stdout, title)[1],
            "-",
            "no version: {}",
            run.stdout
        );
    }
    bench.assert_no_process_left();
}
