//! in-toto: a statement on the image with the predicate
//! [vulns v0.2](https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md), for
//! signing by the user's own tool.
//!
//! The subject is the image by every digest that registries have it under; of an archive it is the
//! image's configuration. The scanner is crosscheck. What the policy decided, the packages and each
//! scanner's verdict are annotations of the results.
//!
//! The predicate has no place for a verdict or for a scanner that failed: both are annotations of the
//! subject, which readers may skip. To them a short list says that there is nothing else, so that a
//! run of which too little can be trusted gives no statement at all.
//!
//! Ignored findings are left out unless asked for, since readers count what is there; the subject's
//! annotations have their number. The times of the metadata are when the scanners looked at the
//! image, see [`scan_times`]; where one of them does not say it, [`Report::evaluated_at`], with a
//! warning. `db.lastUpdate` is the date of the oldest database that the result rests on, and 1970-01-01
//! where no scanner states one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Serialize, Serializer};

use super::attestation::{oldest_database, scan_times, time_warning, tool_uri};
use super::json::write_visible_json;
use super::{Description, Options, identity, purls};
use crate::model::report::{Report, RunOutcome, TargetSummary};
use crate::model::{Action, Finding, Instance, Outcome};

/// Findings for signing.
pub(super) const FORMAT: Description = Description {
    name: "vulns",
    title: "findings as in-toto statement, for signing",
    file_name: "report.vulns.intoto.json",
    is_page: false,
    write,
    warnings,
};

/// `db.lastUpdate` where no scanner states a date. The predicate demands one, and readers that want
/// fresh data must not take what nobody knows for fresh.
const NEVER: &str = "1970-01-01T00:00:00Z";

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

/// A resource descriptor.
#[derive(Serialize)]
struct Subject {
    name: String,
    digest: BTreeMap<&'static str, String>,
    annotations: RunAnnotations,
}

/// What is to be known of the run before anything is concluded from its results.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RunAnnotations {
    verdict: &'static str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    insufficient: Vec<String>,
    profile: String,
    ignored_findings: usize,
    scanners: Vec<ScannerAnnotation>,
}

#[derive(Clone, Serialize)]
struct ScannerAnnotation {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
}

#[derive(Serialize)]
struct Predicate<'a> {
    scanner: Scanner<'a>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Scanner<'a> {
    uri: String,
    version: &'a str,
    db: Database<'a>,
    result: Results<'a>,
}

#[derive(Serialize)]
struct Database<'a> {
    #[serde(rename = "lastUpdate")]
    last_update: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    scan_started_on: &'a str,
    scan_finished_on: &'a str,
}

/// The list of results, each made when it is written.
struct Results<'a> {
    report: &'a Report,
    include_ignored: bool,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.report.findings.iter();
        let findings = findings.filter(|finding| self.include_ignored || !is_ignored(finding));
        serializer.collect_seq(findings.map(|finding| result(self.report, finding)))
    }
}

#[derive(Serialize)]
struct VulnerabilityResult<'a> {
    id: &'a str,
    severity: Vec<Score<'a>>,
    annotations: Vec<BTreeMap<&'static str, String>>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Score<'a> {
    method: String,
    score: std::borrow::Cow<'a, str>,
}

fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let annotations = run_annotations(report);
    let subject = subjects(&report.target, &annotations);
    if subject.is_empty() || is_insufficient(report) {
        return Ok(());
    }
    let moment = report.evaluated_at.as_str();
    let (scan_started_on, scan_finished_on) = scan_times(report).unwrap_or((moment, moment));
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1",
        subject,
        predicate_type: "https://in-toto.io/attestation/vulns/v0.2",
        predicate: Predicate {
            scanner: Scanner {
                uri: tool_uri(report),
                version: &report.tool.version,
                db: Database {
                    last_update: oldest_database(report).unwrap_or(NEVER),
                },
                result: Results {
                    report,
                    include_ignored: options.include_ignored,
                },
            },
            metadata: Metadata {
                scan_started_on,
                scan_finished_on,
            },
        },
    };
    write_visible_json(&statement, out)
}

/// True when a statement would say *nothing else was found* where the truth is that nobody knows.
fn is_insufficient(report: &Report) -> bool {
    report.verdict.outcome == RunOutcome::Insufficient
}

fn is_ignored(finding: &Finding) -> bool {
    let decision = finding.decision.as_ref();
    decision.is_some_and(|decision| decision.action == Action::Ignore)
}

fn warnings(report: &Report, options: &Options) -> Vec<String> {
    let target = &report.target;
    if subjects(target, &run_annotations(report)).is_empty() {
        return vec![
            "no in-toto statement is written: no digest of the image is known; scan it as \
             REPOSITORY@DIGEST"
                .to_owned(),
        ];
    }
    if is_insufficient(report) {
        return vec![
            "no in-toto statement is written: too little can be trusted, and a statement would say \
             that there is nothing beyond its vulnerabilities"
                .to_owned(),
        ];
    }
    let mut warnings = Vec::new();
    if purls::registry_digests(target).is_empty() {
        warnings.push(
            "no digest of the image in a registry is known, so the in-toto statement is about the \
             digest of its configuration, by which no admission controller looks; push the image \
             and scan it as REPOSITORY@DIGEST"
                .to_owned(),
        );
    }
    warnings.extend(time_warning(report, "the in-toto statement"));
    if oldest_database(report).is_none() {
        warnings.push(
            "no scanner states when its database was built, so the in-toto statement gives 1970-01-01: \
             who demands a fresh database refuses it; use a scanner that states it, such as Trivy or \
             Grype"
                .to_owned(),
        );
    }
    let ignored = report.with_action(Action::Ignore).count();
    if ignored > 0 && !options.include_ignored {
        warnings.push(format!(
            "the in-toto statement leaves out ignored findings: {ignored}; write them with \
             --include-ignored"
        ));
    }
    warnings
}

/// The image, once for each of its digests.
fn subjects(target: &TargetSummary, annotations: &RunAnnotations) -> Vec<Subject> {
    let mut named = purls::registry_digests(target);
    named.retain(|(_, digest)| identity::sha256_hex(digest).is_some());
    if named.is_empty() {
        // A manifest's digest of an archive is made up by a scanner.
        let name = format!("configuration of {}", identity::repository(target));
        named.extend(target.config_digest.clone().map(|digest| (name, digest)));
    }
    let hex = named.into_iter().filter_map(|(name, digest)| {
        let hex = identity::sha256_hex(&digest)?.to_owned();
        Some(Subject {
            name,
            digest: BTreeMap::from([("sha256", hex)]),
            annotations: annotations.clone(),
        })
    });
    hex.collect()
}

fn run_annotations(report: &Report) -> RunAnnotations {
    let scanners = report.scanners.iter().map(|scanner| {
        let cause = match &scanner.outcome {
            Outcome::Completed => None,
            Outcome::Partial { missing } => Some(missing.clone()),
            Outcome::Failed(failure) => Some(failure.cause.clone()),
        };
        ScannerAnnotation {
            id: scanner.id.to_string(),
            version: scanner.version.clone(),
            status: scanner.outcome.as_str(),
            cause,
            database: scanner.database_built.clone(),
        }
    });
    RunAnnotations {
        verdict: report.verdict.outcome.as_str(),
        exit_code: report.verdict.exit_code,
        insufficient: report.verdict.insufficient.clone(),
        profile: report.policy.profile.clone(),
        ignored_findings: report.with_action(Action::Ignore).count(),
        scanners: scanners.collect(),
    }
}

fn result<'a>(report: &Report, finding: &'a Finding) -> VulnerabilityResult<'a> {
    VulnerabilityResult {
        id: finding.vulnerability.id.as_str(),
        severity: scores(finding),
        annotations: annotations(report, finding),
    }
}

/// The severity that counts; then every other source's word, and its scores as `SOURCE/cvss_vVERSION`.
fn scores(finding: &Finding) -> Vec<Score<'_>> {
    let mut given = BTreeSet::new();
    for rating in &finding.ratings {
        let source = rating.source.name();
        given.insert(Score {
            method: source.to_owned(),
            score: rating.severity.as_str().into(),
        });
        let cvss = rating.cvss.as_ref();
        if let Some((cvss, score)) = cvss.and_then(|cvss| Some((cvss, cvss.score?))) {
            given.insert(Score {
                method: format!("{source}/cvss_v{}", cvss.version),
                score: format!("{score:.1}").into(),
            });
        }
    }
    let resolved = Score {
        method: "crosscheck".to_owned(),
        score: finding.severity.level.as_str().into(),
    };
    std::iter::once(resolved).chain(given).collect()
}

/// The decision, the installed packages, and each scanner's verdict.
fn annotations(report: &Report, finding: &Finding) -> Vec<BTreeMap<&'static str, String>> {
    let mut first = BTreeMap::from([("package", finding.package.to_string())]);
    if let Some(decision) = &finding.decision {
        first.extend([
            ("action", decision.action.as_str().to_owned()),
            ("rule", decision.rule.rule.clone()),
            ("reason", decision.rule.reason.clone()),
        ]);
    }
    let fix = &finding.fix;
    let fixed = fix.recommended.clone();
    let fixed = fixed.unwrap_or_else(|| fix.versions.join(", "));
    if !fixed.is_empty() {
        first.insert("fixedVersion", fixed);
    }
    if finding.vulnerability.known_exploited {
        first.insert("knownExploited", "true".to_owned());
    }
    let aliases = finding.vulnerability.aliases.iter();
    let aliases = aliases.map(|alias| BTreeMap::from([("alias", alias.to_string())]));
    let instances = finding.instances.iter();
    let packages = instances.map(|instance| installed(report, finding, instance));
    let verdicts = finding.verdicts.iter().map(|(scanner, verdict)| {
        BTreeMap::from([
            ("scanner", scanner.to_string()),
            ("verdict", verdict.verdict.as_str().to_owned()),
        ])
    });
    std::iter::once(first)
        .chain(aliases)
        .chain(packages)
        .chain(verdicts)
        .collect()
}

fn installed(
    report: &Report,
    finding: &Finding,
    instance: &Instance,
) -> BTreeMap<&'static str, String> {
    let mut package = BTreeMap::from([
        ("name", instance.name.clone()),
        ("version", instance.version.clone()),
    ]);
    let purl = purls::package_url(
        instance.purl.as_deref(),
        &finding.package.ecosystem,
        &instance.name,
        &instance.version,
        report.target.distro.as_ref(),
    );
    package.extend(purl.map(|purl| ("purl", purl.to_string())));
    package
}
