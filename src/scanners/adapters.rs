//! The set of scanners that are known: those compiled in, and those of a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::manifest::Manifest;
use crate::model::ScannerId;

/// Manifests that are compiled in, in the order in which scanners are shown.
const BUILT_IN: [(&str, &str); 5] = [
    ("trivy.yaml", include_str!("../../adapters/trivy.yaml")),
    ("grype.yaml", include_str!("../../adapters/grype.yaml")),
    ("snyk.yaml", include_str!("../../adapters/snyk.yaml")),
    (
        "docker-scout.yaml",
        include_str!("../../adapters/docker-scout.yaml"),
    ),
    (
        "osv-scanner.yaml",
        include_str!("../../adapters/osv-scanner.yaml"),
    ),
];

/// A manifest is a page; what is larger is something else.
const MAX_MANIFEST: u64 = 1 << 20;

/// The known scanners.
#[derive(Clone, Debug)]
pub struct Adapters {
    manifests: IndexMap<ScannerId, Arc<Manifest>>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The directory or a file in it cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Not YAML, or not a manifest.
    #[error(
        "{file}:{line}:{column}: {message}; compare it with a manifest that ships with crosscheck"
    )]
    Malformed {
        /// The file.
        file: String,
        /// Line, from 1; 0 when unknown.
        line: usize,
        /// Column, from 1; 0 when unknown.
        column: usize,
        /// What is the matter.
        message: String,
    },
    /// A manifest that contradicts itself.
    #[error("{file}: {flaw}")]
    Flawed {
        /// The file.
        file: String,
        /// Key and remedy.
        flaw: String,
    },
    /// Two files for one scanner.
    #[error("{file}: the scanner `{name}` is already described by {other}; remove one of them")]
    Twice {
        /// The file.
        file: String,
        /// The other file.
        other: String,
        /// The scanner.
        name: ScannerId,
    },
}

impl Adapters {
    /// The manifests that are compiled in and, over them, those of `directory` (`*.yaml`, `*.yml`).
    /// A manifest there replaces the one of the same name as a whole.
    ///
    /// A manifest names programs to run: take directories from places that you trust.
    ///
    /// # Errors
    /// [`AdapterError`] names the file, the place in it and the remedy.
    pub fn load(directory: Option<&Path>) -> Result<Self, AdapterError> {
        let mut manifests = IndexMap::new();
        for (file, text) in BUILT_IN {
            let manifest = parse(file, text)?;
            manifests.insert(manifest.name.clone(), Arc::new(manifest));
        }
        let mut origins: IndexMap<ScannerId, String> = IndexMap::new();
        for path in directory
            .map(manifest_files)
            .transpose()?
            .unwrap_or_default()
        {
            let file = path.display().to_string();
            let manifest = parse(&file, &read(&path)?)?;
            let name = manifest.name.clone();
            if let Some(other) = origins.insert(name.clone(), file.clone()) {
                return Err(AdapterError::Twice { file, other, name });
            }
            manifests.insert(name, Arc::new(manifest));
        }
        Ok(Self { manifests })
    }

    /// The scanner of that name.
    pub fn get(&self, name: &ScannerId) -> Option<&Arc<Manifest>> {
        self.manifests.get(name)
    }

    /// All scanners, those that ship with crosscheck first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.manifests.values()
    }

    /// The scanners that run when the user chooses none.
    pub fn line_up(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.iter().filter(|manifest| manifest.default)
    }
}

/// The manifests in a directory, in the order of their names.
fn manifest_files(directory: &Path) -> Result<Vec<PathBuf>, AdapterError> {
    let unreadable = |error| AdapterError::Unreadable {
        path: directory.to_owned(),
        error,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, AdapterError> {
    let unreadable = |error| AdapterError::Unreadable {
        path: path.to_owned(),
        error,
    };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_MANIFEST {
        return Err(unreadable(io::Error::other("it is larger than 1 MiB")));
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn parse(file: &str, text: &str) -> Result<Manifest, AdapterError> {
    let manifest: Manifest = serde_yaml::from_str(text).map_err(|error| {
        let (line, column) = error
            .location()
            .map_or((0, 0), |at| (at.line(), at.column()));
        let message = error.to_string();
        let suffix = format!(" at line {line} column {column}");
        AdapterError::Malformed {
            file: file.to_owned(),
            line,
            column,
            message: message.strip_suffix(&suffix).unwrap_or(&message).to_owned(),
        }
    })?;
    manifest.check().map_err(|flaw| AdapterError::Flawed {
        file: file.to_owned(),
        flaw: flaw.to_string(),
    })?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::SourceKind;

    fn built_in() -> Adapters {
        Adapters::load(None).unwrap()
    }

    #[test]
    fn the_built_in_line_up_is_the_four_scanners() {
        let names: Vec<String> = built_in().line_up().map(|m| m.name.to_string()).collect();
        assert_eq!(names, ["trivy", "grype", "snyk", "docker-scout"]);
        assert!(built_in().get(&ScannerId::new("osv-scanner")).is_some());
    }

    #[test]
    fn every_scanner_reads_a_docker_archive_and_no_other_local_form_is_common() {
        let reads = |kind| built_in().line_up().all(|m| m.sources.contains_key(&kind));
        assert!(reads(SourceKind::DockerArchive));
        assert!(!reads(SourceKind::OciArchive));
        assert!(!reads(SourceKind::OciLayout));
    }

    #[test]
    fn no_scanner_is_told_to_hide_anything() {
        for manifest in built_in().iter() {
            for arg in manifest.steps.iter().flat_map(|step| &step.args) {
                let hides = [
                    "-q",
                    "--quiet",
                    "--severity",
                    "--ignore",
                    "--only",
                    "--fail-on",
                ]
                .iter()
                .any(|flag| arg == flag || arg.starts_with(&format!("{flag}-")));
                assert!(!hides, "{}: {arg}", manifest.name);
            }
        }
    }

    #[test]
    fn secrets_belong_to_one_scanner() {
        let adapters = built_in();
        let mut secrets: Vec<&String> = adapters
            .iter()
            .flat_map(|m| &m.environment.secrets)
            .collect();
        let all = secrets.len();
        secrets.sort();
        secrets.dedup();
        assert_eq!(secrets.len(), all);
    }

    fn load(text: &str) -> Result<Adapters, AdapterError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.yaml"), text).unwrap();
        fs::write(dir.path().join("README.md"), "not a manifest").unwrap();
        Adapters::load(Some(dir.path()))
    }

    const OWN: &str = "
name: own
title: Own
executable: own
version: {args: [--version]}
sources: {docker-archive: [\"{path}\"]}
steps: [{name: scan, produces: findings, format: sarif, args: [-o, \"{output}\", \"{source}\"]}]
exit-codes: {0: clean}
environment: {}
concurrent: true
timeout: 1m
install: get it
";

    #[test]
    fn a_directory_adds_scanners_and_replaces_them() {
        let adapters = load(OWN).unwrap();
        assert_eq!(adapters.iter().count(), 6);
        let adapters = load(&OWN.replace("name: own", "name: snyk")).unwrap();
        assert_eq!(adapters.iter().count(), 5);
        assert_eq!(
            adapters.get(&ScannerId::new("snyk")).unwrap().executable,
            "own"
        );
    }

    #[test]
    fn a_wrong_manifest_is_refused_with_its_place() {
        let error = |from: &str, to: &str| {
            let text = OWN.replace(from, to);
            assert_ne!(text, OWN);
            load(&text).unwrap_err().to_string()
        };
        let unknown = error("timeout: 1m", "timeout: 1m\nretries: 3");
        assert!(
            unknown.contains("x.yaml:12:1") && unknown.contains("`retries`"),
            "{unknown}"
        );
        for (from, to, expected) in [
            ("sarif", "sarf", "no report format `sarf`"),
            ("timeout: 1m", "timeout: never", "span of time"),
            ("{output}", "{out}", "`{out}` has no meaning here"),
            ("-o, \"{output}\", ", "", "`{output}`"),
            ("\"{path}\"", "image", "names the image"),
            ("produces: findings", "produces: fallback", "after the step"),
            ("0: clean", "0: failure", "no code means `clean`"),
            ("name: own", "name: Own Scanner", "lower-case"),
            (
                "format: sarif",
                "format: sarif, executable: other",
                "companions",
            ),
            ("title: Own", "title: [", "x.yaml:"),
        ] {
            let error = error(from, to);
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn capabilities_that_could_match_nothing_are_refused_with_their_place() {
        let error = |capabilities: &str| {
            let text = format!("{OWN}capabilities: {capabilities}\n");
            load(&text).unwrap_err().to_string()
        };
        let rule = |keys: &str| {
            error(&format!(
                "{{skips-packages: [{{ecosystem: deb, name: x, reason: r, {keys}}}]}}"
            ))
        };
        let long = format!("{{skips-maintainers: [\"{}\"]}}", "{a,b}".repeat(1000));
        for (message, expected) in [
            (
                error("{skips-maintainers: [\"[a\"]}"),
                "`capabilities.skips-maintainers[0]`: `[a` is no pattern: unclosed character class",
            ),
            (
                error("{skips-maintainers: [\"\"]}"),
                "this pattern is empty",
            ),
            (error(&long), "more than 2000 characters"),
            (
                error("{skips-maintainers-since: 0.69.0}"),
                "there are no `skips-maintainers`",
            ),
            (
                error("{skips-maintainers: [a], skips-maintainers-since: v0.69}"),
                "`capabilities.skips-maintainers-since`: this is not a version",
            ),
            (
                error("{skips-packages: [{ecosystem: deb, name: \"{a\", reason: r}]}"),
                "`capabilities.skips-packages[0].name`: `{a` is no pattern",
            ),
            (
                rule("vulnerabilities: [CVE-2024-1, \"CVE-{\"]"),
                "`capabilities.skips-packages[0].vulnerabilities[1]`",
            ),
            (
                rule("since: latest"),
                "`capabilities.skips-packages[0].since`: this is not a version",
            ),
            (
                rule("recorded-in: [Grype JSON, grype]"),
                "`capabilities.skips-packages[0].recorded-in[1]`",
            ),
            (
                rule("before: 1.2-rc1"),
                "[0].before`: this is not a version",
            ),
            (rule("since: \"\""), "[0].since`: this is not a version"),
            (
                rule("since: 1.10.0, before: 1.9.0"),
                "no version is from `since` on and before `before`",
            ),
            (
                error("{leaves-owned-packages: {ecosystems: [], reason: r}}"),
                "name the purl types",
            ),
            (
                error("{leaves-owned-packages: {ecosystems: [pypi], since: ten, reason: r}}"),
                "`capabilities.leaves-owned-packages.since`: this is not a version",
            ),
            (
                error("{inventory-tools: [Syft]}"),
                "`capabilities.inventory-tools[0]`: write the tool's name",
            ),
        ] {
            assert!(
                message.contains(expected),
                "{expected} is not in: {message}"
            );
        }
        let good = "capabilities: {skips-maintainers: [\"*@x.com*\"], skips-maintainers-since: 0.69.0, \
             skips-packages: [{ecosystem: deb, name: \"{a,b}\", vulnerabilities: [CVE-2024-*], \
             since: 1.9.0, before: \"1.10\", reason: r}], inventory-tools: [syft]}";
        load(&format!("{OWN}{good}\n")).unwrap();
    }

    #[test]
    fn built_in_rules_are_about_the_names_that_reports_use() {
        let adapters = built_in();
        let grype = adapters.get(&ScannerId::new("grype")).unwrap();
        let dropped = |ecosystem: &str, name: &str| {
            let rules = grype.capabilities.skips_packages.iter();
            rules
                .filter(|rule| rule.ecosystem == ecosystem)
                .filter(|rule| {
                    let pattern = globset::Glob::new(&rule.name).unwrap();
                    pattern.compile_matcher().is_match(name)
                })
                .count()
        };
        for (ecosystem, name, rules) in [
            ("maven", "log4j-api", 1),
            ("maven", "org.apache.logging.log4j:log4j-api", 1),
            ("maven", "org.apache.logging.log4j:log4j-core", 0),
            ("maven", "org.example:my-log4j-api", 0),
            ("golang", "google.golang.org/protobuf", 1),
            ("gem", "logger", 1),
            ("deb", "zlib1g", 1),
            ("deb", "zlib1g-dev", 0),
            ("deb", "linux-libc-dev", 1),
            ("deb", "linux-headers-6.1.0-21-amd64", 1),
            ("deb", "linux-aws-headers-6.8.0-1009", 1),
            ("deb", "linux-image-amd64", 0),
            ("rpm", "zlib", 0),
        ] {
            assert_eq!(dropped(ecosystem, name), rules, "{ecosystem} {name}");
        }
    }

    #[test]
    fn two_files_for_one_scanner_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), OWN).unwrap();
        fs::write(dir.path().join("b.yml"), OWN).unwrap();
        let error = Adapters::load(Some(dir.path())).unwrap_err();
        assert!(matches!(error, AdapterError::Twice { .. }));
    }
}
