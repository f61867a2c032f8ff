//! What changed between two runs: what `crosscheck diff` writes.
//!
//! Its JSON form is a published contract (`crosscheck schema diff`). Within one `schema_version`
//! fields are only added. The first run is `a`, the second `b`; to change them about turns every
//! statement round and adds none.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Action, PackageGroup};
use super::ids::AdvisoryId;
use super::package::Ecosystem;
use super::report::{RunVerdict, ToolInfo};
use super::run::{Failure, Outcome};
use super::scanner::{AdvisoryState, ScannerId};
use super::severity::Severity;
use super::verdict::ScannerVerdict;

/// Value of [`Changes::schema_version`].
pub const SCHEMA_VERSION: &str = "1";

/// Two runs, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// Version of this layout.
    pub schema_version: String,
    /// The program that wrote it.
    pub tool: ToolInfo,
    /// The two runs.
    pub runs: Sides<RunBrief>,
    /// Whether they are about one image.
    pub target: TargetRelation,
    /// How many of each kind.
    pub counts: ChangeCounts,
    /// Findings of `b` that `a` lacks, worst first.
    pub new: Vec<Unmatched>,
    /// Findings of `a` that are mended in `b`, another image: a scanner that reported them looked, and
    /// the package was removed, or updated to no version that is below every named fix. Worst first.
    pub fixed: Vec<Unmatched>,
    /// Findings of `a` that `b` lacks for any other reason: nothing says that they are mended. Worst
    /// first.
    pub gone: Vec<Unmatched>,
    /// Findings of both that differ, worst first.
    pub changed: Vec<ChangedFinding>,
    /// Every scanner of either run, those first that fail in one.
    pub scanners: Vec<ScannerSides>,
    /// The package lists, compared.
    pub packages: PackageChanges,
    /// The policies, compared.
    pub policy: PolicyChange,
}

/// The same of the first run and of the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Sides_of_{T}")]
pub struct Sides<T> {
    /// Of the first run.
    pub a: T,
    /// Of the second run.
    pub b: T,
}

impl<T: PartialEq> Sides<T> {
    /// The sides where they differ.
    pub fn if_different(self) -> Option<Self> {
        (self.a != self.b).then_some(self)
    }
}

/// A run, as far as comparing two of them needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunBrief {
    /// Where it was read from, as the user named it.
    pub source: String,
    /// Reference of its image.
    pub reference: String,
    /// Digest of the image's configuration, when known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub config_digest: Option<String>,
    /// `os/architecture` of its image, when known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
    /// The moment that its policy was applied for, RFC 3339 in UTC.
    pub evaluated_at: String,
    /// Whether it passes.
    pub verdict: RunVerdict,
    /// Its findings.
    pub findings: usize,
    /// Scanners that completed and whose whole package list is at hand. Without any, nothing tells
    /// whether a package was removed or updated. A report that was read from JSON has none.
    pub package_lists: Vec<ScannerId>,
}

/// Whether two runs are about one image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TargetRelation {
    /// The digests say so.
    SameImage,
    /// The same repository or archive by name; the digests differ or are not known.
    SameName,
    /// Two images.
    DifferentImages,
}

/// Counts. `new`, `fixed`, `gone` and `changed` are the lengths of the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeCounts {
    /// New findings.
    pub new: usize,
    /// Of those, findings that block.
    pub new_blocking: usize,
    /// Mended findings.
    pub fixed: usize,
    /// Findings that are gone for any other reason.
    pub gone: usize,
    /// Findings of both runs that differ.
    pub changed: usize,
    /// Of those, findings that block in `b` and did not in `a`.
    pub changed_to_blocking: usize,
    /// Findings of both runs that do not differ.
    pub same: usize,
}

impl ChangeCounts {
    /// Findings that block in `b` and did not in `a`.
    pub fn newly_blocking(&self) -> usize {
        self.new_blocking + self.changed_to_blocking
    }
}

/// A finding in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingBrief {
    /// Its key in the report.
    pub key: String,
    /// The vulnerability's best id.
    pub id: AdvisoryId,
    /// Its other ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub aliases: Vec<AdvisoryId>,
    /// What it is, in one line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Where.
    pub package: PackageGroup,
    /// Installed packages, each once.
    pub installed: Vec<InstalledPackage>,
    /// The severity that counts.
    pub severity: Severity,
    /// What the policy does with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub action: Option<Action>,
    /// The version that mends it, where one is named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
    /// The scanners that report it.
    pub reporters: Vec<ScannerId>,
}

/// An installed package.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct InstalledPackage {
    /// Its name as installed.
    pub name: String,
    /// Its version as installed.
    pub version: String,
}

/// A finding that only one of the runs has, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unmatched {
    /// The finding, of the run that has it.
    pub finding: FindingBrief,
    /// Why the other run lacks it.
    pub why: Absence,
    /// Scanners that report it and gave no trustworthy result in the other run.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub no_result: BTreeMap<ScannerId, NoResult>,
}

/// Why a scanner gave no trustworthy result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum NoResult {
    /// It failed.
    Failed(Failure),
    /// It was not part of the run.
    NotRun,
}

/// Why a run lacks a finding that the other run has. Where a scanner that reports it did not look, or
/// withheld it, that is the reason, whatever became of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Absence {
    /// None of the scanners that report it gave a trustworthy result there.
    NotLooked,
    /// Scanners that report it withheld it there.
    Withheld {
        /// Who, and why.
        by: Vec<WithheldBy>,
    },
    /// The package is not there, by the whole list of a scanner that sees it here and lists other
    /// packages of that kind there.
    PackageAbsent,
    /// The package is there in other versions only, by such a list.
    OtherVersion {
        /// The versions that the finding is about.
        reported: Vec<String>,
        /// The versions there.
        installed: Vec<String>,
    },
    /// The package is there in another version that is below every fix that the finding names: by
    /// their word the vulnerability stands.
    BelowFix {
        /// The versions that the finding is about.
        reported: Vec<String>,
        /// The versions there.
        installed: Vec<String>,
        /// The fixes.
        fixes: Vec<String>,
    },
    /// The package is not there, or in other versions only, and the two images are for different
    /// platforms: nothing was removed or updated.
    OtherPlatform,
    /// The package is there, as another list says or because it is the same image, and the scanners'
    /// own lists lack it: they no longer see it, or did not yet.
    NotCatalogued {
        /// The scanners that report the finding here and looked there.
        scanners: Vec<ScannerId>,
    },
    /// The package is there in the same version, or it is the same image; the scanners looked and say
    /// nothing: what they know changed. [`Changes::scanners`] has their versions and the dates of their databases.
    DataChanged {
        /// The scanners that report the finding here and looked there.
        scanners: Vec<ScannerId>,
        /// Whether the vulnerability still stands, by the word of either run.
        state: AdvisoryState,
    },
    /// No package list tells whether the package is there.
    Unstated,
}

impl Absence {
    /// True where a finding that is gone for this reason is mended.
    pub fn is_mended(&self) -> bool {
        matches!(self, Self::PackageAbsent | Self::OtherVersion { .. })
    }
}

/// A scanner that withholds a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WithheldBy {
    /// Who.
    pub scanner: ScannerId,
    /// Its reason.
    pub reason: String,
}

/// A finding of both runs, and what is different. What is equal is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFinding {
    /// The finding, as it is in `b`.
    pub finding: FindingBrief,
    /// Its keys, where another id or version names it now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<Sides<String>>,
    /// The severity that counts. Negligible and low are one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Sides<Severity>>,
    /// What the policy does with it, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<Sides<Option<DecisionBrief>>>,
    /// The version that mends it, where one became known or is no longer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<Sides<Option<String>>>,
    /// The installed versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub versions: Option<Sides<Vec<String>>>,
    /// Scanners that report it in one run and, with a result in both, not in the other. One without a
    /// result says nothing on any finding; [`Changes::scanners`] says so once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reporters: Vec<ReporterChange>,
}

impl ChangedFinding {
    /// True when it blocks in `b` and did not in `a`.
    pub fn blocks_newly(&self) -> bool {
        self.decision.is_some() && self.finding.action == Some(Action::Block)
    }

    /// True when nothing is different.
    pub fn is_same(&self) -> bool {
        self.key.is_none()
            && self.severity.is_none()
            && self.decision.is_none()
            && self.fix.is_none()
            && self.versions.is_none()
            && self.reporters.is_empty()
    }
}

/// A decision of the policy in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionBrief {
    /// What happens.
    pub action: Action,
    /// The rule that decided.
    pub rule: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Who answers for the rule (ignore rules).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// Last day on which the rule holds, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
    /// Why rules that one might expect did not apply: an ignore rule that is past its day.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// A scanner that reports a finding in one of the two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReporterChange {
    /// The scanner.
    pub scanner: ScannerId,
    /// True when it reports the finding in `b`, false when it did in `a`.
    pub reports_now: bool,
    /// What it has to say in the other run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub otherwise: Option<ScannerVerdict>,
}

/// A scanner in the two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScannerSides {
    /// The scanner.
    pub scanner: ScannerId,
    /// Name for people.
    pub title: String,
    /// Its part in each run; none where it was not asked.
    pub parts: Sides<Option<ScannerPartBrief>>,
}

impl ScannerSides {
    /// True when it has no trustworthy result in one of the runs.
    pub fn lacks_a_result(&self) -> bool {
        let trusted = |part: &Option<ScannerPartBrief>| {
            part.as_ref()
                .is_some_and(|part| part.outcome.is_trustworthy())
        };
        !(trusted(&self.parts.a) && trusted(&self.parts.b))
    }
}

/// A scanner's part in a run in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScannerPartBrief {
    /// How it ended. Of several reports of one scanner the worst.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// When its database was built, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database_built: Option<String>,
}

/// Package lists, compared. Only whole lists of one scanner are, so that what differs is the image
/// and not the way of looking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageChanges {
    /// Each kind of package, by the scanner that lists most of that kind and gave a whole list in both
    /// runs. Empty when no scanner did.
    pub ecosystems: Vec<EcosystemChanges>,
    /// Packages that only `b` has.
    pub added: Vec<PackageVersions>,
    /// Packages that only `a` has.
    pub removed: Vec<PackageVersions>,
    /// Packages of both in other versions.
    pub updated: Vec<PackageUpdate>,
}

impl PackageChanges {
    /// True when a scanner gave a whole list in both runs.
    pub fn is_known(&self) -> bool {
        !self.ecosystems.is_empty()
    }
}

/// One kind of package in two lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EcosystemChanges {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Whose lists are compared.
    pub scanner: ScannerId,
    /// Packages, by name.
    pub packages: Sides<usize>,
    /// Packages that only `b` has.
    pub added: usize,
    /// Packages that only `a` has.
    pub removed: usize,
    /// Packages of both in other versions.
    pub updated: usize,
}

/// A package with its versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageVersions {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Its versions, lowest first where they can be compared.
    pub versions: Vec<String>,
}

/// A package whose versions differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageUpdate {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Its versions, lowest first where they can be compared.
    pub versions: Sides<Vec<String>>,
}

/// Policies, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyChange {
    /// Where the applied policies come from.
    pub source: Sides<String>,
    /// The profiles applied.
    pub profile: Sides<String>,
    /// The text of each run's own policy, whichever was applied.
    pub text: TextChange,
}

/// Two texts, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum TextChange {
    /// One of the runs keeps none.
    Unknown,
    /// The same text.
    Same,
    /// Other text.
    Different {
        /// What differs, as a unified diff; none where the texts are too long to be compared line by
        /// line.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        diff: Option<String>,
    },
}
