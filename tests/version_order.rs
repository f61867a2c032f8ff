//! The versions that real reports hold, in the order of their ecosystems.
//!
//! Reads the folder of real reports that `tests/corpus` describes, and is skipped without one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crosscheck::formats;
use crosscheck::model::version::{compare, normal_form, upstream};
use crosscheck::model::{Ecosystem, Package, ScannerReport};

/// Environment variable that names the folder.
const VARIABLE: &str = "CROSSCHECK_CORPUS";

/// Versions of one ecosystem that are compared with each other.
const SAMPLE: usize = 400;

/// How many of a hundred versions have an order at least, where reports hold a good number of them:
/// the rest are ranges in place of a fixed version, and names.
const LEAST: usize = 95;

/// Ecosystems with a registry or package manager that refuses anything but versions.
const STRICT: [Ecosystem; 6] = [
    Ecosystem::Deb,
    Ecosystem::Rpm,
    Ecosystem::Apk,
    Ecosystem::PyPi,
    Ecosystem::Npm,
    Ecosystem::Golang,
];

type Versions = BTreeMap<Ecosystem, BTreeSet<String>>;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Versions as installed, of sources and of fixes.
fn collect(report: &ScannerReport, versions: &mut Versions) {
    let mut add = |package: &Package, more: &[String]| {
        let source = package.source.as_ref().and_then(|s| s.version.as_ref());
        let known = versions.entry(package.ecosystem.clone()).or_default();
        known.extend(
            more.iter()
                .chain(source)
                .chain([&package.version])
                .map(|version| version.trim().to_owned())
                .filter(|version| !version.is_empty()),
        );
    };
    for package in &report.packages {
        add(package, &[]);
    }
    for observation in &report.observations {
        if let Some(package) = report.package(observation.package) {
            add(package, &observation.fix.versions);
        }
    }
}

fn real_versions() -> Option<Versions> {
    let root = env::var_os(VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    if !root.is_dir() {
        say(&format!(
            "skipped: no corpus of scanner reports at {}; {VARIABLE} can name another folder",
            root.display()
        ));
        return None;
    }
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut versions = Versions::new();
    for path in paths {
        // What cannot be read is the concern of tests/corpus.
        if let Ok(report) = formats::read(&fs::read(&path).unwrap()) {
            collect(&report, &mut versions);
        }
    }
    Some(versions)
}

/// Tells the person who runs the tests, whether the harness captures output or not.
fn say(text: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(io::stderr(), "version order: {text}");
}

/// At most [`SAMPLE`] of them, spread evenly.
fn sample<'a>(versions: &[&'a str]) -> Vec<&'a str> {
    let count = versions.len().min(SAMPLE);
    (0..count)
        .map(|place| versions[place * versions.len() / count])
        .collect()
}

#[test]
fn real_versions_have_an_order() {
    let Some(versions) = real_versions() else {
        return;
    };
    let mut shares = BTreeMap::new();
    for (ecosystem, versions) in &versions {
        let (ordered, unordered): (Vec<&str>, Vec<&str>) = versions
            .iter()
            .map(String::as_str)
            .partition(|v| compare(ecosystem, v, v).is_some());
        let examples: Vec<&str> = unordered.iter().take(6).copied().collect();
        say(&format!(
            "{ecosystem}: {} of {} versions; not {examples:?}",
            ordered.len(),
            versions.len()
        ));
        shares.insert(ecosystem.clone(), ordered.len() * 100 / versions.len());
        check_order(ecosystem, &sample(&ordered));
    }
    for ecosystem in STRICT {
        if let Some(share) = shares.get(&ecosystem) {
            assert!(*share >= LEAST, "{ecosystem}: only {share} % have an order");
        }
    }
}

fn check_order(ecosystem: &Ecosystem, versions: &[&str]) {
    let order = |a: &str, b: &str| compare(ecosystem, a, b).unwrap();
    for a in versions {
        assert_eq!(order(a, a), Ordering::Equal, "{ecosystem}: {a}");
        for b in versions {
            assert_eq!(order(a, b), order(b, a).reverse(), "{ecosystem}: {a} {b}");
        }
    }
    let mut sorted = versions.to_vec();
    sorted.sort_by(|a, b| order(a, b));
    for (place, a) in sorted.iter().enumerate() {
        for b in &sorted[place + 1..] {
            assert_ne!(order(a, b), Ordering::Greater, "{ecosystem}: {a} {b}");
        }
    }
}

#[test]
fn real_versions_keep_their_form() {
    let Some(versions) = real_versions() else {
        return;
    };
    for (ecosystem, versions) in &versions {
        for version in versions {
            let form = normal_form(ecosystem, version);
            assert_eq!(
                normal_form(ecosystem, &form),
                form,
                "{ecosystem}: {version}"
            );
            let part = upstream(ecosystem, version);
            assert!(part.is_none_or(|part| version.contains(part)), "{version}");
        }
    }
}
