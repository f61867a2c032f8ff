//! The unified report: what `report.json` holds and every writer renders.
//!
//! Its JSON form is a published contract (`crosscheck schema report`). Within one
//! `schema_version` fields are only added.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Action, Finding};
use super::run::Outcome;
use super::scanner::{Diagnostic, Distro, IdentityQuality, InventoryScope, ScannerId};
use super::verdict::{Cause, Verdict};

/// Value of [`Report::schema_version`].
pub const SCHEMA_VERSION: &str = "1";

/// One image, several scanners, one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this layout.
    pub schema_version: String,
    /// The program that wrote it.
    pub tool: ToolInfo,
    /// The moment that the policy was applied for, RFC 3339 in UTC: expiry and age are counted
    /// from here.
    pub evaluated_at: String,
    /// The image.
    pub target: TargetSummary,
    /// Pass or not, and why.
    pub verdict: RunVerdict,
    /// Every scanner of the run, failed ones included.
    pub scanners: Vec<ScannerSummary>,
    /// The policy that was applied.
    pub policy: PolicySummary,
    /// Counts over `findings`.
    pub summary: Summary,
    /// All findings, worst decision first.
    pub findings: Vec<Finding>,
    /// How the scanners compare.
    pub coverage: Coverage,
    /// Packages that no scanner of the run assesses. Not clean: unchecked.
    pub unchecked: Vec<UncheckedPackage>,
    /// Every installed package that a scanner's report or a given package list names, by kind, name and
    /// version.
    #[serde(default)]
    pub packages: Vec<ListedPackage>,
    /// What the scanners themselves withheld and no other scanner reports.
    pub suppressed: Vec<SuppressedRecord>,
    /// What became of every observation.
    pub accounting: Vec<Accounting>,
    /// What a person should know about the inputs.
    pub diagnostics: Vec<Diagnostic>,
}

/// Name and version of this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolInfo {
    /// `crosscheck`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl ToolInfo {
    /// This very program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The image that the run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetSummary {
    /// Reference as the user gave it, or as most reports name it.
    pub reference: String,
    /// Digest of the configuration, when any source knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub config_digest: Option<String>,
    /// Digest of the platform manifest. Of a docker archive, and of an image in the local engine, only
    /// the one that a scanner makes up for it, which no registry knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_digest: Option<String>,
    /// `REPOSITORY@DIGEST` under which registries have it, by what the scanners say; the digest is
    /// that of the index for an image of several platforms that was named by it. Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub repo_digests: Vec<String>,
    /// `os/architecture`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
    /// The distribution.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub distro: Option<Distro>,
}

/// What a reference says about an image, apart from where to take it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageName<'a> {
    /// A name as in a registry, with or without tag and digest.
    Registry(&'a str),
    /// The path of an archive or a layout directory, which names no image.
    Path(&'a str),
}

impl TargetSummary {
    /// What its reference names. The prefixes are those of a command line (`registry:`,
    /// `docker-archive:`, …), and what Snyk puts in front (`docker-image|`).
    pub fn name(&self) -> ImageName<'_> {
        let text = self.reference.rsplit('|').next().unwrap_or_default();
        let after = |prefix: &str| text.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        let local = ["docker-archive:", "oci-archive:", "oci-dir:", "oci:"];
        if let Some(path) = local.into_iter().find_map(after) {
            return ImageName::Path(path);
        }
        // `docker:24` is an image with a tag.
        let engine =
            after("docker:").filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(name) = after("registry:").or(engine) {
            return ImageName::Registry(name);
        }
        let is_archive = std::path::Path::new(text)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("tar"));
        if text.starts_with(['/', '.']) || is_archive {
            ImageName::Path(text)
        } else {
            ImageName::Registry(text)
        }
    }
}

/// Whether a run passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Nothing blocks and enough scanners can be trusted.
    Pass,
    /// The policy blocks.
    Block,
    /// Nothing that was seen blocks, but too little can be trusted to say so.
    Insufficient,
}

impl RunOutcome {
    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::Insufficient => "insufficient",
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunVerdict {
    /// Pass or not.
    pub outcome: RunOutcome,
    /// The exit code that says the same: 0, 1 or 3.
    pub exit_code: u8,
    /// Number of findings that block.
    pub blocking: usize,
    /// Why the results are not enough, one sentence each; can be there beside blocking findings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub insufficient: Vec<String>,
}

/// One scanner of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScannerSummary {
    /// The scanner.
    pub id: ScannerId,
    /// Name for people.
    pub title: String,
    /// Version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// When its database was built, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database_built: Option<String>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// True when the policy demands its result.
    pub required: bool,
    /// File that its words were read from.
    pub source: String,
    /// SHA-256 of that file, hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// Format of the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
    /// Whether package identity had to be reduced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<IdentityQuality>,
    /// Whether the report holds the scanner's whole package list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inventory: Option<InventoryScope>,
    /// Packages in the report.
    pub packages: usize,
    /// Observations in the report.
    pub observations: usize,
    /// When it looked at the image, RFC 3339 in UTC: the time that its report states, else that of the
    /// run if crosscheck ran it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created: Option<String>,
    /// Wall time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// Most memory that one of its programs was seen to hold at a time, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_bytes: Option<u64>,
}

/// The policy, as far as a reader of the report needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicySummary {
    /// File name, or `built-in`.
    pub source: String,
    /// Profile applied.
    pub profile: String,
    /// How severities were resolved.
    pub severity: String,
    /// Scanners whose result the policy demands and that were no part of the run, so that they are not
    /// among the `scanners` of the report.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing_scanners: Vec<ScannerId>,
    /// Ignore rules that are past their day and so do not ignore.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub expired_rules: Vec<String>,
    /// Ignore rules that matched nothing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unused_rules: Vec<String>,
    /// Pairs of ignore rules that cover the same findings whole: one of them may go.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overlapping_rules: Vec<String>,
    /// The VEX documents that were taken into account.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vex: Vec<VexSummary>,
    /// Where VEX statements contradict each other, which one counts, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vex_conflicts: Vec<String>,
    /// VEX statements that are about nothing in this image, one line a document.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vex_unmatched: Vec<String>,
    /// What was known of exploitation besides what the scanners carry.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub feeds: Vec<FeedSummary>,
    /// The hosts' NVIDIA drivers, and what is known of flaws in them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cuda: Option<CudaSummary>,
}

/// A VEX document that was taken into account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct VexSummary {
    /// File or address.
    pub document: String,
    /// `OpenVEX`, `CycloneDX`, `CSAF`.
    pub format: String,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub author: Option<String>,
    /// Statements that were read.
    pub statements: usize,
    /// Statements that could not be understood or name no product; each has a diagnostic.
    pub skipped: usize,
}

/// A list of what is known of exploitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedSummary {
    /// `CISA KEV`, `EPSS`.
    pub feed: String,
    /// File or address.
    pub source: String,
    /// The day of the data by its own word, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<String>,
}

/// The hosts' NVIDIA drivers, and what is known of flaws in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CudaSummary {
    /// Where the list of bulletins comes from: `built-in`, and a file that adds to it.
    pub bulletins: String,
    /// The day through which it is complete, `YYYY-MM-DD`.
    pub data_date: String,
    /// Every host that counts, with its driver and where that comes from. Without any nothing is
    /// decided by drivers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hosts: Vec<String>,
    /// Hosts that do not count, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skipped: Vec<String>,
}

/// Counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Findings.
    pub findings: usize,
    /// Findings, those counted once that are one vulnerability in the same files under two package
    /// types ([`super::RelationKind::SameFiles`]).
    #[serde(default)]
    pub physical_findings: usize,
    /// Distinct vulnerabilities.
    pub vulnerabilities: usize,
    /// Package groups with a finding.
    pub packages: usize,
    /// Installed packages over all findings.
    pub instances: usize,
    /// Findings by severity name.
    pub by_severity: BTreeMap<String, usize>,
    /// Findings by action name.
    pub by_action: BTreeMap<String, usize>,
    /// Findings with a fix.
    pub fixable: usize,
}

/// How the scanners compare on this image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// One row a scanner.
    pub scanners: Vec<ScannerCoverage>,
    /// One row a pair of scanners that both gave a result.
    pub pairs: Vec<PairAgreement>,
    /// Findings that every scanner with a result reports. Those whose vulnerability was rejected or
    /// withdrawn are left out.
    pub shared_by_all: usize,
}

/// One scanner's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScannerCoverage {
    /// The scanner.
    pub scanner: ScannerId,
    /// Findings that it reports (verdicts `reported` and `covered`).
    pub reported: usize,
    /// Of those, findings that nobody else reports, in this package or in another one that is the
    /// same files. Those whose vulnerability was rejected or withdrawn are left out.
    pub alone: usize,
    /// `reported`, with findings in the same files counted once: whether a scanner lists the
    /// operating system's package, its content or both makes no difference here.
    #[serde(default)]
    pub physical: usize,
    /// All findings of the run by this scanner's verdict on them.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Findings that it does not report, by cause.
    #[serde(default)]
    pub missed: BTreeMap<Cause, usize>,
}

/// Agreement of two scanners, with the counts that it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairAgreement {
    /// One scanner.
    pub a: ScannerId,
    /// The other.
    pub b: ScannerId,
    /// Findings that both report.
    pub both: usize,
    /// Findings that only `a` reports.
    pub only_a: usize,
    /// Findings that only `b` reports.
    pub only_b: usize,
    /// Jaccard index over all findings of either, `both / (both + only_a + only_b)`; `None` when
    /// neither reports anything.
    pub naive: Option<f64>,
    /// `both` without the findings whose vulnerability was rejected or withdrawn.
    #[serde(default)]
    pub adjusted_both: usize,
    /// `only_a` without those findings, and without the ones that `b` is excused from: it does not
    /// assess them, withheld them, was right not to report them, or reports them in the same files
    /// under another package type.
    pub adjusted_only_a: usize,
    /// `only_b` likewise, with `a`.
    pub adjusted_only_b: usize,
    /// Jaccard index over the findings that both were able to report,
    /// `adjusted_both / (adjusted_both + adjusted_only_a + adjusted_only_b)`.
    pub adjusted: Option<f64>,
}

/// A package that no scanner of the run assesses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UncheckedPackage {
    /// Kind of package.
    pub ecosystem: super::package::Ecosystem,
    /// Installed name.
    pub name: String,
    /// Installed version.
    pub version: String,
    /// Why nobody assesses it.
    pub reason: String,
}

/// An installed package, merged over all lists that name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ListedPackage {
    /// Kind of package.
    pub ecosystem: super::package::Ecosystem,
    /// Installed name of an operating system package, normalised name of any other.
    pub name: String,
    /// Installed version; empty when no list states it.
    pub version: String,
    /// A purl for it, the first in text order of those that the lists give.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purl: Option<String>,
    /// The scanners, and the tools of given lists, that list it.
    pub listed_by: Vec<ScannerId>,
}

/// Something that a scanner found and withheld.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SuppressedRecord {
    /// Who.
    pub scanner: ScannerId,
    /// The id.
    pub id: super::ids::AdvisoryId,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The scanner's reason.
    pub reason: String,
    /// JSON pointer into that scanner's raw report.
    pub pointer: String,
}

/// What became of one scanner's observations. `entries` is the sum of `observations`, `suppressed`,
/// `unreadable` and `not_vulnerabilities`, except where one entry holds several observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accounting {
    /// The scanner.
    pub scanner: ScannerId,
    /// Vulnerability entries in the raw report, withheld ones included.
    pub entries: usize,
    /// Entries that could not be understood; each has a diagnostic.
    pub unreadable: usize,
    /// Entries that are not about vulnerabilities.
    pub not_vulnerabilities: usize,
    /// Observations read.
    pub observations: usize,
    /// Observations that are part of a finding.
    pub in_findings: usize,
    /// Observations that the scanner withheld.
    pub suppressed: usize,
}

impl Report {
    /// The findings with one action, in report order.
    pub fn with_action(&self, action: Action) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| {
            finding
                .decision
                .as_ref()
                .is_some_and(|d| d.action == action)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_an_image_or_a_path() {
        use ImageName::{Path, Registry};
        for (reference, expected) in [
            ("nginx:1.25", Registry("nginx:1.25")),
            (
                "registry:localhost:5000/a/b",
                Registry("localhost:5000/a/b"),
            ),
            ("docker:nginx", Registry("nginx")),
            ("docker:24", Registry("docker:24")),
            ("docker-image|nginx", Registry("nginx")),
            ("docker-archive:/x/y.tar", Path("/x/y.tar")),
            ("oci-dir:layout", Path("layout")),
            ("oci:layout", Path("layout")),
            ("oci-archive:app", Path("app")),
            ("app.tar", Path("app.tar")),
            ("./layout", Path("./layout")),
            ("", Registry("")),
        ] {
            let target = TargetSummary {
                reference: reference.to_owned(),
                ..TargetSummary::default()
            };
            assert_eq!(target.name(), expected, "{reference}");
        }
    }
}
