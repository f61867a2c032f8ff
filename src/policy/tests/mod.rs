//! What a policy means, from text to verdict.

mod conditions;
mod deciding;
mod inputs;
mod judging;
mod laws;
mod reading;

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::AdvisoryState;
use crate::model::report::{RunOutcome, TargetSummary};
use crate::model::{
    Action, AdvisoryId, Capabilities, Ecosystem, Failure, FailureKind, Finding, Fix, FixState,
    Instance, Justification, Location, Outcome, PackageGroup, RatingSource, ResolvedSeverity,
    ScannerId, ScannerRun, Severity, Vulnerability,
};
use crate::reconcile::severity::SeverityRule;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn instance(name: &str, version: &str, paths: &[&str]) -> Instance {
    Instance {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        purl: Some(format!("pkg:pypi/{name}@{version}?x=y")),
        locations: paths
            .iter()
            .filter_map(|path| Location::new(Some(path), None))
            .collect(),
        scanners: vec![ScannerId::new("trivy")],
    }
}

pub(super) fn finding(
    id: &str,
    severity: Severity,
    fix: FixState,
    instances: Vec<Instance>,
) -> Finding {
    let package = PackageGroup {
        ecosystem: Ecosystem::PyPi,
        name: "setuptools".to_owned(),
        version: Some("65.5.1".to_owned()),
    };
    Finding {
        relations: Vec::new(),
        key: format!("{id}@{package}"),
        vulnerability: Vulnerability {
            id: AdvisoryId::new(id),
            aliases: vec![AdvisoryId::new("GHSA-cx63-2mw6-8hw5")],
            related: vec![AdvisoryId::new("USN-7002-1")],
            assertions: Vec::new(),
            title: None,
            description: None,
            url: None,
            cwes: Vec::new(),
            published: None,
            state: AdvisoryState::Active,
            known_exploited: false,
            kev: None,
            epss: None,
        },
        package,
        instances,
        severity: ResolvedSeverity {
            level: severity,
            source: (severity != Severity::Unknown).then_some(RatingSource::Nvd),
            rule: "vendor".to_owned(),
            lowest: severity,
            highest: severity,
            disputed: false,
        },
        ratings: Vec::new(),
        fix: Fix {
            state: fix,
            ..Fix::default()
        },
        observations: Vec::new(),
        first_seen: None,
        labels: Vec::new(),
        verdicts: BTreeMap::new(),
        decision: None,
    }
}

fn setuptools(severity: Severity, fix: FixState) -> Finding {
    let instances = vec![instance(
        "setuptools",
        "65.5.1",
        &["/opt/conda/lib/setuptools"],
    )];
    finding("CVE-2024-6345", severity, fix, instances)
}

fn resolved(text: &str) -> ResolvedPolicy {
    parse(text, "policy.yaml")
        .unwrap_or_else(|e| panic!("{e}"))
        .resolve(None)
        .unwrap()
}

/// A policy of ignore rules, each the text between `{` and `}`.
fn ignoring(rules: &[&str]) -> ResolvedPolicy {
    let mut text = "version: 1\nignore:\n".to_owned();
    for rule in rules {
        text.extend(["  - {", rule, "}\n"]);
    }
    resolved(&text)
}

const ENDS: &str = "reason: not reachable, owner: ml, expires: 2026-06-30";

fn decided(policy: &ResolvedPolicy, finding: Finding, now: &str) -> Finding {
    let mut findings = [finding];
    decide(policy, &mut findings, &Circumstances::at(at(now)));
    let [finding] = findings;
    finding
}

fn action(policy: &ResolvedPolicy, finding: Finding) -> Action {
    decided(policy, finding, "2026-06-01T00:00:00Z")
        .decision
        .unwrap()
        .action
}

/// The problems of a policy as `line:column path: message`.
fn problems(text: &str) -> Vec<String> {
    let errors = parse(text, "p.yaml").unwrap_err();
    errors
        .problems
        .iter()
        .map(|problem| {
            let (line, column) = problem.position.unwrap_or_default();
            format!("{line}:{column} {}: {}", problem.path, problem.message)
        })
        .collect()
}

fn assert_problem(text: &str, expected: &str) {
    let problems = problems(text);
    assert!(
        problems.len() == 1 && problems[0].contains(expected),
        "{text}\nexpected {expected}, found {problems:#?}"
    );
}
