//! What makes classes, seen through the findings of one package.

use std::collections::BTreeSet;

use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, AliasAssertion, Ecosystem, Finding, IdLink, IdRelation,
    Observation, Package, ScannerId, ScannerReport, ScannerRun,
};
use crate::reconcile::reconcile;
use crate::reconcile::severity::SeverityRule;

/// A report: each entry is an id, the other ids in its field `aliases`, and those that it calls related.
fn run(scanner: &str, entries: &[(&str, &[&str], &[&str])]) -> ScannerRun {
    let mut report = ScannerReport::new(ScannerId::new(scanner), "test");
    report
        .packages
        .push(Package::new(Ecosystem::PyPi, "p", "1.0"));
    for (number, (id, aliases, related)) in entries.iter().enumerate() {
        let link = |relation| {
            move |id: &&str| IdLink {
                id: AdvisoryId::new(id),
                relation,
                field: "aliases",
            }
        };
        let aliases = aliases.iter().map(link(IdRelation::Alias));
        report.observations.push(Observation {
            links: aliases
                .chain(related.iter().map(link(IdRelation::Related)))
                .collect(),
            ..Observation::of(id, 0, format!("/{number}"))
        });
    }
    ScannerRun::of(report, "test")
}

/// With what the report says of an id as such.
fn knowing(mut run: ScannerRun, id: &str, advisory: Advisory) -> ScannerRun {
    let report = run.report.as_mut().unwrap();
    report.advisories.insert(AdvisoryId::new(id), advisory);
    run
}

fn state(state: AdvisoryState) -> Advisory {
    Advisory {
        state,
        ..Advisory::default()
    }
}

fn duplicate(of: &str) -> Advisory {
    Advisory {
        duplicate_of: Some(AdvisoryId::new(of)),
        ..state(AdvisoryState::Rejected)
    }
}

fn findings(runs: &[ScannerRun]) -> Vec<Finding> {
    reconcile(runs, &[], &SeverityRule::Vendor).findings
}

/// The ids under which the observations of each finding are listed.
fn listed(runs: &[ScannerRun]) -> BTreeSet<BTreeSet<String>> {
    findings(runs)
        .iter()
        .map(|f| f.observations.iter().map(|o| o.id.to_string()).collect())
        .collect()
}

fn sets(expected: &[&[&str]]) -> BTreeSet<BTreeSet<String>> {
    expected
        .iter()
        .map(|set| set.iter().map(|id| (*id).to_owned()).collect())
        .collect()
}

const A: &str = "CVE-2024-0001";
const B: &str = "CVE-2024-0002";

#[test]
fn a_dispute_over_any_id_concerns_the_class_and_a_withdrawn_advisory_does_not() {
    let base = || run("grype", &[(A, &["GHSA-aaaa-aaaa-aaaa"], &[])]);
    for (id, said, expected) in [
        (
            "GHSA-aaaa-aaaa-aaaa",
            AdvisoryState::Disputed,
            AdvisoryState::Disputed,
        ),
        (
            "GHSA-aaaa-aaaa-aaaa",
            AdvisoryState::Rejected,
            AdvisoryState::Rejected,
        ),
        (
            "GHSA-aaaa-aaaa-aaaa",
            AdvisoryState::Withdrawn,
            AdvisoryState::Active,
        ),
        (A, AdvisoryState::Withdrawn, AdvisoryState::Withdrawn),
        (A, AdvisoryState::Active, AdvisoryState::Active),
    ] {
        let findings = findings(&[knowing(base(), id, state(said))]);
        assert_eq!(findings[0].vulnerability.state, expected, "{id} {said:?}");
    }
}

#[test]
fn a_rejected_duplicate_does_not_reject_what_it_duplicates() {
    let run = knowing(
        run("trivy", &[(A, &[], &[]), (B, &[], &[])]),
        B,
        duplicate(A),
    );
    let findings = findings(&[run]);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].vulnerability.state, AdvisoryState::Active);
}

#[test]
fn the_record_of_the_canonical_id_speaks_first() {
    let titled = |title: &str| Advisory {
        title: Some(title.to_owned()),
        ..Advisory::default()
    };
    let first = run("grype", &[("GHSA-aaaa-aaaa-aaaa", &[A], &[])]);
    let first = knowing(first, "GHSA-aaaa-aaaa-aaaa", titled("of the advisory"));
    let second = knowing(run("trivy", &[(A, &[], &[])]), A, titled("of the CVE"));
    let findings = findings(&[first, second]);
    assert_eq!(
        findings[0].vulnerability.title.as_deref(),
        Some("of the CVE")
    );
}

#[test]
fn every_alias_has_its_first_statement() {
    let ghsa = "GHSA-aaaa-aaaa-aaaa";
    let (first, later) = ([ghsa, A], [ghsa]);
    let mut entries: Vec<(&str, &[&str], &[&str])> = vec![("CVE-2024-9999", &[], &[]); 11];
    entries[2] = (A, &first, &[B]);
    entries[9] = (A, &later, &[]);
    entries[10] = (A, &later, &[]);
    let mut run = run("trivy", &entries);
    // Whatever comes first in the list, the entry that a reader meets first is named.
    run.report.as_mut().unwrap().observations.reverse();
    let findings = findings(&[run]);
    let vulnerability = &findings[0].vulnerability;
    assert_eq!(vulnerability.id.as_str(), A);
    assert_eq!(
        vulnerability.assertions,
        [AliasAssertion {
            id: AdvisoryId::new(A),
            alias: AdvisoryId::new(ghsa),
            relation: IdRelation::Alias,
            scanner: ScannerId::new("trivy"),
            field: "aliases".to_owned(),
            pointer: "/2".to_owned(),
        }]
    );
}

#[test]
fn every_spelling_of_an_id_is_kept() {
    let wrappers: &[&str] = &["DEBIAN-CVE-2024-0001", "UBUNTU-CVE-2024-0001"];
    let findings = findings(&[run(
        "osv-scanner",
        &[("GHSA-aaaa-aaaa-aaaa", wrappers, &[])],
    )]);
    let vulnerability = &findings[0].vulnerability;
    let ids: Vec<&str> = findings[0].ids().map(AdvisoryId::as_str).collect();
    assert_eq!(
        ids,
        [
            A,
            "GHSA-aaaa-aaaa-aaaa",
            "DEBIAN-CVE-2024-0001",
            "UBUNTU-CVE-2024-0001"
        ]
    );
    let aliases: Vec<&str> = vulnerability
        .assertions
        .iter()
        .map(|assertion| assertion.alias.as_str())
        .collect();
    assert_eq!(aliases, wrappers);
}

#[test]
fn contradictory_duplicates_prove_nothing_and_agreeing_ones_do() {
    let c = "CVE-2024-0003";
    let all = [(A, &[][..], &[][..]), (B, &[], &[]), (c, &[], &[])];
    let says = |scanner, target| knowing(run(scanner, &all), B, duplicate(target));
    assert_eq!(
        listed(&[says("trivy", A), says("grype", A)]),
        sets(&[&[A, B], &[c]])
    );
    let joined = findings(&[says("trivy", A), says("grype", A)]);
    assert_eq!(
        joined[0].vulnerability.assertions[0].scanner.as_str(),
        "grype",
        "the first in text order"
    );
    assert_eq!(
        listed(&[says("trivy", A), says("grype", c)]),
        sets(&[&[A], &[B], &[c]])
    );
    // An id that is a duplicate of itself is nothing at all.
    assert_eq!(listed(&[says("trivy", B)]), sets(&[&[A], &[B], &[c]]));
    assert!(
        findings(&[says("trivy", B)])[1]
            .vulnerability
            .assertions
            .is_empty()
    );
}

#[test]
fn a_circle_of_duplicates_joins_nothing() {
    let circle = run("trivy", &[(A, &[], &[]), (B, &[], &[])]);
    let circle = knowing(knowing(circle, A, duplicate(B)), B, duplicate(A));
    assert_eq!(listed(&[circle]), sets(&[&[A], &[B]]));
}

#[test]
fn an_alias_of_a_hub_is_not_the_hub() {
    let entries: [(&str, &[&str], &[&str]); 3] = [
        ("GHSA-aaaa-aaaa-aaaa", &[A, B], &[]),
        ("PYSEC-2024-1", &["GHSA-aaaa-aaaa-aaaa"], &[]),
        (A, &[], &[]),
    ];
    assert_eq!(
        listed(&[run("osv-scanner", &entries)]),
        sets(&[&["GHSA-aaaa-aaaa-aaaa", A], &["PYSEC-2024-1"]])
    );
}

#[test]
fn where_two_cves_would_meet_only_what_has_none_stays_together() {
    let (a, b) = ("GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb");
    let entries: [(&str, &[&str], &[&str]); 5] = [
        (a, &[A], &[]),
        (b, &[B], &[]),
        // Ties the two together, and with the next one to itself.
        ("PYSEC-2024-1", &[a, b, "PYSEC-2024-2"], &[]),
        ("PYSEC-2024-2", &[], &[]),
        // Meets the others through an id that has a CVE.
        ("PYSEC-2024-3", &[a], &[]),
    ];
    assert_eq!(
        listed(&[run("osv-scanner", &entries)]),
        sets(&[
            &[a],
            &[b],
            &["PYSEC-2024-1", "PYSEC-2024-2"],
            &["PYSEC-2024-3"]
        ])
    );
}

#[test]
fn a_notice_of_one_known_cve_is_that_cve() {
    let findings = findings(&[run("osv-scanner", &[("DSA-1-1", &[A], &[])])]);
    assert_eq!(findings[0].vulnerability.id.as_str(), A);
    assert_eq!(findings[0].vulnerability.aliases[0].as_str(), "DSA-1-1");
}

#[test]
fn a_hub_stays_one_under_whatever_notice() {
    let runs = [
        run("grype", &[("GHSA-aaaa-aaaa-aaaa", &[A, B], &[])]),
        run("snyk", &[("GHSA-aaaa-aaaa-aaaa", &["DSA-1-1"], &[])]),
        run("trivy", &[(A, &[], &[]), ("DSA-1-1", &[], &[])]),
    ];
    assert_eq!(
        listed(&runs),
        sets(&[&["GHSA-aaaa-aaaa-aaaa", A], &["DSA-1-1"]])
    );
}
