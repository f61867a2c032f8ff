//! Golden cases of the rule on NVIDIA's driver: a vulnerability, an image and hosts in, mitigated or
//! not out, and why.
//!
//! Runs every `*.jsonl` file under `tests/cuda/` and in the folder that `CROSSCHECK_CUDA_CASES`
//! names. One line is one case and one test, named by its id: `cve` and, where there are more,
//! `aliases` are the finding's ids; `image` has a `name`, `packages` (purls), and where it matters
//! `files` (paths) and `complete` (false where `packages` are not all); `host_drivers` are versions.
//! `expect` is `mitigated`, `not-mitigated` or `not-listed`, with the `reason` as the program words
//! it. Lines without `host_drivers` are cases of another kind.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crosscheck::model::{AdvisoryId, Package};
use crosscheck::policy::Day;
use crosscheck::policy::cuda::{Assessment, Bulletins, Host, Hosts, Image, assess};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn image(case: &Value) -> Image {
    let image = &case["image"];
    let packages: Vec<Package> = texts(&image["packages"])
        .into_iter()
        .map(|purl| Package::from_purl(purl).unwrap_or_else(|| panic!("{purl}: not a purl")))
        .collect();
    let complete = image["complete"].as_bool().unwrap_or(true);
    let mut found = Image::new(image["name"].as_str(), &packages, complete);
    for path in texts(&image["files"]) {
        found.add_file(path);
    }
    found
}

/// What the rule says, with its word for why.
fn outcome(case: &Value, host_drivers: &[&str]) -> (&'static str, &'static str, String) {
    let ids: Vec<AdvisoryId> = std::iter::once(case["cve"].as_str().unwrap())
        .chain(texts(&case["aliases"]))
        .map(AdvisoryId::new)
        .collect();
    let hosts: Hosts = host_drivers
        .iter()
        .map(|text| Host::new(text, "case"))
        .collect();
    let today = Day::parse("2026-11-24").unwrap();
    match assess(Bulletins::shipped(), &ids, &image(case), &hosts, today) {
        None => ("not-listed", "not-listed", String::new()),
        Some(found) => {
            let word = match found {
                Assessment::Mitigated(_) => "mitigated",
                Assessment::NotMitigated(_) => "not-mitigated",
            };
            (word, found.reason(), found.statement().to_owned())
        }
    }
}

fn check(case: &Value) -> Result<(), Failed> {
    let mut host_drivers = texts(&case["host_drivers"]);
    let (word, reason, statement) = outcome(case, &host_drivers);
    if (Some(word), Some(reason)) != (case["expect"].as_str(), case["reason"].as_str()) {
        return Err(format!(
            "{}\n  expected {}: {}\n  got      {word}: {reason}\n  {statement}",
            case["why"], case["expect"], case["reason"]
        )
        .into());
    }
    host_drivers.reverse();
    if outcome(case, &host_drivers).0 != word {
        return Err("the order of hosts shows".into());
    }
    Ok(())
}

fn case_files() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda");
    let mut files = Vec::new();
    for folder in
        std::iter::once(own).chain(std::env::var_os("CROSSCHECK_CUDA_CASES").map(PathBuf::from))
    {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        files.extend(
            entries
                .map(|e| e.unwrap().path())
                .filter(|p| p.extension().is_some_and(|e| e == "jsonl")),
        );
    }
    files.sort();
    files
}

fn main() {
    let mut tests = Vec::new();
    let mut names = BTreeSet::new();
    for file in case_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            if case["host_drivers"].is_null() {
                continue;
            }
            let id = case["id"].as_str().unwrap().to_owned();
            assert!(
                names.insert(id.clone()),
                "{}: {id} is there twice",
                file.display()
            );
            tests.push(Trial::test(id, move || check(&case)));
        }
    }
    assert!(!tests.is_empty(), "no cases found");
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}
