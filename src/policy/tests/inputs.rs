//! What a policy draws on besides the reports.

use super::*;
use crate::policy::cuda::Host;

fn messages(inputs: &Inputs, policy: &ResolvedPolicy, now: &str) -> Vec<String> {
    let notes = inputs.notes(policy, at(now));
    notes.into_iter().map(|note| note.message).collect()
}

#[test]
fn an_old_list_of_bulletins_is_told_after_120_days() {
    let policy = resolved("version: 1");
    let inputs = Inputs::default();
    let mut summary = crate::model::report::PolicySummary::default();
    inputs.summarise(&mut summary);
    // 2026-09-30 and 120 days.
    assert_eq!(summary.cuda.unwrap().data_date, "2026-09-30");
    assert!(messages(&inputs, &policy, "2027-01-28T00:00:00Z").is_empty());
    let stale = messages(&inputs, &policy, "2027-01-28T00:00:01Z");
    assert!(
        stale.len() == 1 && stale[0].contains("ends on 2026-09-30, 120 days ago"),
        "{stale:?}"
    );
}

#[test]
fn a_host_that_can_never_pass_is_named_once_for_the_run() {
    let policy = resolved("version: 1");
    let mut inputs = Inputs::default();
    inputs.hosts.push(Host::new("580.178.04", "a"));
    inputs
        .hosts
        .push(Host::excluded("it runs in WSL2", "this machine"));
    let told = messages(&inputs, &policy, "2026-11-01T00:00:00Z");
    assert!(
        told.len() == 1 && told[0].ends_with("this machine (it runs in WSL2)"),
        "{told:?}"
    );
}

#[test]
fn rules_that_lack_what_they_need_are_told() {
    let policy = resolved(
        "version: 1\nprofiles: {production: {extends: production, grace: {from: first-sight, high: 2d}, rules: \
         [{name: base, when: {layer: base}, then: track}]}}",
    );
    let file = |kind, text: &str| InputFile {
        kind,
        name: "f".to_owned(),
        by_policy: false,
        bytes: text.as_bytes().to_vec(),
    };
    let now = "2026-11-01T00:00:00Z";
    let told = messages(&Inputs::default(), &policy, now);
    assert!(
        told[0].contains("--previous") && told[1].contains("--base-image"),
        "{told:?}"
    );
    let known = [
        file(
            InputKind::FirstSeen,
            r#"{"CVE-2024-6345@pypi/setuptools@65.5.1": "2026-10-01T00:00:00Z"}"#,
        ),
        file(InputKind::BaseLayers, r#"["sha256:b"]"#),
    ];
    let inputs = Inputs::read(&known).unwrap();
    assert!(messages(&inputs, &policy, now).is_empty());
    let mut findings = [
        setuptools(Severity::High, FixState::Fixed),
        finding("CVE-2020-1", Severity::High, FixState::Fixed, Vec::new()),
    ];
    inputs.enrich(&mut findings, at(now));
    let seen = findings.map(|finding| finding.first_seen.unwrap());
    assert_eq!(seen, ["2026-10-01T00:00:00Z", now]);
}

#[test]
fn of_several_earlier_reports_the_earliest_counts_and_none_from_the_future() {
    let file = |moment: &str| InputFile {
        kind: InputKind::FirstSeen,
        name: "f".to_owned(),
        by_policy: false,
        bytes: format!(r#"{{"CVE-2024-6345@pypi/setuptools@65.5.1": "{moment}"}}"#).into_bytes(),
    };
    let now = "2026-11-01T00:00:00Z";
    for (moments, expected) in [
        (
            ["2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z"],
            "2026-10-01T00:00:00Z",
        ),
        (
            ["2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"],
            "2026-10-01T00:00:00Z",
        ),
        (["2027-10-01T00:00:00Z", "2028-01-01T00:00:00Z"], now),
    ] {
        let inputs = Inputs::read(&moments.map(file)).unwrap();
        let mut findings = [setuptools(Severity::High, FixState::Fixed)];
        inputs.enrich(&mut findings, at(now));
        assert_eq!(
            findings[0].first_seen.as_deref(),
            Some(expected),
            "{moments:?}"
        );
    }
    let broken = Inputs::read(&[file("one fine day")]).unwrap_err();
    assert!(broken[0].contains("f: line 1"), "{broken:?}");
}

#[test]
fn old_feeds_and_lists_from_the_future_are_told() {
    let file = |kind, text: &str| InputFile {
        kind,
        name: "f".to_owned(),
        by_policy: false,
        bytes: text.as_bytes().to_vec(),
    };
    let policy = resolved("version: 1");
    let kev = file(
        InputKind::Kev,
        r#"{"catalogVersion": "1", "dateReleased": "2026-10-01T00:00:00Z", "count": 1, "vulnerabilities":
           [{"cveID": "CVE-2024-6345", "dateAdded": "2026-10-01"}]}"#,
    );
    let inputs = Inputs::read(&[kev]).unwrap();
    assert!(messages(&inputs, &policy, "2026-10-15T00:00:00Z").is_empty());
    let told = messages(&inputs, &policy, "2026-10-16T00:00:00Z");
    assert!(
        told.len() == 1 && told[0].contains("of 2026-10-01, 15 days old"),
        "{told:?}"
    );
    let future = file(InputKind::Bulletins, "version: 1\ndata-date: 2099-01-01\n");
    let inputs = Inputs::read(&[future]).unwrap();
    let told = messages(&inputs, &policy, "2026-11-01T00:00:00Z");
    assert!(
        told.len() == 1 && told[0].contains("in the future"),
        "{told:?}"
    );
}

#[test]
fn every_broken_file_is_told_at_once() {
    let files = [
        InputKind::Vex,
        InputKind::Kev,
        InputKind::Epss,
        InputKind::Bulletins,
        InputKind::Hosts,
    ]
    .map(|kind| InputFile {
        kind,
        name: format!("{}.x", kind.as_str()),
        by_policy: true,
        bytes: b"\xff{".to_vec(),
    });
    let problems = Inputs::read(&files).unwrap_err();
    assert_eq!(problems.len(), files.len());
    for (problem, file) in problems.iter().zip(&files) {
        assert!(problem.contains(&file.name), "{problem}");
    }
}
