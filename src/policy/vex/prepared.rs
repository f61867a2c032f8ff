//! Statements made ready for the packages of one image.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::version::normal_form;
use crate::model::{Ecosystem, VexStatus};

use super::component::{Component, VersionTest};
use super::document::Statement;
use super::product::Product;
use super::purl::{Candidate, PackageKey, PurlPattern};

/// A package as statements can name it: its key, and whether the source package is meant.
pub(super) type Named = (PackageKey, bool);

/// A statement as far as it can concern the image.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Its document's ordinal.
    pub(super) document: usize,
    /// Its ordinal in the document.
    pub(super) statement: usize,
    pub(super) recency: Recency,
    caution: u8,
    /// It is about the image as a whole, and so about every package.
    pub(super) whole_image: bool,
    /// The packages that it is about otherwise.
    packages: HashMap<Named, Vec<Target>>,
}

/// How new a statement counts as, oldest first.
///
/// A time after the moment that is decided for is none: it would outlast every correction. Without
/// a time nobody knows which of two statements is the later one, and the cautious one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recency {
    /// Without a time, and it says that the product does not suffer.
    Oldest,
    /// Made at that time.
    At(Timestamp),
    /// Without a time, and it says that the product suffers, or might.
    Newest,
}

#[derive(Debug)]
struct Target {
    purl: PurlPattern,
    versions: Option<Vec<VersionTest>>,
    architecture: Option<String>,
}

impl Recency {
    fn of(statement: &Statement, now: Timestamp) -> Self {
        match (statement.dated(now), statement.status) {
            (Some(time), _) => Self::At(time),
            (None, VexStatus::Affected | VexStatus::UnderInvestigation) => Self::Newest,
            (None, VexStatus::NotAffected | VexStatus::Fixed) => Self::Oldest,
        }
    }
}

/// Of equally new statements the greatest counts.
fn caution(statement: &Statement) -> u8 {
    match statement.status {
        VexStatus::Affected => 4,
        VexStatus::UnderInvestigation => 3,
        _ if !statement.ignores() => 2,
        VexStatus::NotAffected => 1,
        VexStatus::Fixed => 0,
    }
}

impl Prepared {
    pub(super) fn new(
        (document, statement): (usize, usize),
        content: &Statement,
        product: &Product,
        now: Timestamp,
    ) -> Self {
        let mut prepared = Self {
            document,
            statement,
            recency: Recency::of(content, now),
            caution: caution(content),
            whole_image: false,
            packages: HashMap::new(),
        };
        for reference in &content.products {
            let is_image = product.is(&reference.product);
            if is_image && reference.parts.is_empty() {
                prepared.whole_image = true;
                prepared.packages.clear();
                break;
            } else if is_image {
                for part in &reference.parts {
                    prepared.add(part);
                }
            } else if reference.parts.is_empty() {
                prepared.add(&reference.product);
            }
        }
        prepared
    }

    fn add(&mut self, component: &Component) {
        for purl in component.purls.iter().filter(|purl| !purl.is_image()) {
            let named = (purl.key.clone(), purl.is_source());
            self.packages.entry(named).or_default().push(Target {
                purl: purl.clone(),
                versions: component.versions.clone(),
                architecture: component.architecture.clone(),
            });
        }
    }

    /// Sorts the statements that count before those that they overrule: the newest first, of
    /// equally new ones the most cautious.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let strength = Reverse((self.recency, self.caution));
        (strength, self.document, self.statement)
    }

    /// The packages that it is about, where it is not about the whole image.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Named> {
        self.packages.keys()
    }

    /// Whether it is about a package under that name; `None` when only a version without an order
    /// stands between.
    pub(super) fn is_about(&self, candidate: &Candidate, named: &Named) -> Option<bool> {
        let mut undecided = false;
        for target in self.packages.get(named).into_iter().flatten() {
            match target.fits(candidate) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => undecided = true,
            }
        }
        (!undecided).then_some(false)
    }
}

impl Target {
    /// Whether the package is meant; `None` when only a version without an order stands between.
    fn fits(&self, candidate: &Candidate) -> Option<bool> {
        let architecture_fits = self
            .architecture
            .as_deref()
            .is_none_or(|stated| candidate.has_architecture(stated));
        if !architecture_fits || !self.purl.fits(candidate) {
            return Some(false);
        }
        let Some(tests) = &self.versions else {
            return Some(true);
        };
        let ecosystem = &candidate.key.ecosystem;
        let version = candidate.version_of(self.purl.is_source());
        let mut undecided = false;
        for test in tests {
            match test.holds(ecosystem, version) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => undecided = true,
            }
        }
        (!undecided).then_some(false)
    }
}

impl VersionTest {
    fn holds(&self, ecosystem: &Ecosystem, version: &str) -> Option<bool> {
        match self {
            Self::Exact(stated) => {
                Some(normal_form(ecosystem, stated) == normal_form(ecosystem, version))
            }
            Self::Range(range) => range.contains(ecosystem, version),
        }
    }
}
