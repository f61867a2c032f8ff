//! Who sees which secret, and that none is ever stored or shown.

use std::path::Path;

use crate::bench::{Bench, finish};
use crate::common::{Run, files_below};

/// Secrets that a user may have set, and the scanner that has any business with each.
const CANARIES: [(&str, &str, Option<&str>); 8] = [
    ("SNYK_TOKEN", "canary-snyk-2f1c", Some("snyk")),
    (
        "DOCKER_SCOUT_HUB_PASSWORD",
        "canary-scout-77ab",
        Some("docker"),
    ),
    ("TRIVY_PASSWORD", "canary-trivy-90de", Some("trivy")),
    ("SYFT_REGISTRY_AUTH_TOKEN", "canary-syft-5b3e", Some("syft")),
    ("GRYPE_REGISTRY_AUTH_TOKEN", "canary-grype-e01d", None),
    ("GITHUB_TOKEN", "canary-github-4a4a", None),
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-c0de", None),
    ("CROSSCHECK_UNKNOWN_TOKEN", "canary-own-1d1d", None),
];

/// Settings that would change a result unseen.
const STRAY: [(&str, &str); 3] = [
    ("TRIVY_SEVERITY", "CRITICAL"),
    ("GRYPE_ONLY_FIXED", "true"),
    ("DOCKER_SCOUT_EPSS", "true"),
];

/// Scans with all of these set.
fn scan(bench: &Bench) -> Run {
    let mut command = bench.scan_command(&[]);
    command.envs(CANARIES.map(|(name, value, _)| (name, value)));
    command.envs(STRAY);
    command.env(
        "HTTPS_PROXY",
        "http://me:canary-proxy-8e8e@proxy.example:3128",
    );
    finish(&mut command)
}

/// No secret is in any file below the folder, nor in what the program said.
#[track_caller]
fn assert_nothing_leaked(run: &Run, folder: &Path) {
    let mut places = files_below(folder);
    assert!(places.len() > 3, "a run: {:?}", places.keys());
    places.insert("standard output".to_owned(), run.stdout.clone().into());
    places.insert("standard error".to_owned(), run.stderr.clone().into());
    for (place, bytes) in &places {
        let text = String::from_utf8_lossy(bytes);
        for canary in CANARIES
            .map(|(_, value, _)| value)
            .iter()
            .chain(&["canary-"])
        {
            assert!(!text.contains(canary), "{canary} in {place}:\n{text}");
        }
    }
}

#[test]
fn a_scanner_sees_its_own_secret_alone_and_nothing_of_it_is_kept() {
    let bench = Bench::new();
    for program in ["trivy", "grype", "syft", "snyk", "docker"] {
        bench.stub_first(program, r#"env > "$notes/env-${0##*/}"; env >&2; env"#);
    }
    let run = scan(&bench);
    assert_eq!(run.code, Some(1), "{run:#?}");
    for program in ["trivy", "grype", "syft", "snyk", "docker"] {
        let seen = bench.note(&format!("env-{program}"));
        for (name, value, owner) in CANARIES {
            // Grype and Syft are one scanner.
            let grype = owner == Some("syft") && program == "grype";
            let expected = owner == Some(program) || grype;
            assert_eq!(
                seen.contains(&format!("{name}={value}\n")),
                expected,
                "{program}: {name}"
            );
            assert_eq!(seen.contains(value), expected, "{program}: {value}");
        }
        for (name, _) in STRAY {
            assert!(!seen.contains(name), "{program}: {name}");
        }
        assert!(seen.contains("canary-proxy"), "everyone needs the proxy");
    }
    assert_nothing_leaked(&run, &bench.path("out"));
    // The names of what was passed are told: that is what a person needs to reproduce a run.
    let record = std::fs::read_to_string(bench.path("out/run.json")).unwrap();
    assert!(record.contains("SNYK_TOKEN"), "{record}");
    assert!(!record.contains("GITHUB_TOKEN"), "{record}");
    // What was said is kept but for the secrets.
    let said = std::fs::read_to_string(bench.path("out/raw/snyk.stderr")).unwrap();
    assert!(said.contains("SNYK_TOKEN=***\n"), "{said}");
}

#[test]
fn a_scanner_that_fails_with_its_secret_on_its_lips_does_not_spread_it() {
    let bench = Bench::new();
    // In every place where a cause is looked for: the report, standard error, standard output.
    let tell = r#"env; echo "error: refused: $SNYK_TOKEN$TRIVY_PASSWORD" >&2; env >&2"#;
    bench.stub("trivy", &format!("{tell}; exit 1"));
    bench.stub("snyk", &format!(r#"{tell}; env > "$output"; exit 2"#));
    bench.stub("docker", &format!("{tell}; kill -SEGV $$"));
    bench.stub("syft", &format!("{tell}; exit 0"));
    let run = scan(&bench);
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert_nothing_leaked(&run, &bench.path("out"));
    assert_eq!(bench.outcome("trivy")["cause"], "error: refused: ***");
    assert!(run.stdout.contains("refused: ***"), "{}", run.stdout);
    assert!(run.stderr.contains("refused: ***"), "{}", run.stderr);
}

#[test]
fn a_version_that_holds_a_secret_is_told_without_it() {
    let bench = Bench::new();
    bench.program(
        "trivy",
        r#"echo "{\"Version\":\"0.69.3+$TRIVY_PASSWORD\"}"; cat "$documents/trivy.json" > "$output""#,
    );
    bench.program("snyk", r#"echo "0.0.1-$SNYK_TOKEN""#);
    let run = scan(&bench);
    assert_eq!(bench.outcome("trivy")["version"], "0.69.3+***");
    assert_eq!(bench.outcome("snyk")["kind"], "too-old");
    assert_nothing_leaked(&run, &bench.path("out"));
}

#[test]
fn a_login_file_is_shown_to_its_scanner_alone() {
    let bench = Bench::new();
    for program in ["trivy", "snyk"] {
        bench.stub_first(
            program,
            r#"cat "$HOME/.config/configstore/snyk.json" > "$notes/login-${0##*/}" 2>/dev/null
               cat "$HOME/.config/configstore/snyk.json" >&2"#,
        );
    }
    let login = bench.path("../home/.config/configstore/snyk.json");
    std::fs::create_dir_all(login.parent().unwrap()).unwrap();
    std::fs::write(&login, r#"{"api":"canary-file-6c6c"}"#).unwrap();
    let run = scan(&bench);
    assert!(bench.note("login-snyk").contains("canary-file-6c6c"));
    assert_eq!(bench.note("login-trivy"), "");
    assert_nothing_leaked(&run, &bench.path("out"));
}

#[test]
fn the_run_is_readable_by_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    bench.stub_first("trivy", "umask 0; echo told >&2");
    bench.scan(&[]);
    let mode = |name: &str| {
        let path = bench.path("out").join(name);
        path.metadata().unwrap().permissions().mode() & 0o777
    };
    for folder in ["", "raw", "sbom"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for name in files_below(&bench.path("out")).keys() {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}
