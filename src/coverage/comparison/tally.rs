//! The findings of all images by what they are and who reports them: what every statistic counts.

use std::collections::BTreeMap;

use crate::coverage::stance::{Pattern, Stance};
use crate::model::ScannerId;
use crate::model::comparison::Share;

use super::image::{Image, Part};
use super::interval::Ratio;

/// Findings of one image that are alike in everything that is counted.
#[derive(Clone, Debug)]
pub(super) struct Row<'i> {
    /// The image, by its number among distinct ones.
    pub(super) image: usize,
    /// What they are.
    pub(super) part: &'i Part,
    /// Who reports them, over [`Tally::scanners`].
    pub(super) pattern: Pattern,
    /// How many.
    pub(super) count: usize,
}

impl Row<'_> {
    /// The scanner that alone reports them where at least two gave a result.
    pub(super) fn alone(&self) -> Option<usize> {
        self.pattern.alone().filter(|_| self.is_compared())
    }

    /// True where every scanner with a result reports them, and at least two gave one.
    pub(super) fn by_all(&self) -> bool {
        self.pattern.by_all() && self.is_compared()
    }

    /// True where at least two scanners gave a result on the image.
    fn is_compared(&self) -> bool {
        let stances = self.pattern.stances.iter();
        stances.filter(|s| **s != Stance::Absent).nth(1).is_some()
    }

    /// True where every scanner of the tally gave a result on the image, and the findings are not void.
    pub(super) fn in_base(&self) -> bool {
        !self.pattern.void && !self.pattern.stances.contains(&Stance::Absent)
    }
}

/// Everything that is counted.
#[derive(Clone, Debug)]
pub(super) struct Tally<'i> {
    /// The scanners that gave a result on some image, by id.
    pub(super) scanners: &'i [ScannerId],
    /// The findings.
    pub(super) rows: Vec<Row<'i>>,
}

impl<'i> Tally<'i> {
    pub(super) fn new(images: &'i [Image], scanners: &'i [ScannerId]) -> Self {
        let mut rows = Vec::new();
        for image in images {
            let places = image.with_result.iter();
            let places: Vec<usize> = places
                .filter_map(|scanner| scanners.binary_search(scanner).ok())
                .collect();
            rows.extend(image.findings.iter().map(|((part, pattern), count)| Row {
                image: image.number,
                part,
                pattern: pattern.widened(&places, scanners.len()),
                count: *count,
            }));
        }
        Self { scanners, rows }
    }

    /// The findings of these scanners, which are some of the tally's, by id.
    pub(super) fn narrowed(&self, scanners: &'i [ScannerId]) -> Self {
        let places = scanners.iter();
        let places: Vec<usize> = places
            .filter_map(|scanner| self.scanners.binary_search(scanner).ok())
            .collect();
        let narrowed = self.rows.iter().map(|row| Row {
            pattern: row.pattern.narrowed(&places),
            ..row.clone()
        });
        Self {
            scanners,
            rows: narrowed
                .filter(|row| row.pattern.reporters().next().is_some())
                .collect(),
        }
    }

    /// The findings by part, each part of its own.
    pub(super) fn by_part<K: Ord>(&self, key: impl Fn(&Part) -> K) -> BTreeMap<K, Self> {
        let mut parts: BTreeMap<K, Self> = BTreeMap::new();
        for row in &self.rows {
            let part = parts.entry(key(row.part)).or_insert_with(|| Self {
                rows: Vec::new(),
                ..*self
            });
            part.rows.push(row.clone());
        }
        parts
    }

    /// Number of findings that `which` holds for.
    pub(super) fn count(&self, which: impl Fn(&Row<'i>) -> bool) -> usize {
        let rows = self.rows.iter().filter(|row| which(row));
        rows.map(|row| row.count).sum()
    }

    /// Findings that a scanner reports, of those that it could have, on images where another gave a
    /// result too. Where it is alone nobody could find what it misses, so that its share would be 1
    /// and the failures of others would raise it.
    pub(super) fn coverage(&self, scanner: usize) -> Share {
        let mut ratio = Ratio::default();
        for row in self.rows.iter().filter(|row| row.is_compared()) {
            if let Some(found) = row.pattern.found_by(scanner) {
                ratio.add(row.image, if found { row.count } else { 0 }, row.count);
            }
        }
        ratio.share()
    }
}
