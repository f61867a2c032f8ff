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

mod golden;

use crosscheck::model::{AdvisoryId, Package};
use crosscheck::policy::Day;
use crosscheck::policy::cuda::{Assessment, Bulletins, Host, Hosts, Image, assess};
use golden::texts;
use libtest_mimic::Failed;
use serde_json::Value;

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

fn main() {
    golden::run("cuda", "CROSSCHECK_CUDA_CASES", "host_drivers", check);
}
