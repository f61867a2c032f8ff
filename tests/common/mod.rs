//! What the tests of the program share: running it in a clean environment, and small reports of two
//! scanners.

#![allow(
    dead_code,
    reason = "every test program compiles this file and uses another part of it"
)]
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot set itself up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Prefixes of environment variables that could change what the program does or prints.
const SCRUBBED: [&str; 5] = ["TRIVY_", "GRYPE_", "SNYK_", "DOCKER_", "CROSSCHECK_"];

/// The program, in `folder`, with nothing of the caller's settings and without colours.
pub fn crosscheck(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("crosscheck").expect("the binary of this package");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if SCRUBBED.iter().any(|prefix| text.starts_with(prefix))
            || ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "COLUMNS"].contains(&text.as_ref())
        {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .current_dir(folder);
    command
}

/// A folder of its own for one test, with files to merge.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and gives its name back.
    pub fn write<'a>(&self, name: &'a str, content: impl AsRef<[u8]>) -> &'a str {
        fs::write(self.path().join(name), content).expect("a writable temporary folder");
        name
    }

    /// Writes a JSON document and gives its name back.
    pub fn write_json<'a>(&self, name: &'a str, document: &Value) -> &'a str {
        self.write(name, serde_json::to_vec_pretty(document).expect("JSON"))
    }

    /// Path of a name in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Runs the program here.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = crosscheck(self.path())
            .args(arguments)
            .output()
            .expect("the program starts");
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Run {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is no JSON ({error}): {self:#?}"),
        }
    }

    /// Asserts that the program was refused its work: exit code 2, no report, and one error that
    /// holds all of `parts`.
    #[track_caller]
    pub fn assert_refused(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:#?}");
        assert_eq!(self.stdout, "", "a report in spite of the error");
        let errors = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error"))
            .count();
        assert_eq!(errors, 1, "one error, not {errors}:\n{}", self.stderr);
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "no {part:?} in:\n{}",
                self.stderr
            );
        }
    }
}

/// One finding of a made-up report.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub id: &'a str,
    pub package: &'a str,
    pub version: &'a str,
    pub fixed: &'a str,
    pub severity: &'a str,
    pub title: &'a str,
}

/// An ordinary finding.
pub const OPENSSL: Row<'static> = Row {
    id: "CVE-2024-5535",
    package: "libssl3",
    version: "3.0.11-1~deb12u2",
    fixed: "3.0.14-1~deb12u1",
    severity: "HIGH",
    title: "a list of protocols is read past its end",
};

/// The configuration digest of the image that made-up reports are about.
pub const IMAGE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// The configuration digest of another image.
pub const OTHER_IMAGE: &str =
    "sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// A Trivy report on Debian 12 with these findings.
pub fn trivy(image: &str, digest: &str, rows: &[Row<'_>]) -> Value {
    let vulnerabilities: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "VulnerabilityID": row.id,
                "PkgID": format!("{}@{}", row.package, row.version),
                "PkgName": row.package,
                "InstalledVersion": row.version,
                "FixedVersion": row.fixed,
                "Status": if row.fixed.is_empty() { "affected" } else { "fixed" },
                "SeveritySource": "debian",
                "Title": row.title,
                "Severity": row.severity,
            })
        })
        .collect();
    json!({
        "SchemaVersion": 2,
        "CreatedAt": "2026-01-02T03:04:05Z",
        "ArtifactName": image,
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": { "Family": "debian", "Name": "12.5" },
            "ImageID": digest,
            "DiffIDs": [digest],
        },
        "Results": [{
            "Target": format!("{image} (debian 12.5)"),
            "Class": "os-pkgs",
            "Type": "debian",
            "Vulnerabilities": vulnerabilities,
        }],
    })
}

/// A Grype report on Debian 12 with these findings.
pub fn grype(image: &str, digest: &str, rows: &[Row<'_>]) -> Value {
    let matches: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "vulnerability": {
                    "id": row.id,
                    "dataSource": format!("https://security-tracker.debian.org/tracker/{}", row.id),
                    "namespace": "debian:distro:debian:12",
                    "severity": row.severity,
                    "urls": [],
                    "description": row.title,
                    "cvss": [],
                    "fix": {
                        "versions": if row.fixed.is_empty() { vec![] } else { vec![row.fixed] },
                        "state": if row.fixed.is_empty() { "not-fixed" } else { "fixed" },
                    },
                    "advisories": [],
                },
                "relatedVulnerabilities": [],
                "matchDetails": [],
                "artifact": {
                    "id": format!("{}-{}", row.package, row.version),
                    "name": row.package,
                    "version": row.version,
                    "type": "deb",
                    "locations": [{ "path": "/var/lib/dpkg/status", "layerID": digest }],
                    "language": "",
                    "licenses": [],
                    "cpes": [],
                    "purl": "",
                    "upstreams": [],
                },
            })
        })
        .collect();
    json!({
        "matches": matches,
        "source": {
            "type": "image",
            "target": {
                "userInput": image,
                "imageID": digest,
                "manifestDigest": digest,
                "tags": [image],
                "layers": [{ "digest": digest }],
                "repoDigests": [],
                "architecture": "amd64",
                "os": "linux",
            },
        },
        "distro": { "name": "debian", "version": "12", "idLike": [] },
        "descriptor": { "name": "grype", "version": "0.100.0", "timestamp": "2026-01-02T03:04:05Z" },
    })
}

/// A Snyk Container report on Debian 12 with these findings.
pub fn snyk(image: &str, rows: &[Row<'_>]) -> Value {
    let vulnerabilities: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": format!("SNYK-DEBIAN12-{}-{}", row.package.to_uppercase(), digits(row.id)),
                "title": row.title,
                "severity": row.severity.to_lowercase(),
                "identifiers": { "CVE": [row.id], "CWE": [] },
                "fixedIn": [],
                "nearestFixedInVersion": row.fixed,
                "packageName": row.package,
                "packageManager": "debian:12",
                "language": "linux",
                "name": row.package,
                "version": row.version,
            })
        })
        .collect();
    json!({
        "ok": vulnerabilities.is_empty(),
        "vulnerabilities": vulnerabilities,
        "dependencyCount": 1,
        "packageManager": "deb",
        "platform": "linux/amd64",
        "projectName": format!("docker-image|{image}"),
        "path": image,
        "docker": { "os": { "prettyName": "Debian GNU/Linux 12 (bookworm)" } },
    })
}

/// The digits of an id: Snyk numbers its advisories.
fn digits(id: &str) -> String {
    id.chars().filter(char::is_ascii_digit).collect()
}

/// A Docker Scout SBOM of an image on Debian 12 with these packages; it says nothing about
/// vulnerabilities.
pub fn scout_sbom(image: &str, digest: &str, rows: &[Row<'_>]) -> Value {
    let artifacts: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "type": "deb",
                "namespace": "debian",
                "name": row.package,
                "version": row.version,
                "purl": scout_purl(row),
                "locations": [{ "path": "/var/lib/dpkg/status", "diff_id": digest }],
            })
        })
        .collect();
    json!({
        "source": {
            "type": "image",
            "image": {
                "name": image,
                "config": { "rootfs": { "diff_ids": [digest] } },
                "distro": { "os_name": "debian", "os_version": "12" },
                "platform": { "os": "linux", "architecture": "amd64" },
            },
        },
        "attestations": [],
        "artifacts": artifacts,
        "descriptor": { "name": "docker-scout", "version": "1.18.3" },
    })
}

/// A Docker Scout SBOM with these findings.
pub fn scout(image: &str, digest: &str, rows: &[Row<'_>]) -> Value {
    let mut document = scout_sbom(image, digest, rows);
    document["vulnerabilities"] = rows
        .iter()
        .map(|row| {
            json!({
                "purl": scout_purl(row),
                "vulnerabilities": [{
                    "source": "debian",
                    "source_id": row.id,
                    "description": row.title,
                    "fixed_by": row.fixed,
                    "cvss": { "severity": row.severity },
                }],
            })
        })
        .collect();
    document
}

fn scout_purl(row: &Row<'_>) -> String {
    format!(
        "pkg:deb/debian/{}@{}?os_name=debian&os_version=12",
        row.package, row.version
    )
}

/// A Syft package list of an image on Debian 12 with these packages.
pub fn syft(image: &str, digest: &str, rows: &[Row<'_>]) -> Value {
    let artifacts: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": format!("{}-{}", row.package, row.version),
                "name": row.package,
                "version": row.version,
                "type": "deb",
                "locations": [{ "path": "/var/lib/dpkg/status", "layerID": digest }],
                "purl": format!("pkg:deb/debian/{}@{}?distro=debian-12", row.package, row.version),
            })
        })
        .collect();
    json!({
        "artifacts": artifacts,
        "artifactRelationships": [],
        "source": {
            "type": "image",
            "metadata": { "userInput": image, "layers": [{ "digest": digest }] },
        },
        "distro": { "id": "debian", "versionID": "12" },
        "descriptor": { "name": "syft", "version": "1.30.0" },
        "schema": { "version": "16.0.36" },
    })
}

/// An OSV-Scanner report on Debian 12 with these findings.
pub fn osv(digest: &str, rows: &[Row<'_>]) -> Value {
    let packages: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "package": {
                    "name": row.package,
                    "os_package_name": row.package,
                    "version": row.version,
                    "ecosystem": "Debian:12",
                },
                "vulnerabilities": [{
                    "id": format!("DEBIAN-{}", row.id),
                    "upstream": [row.id],
                    "details": row.title,
                    "affected": [],
                }],
                "groups": [{ "ids": [format!("DEBIAN-{}", row.id)], "aliases": [] }],
            })
        })
        .collect();
    json!({
        "results": [{
            "source": { "path": "/var/lib/dpkg/status", "type": "os" },
            "packages": packages,
        }],
        "image_metadata": {
            "os": "Debian GNU/Linux 12 (bookworm)",
            "layer_metadata": [{ "diff_id": digest }],
        },
        "experimental_config": {},
    })
}

/// SHA-256, hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in Sha256::digest(bytes) {
        write!(hex, "{byte:02x}").expect("a string takes all");
    }
    hex
}

/// Every file below a folder with its bytes, by its path from there.
pub fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder");
                let bytes = fs::read(&path).expect("a readable file");
                files.insert(name.display().to_string(), bytes);
            }
        }
    }
    files
}
