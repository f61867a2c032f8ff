//! Findings: one vulnerability in one package group, with everything that was said about it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::AdvisoryId;
use super::package::{Ecosystem, Location, SourcePackage};
use super::relation::{Relation, RelationKind};
use super::scanner::{AdvisorySource, AdvisoryState, FixState, IdRelation, ScannerId};
use super::severity::{Rating, RatingSource, Severity};
use super::verdict::ScannerVerdict;
use super::vex::{Justification, VexStatus};

/// The level at which scanners are compared: the source package for operating system packages, the
/// distribution for language packages. See `docs/decisions/0001-package-identity.md`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct PackageGroup {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Source package name, or the language package's normalised name.
    pub name: String,
    /// Normalised version where it is part of the identity: always for language packages, for OS
    /// packages only when two different source versions are installed side by side.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

impl std::fmt::Display for PackageGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.ecosystem, self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

/// A statement that two ids name the same flaw, with who made it.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct AliasAssertion {
    /// The id under which the entry is listed.
    pub id: AdvisoryId,
    /// The other id.
    pub alias: AdvisoryId,
    /// Alias, upstream or related.
    pub relation: IdRelation,
    /// The scanner whose report says so.
    pub scanner: ScannerId,
    /// The report's field.
    pub field: String,
    /// JSON pointer of the first entry that says so.
    pub pointer: String,
}

/// A class of ids that name one flaw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vulnerability {
    /// The id that names the class: its CVE if it has one.
    pub id: AdvisoryId,
    /// The other ids of the class, best first.
    pub aliases: Vec<AdvisoryId>,
    /// Umbrella notices, hubs and explicitly related ids: evidence, not identity.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub related: Vec<AdvisoryId>,
    /// Why the aliases are aliases.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub assertions: Vec<AliasAssertion>,
    /// One line, from the first source that has one in the order of scanner ids.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Longer text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Page to read more at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// CWE ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub cwes: Vec<String>,
    /// Earliest publication date that a report gives, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<String>,
    /// Whether it still stands.
    pub state: AdvisoryState,
    /// Known to be exploited in the wild, by a scanner's word or by CISA's catalogue.
    pub known_exploited: bool,
    /// Its entry in CISA's catalogue, where the catalogue was at hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kev: Option<KevEntry>,
    /// How likely it is to be exploited within 30 days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub epss: Option<Epss>,
}

/// An entry of CISA's catalogue of Known Exploited Vulnerabilities.
// Ordered so that of several on one vulnerability the greatest counts: the one added last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct KevEntry {
    /// When it came into the catalogue, `YYYY-MM-DD`.
    pub date_added: String,
    /// The day by which United States agencies have to act, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_date: Option<String>,
    /// True when ransomware is known to use it.
    #[serde(default)]
    pub ransomware: bool,
}

/// A score of FIRST's Exploit Prediction Scoring System.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Epss {
    /// Probability of exploitation within 30 days, 0 to 1.
    pub score: f64,
    /// Share of all scored vulnerabilities with the same or a lower score, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentile: Option<f64>,
    /// The day of the score, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<String>,
}

impl KevEntry {
    /// An entry from what a report or the catalogue writes; `None` without the day of its addition.
    /// `ransomware` is `Known` or `Unknown` (`knownRansomwareCampaignUse` of CISA's schema).
    pub fn new(date_added: &str, due_date: &str, ransomware: &str) -> Option<Self> {
        Some(Self {
            date_added: day(date_added)?,
            due_date: day(due_date),
            ransomware: ransomware.eq_ignore_ascii_case("known"),
        })
    }
}

impl Epss {
    /// A score, or `None` when it is no probability. A percentile that is no share and a date that
    /// is no day are left out.
    pub fn new(score: f64, percentile: Option<f64>, date: &str) -> Option<Self> {
        let is_share = |number: &f64| (0.0..=1.0).contains(number);
        is_share(&score).then(|| Self {
            score,
            percentile: percentile.filter(is_share),
            date: day(date),
        })
    }

    /// Of two scores of one vulnerability the one that counts: the newer, then the higher. One
    /// without a date counts as older than any with one.
    #[must_use]
    pub fn prefer(self, other: Self) -> Self {
        let order = self
            .date
            .cmp(&other.date)
            .then_with(|| self.score.total_cmp(&other.score))
            .then_with(|| {
                let below_all = -1.0;
                let percentile = self.percentile.unwrap_or(below_all);
                percentile.total_cmp(&other.percentile.unwrap_or(below_all))
            });
        if order.is_lt() { other } else { self }
    }
}

/// The day of a date with or without a time, `YYYY-MM-DD`; `None` for what is none, and for the
/// year 1, Go's way to write no date.
fn day(text: &str) -> Option<String> {
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    (date.year() > 1).then(|| date.to_string())
}

/// One installed package of a finding's group, merged over the scanners that saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Name as installed.
    pub name: String,
    /// Version as installed.
    pub version: String,
    /// Architecture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub architecture: Option<String>,
    /// Source package, where stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<SourcePackage>,
    /// A purl for it, the first in text order of those that the scanners gave.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purl: Option<String>,
    /// Where it lies.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub locations: Vec<Location>,
    /// The scanners that reported this finding on this instance.
    pub scanners: Vec<ScannerId>,
}

/// One scanner's statement, as kept in the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ObservationRecord {
    /// Who said it.
    pub scanner: ScannerId,
    /// The id that it used.
    pub id: AdvisoryId,
    /// The package name that it used.
    pub package: String,
    /// The version that it saw.
    pub version: String,
    /// The severity that it showed.
    pub severity: Severity,
    /// Fix versions that it gave.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fixed_in: Vec<String>,
    /// The fix state that it gave.
    pub fix_state: FixState,
    /// Whose advisory it matched, where the report says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub advisory_source: Option<AdvisorySource>,
    /// JSON pointer into that scanner's raw report.
    pub pointer: String,
    /// How this statement came to belong to the finding.
    pub attachment: Attachment,
    /// How its package came to belong to the finding's package group.
    pub package_rule: PackageRule,
}

/// The rule that put a scanner's package into its group (`docs/decisions/0001-package-identity.md`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PackageRule {
    /// The scanner itself names the source package.
    StatedSource,
    /// Another report or inventory of the run names the source of this binary package.
    KnownSource,
    /// Its copyright file lies in the documentation directory of a package whose source is known.
    SharedDocumentation,
    /// Nobody names the source, so the package stands for itself.
    OwnName,
    /// Name and version by the ecosystem's own rules.
    NormalName,
    /// A Maven artifact that shares a file with one of another group id.
    SharedFile,
    /// A Maven artifact without a group id, joined to the only one with that name and version.
    OnlyGroup,
    /// A Go package below a module that other reports list in the same version.
    GoModule,
}

impl PackageRule {
    /// The rule in one clause, for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::StatedSource => "its report names the source package",
            Self::KnownSource => "another report of the run names the source of this package",
            Self::SharedDocumentation => {
                "it shares its documentation directory with packages of that source"
            }
            Self::OwnName => "no report names its source, so it stands for itself",
            Self::NormalName => "name and version by the rules of the ecosystem",
            Self::SharedFile => "the same file carries both Maven names",
            Self::OnlyGroup => "the only Maven group known for this artifact and version",
            Self::GoModule => "the nearest module above it that other reports list",
        }
    }
}

/// How an observation belongs to its finding.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// It is about this very vulnerability.
    Direct,
    /// It is about an advisory or notice that covers several vulnerabilities, this one among them.
    Covering,
}

/// The severity that crosscheck shows for a finding, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedSeverity {
    /// The band.
    pub level: Severity,
    /// Whose it is; `None` when nobody rated it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<RatingSource>,
    /// The rule that chose it, in words for a person.
    pub rule: String,
    /// Lowest band that anybody gave, unknown apart.
    pub lowest: Severity,
    /// Highest band that anybody gave.
    pub highest: Severity,
    /// True when scanners or sources differ by two bands or more (negligible counting as low).
    pub disputed: bool,
}

/// What is known about fixes, over all scanners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// The state that holds: `fixed` as soon as anybody names a version.
    pub state: FixState,
    /// All fix versions that were stated, in the ecosystem's own order, duplicates removed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub versions: Vec<String>,
    /// The lowest of them that is above the installed version, when versions can be compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recommended: Option<String>,
    /// Scanners whose own statement differs from `state`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub dissent: BTreeMap<ScannerId, FixState>,
}

/// A vulnerability in a package group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable name: class id, `@`, package group. The same for every run that finds it.
    pub key: String,
    /// The flaw.
    pub vulnerability: Vulnerability,
    /// Where.
    pub package: PackageGroup,
    /// The installed packages concerned.
    pub instances: Vec<Instance>,
    /// The severity that counts.
    pub severity: ResolvedSeverity,
    /// Every rating with its source.
    pub ratings: Vec<Rating>,
    /// Fixes.
    pub fix: Fix,
    /// Everything that was said, by scanner and pointer.
    pub observations: Vec<ObservationRecord>,
    /// Findings that were not joined with this one and belong to it all the same.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub relations: Vec<Relation>,
    /// When it was first seen on this image, RFC 3339; known only when an earlier report is given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_seen: Option<String>,
    /// What the policy's rule sets say of it without deciding: `disputed`. Filled by deciding.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub labels: Vec<String>,
    /// Each scanner's verdict; filled by comparing.
    pub verdicts: BTreeMap<ScannerId, ScannerVerdict>,
    /// The policy's decision; filled by deciding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<Decision>,
}

impl Finding {
    /// Keys of the findings that are this one in the same files under another package type.
    pub fn same_files(&self) -> impl Iterator<Item = &str> {
        self.relations
            .iter()
            .filter(|relation| relation.kind == RelationKind::SameFiles)
            .map(|relation| relation.finding.as_str())
    }

    /// The scanners that reported it, directly or through a covering notice.
    pub fn reporters(&self) -> impl Iterator<Item = &ScannerId> {
        self.verdicts
            .iter()
            .filter(|(_, verdict)| verdict.verdict.sees())
            .map(|(scanner, _)| scanner)
    }

    /// Every id of the class.
    pub fn ids(&self) -> impl Iterator<Item = &AdvisoryId> {
        std::iter::once(&self.vulnerability.id).chain(&self.vulnerability.aliases)
    }
}

/// What the policy does with a finding.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Left out of account, with a reason on record.
    Ignore,
    /// Recorded only.
    Track,
    /// Shown as a warning.
    Warn,
    /// Fails the run.
    Block,
}

impl Action {
    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Track => "track",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// A rule of the policy that matched a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleMatch {
    /// Where the rule stands in the policy: `profiles.production.severity.high`, `ignore[3]`.
    pub rule: String,
    /// What the rule says to do.
    pub action: Action,
    /// Why, in one sentence: the condition met, or the reason that the ignore rule gives.
    pub reason: String,
    /// Who answers for it (ignore rules).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// Last day on which it holds, `YYYY-MM-DD` (ignore rules, mitigations by the host's driver).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
    /// Page or ticket with more (ignore rules).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// The reason in VEX's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub justification: Option<Justification>,
    /// What the rule rests on besides the policy's text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<Evidence>,
    /// The installed packages that it is about where it is not about all of them: ordinals in the
    /// finding's `instances`, ascending. Empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub instances: Vec<usize>,
}

impl RuleMatch {
    /// A rule with nothing but its place, its action and its reason.
    pub fn new(rule: impl Into<String>, action: Action, reason: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            action,
            reason: reason.into(),
            owner: None,
            expires: None,
            reference: None,
            justification: None,
            evidence: None,
            instances: Vec::new(),
        }
    }

    /// The rule, about those of the finding's instances alone that are marked, in their order; at
    /// least one is. The reason says so where that is not all of them.
    #[must_use]
    pub fn limited_to(mut self, covered: &[bool]) -> Self {
        let ordinals = covered.iter().enumerate();
        let instances: Vec<usize> = ordinals
            .filter_map(|(ordinal, covered)| covered.then_some(ordinal))
            .collect();
        if instances.len() < covered.len() {
            let (count, all) = (instances.len(), covered.len());
            self.reason = format!(
                "covers {count} of {all} installed packages: {}",
                self.reason
            );
            self.instances = instances;
        }
        self
    }

    /// True when it is about the installed package with that ordinal in the finding's instances.
    pub fn covers(&self, ordinal: usize) -> bool {
        self.instances.is_empty() || self.instances.binary_search(&ordinal).is_ok()
    }
}

/// What a decision rests on besides the policy's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// The drivers of the hosts that the image runs on.
    HostDriver(HostDriverEvidence),
    /// A statement of a VEX document.
    Vex(VexEvidence),
}

/// Why the driver of every host fixes a flaw of NVIDIA's driver. The claim is about the hosts: on
/// others it does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostDriverEvidence {
    /// The id in NVIDIA's bulletin.
    pub vulnerability: AdvisoryId,
    /// The part of the driver that has the flaw: `kernel_mode`, `firmware`, `user_mode`,
    /// `unspecified`.
    pub component: String,
    /// Number of NVIDIA's security bulletin.
    pub bulletin: String,
    /// The day through which the list of bulletins is complete, `YYYY-MM-DD`.
    pub data_date: String,
    /// Every host, with the version that fixes the flaw on its branch.
    pub hosts: Vec<HostDriverCheck>,
}

/// One host's driver against the bulletin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct HostDriverCheck {
    /// The driver's version.
    pub version: String,
    /// Its branch: `R580`.
    pub branch: String,
    /// The lowest version of that branch with the fix.
    pub fixed: String,
    /// Where the version comes from: `--host-driver`, the policy, a node's name.
    pub origin: String,
}

/// A statement of a VEX document that applies to a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VexEvidence {
    /// The document's file or URL.
    pub document: String,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub author: Option<String>,
    /// When the statement was made or last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timestamp: Option<String>,
    /// What it says.
    pub status: VexStatus,
    /// JSON pointer of the statement in the document.
    pub pointer: String,
}

/// The policy's decision on a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What happens.
    pub action: Action,
    /// The rule that decided.
    pub rule: RuleMatch,
    /// Every other rule that matched, in order of precedence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<RuleMatch>,
    /// Why a rule that one might expect did not apply, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}
