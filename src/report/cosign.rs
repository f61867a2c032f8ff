//! The predicate file for `cosign attest --type vuln`
//! ([specification](https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md)),
//! which admission policies read.
//!
//! cosign drops every member that it does not know, so that all of ours is in `scanner.result`. Kyverno
//! stops reading at 10 MB and transparency logs earlier: it holds what a policy decides by, the worst
//! findings first, and at most [`ROOM`] bytes of them; `findings_left_out` counts the rest. Counts are
//! always over all findings.
//!
//! The times of the metadata are when the scanners looked at the image, see [`scan_times`]; where one of
//! them does not say it, [`Report::evaluated_at`], with a warning.
//! `scanner.db.version` is the date of the oldest database that the result rests on.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::attestation::{oldest_database, scan_times, time_warning, tool_uri};
use super::json::write_json;
use super::{Description, Options, escape, phrases, purls};
use crate::model::report::{Report, ScannerSummary, TargetSummary};
use crate::model::{Action, Finding, Severity};

/// What admission policies read.
pub(super) const FORMAT: Description = Description {
    name: "cosign-vuln",
    title: "verdict and findings as predicate for `cosign attest --type vuln`",
    file_name: "report.cosign-vuln.json",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: |report, _: &Options| warnings(report),
};

/// Bytes that the findings may take together.
const ROOM: usize = 4_500_000;
/// Characters of a name, a version or a sentence.
const LONGEST: usize = 300;

#[derive(Serialize)]
struct Predicate<'a> {
    invocation: Invocation,
    scanner: Scanner<'a>,
    metadata: Metadata<'a>,
}

/// Members that cosign writes even when there is nothing in them.
#[derive(Serialize)]
struct Invocation {
    parameters: [&'static str; 0],
    uri: &'static str,
    event_id: &'static str,
    #[serde(rename = "builder.id")]
    builder_id: String,
}

#[derive(Serialize)]
struct Scanner<'a> {
    uri: String,
    version: &'a str,
    db: Database<'a>,
    result: Answer<'a>,
}

#[derive(Serialize)]
struct Database<'a> {
    uri: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "scanStartedOn")]
    started: &'a str,
    #[serde(rename = "scanFinishedOn")]
    finished: &'a str,
}

/// What policies read. Members are only ever added.
#[derive(Serialize)]
struct Answer<'a> {
    verdict: &'static str,
    exit_code: u8,
    insufficient: Vec<Cow<'a, str>>,
    profile: Cow<'a, str>,
    policy: Cow<'a, str>,
    image: Image<'a>,
    /// Every severity, also those of which there are none: a policy need not ask whether it is there.
    by_severity: BTreeMap<&'static str, usize>,
    /// Every action likewise.
    by_action: BTreeMap<&'static str, usize>,
    scanners: Vec<ScannerResult<'a>>,
    findings: Vec<Row<'a>>,
    findings_left_out: usize,
}

#[derive(Serialize)]
struct Image<'a> {
    reference: Cow<'a, str>,
    digests: BTreeSet<Cow<'a, str>>,
}

#[derive(Serialize)]
struct ScannerResult<'a> {
    id: &'a str,
    version: Cow<'a, str>,
    /// `completed`, `partial` or `failed`.
    status: &'static str,
    required: bool,
    /// When its database was built; empty when it does not say.
    database: Cow<'a, str>,
}

/// One finding. Texts are empty where nothing is known, and never missing.
#[derive(Serialize)]
struct Row<'a> {
    id: Cow<'a, str>,
    ecosystem: Cow<'a, str>,
    package: Cow<'a, str>,
    /// The installed versions; of many the first and the number of the others.
    version: String,
    severity: &'static str,
    action: &'static str,
    fixed: Cow<'a, str>,
    known_exploited: bool,
    reported_by: Vec<&'a str>,
    /// Why it is ignored, by whom and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<Ignored<'a>>,
}

#[derive(Serialize)]
struct Ignored<'a> {
    reason: Cow<'a, str>,
    owner: Cow<'a, str>,
    expires: Cow<'a, str>,
}

fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let uri = tool_uri(report);
    let moment = report.evaluated_at.as_str();
    let (started, finished) = scan_times(report).unwrap_or((moment, moment));
    let predicate = Predicate {
        invocation: Invocation {
            parameters: [],
            uri: "",
            event_id: "",
            builder_id: uri.clone(),
        },
        scanner: Scanner {
            uri,
            version: &report.tool.version,
            db: Database {
                uri: "",
                version: oldest_database(report).unwrap_or_default(),
            },
            result: answer(report)?,
        },
        metadata: Metadata { started, finished },
    };
    write_json(&predicate, out)
}

fn warnings(report: &Report) -> Vec<String> {
    let mut warnings = Vec::new();
    if purls::registry_digests(&report.target).is_empty() {
        warnings.push(
            "no digest of the image in a registry is known, and cosign attests nothing else: push \
             the image, scan it as REPOSITORY@DIGEST and attest that"
                .to_owned(),
        );
    }
    warnings.extend(time_warning(report, "the predicate for cosign"));
    let left_out = rows(report).map_or(0, |(_, left_out)| left_out);
    if left_out > 0 {
        warnings.push(format!(
            "the predicate for cosign leaves out the last findings, to stay small: {left_out} of {}",
            report.findings.len()
        ));
    }
    warnings
}

fn answer(report: &Report) -> io::Result<Answer<'_>> {
    let (findings, findings_left_out) = rows(report)?;
    let summary = &report.summary;
    let actions = [Action::Block, Action::Warn, Action::Track, Action::Ignore];
    let count = |counts: &BTreeMap<String, usize>, name: &str| {
        counts.get(name).copied().unwrap_or_default()
    };
    let insufficient = report.verdict.insufficient.iter();
    Ok(Answer {
        verdict: report.verdict.outcome.as_str(),
        exit_code: report.verdict.exit_code,
        insufficient: insufficient.map(|reason| short(reason)).collect(),
        profile: short(&report.policy.profile),
        policy: short(&report.policy.source),
        image: image(&report.target),
        by_severity: Severity::WORST_FIRST
            .map(|severity| {
                let name = severity.as_str();
                (name, count(&summary.by_severity, name))
            })
            .into(),
        by_action: actions
            .map(|action| (action.as_str(), count(&summary.by_action, action.as_str())))
            .into(),
        scanners: report.scanners.iter().map(scanner).collect(),
        findings,
        findings_left_out,
    })
}

/// Text from outside, short enough that no single one fills the predicate.
fn short(text: &str) -> Cow<'_, str> {
    escape::limited(text, LONGEST)
}

/// The digests that registries have the image under, else that of its configuration.
fn image(target: &TargetSummary) -> Image<'_> {
    let mut digests: BTreeSet<Cow<'_, str>> = purls::registry_digests(target)
        .into_iter()
        .map(|(_, digest)| digest.into())
        .collect();
    if digests.is_empty() {
        digests.extend(target.config_digest.as_deref().map(short));
    }
    Image {
        reference: short(&target.reference),
        digests,
    }
}

fn scanner(scanner: &ScannerSummary) -> ScannerResult<'_> {
    ScannerResult {
        id: scanner.id.as_str(),
        version: short(scanner.version.as_deref().unwrap_or_default()),
        status: scanner.outcome.as_str(),
        required: scanner.required,
        database: short(scanner.database_built.as_deref().unwrap_or_default()),
    }
}

/// As many findings as there is room for, in report order, which is the worst first; and how many
/// there is no room for.
fn rows(report: &Report) -> io::Result<(Vec<Row<'_>>, usize)> {
    let mut rows = Vec::new();
    let mut room = ROOM;
    for finding in &report.findings {
        let row = row(finding);
        match room.checked_sub(size(&row)?) {
            Some(left) => room = left,
            None => break,
        }
        rows.push(row);
    }
    let left_out = report.findings.len() - rows.len();
    Ok((rows, left_out))
}

/// Bytes of a row as it is written: indented, four levels deep.
fn size(row: &Row<'_>) -> io::Result<usize> {
    const INDENT: usize = 8;
    let text = serde_json::to_string_pretty(row)?;
    Ok(text.len() + (text.lines().count() + 1) * INDENT)
}

fn row(finding: &Finding) -> Row<'_> {
    let fix = &finding.fix;
    let versions = finding.instances.iter();
    let versions = versions
        .map(|instance| instance.version.as_str())
        .filter(|version| !version.is_empty());
    let decision = finding.decision.as_ref();
    let ignoring = decision.filter(|decision| decision.action == Action::Ignore);
    Row {
        id: short(finding.vulnerability.id.as_str()),
        ecosystem: short(finding.package.ecosystem.as_str()),
        package: short(&finding.package.name),
        version: short(&phrases::names(versions)).into_owned(),
        severity: finding.severity.level.as_str(),
        action: decision.map_or("", |decision| decision.action.as_str()),
        fixed: match &fix.recommended {
            Some(version) => short(version),
            None => short(&fix.versions.join(", ")).into_owned().into(),
        },
        known_exploited: finding.vulnerability.known_exploited,
        reported_by: finding
            .reporters()
            .map(crate::model::ScannerId::as_str)
            .collect(),
        ignored: ignoring.map(|decision| Ignored {
            reason: short(&decision.rule.reason),
            owner: short(decision.rule.owner.as_deref().unwrap_or_default()),
            expires: short(decision.rule.expires.as_deref().unwrap_or_default()),
        }),
    }
}
