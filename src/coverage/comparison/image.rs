//! What is kept of one image: counts, and nothing of a finding.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::coverage::stance::Pattern;
use crate::model::comparison::{ComparedImage, PartStatus, ScannerPart};
use crate::model::report::{ScannerCoverage, ScannerSummary};
use crate::model::{Attachment, Ecosystem, Finding, Outcome, ScannerId, Severity};

use super::ImageInput;

/// One image's counts.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// The image, and how the scanners fared.
    pub(super) summary: ComparedImage,
    /// The scanners with a result, by id. Patterns and memberships are in this order.
    pub(super) with_result: Vec<ScannerId>,
    /// Findings by what they are and who reports them.
    pub(super) findings: BTreeMap<(Part, Pattern), usize>,
    /// What else can be taken for the same.
    pub(super) coarse: Coarse,
    /// Its number among distinct images ([`number`]).
    pub(super) number: usize,
}

/// Numbers the images, those with the same configuration alike, and tells how many distinct ones there
/// are. An image without a known digest is the same as those of its name and source.
pub(super) fn number(images: &mut [Image]) -> usize {
    let mut numbers: BTreeMap<Result<&str, (&str, &str)>, usize> = BTreeMap::new();
    for Image {
        summary, number, ..
    } in images.iter_mut()
    {
        let digest = summary.digest.as_deref();
        let identity = digest.ok_or((summary.reference.as_str(), summary.source.as_str()));
        let next = numbers.len();
        *number = *numbers.entry(identity).or_insert(next);
    }
    numbers.len()
}

/// The parts of the findings that a finding belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) ecosystem: Ecosystem,
    /// Worst first.
    pub(super) severity: Reverse<Severity>,
    pub(super) fixable: bool,
    pub(super) layer: Layer,
}

/// The lowest layer that holds a package of a finding, in the order of the layers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// One of the image's layers by its place, the bottom being 0.
    At(usize, String),
    /// A digest that is none of those known.
    Named(String),
    /// Nobody says.
    Unknown,
}

/// Who has what, by coarser ideas of what is the same than a finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Coarse {
    pub(super) raw: Memberships,
    pub(super) by_vulnerability_and_name: Memberships,
    pub(super) vulnerability: Memberships,
    pub(super) package: Memberships,
}

/// How many things exactly these scanners have: for each scanner with a result whether it has them.
pub(super) type Memberships = BTreeMap<Box<[bool]>, usize>;

/// Each scanner's entries.
fn entries(scanners: &[ScannerSummary]) -> BTreeMap<&ScannerId, Vec<&ScannerSummary>> {
    let mut entries: BTreeMap<&ScannerId, Vec<&ScannerSummary>> = BTreeMap::new();
    for scanner in scanners {
        entries.entry(&scanner.id).or_default().push(scanner);
    }
    entries
}

/// What the entries of one scanner come to: the one that ended best tells how it ended.
fn part(entries: &[&ScannerSummary], reported: usize) -> ScannerPart {
    let status = |entry: &ScannerSummary| match &entry.outcome {
        Outcome::Completed => PartStatus::Completed,
        Outcome::Partial { .. } => PartStatus::Partial,
        Outcome::Failed(failure) => PartStatus::Failed(failure.kind),
    };
    let best = entries
        .iter()
        .min_by_key(|entry| (status(entry), &entry.source));
    let durations = entries.iter().filter_map(|entry| entry.duration_ms);
    ScannerPart {
        status: best.map_or(PartStatus::Completed, |best| status(best)),
        reported,
        version: best.and_then(|best| best.version.clone()),
        database_built: best.and_then(|best| best.database_built.clone()),
        duration_ms: durations.reduce(u64::saturating_add),
        peak_memory_bytes: entries.iter().filter_map(|e| e.peak_memory_bytes).max(),
        problem: best.and_then(|best| match &best.outcome {
            Outcome::Completed => None,
            Outcome::Partial { missing } => Some(missing.clone()),
            Outcome::Failed(failure) => Some(failure.cause.clone()),
        }),
    }
}

/// The lowest of the layers that hold the finding's packages. Without an order the first by name.
fn layer(finding: &Finding, places: &BTreeMap<&str, usize>) -> Layer {
    let locations = finding.instances.iter().flat_map(|i| &i.locations);
    let layers = locations.filter_map(|location| location.layer.as_deref());
    layers
        .map(|digest| match places.get(digest) {
            Some(place) => Layer::At(*place, digest.to_owned()),
            None => Layer::Named(digest.to_owned()),
        })
        .min()
        .unwrap_or(Layer::Unknown)
}

impl Image {
    /// Counts an image. `patterns` are those of the `findings` over `with_result`, and `rows` what each
    /// scanner of the report comes to.
    pub(super) fn new(
        input: &ImageInput<'_>,
        findings: &[Finding],
        with_result: Vec<ScannerId>,
        patterns: &[Pattern],
        rows: &[ScannerCoverage],
    ) -> Self {
        // Of layers that are alike, such as empty ones, the lowest.
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, digest) in input.layers.iter().enumerate() {
            places.entry(digest).or_insert(place);
        }
        let mut counts: BTreeMap<(Part, Pattern), usize> = BTreeMap::new();
        for (finding, pattern) in findings.iter().zip(patterns) {
            let part = Part {
                ecosystem: finding.package.ecosystem.clone(),
                severity: Reverse(finding.severity.level),
                fixable: !finding.fix.versions.is_empty(),
                layer: layer(finding, &places),
            };
            *counts.entry((part, pattern.clone())).or_default() += 1;
        }
        let entries = entries(&input.report.scanners);
        let scanners = rows.iter().map(|row| {
            let entries = entries.get(&row.scanner).map_or(&[][..], Vec::as_slice);
            (row.scanner.clone(), part(entries, row.reported))
        });
        let target = &input.report.target;
        Self {
            summary: ComparedImage {
                reference: target.reference.clone(),
                digest: target.config_digest.clone(),
                source: input.source.to_owned(),
                findings: findings.len(),
                scanners: scanners.collect(),
            },
            coarse: Coarse::of(findings, patterns, &with_result),
            with_result,
            findings: counts,
            number: 0,
        }
    }

    /// The number of a scanner in this image's patterns.
    pub(super) fn position(&self, scanner: &ScannerId) -> Option<usize> {
        self.with_result.binary_search(scanner).ok()
    }

    /// Forgets which layer findings lie in.
    pub(super) fn forget_layers(&mut self) {
        for ((mut part, pattern), count) in std::mem::take(&mut self.findings) {
            part.layer = Layer::Unknown;
            *self.findings.entry((part, pattern)).or_default() += count;
        }
    }
}

impl Coarse {
    fn of(findings: &[Finding], patterns: &[Pattern], scanners: &[ScannerId]) -> Self {
        let reported = || {
            let findings = findings.iter().zip(patterns);
            findings.flat_map(|(finding, pattern)| pattern.reporters().map(move |s| (finding, s)))
        };
        let listed = || {
            findings.iter().flat_map(|finding| {
                let direct = (finding.observations.iter())
                    .filter(|observation| observation.attachment == Attachment::Direct);
                direct.filter_map(move |observation| {
                    let scanner = scanners.binary_search(&observation.scanner).ok()?;
                    Some((finding, observation, scanner))
                })
            })
        };
        let count = scanners.len();
        Self {
            raw: memberships(
                count,
                listed().map(|(_, o, scanner)| ((&o.id, &o.package, &o.version), scanner)),
            ),
            by_vulnerability_and_name: memberships(
                count,
                listed().map(|(f, o, s)| ((&f.vulnerability.id, &o.package, &o.version), s)),
            ),
            vulnerability: memberships(count, reported().map(|(f, s)| (&f.vulnerability.id, s))),
            package: memberships(count, reported().map(|(f, s)| (&f.package, s))),
        }
    }
}

/// Counts things by who has them.
fn memberships<K: Ord>(scanners: usize, had: impl Iterator<Item = (K, usize)>) -> Memberships {
    let mut by_thing: BTreeMap<K, Box<[bool]>> = BTreeMap::new();
    for (thing, scanner) in had {
        let members = by_thing
            .entry(thing)
            .or_insert_with(|| vec![false; scanners].into());
        if let Some(member) = members.get_mut(scanner) {
            *member = true;
        }
    }
    let mut counts = Memberships::new();
    for members in by_thing.into_values() {
        *counts.entry(members).or_default() += 1;
    }
    counts
}
