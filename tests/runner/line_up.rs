//! The built-in adapters with stubs in place of the real programs: are the commands right, and do
//! the documents of several steps become one report?

use crosscheck::image::Source;
use crosscheck::model::{FailureKind, InventoryScope, Outcome};
use crosscheck::scanners::Scanned;

use crate::bench::{Bench, REPORT};

const SYFT: &str = r#"{"artifacts":[{"id":"1","name":"bash","version":"5.2","type":"deb","locations":[],"purl":"pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12"},{"id":"2","name":"openssl","version":"3.0.11-1","type":"deb","locations":[],"purl":"pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12"}],"artifactRelationships":[],"source":{"type":"image","metadata":{}},"distro":{"id":"debian","versionID":"12"},"descriptor":{"name":"syft","version":"1.30.0"},"schema":{"version":"16.0.36"}}"#;
const GRYPE: &str = r#"{"matches":[{"vulnerability":{"id":"CVE-2024-0001","severity":"High","fix":{"versions":[],"state":"unknown"}},"relatedVulnerabilities":[],"matchDetails":[],"artifact":{"id":"2","name":"openssl","version":"3.0.11-1","type":"deb","locations":[],"purl":"pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12"}}],"source":{"type":"image","target":{}},"distro":{"name":"debian","version":"12"},"descriptor":{"name":"grype","version":"0.116.0","db":{"status":{"schemaVersion":"v6.1.4","built":"2026-02-02T00:00:00Z"}}}}"#;
const SNYK: &str = r#"{"ok":true,"vulnerabilities":[],"dependencyCount":1,"packageManager":"deb","projectName":"docker-image|app","path":"app","docker":{"os":{"prettyName":"Debian GNU/Linux 12"}}}"#;
const SCOUT_SBOM: &str = r#"{"source":{"type":"image","image":{"name":"app","distro":{"os_name":"debian","os_version":"12"}}},"attestations":[],"artifacts":[{"type":"deb","namespace":"debian","name":"openssl","version":"3.0.11-1","purl":"pkg:deb/debian/openssl@3.0.11-1?os_name=debian&os_version=12"}],"descriptor":{"name":"docker-scout","version":"1.18.3"}}"#;
const SCOUT_VULNERABILITIES: &str = r#","vulnerabilities":[{"purl":"pkg:deb/debian/openssl@3.0.11-1?os_name=debian&os_version=12","vulnerabilities":[{"source":"nist","source_id":"CVE-2024-0001"}]}]}"#;
const SARIF: &str = r#"{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"tool":{"driver":{"name":"docker scout","version":"1.18.3","rules":[{"id":"CVE-2024-0001","properties":{"affected_version":"<3.1","fixed_version":"not fixed","purls":["pkg:deb/debian/openssl@3.0.11-1?os_name=debian"],"cvssV3_severity":"HIGH","tags":["HIGH"]}}]}},"results":[{"ruleId":"CVE-2024-0001","ruleIndex":0,"level":"error","message":{"text":"  Package         : pkg:deb/debian/openssl@3.0.11-1?os_name=debian\n  Affected range  : <3.1\n  Fixed version   : not fixed\n"}}]}]}"#;
const EMPTY_SARIF: &str = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"docker scout","rules":[]}},"results":[]}]}"#;

/// A script that writes `document` to the file that the option `flag` names, however it is given.
fn writes(flag: &str, document: &str) -> String {
    format!(
        "file=; previous=\n\
         for arg in \"$@\"; do\n\
           case \"$arg\" in {flag}=*) file=\"${{arg#*=}}\";; esac\n\
           if [ \"$previous\" = {flag} ]; then file=\"$arg\"; fi\n\
           previous=\"$arg\"\n\
         done\n\
         cat > \"$file\" <<'END'\n{document}\nEND"
    )
}

fn with_scout(bench: &Bench, cves: &str, sarif: &str) {
    bench.program(
        "docker",
        &format!(
            "case \"$*\" in\n\
             'scout version') echo 'version: v1.18.3 (go1.24 - linux/amd64)';;\n\
             'scout sbom'*) {}\n;;\n\
             *'--format sbom'*) {}\n;;\n\
             *'--format sarif'*) {}\n;;\n\
             *) exit 1;;\nesac",
            writes("--output", SCOUT_SBOM),
            writes("--output", cves),
            writes("--output", sarif),
        ),
    );
}

fn full() -> Bench {
    let mut bench = Bench::new();
    let archive = bench.path("app.tar");
    std::fs::write(&archive, "image").unwrap();
    bench.source = Source::DockerArchive(archive);
    bench.program(
        "trivy",
        &format!(
            "if [ \"$1\" = version ]; then echo '{{\"Version\":\"0.69.3\",\"VulnerabilityDB\":{{\"UpdatedAt\":\"2026-02-01T00:00:00Z\"}}}}'; exit; fi\n{}",
            writes("--output", REPORT)
        ),
    );
    bench.program(
        "syft",
        &format!(
            "if [ \"$1\" = version ]; then echo '{{\"version\":\"1.30.0\"}}'; exit; fi\n{}",
            writes("syft-json", SYFT)
        ),
    );
    bench.program(
        "grype",
        &format!(
            "if [ \"$1\" = version ]; then echo '{{\"version\":\"0.116.0\"}}'; exit; fi\n\
             test -s \"${{3#sbom:}}\" || {{ echo 'no SBOM' >&2; exit 1; }}\n{}",
            writes("json", GRYPE)
        ),
    );
    bench.program(
        "snyk",
        &format!(
            "if [ \"$1\" = --version ]; then echo 1.1307.4; exit; fi\n{}",
            writes("--json-file-output", SNYK)
        ),
    );
    let cves = SCOUT_SBOM.strip_suffix('}').unwrap().to_owned() + SCOUT_VULNERABILITIES;
    with_scout(&bench, &cves, EMPTY_SARIF);
    bench
}

#[tokio::test]
async fn the_line_up_scans_one_archive() {
    let bench = full();
    let names = ["trivy", "grype", "snyk", "docker-scout"];
    let done = bench.run(&names).await;
    for scanned in &done.scanned {
        assert_eq!(
            scanned.record.outcome,
            Outcome::Completed,
            "{}",
            scanned.record.id
        );
        assert_eq!(scanned.report.as_ref().unwrap().scanner, scanned.record.id);
    }
    let archive = bench.path("app.tar").display().to_string();
    let last = |index: usize| {
        done.scanned[index]
            .record
            .steps
            .last()
            .unwrap()
            .argv
            .clone()
    };
    assert_eq!(
        last(0)[last(0).len() - 2..],
        ["--input".to_owned(), archive.clone()]
    );
    assert_eq!(
        last(1)[1..],
        ["-o", "json=match.json", "sbom:inventory.json"]
    );
    assert_eq!(
        last(2).last().unwrap(),
        &format!("docker-archive:{archive}")
    );
    assert_eq!(last(3)[1..3], ["scout", "cves"]);
    assert_eq!(last(3).last().unwrap(), &format!("archive://{archive}"));
    assert_eq!(
        done.scanned[0].record.database_built.as_deref(),
        Some("2026-02-01T00:00:00Z")
    );
    assert_eq!(
        done.scanned[1].record.database_built.as_deref(),
        Some("2026-02-02T00:00:00Z")
    );
    let replayed = done.bundle.runs().unwrap();
    let scanned: Vec<_> = done.scanned.into_iter().map(Scanned::into_run).collect();
    assert_eq!(replayed, scanned);
}

#[tokio::test]
async fn grype_has_the_whole_inventory_that_syft_made() {
    let bench = full();
    let done = bench.run(&["grype"]).await;
    let report = done.only().report.as_ref().unwrap();
    assert_eq!(report.inventory, InventoryScope::Complete);
    let mut names: Vec<&str> = report.packages.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["bash", "openssl"]);
    assert!(bench.path("out/sbom/grype.syft-json.json").is_file());
    assert_eq!(done.only().record.executables.len(), 2);
}

#[tokio::test]
async fn grype_without_syft_says_what_is_missing() {
    let bench = full();
    std::fs::remove_file(bench.path("bin/syft")).unwrap();
    let done = bench.run(&["grype"]).await;
    assert_eq!(done.failure().kind, FailureKind::NotInstalled);
    assert!(done.failure().cause.contains("`syft`"));
}

#[tokio::test]
async fn an_error_document_of_snyk_is_no_report() {
    let bench = full();
    bench.program(
        "snyk",
        "if [ \"$1\" = --version ]; then echo 1.1307.4; exit; fi\n\
         echo '{\"ok\":false,\"error\":\"Authentication error (SNYK-0005)\",\"path\":\"app\"}'; exit 2",
    );
    let done = bench.run(&["snyk"]).await;
    assert_eq!(done.failure().kind, FailureKind::Authentication);
    assert!(done.failure().cause.contains("SNYK-0005"));
    assert!(done.failure().remedy.contains("snyk auth"));
}

#[tokio::test]
async fn scout_falls_back_to_sarif_when_its_document_has_no_findings_key() {
    let bench = full();
    with_scout(&bench, SCOUT_SBOM, SARIF);
    let done = bench.run(&["docker-scout"]).await;
    assert!(matches!(
        done.only().record.outcome,
        Outcome::Partial { .. }
    ));
    let report = done.only().report.as_ref().unwrap();
    assert_eq!(report.observations.len(), 1);
    assert_eq!(report.inventory, InventoryScope::Complete, "from its SBOM");
    let replayed = done.bundle.runs().unwrap();
    assert_eq!(replayed[0].report.as_ref(), Some(report));

    // Both clean: the richer document counts, and nothing is missing.
    with_scout(&bench, SCOUT_SBOM, EMPTY_SARIF);
    let done = bench.run(&["docker-scout"]).await;
    assert_eq!(done.only().record.outcome, Outcome::Completed);
    let file = done.only().record.report.as_ref().unwrap();
    assert_eq!(file.format.as_deref(), Some("scout-sbom"));
}

#[tokio::test]
async fn scout_without_a_login_is_told_from_a_clean_image() {
    let bench = full();
    bench.program(
        "docker",
        "case \"$*\" in 'scout version') echo 'version: v1.18.3';; \
         *) echo 'Log in with your Docker ID or email address to use docker scout.';; esac",
    );
    let done = bench.run(&["docker-scout"]).await;
    assert_eq!(done.failure().kind, FailureKind::Authentication);
    assert!(done.failure().remedy.contains("docker login"));
}
