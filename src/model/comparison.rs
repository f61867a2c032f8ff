//! How scanners compare, on one image or over many: what `crosscheck compare` writes.
//!
//! Its JSON form is a published contract (`crosscheck schema comparison`). Within one
//! `schema_version` fields are only added. Every share stands with the counts that it is made of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::Ecosystem;
use super::report::ToolInfo;
use super::run::FailureKind;
use super::scanner::{FixState, ScannerId};
use super::severity::Severity;
use super::verdict::{Cause, Verdict};

/// Value of [`Comparison::schema_version`].
pub const SCHEMA_VERSION: &str = "1";

/// Scanners, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Version of this layout.
    pub schema_version: String,
    /// The program that wrote it.
    pub tool: ToolInfo,
    /// The images, by reference, then digest.
    pub images: Vec<ComparedImage>,
    /// What was asked for and could not be read. Nothing of it is counted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unread: Vec<UnreadInput>,
    /// What is counted.
    pub universe: Universe,
    /// Every scanner of any image, by id.
    pub scanners: Vec<ComparedScanner>,
    /// Every two scanners that both gave a result on at least one image.
    pub pairs: Vec<ComparedPair>,
    /// Which scanners together, and no others, report how many findings: the columns of an UpSet plot
    /// (A. Lex and others, "UpSet: Visualization of Intersecting Sets", IEEE TVCG 20(12), 2014). Most
    /// findings first. Of the images in [`Comparison::base`].
    pub sets: Vec<SetIntersection>,
    /// On what sets, contributions and choices of scanners are counted: images on which every one of
    /// them gave a result, so that a failure on another image is no miss. Where they have no findings, or are
    /// fewer than two scanners, `sets`, `contributions`, `curve` and `best` are empty.
    pub base: Base,
    /// What each scanner adds to the others.
    pub contributions: Vec<Contribution>,
    /// Scanners in the order in which each adds most to those before it.
    pub curve: Vec<CurveStep>,
    /// The best choice of one scanner, of two, and so on, with what it loses.
    pub best: Vec<BestChoice>,
    /// The same counts for parts of the findings.
    pub strata: Strata,
    /// The package lists, compared; none where fewer than two scanners gave a whole one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inventories: Option<InventoryComparison>,
    /// A lower bound for what all scanners miss.
    pub unseen: Unseen,
    /// Packages that no scanner assesses, those on most images first.
    pub unchecked: Vec<UncheckedOnImages>,
}

/// A share with its counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// `count / of`; null when `of` is 0.
    pub value: Option<f64>,
    /// Where the share lies over images like these, with 95 % confidence. Only over several distinct images,
    /// and not where all of them have the very same share: so few images show no spread, which is not to
    /// say that there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interval: Option<Interval>,
}

impl Share {
    /// The share that the counts make.
    pub fn new(count: usize, of: usize) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of findings and packages are far below 2^52"
        )]
        let value = (of > 0).then(|| count as f64 / of as f64);
        Self {
            count,
            of,
            value,
            interval: None,
        }
    }
}

/// From, to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UnreadInput {
    /// The path; empty where the message says it all.
    pub source: String,
    /// What is the matter, and what to do.
    pub problem: String,
}

/// An image, and how the scanners fared on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ComparedImage {
    /// The reference as scanned.
    pub reference: String,
    /// Digest of its configuration, when known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// Where it was read from: the run's directory or the report's file.
    pub source: String,
    /// Findings, rejected ones included.
    pub findings: usize,
    /// Each scanner's part.
    pub scanners: BTreeMap<ScannerId, ScannerPart>,
}

/// A scanner's part in one image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ScannerPart {
    /// How it ended.
    pub status: PartStatus,
    /// Findings that it reports.
    pub reported: usize,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// When its database was built, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database_built: Option<String>,
    /// Wall time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// Most memory, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_bytes: Option<u64>,
    /// Why it failed, or what its result lacks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// How a scanner ended on an image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case", tag = "is", content = "kind")]
pub enum PartStatus {
    /// A result.
    Completed,
    /// A result that lacks a part.
    Partial,
    /// No trustworthy result.
    Failed(FailureKind),
}

/// What the counts are counts of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Universe {
    /// Images, each as often as it was given.
    pub images: usize,
    /// Distinct images, by the digest of their configuration, and where it is not known by reference
    /// and source. An image in several runs is one here and in every interval.
    pub distinct_images: usize,
    /// Findings over all images; one flaw in one package of two images is two.
    pub findings: usize,
    /// Of those, findings whose vulnerability was rejected or withdrawn. They are in the naive
    /// agreement and in nothing else, since not to report them is right.
    pub void: usize,
    /// Distinct vulnerabilities.
    pub vulnerabilities: usize,
    /// Findings that every scanner with a result on their image reports, on images where at least two
    /// gave one.
    pub shared_by_all: usize,
    /// Findings that only one scanner reports, in this package or in another one that is the same
    /// files, on images where at least two gave a result.
    pub by_one_only: usize,
}

/// One scanner over all images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedScanner {
    /// The scanner.
    pub scanner: ScannerId,
    /// Name for people.
    pub title: String,
    /// Images that it was asked about, as a whole, with those on which it gave a result.
    pub results: Share,
    /// Failures by kind.
    pub failures: BTreeMap<FailureKind, usize>,
    /// Findings that it reports, of those that it could have: on images where it and another scanner
    /// gave a result, without those that it is excused from and the void ones.
    pub coverage: Share,
    /// Findings that it reports, void ones included.
    pub reported: usize,
    /// Its part of [`Universe::by_one_only`].
    pub alone: usize,
    /// Findings by its verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Findings that it does not report, by cause.
    pub missed: BTreeMap<Cause, usize>,
    /// Wall time of all its runs, in milliseconds; none where no run states it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// Most memory of any of its runs, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_bytes: Option<u64>,
}

/// What two sets have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overlap {
    /// In both.
    pub both: usize,
    /// Only of the first scanner.
    pub only_a: usize,
    /// Only of the second scanner.
    pub only_b: usize,
    /// Jaccard index: those of both, of those of either.
    pub jaccard: Share,
    /// Overlap coefficient: those of both, of those of the smaller set. 1 when one set lies in the
    /// other. Without an interval, since which set is the smaller one differs between images.
    pub overlap: Share,
}

impl Overlap {
    /// What counts say: in both sets, in the first only, in the second only.
    pub fn new(both: usize, only_a: usize, only_b: usize) -> Self {
        Self {
            both,
            only_a,
            only_b,
            jaccard: Share::new(both, both + only_a + only_b),
            overlap: Share::new(both, both + only_a.min(only_b)),
        }
    }
}

/// Two scanners, on the images where both gave a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedPair {
    /// One scanner; its id sorts first.
    pub a: ScannerId,
    /// The other.
    pub b: ScannerId,
    /// Images on which both gave a result.
    pub images: usize,
    /// How far they agree, from the coarsest way of counting to the fairest.
    pub agreement: Levels,
    /// Severities that the two show on findings that both list, void ones left out: the worst that
    /// each shows on the finding, negligible counting as low.
    pub severity: Vec<MatrixCell<Severity>>,
    /// Fix states that the two give on the same findings. Of several states of one scanner the one
    /// that says most counts, a published fix before all others.
    pub fix: Vec<MatrixCell<FixState>>,
}

/// Agreement by several ways of saying what is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Levels {
    /// Same id, package name and version, letter by letter: what one gets without reconciling.
    pub raw: Overlap,
    /// Same vulnerability, package name and version: what one gets by looking at CVE ids.
    pub by_vulnerability_and_name: Overlap,
    /// Same vulnerability somewhere in the image.
    pub vulnerability: Overlap,
    /// Same package group with any vulnerability.
    pub package: Overlap,
    /// Same finding.
    pub finding: Overlap,
    /// Same finding, of those that both could have reported: without void ones and without those that
    /// the silent scanner is excused from.
    pub adjusted: Overlap,
}

/// How many findings the first scanner puts here and the second there. Cells with 0 are left out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct MatrixCell<T> {
    /// By the first scanner.
    pub a: T,
    /// By the second scanner.
    pub b: T,
    /// Findings.
    pub count: usize,
}

/// The images that several counts are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Base {
    /// Scanners that gave a result on each of these images.
    pub scanners: Vec<ScannerId>,
    /// Scanners with a result on too few images to be compared with the others: with them fewer than
    /// half of the images would be left.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_out: Vec<ScannerId>,
    /// Number of images.
    pub images: usize,
    /// Findings of these scanners on them, without void ones.
    pub findings: usize,
}

/// Findings that these scanners report and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetIntersection {
    /// The scanners, by id.
    pub scanners: Vec<ScannerId>,
    /// Findings.
    pub count: usize,
}

/// What one scanner adds to the others of the base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// The scanner.
    pub scanner: ScannerId,
    /// Findings that would be lost without it, of all. A finding that another scanner reports in the
    /// same files under another package type is lost all the same.
    pub marginal: Share,
    /// Its part of the coverage by Shapley's value (L. S. Shapley, "A Value for n-Person Games", 1953):
    /// each finding is shared evenly by those who report it. The parts of all add up to 1.
    pub shapley: f64,
    /// Wall time on these images for each finding that only it reports, in milliseconds; none where it
    /// has none or its time is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms_per_marginal: Option<u64>,
}

/// One more scanner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurveStep {
    /// The scanner that is added.
    pub scanner: ScannerId,
    /// Findings that it adds to those of the scanners before it.
    pub gain: usize,
    /// Findings of it and those before it, of all.
    pub covered: Share,
}

/// The choice of so many scanners that covers most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BestChoice {
    /// The scanners, by id. Of choices that cover the same the first by ids.
    pub scanners: Vec<ScannerId>,
    /// Findings that they report, of all.
    pub covered: Share,
    /// Findings that they lose, by severity.
    pub lost: BTreeMap<Severity, usize>,
    /// Other choices of as many scanners that cover as much; 0 where not every choice was looked at.
    pub equals: usize,
    /// The next choice by what it covers, then by ids, where there is one and every choice was looked
    /// at. It is one of the equals where there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runner_up: Option<RunnerUp>,
    /// True when every choice was looked at; false when, for their number, each scanner was chosen as
    /// the one that adds most to those before.
    pub exact: bool,
}

/// The choice next to the best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunnerUp {
    /// The scanners, by id.
    pub scanners: Vec<ScannerId>,
    /// Findings that they report, of all.
    pub covered: Share,
    /// By how much the best choice covers more, as a share of all findings, with 95 % confidence.
    /// Where it holds 0, images like these do not tell which is better. Given and left out as
    /// [`Share::interval`] is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lead: Option<Interval>,
}

/// Parts of the findings. Void ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Strata {
    /// By ecosystem.
    pub ecosystem: Vec<Stratum>,
    /// By resolved severity, worst first.
    pub severity: Vec<Stratum>,
    /// `fixable` and `not fixable`.
    pub fixable: Vec<Stratum>,
    /// By the lowest layer that holds a package of the finding, under its digest or `unknown`; only for
    /// a single image. Lowest first, then those that are none of the image's known layers, by digest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub layer: Vec<Stratum>,
}

/// One part of the findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stratum {
    /// Which part: `deb`, `high`, `fixable`, a layer's digest.
    pub name: String,
    /// Findings.
    pub findings: usize,
    /// Each scanner with a result: findings that it reports, of those that it could have, on images
    /// where it and another scanner gave a result.
    pub coverage: BTreeMap<ScannerId, Share>,
    /// Its part of [`Universe::by_one_only`], by scanner.
    pub alone: BTreeMap<ScannerId, usize>,
    /// Adjusted agreement of each pair, in the order of [`Comparison::pairs`].
    pub pairs: Vec<StratumPair>,
    /// The two scanners of the base that cover most, where the base has more than two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub best_pair: Option<BestChoice>,
}

/// Adjusted agreement in one part of the findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StratumPair {
    /// One scanner.
    pub a: ScannerId,
    /// The other.
    pub b: ScannerId,
    /// Their adjusted agreement.
    pub adjusted: Overlap,
}

/// Package lists, compared. Only whole lists count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InventoryComparison {
    /// Images with at least two whole lists.
    pub images: usize,
    /// Packages by scanner: distinct ecosystem, name and version.
    pub scanners: BTreeMap<ScannerId, usize>,
    /// Every two lists of one image.
    pub pairs: Vec<InventoryPair>,
    /// Packages that only one of the lists has, in whatever version, by scanner and ecosystem.
    pub alone: BTreeMap<ScannerId, BTreeMap<Ecosystem, usize>>,
    /// Number of packages that several lists have in versions that differ.
    pub disagreements: usize,
    /// Packages that several lists have in versions that differ; of a single image only.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub versions: Vec<VersionDisagreement>,
    /// Packages that only one list has; of a single image only.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub packages_alone: Vec<PackageAlone>,
}

/// Two package lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InventoryPair {
    /// One scanner.
    pub a: ScannerId,
    /// The other.
    pub b: ScannerId,
    /// Packages by ecosystem, name and version.
    pub packages: Overlap,
}

/// A package that lists have in versions that differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct VersionDisagreement {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Name.
    pub name: String,
    /// The versions by scanner.
    pub versions: BTreeMap<ScannerId, Vec<String>>,
}

/// A package that only one list has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageAlone {
    /// The scanner.
    pub scanner: ScannerId,
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Estimates of what all scanners miss. Indicative: read [`Unseen::assumptions`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unseen {
    /// By each pair of scanners of the base.
    pub pairs: Vec<PairEstimate>,
    /// By all scanners of the base together.
    pub all: Estimate,
    /// What has to hold, and in which direction each is known to fail.
    pub assumptions: Vec<String>,
}

/// An estimate from two scanners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairEstimate {
    /// One scanner.
    pub a: ScannerId,
    /// The other.
    pub b: ScannerId,
    /// The estimate.
    pub estimate: Estimate,
}

/// A lower bound for the number of findings that are there, or why none is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Estimate {
    /// Given.
    LowerBound {
        /// The estimator: `Chapman`, `Chao2`.
        estimator: String,
        /// Findings that were seen.
        seen: usize,
        /// Findings that are there, at least.
        total: f64,
        /// 95 % interval of `total`.
        interval: Interval,
        /// Share of what is there that was seen, by Good and Turing's estimate of sample coverage:
        /// reports of findings that another scanner reports too, of all reports. Only over all
        /// scanners.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        sample_coverage: Option<Share>,
    },
    /// Refused, since the counts cannot carry one.
    Refused {
        /// Why, one sentence.
        reason: String,
    },
}

impl Default for Estimate {
    fn default() -> Self {
        Self::Refused {
            reason: "there are no findings".to_owned(),
        }
    }
}

/// A package that no scanner assesses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UncheckedOnImages {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Installed name.
    pub name: String,
    /// Versions.
    pub versions: Vec<String>,
    /// Why nobody assesses it, on the first of the images.
    pub reason: String,
    /// Number of images.
    pub images: usize,
}
