//! Every report of a corpus of real ones, read and joined.
//!
//! The folder is the one that `CROSSCHECK_CORPUS` names, by default `../shared/corpus` beside the
//! repository. It is test data that this repository does not hold: without it these tests say so
//! and pass. Any folder of the same layout will do: reports anywhere in it, `malformed/` for what
//! has to be refused, `same-image/CASE/` for several scanners' reports on one image, and optionally
//! `SOURCES.tsv` with the columns `file` and `vuln_entries`.

#![expect(
    clippy::panic,
    reason = "test data that cannot be opened is a failed test"
)]

mod agreement;
mod files;
mod jq;
mod same_image;
mod scores;

use std::collections::{BTreeSet, HashSet};

use crosscheck::coverage::{Comparisons, ImageInput};
use crosscheck::formats::{self, ReadError};
use crosscheck::model::comparison::{ComparedPair, Levels, Overlap};
use crosscheck::model::report::Report;
use crosscheck::model::{AdvisoryId, Cause, DiagnosticLevel, ScannerId, ScannerReport};
use serde_json::Value;

use files::{Corpus, notice};
use same_image::{Agreement, Case};

/// Fails with everything that was found, not only with the first.
fn assert_none(problems: &[String], what: &str) {
    assert!(
        problems.is_empty(),
        "{what}: {} case(s)\n  {}",
        problems.len(),
        problems.join("\n  ")
    );
}

#[test]
fn every_well_formed_file_is_read() {
    let Some(corpus) = Corpus::get() else { return };
    let problems: Vec<String> = corpus
        .well_formed()
        .filter_map(|file| Some(format!("{}: {}", file.name, file.read.as_ref().err()?)))
        .collect();
    assert_none(&problems, "files that should have been read");
}

#[test]
fn jq_counts_the_same() {
    let Some(corpus) = Corpus::get() else { return };
    if !jq::is_installed() {
        notice("skipped: jq is not installed, so there is nothing to check the counts against");
        return;
    }
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let counts = file
            .text_and_format()
            .map_err(|error| error.to_string())
            .and_then(|(text, format)| jq::counts(format, &text));
        match counts {
            Err(error) => problems.push(format!("{}: {error}", file.name)),
            Ok(expected) => {
                let read = jq::Counts {
                    entries: report.entries,
                    observations: report.observations.len(),
                    not_vulnerabilities: report.not_vulnerabilities,
                    suppressed: report.suppressed.len(),
                    packages: expected.packages.map(|_| report.packages.len()),
                };
                if read != expected {
                    let name = &file.name;
                    problems.push(format!("{name}: jq {expected:?}\n    reader {read:?}"));
                }
            }
        }
    }
    assert_none(&problems, "files that jq counts differently");
}

#[test]
fn jq_finds_the_same_scores_of_exploitation() {
    let Some(corpus) = Corpus::get() else { return };
    if !jq::is_installed() {
        notice("skipped: jq is not installed, so there is nothing to check the scores against");
        return;
    }
    let mut problems = Vec::new();
    let (mut scores, mut findings) = (0, 0);
    for (file, report) in corpus.reports() {
        let expected = file
            .text_and_format()
            .map_err(|error| error.to_string())
            .and_then(|(text, format)| jq::scored(format, &text));
        let read: BTreeSet<&AdvisoryId> = report
            .advisories
            .iter()
            .filter(|(_, advisory)| advisory.epss.is_some())
            .map(|(id, _)| id)
            .collect();
        match expected {
            Err(error) => problems.push(format!("{}: {error}", file.name)),
            Ok(expected) => {
                let expected: BTreeSet<AdvisoryId> =
                    expected.iter().map(|id| AdvisoryId::new(id)).collect();
                if !expected.iter().eq(read.iter().copied()) {
                    let name = &file.name;
                    problems.push(format!("{name}: jq {expected:?}\n    reader {read:?}"));
                }
            }
        }
        scores += read.len();
        let case = Case::new("one report", &[(file, report)]);
        for finding in case.reconcile().findings {
            let scored = finding.ids().any(|id| read.contains(id));
            if finding.vulnerability.epss.is_some() != scored {
                problems.push(format!("{}: {}", file.name, finding.key));
            }
            findings += usize::from(scored);
        }
    }
    notice(&format!(
        "{scores} EPSS scores, {findings} findings with one"
    ));
    assert_none(&problems, "reports whose scores are read differently");
}

#[test]
fn the_list_of_the_corpus_counts_the_same() {
    let Some(corpus) = Corpus::get() else { return };
    let listed = corpus.listed_counts();
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let Some(&expected) = listed.get(&file.name) else {
            continue;
        };
        let entries = entries_as_listed(report);
        // Of a file without vulnerabilities the list counts the packages.
        let is_inventory = report.entries == 0 && report.packages.len() == expected;
        if !is_inventory && entries != expected {
            problems.push(format!(
                "{}: {entries} entries and {} packages, listed with {expected}",
                file.name,
                report.packages.len()
            ));
        }
    }
    assert_none(&problems, "files that the corpus lists with another count");
}

/// Entries as `SOURCES.tsv` counts them: without those that stand in a list of withheld ones, and of
/// a Snyk report only the image's own project, without the applications that Snyk found in it.
fn entries_as_listed(report: &ScannerReport) -> usize {
    let elsewhere = [
        "/applications/",
        "/filtered/",
        "/ignoredMatches/",
        "/ExperimentalModifiedFindings/",
    ];
    let not_listed = entry_pointers(report)
        .into_iter()
        .filter(|pointer| elsewhere.iter().any(|list| pointer.contains(list)))
        .count();
    report.entries - not_listed
}

#[test]
fn every_entry_is_accounted_for() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let read = entry_pointers(report);
        let unreadable: BTreeSet<&str> = report
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.level == DiagnosticLevel::Unreadable)
            .filter_map(|diagnostic| diagnostic.pointer.as_deref().map(entry_of))
            .filter(|pointer| !read.contains(pointer))
            .collect();
        let covered = read.len() + report.not_vulnerabilities + unreadable.len();
        if covered != report.entries {
            problems.push(format!(
                "{}: {} entries, but {} read, {} not vulnerabilities, {} unreadable",
                file.name,
                report.entries,
                read.len(),
                report.not_vulnerabilities,
                unreadable.len()
            ));
        }
    }
    assert_none(&problems, "files with entries that came to nothing");
}

/// Pointers of the entries that observations were read from, withheld ones included.
fn entry_pointers(report: &ScannerReport) -> BTreeSet<&str> {
    let withheld = report
        .suppressed
        .iter()
        .map(|suppressed| &suppressed.observation);
    report
        .observations
        .iter()
        .chain(withheld)
        .map(|observation| entry_of(&observation.pointer))
        .collect()
}

/// Pointer of the entry that a pointer lies in: an entry of CycloneDX lists the packages affected.
fn entry_of(pointer: &str) -> &str {
    pointer.split("/affects").next().unwrap_or(pointer)
}

#[test]
fn every_pointer_leads_to_an_entry_of_the_document() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let Ok((text, _)) = file.text_and_format() else {
            continue;
        };
        let document: Value = match serde_json::from_str(&text) {
            Ok(document) => document,
            Err(error) => {
                problems.push(format!("{}: {error}", file.name));
                continue;
            }
        };
        let withheld = report
            .suppressed
            .iter()
            .map(|suppressed| &suppressed.observation);
        let mut seen = HashSet::new();
        for observation in report.observations.iter().chain(withheld) {
            let pointer = observation.pointer.as_str();
            if !document.pointer(pointer).is_some_and(Value::is_object) {
                problems.push(format!("{}: {pointer:?} leads to no entry", file.name));
            }
            if report.package(observation.package).is_none() {
                problems.push(format!("{}: {pointer} has no package", file.name));
            }
            if !seen.insert((pointer, observation.package)) {
                problems.push(format!(
                    "{}: {pointer} is there twice for a package",
                    file.name
                ));
            }
        }
        for diagnostic in &report.diagnostics {
            let resolves = |pointer: &String| document.pointer(pointer).is_some();
            if !diagnostic.pointer.as_ref().is_none_or(resolves) {
                problems.push(format!("{}: {diagnostic:?} leads nowhere", file.name));
            }
        }
    }
    assert_none(&problems, "pointers that do not hold");
}

#[test]
fn what_is_no_report_gets_an_error_with_place_and_remedy() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for file in corpus.refused() {
        let error = match &file.read {
            Err(error) => error,
            // A scanner's own error document is read, and says itself what went wrong.
            Ok(ScannerReport {
                failure: Some(failure),
                ..
            }) if !failure.trim().is_empty() => {
                notice(&format!("{}: the scanner failed: {failure}", file.name));
                continue;
            }
            Ok(report) => {
                problems.push(format!("{}: read as {}", file.name, report.format));
                continue;
            }
        };
        let message = error.to_string();
        notice(&format!("{}: {message}", file.name));
        let is_expected = match file.file_name() {
            "chain-guard__trivy_results.json" => matches!(error, ReadError::Empty),
            "strapi-ubuntu-dhi-node24__docker-scout-cves.json" | "snyk.txt" | "scout.txt" => {
                matches!(error, ReadError::NotJson { .. })
            }
            "DevSecOps-Intro__scout-sarif-with-console-text.sarif" => {
                matches!(error, ReadError::TextBeforeJson { line: 3, .. })
            }
            "zilant-prime-core__grype-report.json" => {
                matches!(error, ReadError::Encoding { offset, .. } if *offset + 1 == file.bytes.len())
            }
            _ => true,
        };
        if !is_expected {
            problems.push(format!(
                "{}: unexpected class of error: {message}",
                file.name
            ));
        }
        if message.trim().is_empty() || message.chars().any(char::is_control) {
            problems.push(format!(
                "{}: not a line for a person: {message:?}",
                file.name
            ));
        }
    }
    assert_none(&problems, "files that were not refused as they should be");
}

#[test]
fn no_field_of_a_report_is_lost_between_encodings() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let Ok((text, _)) = file.text_and_format() else {
            continue;
        };
        let utf16: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        if formats::read(&utf16).as_ref() != Ok(report) {
            problems.push(format!("{}: reads differently as UTF-16", file.name));
        }
    }
    assert_none(&problems, "files that depend on their encoding");
}

#[test]
fn part_of_a_file_is_never_read_as_a_whole_one() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for file in corpus.well_formed() {
        let whole = file.bytes.trim_ascii_end();
        for part in 0..8 {
            let length = whole.len() * part / 8;
            if formats::read(&whole[..length]).is_ok() {
                problems.push(format!("{}: its first {length} bytes", file.name));
            }
        }
    }
    assert_none(&problems, "truncated files that were read");
}

#[test]
fn same_image_cases_merge_without_loss() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    let mut table = same_image::heading();
    for (name, reports) in corpus.cases() {
        let case = Case::new(name, &reports);
        let reconciled = case.reconcile();
        table.push('\n');
        table.push_str(&same_image::row(&case, &Agreement::new(&case, &reconciled)));
        let losses = same_image::losses(&case, &reconciled);
        problems.extend(losses.iter().map(|loss| format!("{name}: {loss}")));
        let keys: BTreeSet<&str> = reconciled.findings.iter().map(|f| f.key.as_str()).collect();
        if keys.len() != reconciled.findings.len() {
            problems.push(format!("{name}: two findings have one key"));
        }
    }
    notice(&format!("same-image cases\n{table}"));
    assert_none(&problems, "observations that were lost");
}

#[test]
fn what_agrees_word_by_word_is_in_one_finding() {
    let Some(corpus) = Corpus::get() else { return };
    let cases: Vec<Case<'_>> = corpus
        .cases()
        .iter()
        .map(|(name, reports)| Case::new(name, reports))
        .collect();
    notice(&format!(
        "agreement by way of joining\n{}",
        agreement::table(&cases)
    ));
    let mut problems = Vec::new();
    for case in &cases {
        let reconciled = case.reconcile();
        for split in agreement::split_twins(case, &reconciled) {
            problems.push(format!("{}: {split}", case.name));
        }
    }
    assert_none(&problems, "equal ids, names and versions in two findings");
}

#[test]
fn few_verdicts_are_open_where_the_package_list_is_there() {
    let Some(corpus) = Corpus::get() else { return };
    let cases: Vec<Case<'_>> = corpus
        .cases()
        .iter()
        .map(|(name, reports)| Case::new(name, reports))
        .collect();
    let (table, open) = agreement::verdicts(&cases);
    notice(&format!("verdicts\n{table}{}", open.words()));
    let share = open.with_list().share();
    assert!(share < 0.1, "{share} of them");
}

/// Trivy was told to leave out what has no fix, which its report does not say.
#[test]
fn a_filter_shows_by_what_is_missing() {
    let Some(corpus) = Corpus::get() else { return };
    let cases = corpus.cases();
    let Some((name, reports)) = cases.iter().find(|(name, _)| **name == "my-app-2025") else {
        notice("skipped: the corpus has no my-app-2025");
        return;
    };
    let case = Case::new(name, reports);
    let (reconciled, coverage) = case.compare();
    let row = coverage
        .scanners
        .iter()
        .find(|r| r.scanner.as_str() == "trivy");
    let hidden = row.and_then(|row| row.missed.get(&Cause::UnfixedHidden));
    let without_fix = (reconciled.findings.iter())
        .filter(|f| f.package.ecosystem.is_os() && f.fix.versions.is_empty())
        .count();
    assert!(without_fix > 20, "{without_fix}");
    assert_eq!(
        hidden,
        Some(&without_fix),
        "{:?}",
        row.map(|row| &row.missed)
    );
}

#[test]
fn scanners_that_name_the_same_vulnerabilities_share_findings() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (name, reports) in corpus.cases() {
        let case = Case::new(name, &reports);
        let reconciled = case.reconcile();
        let agreement = Agreement::new(&case, &reconciled);
        for pair in agreement.pairs() {
            let common = same_image::common_vulnerabilities(&reconciled, pair.a, pair.b);
            // A few can be coincidence: one flaw in two packages. Many are lost package identity.
            if common >= 5 && pair.both == 0 {
                problems.push(format!(
                    "{name}: {} and {} both name {common} vulnerabilities and share no finding",
                    pair.a, pair.b
                ));
            }
        }
    }
    assert_none(&problems, "pairs of scanners whose packages never meet");
}

#[test]
fn the_order_of_reports_and_entries_changes_nothing() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (name, reports) in corpus.cases() {
        let case = Case::new(name, &reports);
        let expected = case.reconcile();
        for seed in 1..=3 {
            let shuffled = same_image::shuffled(&case, seed).reconcile();
            let difference = expected
                .findings
                .iter()
                .zip(&shuffled.findings)
                .find(|(one, other)| one != other);
            if let Some((one, other)) = difference {
                problems.push(format!("{name}, seed {seed}:\n    {one:?}\n    {other:?}"));
            } else if expected.findings.len() != shuffled.findings.len() {
                problems.push(format!("{name}, seed {seed}: another number of findings"));
            }
        }
    }
    assert_none(&problems, "cases that depend on the order of their input");
}

/// The reports on one nginx image are SARIF, without source packages, and Snyk names the source
/// package where the others name binaries: agreement shows how well identity is restored.
const NGINX: &str = "nginx-sarif-2023";

/// Source packages of that image, from Debian's package index.
const NGINX_SOURCES: &[u8] = include_bytes!("../data/nginx-bookworm-sources.cdx.json");

#[test]
fn the_nginx_inventory_names_the_source_of_every_package() {
    let inventory = formats::read(NGINX_SOURCES).expect("a CycloneDX document");
    assert_eq!(inventory.packages.len(), 40);
    let source_of = |name: &str| {
        let package = inventory
            .packages
            .iter()
            .find(|package| package.name == name)?;
        let source = package.source.as_ref()?;
        Some((source.name.as_str(), source.version.as_deref()))
    };
    assert!(
        inventory
            .packages
            .iter()
            .all(|package| package.source.is_some())
    );
    assert_eq!(source_of("libstdc++6"), Some(("gcc-12", None)));
    assert_eq!(
        source_of("bsdutils"),
        Some(("util-linux", Some("2.38.1-5")))
    );
    assert_eq!(source_of("login"), Some(("shadow", Some("1:4.13+dfsg1-1"))));
}

#[test]
fn an_inventory_restores_agreement_on_the_nginx_image() {
    let Some(corpus) = Corpus::get() else { return };
    let cases = corpus.cases();
    let Some(reports) = cases.get(NGINX) else {
        notice(&format!("skipped: this corpus has no case {NGINX}"));
        return;
    };
    let mut case = Case::new(NGINX, reports);
    assert_agreement_of_snyk(&case, 0.69);
    case.inventories
        .push(formats::read(NGINX_SOURCES).expect("a CycloneDX document"));
    assert_agreement_of_snyk(&case, 0.95);
}

/// Snyk agrees with each of the two others to at least `least`.
fn assert_agreement_of_snyk(case: &Case<'_>, least: f64) {
    let reconciled = case.reconcile();
    let agreement = Agreement::new(case, &reconciled);
    let pairs = agreement.pairs();
    let of_snyk: Vec<_> = pairs
        .iter()
        .filter(|pair| pair.has(ScannerId::SNYK))
        .collect();
    assert_eq!(of_snyk.len(), 2, "Snyk, Trivy and Grype");
    notice(&format!(
        "{} inventories\n{}",
        case.inventories.len(),
        same_image::row(case, &agreement)
    ));
    for pair in of_snyk {
        assert!(
            pair.jaccard() >= least,
            "{} and {}: {} of {} findings shared, wanted {least}",
            pair.a,
            pair.b,
            pair.both,
            pair.either
        );
    }
}

/// Snyk and Trivy on that image, by ever fairer ways of saying what is the same.
#[test]
fn agreement_on_the_nginx_image_is_a_matter_of_what_counts_as_the_same() {
    let Some(corpus) = Corpus::get() else { return };
    let cases = corpus.cases();
    let Some(reports) = cases.get(NGINX) else {
        notice(&format!("skipped: this corpus has no case {NGINX}"));
        return;
    };
    let mut case = Case::new(NGINX, reports);
    let of_both = |overlap: &Overlap| (overlap.jaccard.count, overlap.jaccard.of);
    let levels = snyk_and_trivy(&case);
    assert_eq!(of_both(&levels.raw), (0, 164));
    assert_eq!(of_both(&levels.by_vulnerability_and_name), (64, 100));
    assert_eq!(of_both(&levels.finding), (64, 91));

    case.inventories
        .push(formats::read(NGINX_SOURCES).expect("a CycloneDX document"));
    let levels = snyk_and_trivy(&case);
    assert_eq!(of_both(&levels.raw), (0, 164), "no inventory helps there");
    assert_eq!(of_both(&levels.finding), (64, 65));
    // The one that is left is CVE-2023-0634, which was rejected.
    assert_eq!(of_both(&levels.adjusted), (64, 64));
}

/// How far the two agree, from the report that the case gives.
fn snyk_and_trivy(case: &Case<'_>) -> Levels {
    let report = case.report();
    let mut comparisons = Comparisons::default();
    comparisons.add(&ImageInput {
        report: &report,
        source: case.name,
        layers: &[],
    });
    let comparison = comparisons.finish();
    let mut pairs = comparison.pairs.iter();
    let is_wanted = |pair: &&ComparedPair| pair.a.as_str() == "snyk" && pair.b.as_str() == "trivy";
    let Some(pair) = pairs.find(is_wanted) else {
        panic!("Snyk and Trivy are not compared")
    };
    pair.agreement
}

/// All cases as if they were the images of one registry.
#[test]
fn comparing_all_cases_does_not_depend_on_their_order() {
    let Some(corpus) = Corpus::get() else { return };
    let cases = corpus.cases();
    let reports: Vec<Report> = cases
        .iter()
        .map(|(name, reports)| Case::new(name, reports).report())
        .collect();
    let compared = |reports: &mut dyn Iterator<Item = &Report>| {
        let mut comparisons = Comparisons::default();
        for report in reports {
            comparisons.add(&ImageInput {
                report,
                source: "corpus",
                layers: &[],
            });
        }
        comparisons.finish()
    };
    let comparison = compared(&mut reports.iter());
    assert_eq!(comparison.images.len(), cases.len());
    let findings: usize = reports.iter().map(|report| report.findings.len()).sum();
    assert_eq!(comparison.universe.findings, findings);
    let backwards = compared(&mut reports.iter().rev());
    assert_eq!(
        serde_json::to_string(&comparison).ok(),
        serde_json::to_string(&backwards).ok()
    );
}
