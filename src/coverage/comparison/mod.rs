//! How scanners compare, on one image or over many.
//!
//! [`Comparisons`] takes one report after the other and keeps of each only counts, so that thousands
//! of images fit in memory: findings that are alike in ecosystem, severity, fix and in who reports
//! them are one number. Each statistic is then defined once, on these counts, and the order in which
//! images were added cannot show in it: counts are added as whole numbers, and everything is sorted
//! at the end.

mod agreement;
mod base;
mod choice;
mod estimate;
mod image;
mod interval;
mod strata;
mod tally;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::comparison::{
    Base, ComparedPair, ComparedScanner, Comparison, PartStatus, SCHEMA_VERSION, ScannerPart,
    UncheckedOnImages, Universe,
};
use crate::model::report::{Report, ScannerCoverage, ToolInfo, UncheckedPackage};
use crate::model::{AdvisoryId, Cause, Ecosystem, FailureKind, Finding, ScannerId, Verdict};

use super::stance::Stances;
use super::{ids, partial, statistics, with_result};
use agreement::Matrices;
use choice::Choices;
use image::Image;
use interval::share;
use tally::Tally;

/// An image to be compared.
#[derive(Clone, Copy, Debug)]
pub struct ImageInput<'a> {
    /// What the scanners found. Its findings carry the scanners' verdicts.
    pub report: &'a Report,
    /// Where it was read from: a run's directory or a report's file.
    pub source: &'a str,
    /// Digests of the uncompressed layers (`sha256:…`), bottom first; empty where they are not known.
    pub layers: &'a [String],
}

/// Takes images, gives a [`Comparison`].
///
/// In memory it holds, for each image, no more numbers than there are different findings by ecosystem,
/// severity, fix and reporters, and over all images the ids of the vulnerabilities and the names of
/// the packages that nobody checks.
#[derive(Clone, Debug, Default)]
pub struct Comparisons {
    images: Vec<Image>,
    scanners: BTreeMap<ScannerId, Totals>,
    matrices: BTreeMap<(ScannerId, ScannerId), Matrices>,
    vulnerabilities: BTreeSet<AdvisoryId>,
    unchecked: BTreeMap<(Ecosystem, String), Unchecked>,
}

/// What one scanner comes to over all images.
#[derive(Clone, Debug, Default)]
struct Totals {
    title: Option<String>,
    asked: usize,
    failures: BTreeMap<FailureKind, usize>,
    reported: usize,
    verdicts: BTreeMap<Verdict, usize>,
    missed: BTreeMap<Cause, usize>,
    duration_ms: Option<u64>,
    peak_memory_bytes: Option<u64>,
}

/// What is known of a package that nobody checks.
#[derive(Clone, Debug)]
struct Unchecked {
    versions: BTreeSet<String>,
    /// Of the first image in the order of [`Comparison::images`], behind what that order goes by.
    reason: (String, Option<String>, String, String),
    images: usize,
}

impl Comparisons {
    /// Adds an image. The same image twice counts twice, but tells no more of other images than once:
    /// intervals take it for one.
    pub fn add(&mut self, input: &ImageInput<'_>) {
        let report = input.report;
        let outcomes = || report.scanners.iter().map(|s| (&s.id, &s.outcome));
        let all = ids(outcomes().map(|(scanner, _)| scanner));
        let with_result = with_result(outcomes());
        let partial = partial(outcomes());
        let findings = &*counted(&report.findings, &with_result);
        let stances = Stances::new(findings, &partial);
        let patterns = stances.patterns(findings, &with_result);
        agreement::add_matrices(&mut self.matrices, findings, &patterns, &with_result);
        let rows = statistics::rows(findings, &all, &with_result, &stances, &patterns);
        let mut image = Image::new(input, findings, with_result, &patterns, &rows);
        for row in rows {
            if let Some(part) = image.summary.scanners.get(&row.scanner) {
                let totals = self.scanners.entry(row.scanner.clone()).or_default();
                totals.add(part, row);
            }
        }
        for scanner in &report.scanners {
            if let Some(totals) = self.scanners.get_mut(&scanner.id) {
                // The first in text order, so that the order of images cannot show.
                let title = totals.title.take();
                totals.title = title.into_iter().chain([scanner.title.clone()]).min();
            }
        }
        for finding in findings {
            if !self.vulnerabilities.contains(&finding.vulnerability.id) {
                self.vulnerabilities
                    .insert(finding.vulnerability.id.clone());
            }
        }
        self.add_unchecked(&report.unchecked, &image);
        // A layer says nothing beside those of other images.
        if !self.images.is_empty() {
            image.forget_layers();
        }
        if let [first] = &mut self.images[..] {
            first.forget_layers();
        }
        self.images.push(image);
    }

    fn add_unchecked(&mut self, unchecked: &[UncheckedPackage], image: &Image) {
        let mut here = BTreeSet::new();
        for package in unchecked {
            let key = (package.ecosystem.clone(), package.name.clone());
            let reason = (
                image.summary.reference.clone(),
                image.summary.digest.clone(),
                image.summary.source.clone(),
                package.reason.clone(),
            );
            let known = self
                .unchecked
                .entry(key.clone())
                .or_insert_with(|| Unchecked {
                    versions: BTreeSet::new(),
                    reason: reason.clone(),
                    images: 0,
                });
            known.versions.insert(package.version.clone());
            if reason < known.reason {
                known.reason = reason;
            }
            known.images += usize::from(here.insert(key));
        }
    }

    /// The comparison of all images that were added, but for their package lists
    /// ([`Comparison::inventories`]).
    pub fn finish(mut self) -> Comparison {
        self.images.sort_by(|a, b| a.summary.cmp(&b.summary));
        let distinct_images = image::number(&mut self.images);
        let images = &self.images;
        let with_result: BTreeSet<&ScannerId> =
            images.iter().flat_map(|image| &image.with_result).collect();
        let scanners: Vec<ScannerId> = with_result.into_iter().cloned().collect();
        let tally = Tally::new(images, &scanners);
        let chosen = base::scanners(images, &scanners);
        let base = base::images(images, &chosen);
        let compared = tally.narrowed(&chosen);
        let choices = Choices::new(&compared);
        let (numbers, pairs): (Vec<(usize, usize)>, Vec<ComparedPair>) =
            agreement::pairs(scanners.len())
                .filter_map(|numbers| {
                    let pair = agreement::pair(images, &tally, &self.matrices, numbers)?;
                    Some((numbers, pair))
                })
                .unzip();
        Comparison {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: ToolInfo::this(),
            universe: Universe {
                images: images.len(),
                distinct_images,
                findings: tally.count(|_| true),
                void: tally.count(|row| row.pattern.void),
                vulnerabilities: self.vulnerabilities.len(),
                shared_by_all: tally.count(tally::Row::by_all),
                by_one_only: tally.count(|row| row.alone().is_some()),
            },
            pairs,
            sets: choices.sets(),
            base: Base {
                images: base.len(),
                findings: compared.count(tally::Row::in_base),
                left_out: scanners
                    .iter()
                    .filter(|scanner| !chosen.contains(scanner))
                    .cloned()
                    .collect(),
                scanners: chosen.clone(),
            },
            contributions: choices.contributions(&base),
            curve: choices.curve(),
            best: choices.best(),
            strata: strata::strata(&tally, &numbers, &chosen),
            inventories: None,
            unread: Vec::new(),
            unseen: estimate::unseen(&compared),
            scanners: compared_scanners(self.scanners, &tally, images),
            unchecked: unchecked_on_images(self.unchecked),
            images: images.iter().map(|image| image.summary.clone()).collect(),
        }
    }
}

/// The findings that count: each key once, and none that only scanners without a result report. Our
/// own reports hold no others, but one that was edited or put together may.
fn counted<'f>(findings: &'f [Finding], with_result: &[ScannerId]) -> Cow<'f, [Finding]> {
    let mut keys = HashSet::new();
    let counts: Vec<bool> = findings
        .iter()
        .map(|finding| {
            let mut reporters = finding.reporters();
            reporters.any(|scanner| with_result.contains(scanner))
                && keys.insert(finding.key.as_str())
        })
        .collect();
    if counts.iter().all(|counts| *counts) {
        return Cow::Borrowed(findings);
    }
    let counted = findings.iter().zip(counts).filter(|(_, counts)| *counts);
    Cow::Owned(counted.map(|(finding, _)| finding.clone()).collect())
}

impl Totals {
    fn add(&mut self, part: &ScannerPart, row: ScannerCoverage) {
        self.asked += 1;
        if let PartStatus::Failed(kind) = part.status {
            *self.failures.entry(kind).or_default() += 1;
        }
        self.reported += row.reported;
        for (verdict, count) in row.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
        for (cause, count) in row.missed {
            *self.missed.entry(cause).or_default() += count;
        }
        let durations = [self.duration_ms, part.duration_ms].into_iter().flatten();
        self.duration_ms = durations.reduce(u64::saturating_add);
        self.peak_memory_bytes = self.peak_memory_bytes.max(part.peak_memory_bytes);
    }
}

fn compared_scanners(
    scanners: BTreeMap<ScannerId, Totals>,
    tally: &Tally<'_>,
    images: &[Image],
) -> Vec<ComparedScanner> {
    let compared = scanners.into_iter().map(|(scanner, totals)| {
        let number = tally.scanners.binary_search(&scanner).ok();
        let with_result = images
            .iter()
            .filter(|image| image.position(&scanner).is_some());
        ComparedScanner {
            title: totals.title.unwrap_or_default(),
            results: share(with_result.count(), totals.asked),
            failures: totals.failures,
            coverage: number.map_or(share(0, 0), |number| tally.coverage(number)),
            reported: totals.reported,
            alone: number.map_or(0, |n| tally.count(|row| row.alone() == Some(n))),
            verdicts: totals.verdicts,
            missed: totals.missed,
            duration_ms: totals.duration_ms,
            peak_memory_bytes: totals.peak_memory_bytes,
            scanner,
        }
    });
    compared.collect()
}

fn unchecked_on_images(
    unchecked: BTreeMap<(Ecosystem, String), Unchecked>,
) -> Vec<UncheckedOnImages> {
    let mut packages: Vec<UncheckedOnImages> = unchecked
        .into_iter()
        .map(|((ecosystem, name), known)| UncheckedOnImages {
            ecosystem,
            name,
            versions: known.versions.into_iter().collect(),
            reason: known.reason.3,
            images: known.images,
        })
        .collect();
    packages.sort_by_key(|package| Reverse(package.images));
    packages
}
