//! Which statements speak of a finding, and which of them counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::{AdvisoryId, Distro, Finding, Instance, Justification, VexEvidence};

use super::conflicts::Conflicts;
use super::document::{Statement, VexDocument};
use super::prepared::{Named, Prepared, Recency};
use super::product::Product;
use super::purl::Candidate;

/// How many unmatched statements of a document are named.
const NAMED: usize = 3;

/// The statements of all documents, ready for the findings of one image.
///
/// Nothing depends on the order of the documents. Whatever their number, an instance costs no more
/// than the statements that name both its package and an id of the finding.
#[derive(Debug)]
pub struct Statements {
    /// In their own order, which is the same whatever order they came in.
    documents: Vec<VexDocument>,
    /// In the order of [`Prepared::rank`]: of two statements the one with the lower ordinal counts.
    prepared: Vec<Prepared>,
    /// Ordinals, ascending, of those about the whole image.
    on_image: HashMap<AdvisoryId, Vec<usize>>,
    /// Of those about packages.
    on_packages: HashMap<AdvisoryId, Vec<usize>>,
    by_package: HashMap<Named, Vec<usize>>,
    distro: Option<Distro>,
}

/// What the statements say on one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// For each instance of the finding, in its order, the statement that counts.
    pub rulings: Vec<Option<Ruling>>,
    /// Where statements contradict each other: which, which one counts, and why.
    pub conflicts: Vec<String>,
    /// Why a statement that one might expect does not apply.
    pub notes: Vec<String>,
    /// The statements that apply, for [`Statements::unmatched`].
    pub matched: BTreeSet<usize>,
}

impl Resolution {
    /// Which instances the statements take out of account, in the finding's order.
    pub fn ignored(&self) -> impl Iterator<Item = bool> {
        self.rulings
            .iter()
            .map(|ruling| ruling.as_ref().is_some_and(|ruling| ruling.ignores))
    }
}

/// The statement that counts for an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The statement among all of [`Statements`].
    pub ordinal: usize,
    /// Where it stands, and its status.
    pub evidence: VexEvidence,
    /// Why the product is not affected, in VEX's words.
    pub justification: Option<Justification>,
    /// Why it is not affected, in the author's words.
    pub impact_statement: Option<String>,
    /// What else the author says.
    pub notes: Option<String>,
    /// True when it takes the instance out of account.
    pub ignores: bool,
    /// Statements of another status that it overrules, the newest of each document and status,
    /// newest first.
    pub overruled: Vec<VexEvidence>,
}

impl Statements {
    /// Makes statements ready for an image, and for a moment: a statement that is dated later counts
    /// as one without a time.
    pub fn new(mut documents: Vec<VexDocument>, product: &Product, now: Timestamp) -> Self {
        documents.sort();
        let mut prepared = Vec::new();
        for (document, content) in documents.iter().enumerate() {
            for (statement, content) in content.statements.iter().enumerate() {
                let place = (document, statement);
                prepared.push(Prepared::new(place, content, product, now));
            }
        }
        prepared.sort_by_cached_key(Prepared::rank);
        let mut statements = Self {
            documents,
            prepared,
            on_image: HashMap::new(),
            on_packages: HashMap::new(),
            by_package: HashMap::new(),
            distro: product.distro().cloned(),
        };
        statements.index();
        statements
    }

    fn index(&mut self) {
        for (ordinal, prepared) in self.prepared.iter().enumerate() {
            let by_id = if prepared.whole_image {
                &mut self.on_image
            } else {
                &mut self.on_packages
            };
            let document = self.documents.get(prepared.document);
            let statement = document.and_then(|one| one.statements.get(prepared.statement));
            for id in statement.into_iter().flat_map(|one| &one.ids) {
                by_id.entry(id.clone()).or_default().push(ordinal);
            }
            for named in prepared.packages() {
                let ordinals = self.by_package.entry(named.clone()).or_default();
                ordinals.push(ordinal);
            }
        }
    }

    /// The documents, ordered by name.
    pub fn documents(&self) -> &[VexDocument] {
        &self.documents
    }

    /// What the statements say on a finding.
    ///
    /// Where several apply to one instance the newest counts; of equally new ones the one that
    /// ignores less. Without a time, `affected` and `under_investigation` are newer than any with
    /// one, the others older.
    pub fn on(&self, finding: &Finding) -> Resolution {
        let on_image = naming(finding, &self.on_image);
        let on_packages = naming(finding, &self.on_packages);
        let mut resolution = Resolution::default();
        resolution.matched.extend(&on_image);
        let on_image = self.leading(&on_image);
        let mut notes = BTreeSet::new();
        let mut conflicts = Conflicts::default();
        // One package often lies in many places.
        let mut settled: BTreeMap<Candidate, Vec<usize>> = BTreeMap::new();
        for instance in &finding.instances {
            let candidate = Candidate::new(finding, instance, self.distro.as_ref());
            let leading = settled.entry(candidate).or_insert_with_key(|candidate| {
                let mut applying = self.applying(&on_packages, candidate, &mut notes);
                resolution.matched.extend(&applying);
                applying.extend(&on_image);
                applying.sort_unstable();
                self.leading(&applying)
            });
            let ruling = self.ruling(leading, instance, &mut conflicts);
            resolution.rulings.push(ruling);
        }
        resolution.notes = notes.into_iter().collect();
        resolution.conflicts = conflicts.tell(self, finding);
        resolution
    }

    /// One line for each document with statements that no finding has matched; `matched` is the
    /// union of [`Resolution::matched`] over all findings.
    pub fn unmatched(&self, matched: &BTreeSet<usize>) -> Vec<String> {
        let mut by_document: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (ordinal, prepared) in self.prepared.iter().enumerate() {
            if !matched.contains(&ordinal) {
                let unmatched = by_document.entry(prepared.document).or_default();
                unmatched.push(prepared.statement);
            }
        }
        let mut lines = Vec::new();
        for (document, mut unmatched) in by_document {
            unmatched.sort_unstable();
            let Some(document) = self.documents.get(document) else {
                continue;
            };
            let all = document.statements.len();
            let mut line = format!(
                "{}: {} of {all} statements match no finding:",
                document.name,
                unmatched.len()
            );
            let named = unmatched.iter().take(NAMED);
            let named = named.filter_map(|ordinal| document.statements.get(*ordinal));
            for (index, statement) in named.enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let id = statement.ids.first().map_or("", AdvisoryId::as_str);
                // Writing to a string cannot fail.
                let _ = write!(line, "{comma} {} ({id})", statement.pointer);
            }
            if unmatched.len() > NAMED {
                let _ = write!(line, " and {} more", unmatched.len() - NAMED);
            }
            lines.push(line);
        }
        lines
    }

    pub(super) fn get(&self, ordinal: usize) -> Option<(&VexDocument, &Statement)> {
        let prepared = self.prepared.get(ordinal)?;
        let document = self.documents.get(prepared.document)?;
        Some((document, document.statements.get(prepared.statement)?))
    }

    pub(super) fn recency(&self, ordinal: usize) -> Option<Recency> {
        Some(self.prepared.get(ordinal)?.recency)
    }

    /// Those of the statements that are about an installed package, ascending.
    fn applying(
        &self,
        statements: &[usize],
        candidate: &Candidate,
        notes: &mut BTreeSet<String>,
    ) -> Vec<usize> {
        let mut applying = BTreeSet::new();
        let mut undecided = BTreeSet::new();
        for named in candidate.keys() {
            let by_package = self.by_package.get(&named);
            for ordinal in common(statements, by_package.map_or(&[], Vec::as_slice)) {
                let prepared = self.prepared.get(ordinal);
                match prepared.and_then(|one| one.is_about(candidate, &named)) {
                    Some(true) => applying.insert(ordinal),
                    Some(false) => false,
                    None => undecided.insert(ordinal),
                };
            }
        }
        for ordinal in undecided.difference(&applying) {
            if let Some((document, statement)) = self.get(*ordinal) {
                notes.insert(format!(
                    "{}: {}: the range of versions cannot be compared with {} {}; the statement \
                     does not apply to it",
                    document.name, statement.pointer, candidate.key.name, candidate.version
                ));
            }
        }
        applying.into_iter().collect()
    }

    /// The first statement of each document and status: what can count, and what is told.
    fn leading(&self, ordinals: &[usize]) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let mut is_first = |ordinal: &usize| {
            self.get(*ordinal).is_some_and(|(document, statement)| {
                seen.insert((document.name.as_str(), statement.status))
            })
        };
        let ordinals = ordinals.iter().copied();
        ordinals.filter(|ordinal| is_first(ordinal)).collect()
    }

    fn ruling(
        &self,
        leading: &[usize],
        instance: &Instance,
        conflicts: &mut Conflicts,
    ) -> Option<Ruling> {
        let (winner, others) = leading.split_first()?;
        let (document, statement) = self.get(*winner)?;
        let mut overruled = Vec::new();
        for other in others {
            if let Some((other_document, other_statement)) = self.get(*other)
                && other_statement.status != statement.status
            {
                overruled.push(other_statement.evidence(other_document));
                conflicts.add(*winner, *other, instance);
            }
        }
        Some(Ruling {
            ordinal: *winner,
            evidence: statement.evidence(document),
            justification: statement.justification,
            impact_statement: statement.impact_statement.clone(),
            notes: statement.notes.clone(),
            ignores: statement.ignores(),
            overruled,
        })
    }
}

/// The statements that name one of the finding's ids, ascending.
fn naming(finding: &Finding, by_id: &HashMap<AdvisoryId, Vec<usize>>) -> Vec<usize> {
    let ids = finding.ids();
    let mut ordinals: Vec<usize> = ids
        .flat_map(|id| by_id.get(&id.unwrapped()).into_iter().flatten())
        .copied()
        .collect();
    ordinals.sort_unstable();
    ordinals.dedup();
    ordinals
}

/// What two ascending lists have in common.
fn common<'l>(one: &'l [usize], other: &'l [usize]) -> impl Iterator<Item = usize> + use<'l> {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let short = short.iter().copied();
    short.filter(|ordinal| long.binary_search(ordinal).is_ok())
}
