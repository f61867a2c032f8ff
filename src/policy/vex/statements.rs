//! Which statements speak of a finding, and which of them counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::version::normal_form;
use crate::model::{
    AdvisoryId, Distro, Ecosystem, Finding, Instance, Justification, VexEvidence, VexStatus,
};

use super::component::{Component, VersionTest};
use super::document::{Statement, VexDocument};
use super::product::Product;
use super::purl::{Candidate, PackageKey, PurlPattern};

/// How many unmatched statements of a document are named.
const NAMED: usize = 3;

/// The statements of all documents, ready for the findings of one image.
///
/// Nothing depends on the order of the documents.
#[derive(Debug)]
pub struct Statements {
    /// In their own order, which is the same whatever order they came in.
    documents: Vec<VexDocument>,
    prepared: Vec<Prepared>,
    by_id: HashMap<AdvisoryId, Vec<usize>>,
    distro: Option<Distro>,
}

/// A statement as far as it can concern the image.
#[derive(Debug)]
struct Prepared {
    document: usize,
    statement: usize,
    /// It is about the image as a whole.
    whole_image: bool,
    /// The packages that it is about, by their key and whether the source package is meant.
    packages: HashMap<(PackageKey, bool), Vec<Target>>,
}

#[derive(Debug)]
struct Target {
    purl: PurlPattern,
    versions: Option<Vec<VersionTest>>,
    architecture: Option<String>,
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
    /// Makes statements ready for an image.
    pub fn new(mut documents: Vec<VexDocument>, product: &Product) -> Self {
        documents.sort();
        let mut prepared = Vec::new();
        let mut by_id: HashMap<AdvisoryId, Vec<usize>> = HashMap::new();
        for (document, content) in documents.iter().enumerate() {
            for (statement, content) in content.statements.iter().enumerate() {
                for id in &content.ids {
                    by_id.entry(id.clone()).or_default().push(prepared.len());
                }
                prepared.push(Prepared::new(document, statement, content, product));
            }
        }
        Self {
            documents,
            prepared,
            by_id,
            distro: product.distro().cloned(),
        }
    }

    /// The documents, ordered by name.
    pub fn documents(&self) -> &[VexDocument] {
        &self.documents
    }

    /// What the statements say on a finding.
    ///
    /// Where several apply to one instance the newest counts; of equally new ones the one that
    /// ignores less. A statement without a time is older than any with one.
    pub fn on(&self, finding: &Finding) -> Resolution {
        let mut ordinals: Vec<usize> = finding
            .ids()
            .flat_map(|id| self.by_id.get(&id.unwrapped()).into_iter().flatten())
            .copied()
            .collect();
        ordinals.sort_unstable();
        ordinals.dedup();
        let mut resolution = Resolution::default();
        let mut notes = BTreeSet::new();
        let mut conflicts = Conflicts::default();
        for instance in &finding.instances {
            let candidate = Candidate::new(finding, instance, self.distro.as_ref());
            let keys = candidate.keys();
            let applying: Vec<usize> = ordinals
                .iter()
                .copied()
                .filter(|ordinal| self.applies(*ordinal, &candidate, &keys, &mut notes))
                .collect();
            resolution.matched.extend(&applying);
            let ruling = self.ruling(&applying, instance, &mut conflicts);
            resolution.rulings.push(ruling);
        }
        resolution.notes = notes.into_iter().collect();
        resolution.conflicts = conflicts.tell(self, finding);
        resolution
    }

    /// One line for each document with statements that no finding has matched; `matched` is the
    /// union of [`Resolution::matched`] over all findings.
    pub fn unmatched(&self, matched: &BTreeSet<usize>) -> Vec<String> {
        let mut by_document: BTreeMap<usize, Vec<&Statement>> = BTreeMap::new();
        for (ordinal, prepared) in self.prepared.iter().enumerate() {
            if !matched.contains(&ordinal)
                && let Some((_, statement)) = self.get(ordinal)
            {
                by_document
                    .entry(prepared.document)
                    .or_default()
                    .push(statement);
            }
        }
        let mut lines = Vec::new();
        for (document, unmatched) in by_document {
            let Some(document) = self.documents.get(document) else {
                continue;
            };
            let all = document.statements.len();
            let mut line = format!(
                "{}: {} of {all} statements match no finding:",
                document.name,
                unmatched.len()
            );
            for (index, statement) in unmatched.iter().take(NAMED).enumerate() {
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

    fn get(&self, ordinal: usize) -> Option<(&VexDocument, &Statement)> {
        let prepared = self.prepared.get(ordinal)?;
        let document = self.documents.get(prepared.document)?;
        Some((document, document.statements.get(prepared.statement)?))
    }

    fn applies(
        &self,
        ordinal: usize,
        candidate: &Candidate,
        keys: &[(PackageKey, bool)],
        notes: &mut BTreeSet<String>,
    ) -> bool {
        let Some(prepared) = self.prepared.get(ordinal) else {
            return false;
        };
        if prepared.whole_image {
            return true;
        }
        let mut undecided = false;
        for key in keys {
            for target in prepared.packages.get(key).into_iter().flatten() {
                match target.fits(candidate) {
                    Some(true) => return true,
                    Some(false) => {}
                    None => undecided = true,
                }
            }
        }
        if undecided && let Some((document, statement)) = self.get(ordinal) {
            notes.insert(format!(
                "{}: {}: the range of versions cannot be compared with {} {}; the statement does \
                 not apply to it",
                document.name, statement.pointer, candidate.key.name, candidate.version
            ));
        }
        false
    }

    fn ruling(
        &self,
        applying: &[usize],
        instance: &Instance,
        conflicts: &mut Conflicts,
    ) -> Option<Ruling> {
        let mut ranked: Vec<usize> = applying.to_vec();
        ranked.sort_by_key(|ordinal| {
            let statement = self.get(*ordinal).map(|(_, statement)| statement);
            Reverse((statement.map(precedence), Reverse(*ordinal)))
        });
        let (winner, others) = ranked.split_first()?;
        let (document, statement) = self.get(*winner)?;
        let mut overruled = Vec::new();
        // Of each document only the newest word of each kind.
        let mut told = BTreeSet::new();
        for other in others {
            let Some((other_document, other_statement)) = self.get(*other) else {
                continue;
            };
            if other_statement.status != statement.status
                && told.insert((&other_document.name, other_statement.status.as_str()))
            {
                overruled.push(other_statement.evidence(other_document));
                conflicts.add(*winner, *other, instance);
            }
        }
        Some(Ruling {
            evidence: statement.evidence(document),
            justification: statement.justification,
            impact_statement: statement.impact_statement.clone(),
            notes: statement.notes.clone(),
            ignores: statement.ignores(),
            overruled,
        })
    }
}

/// What decides between statements on one instance; the greatest counts.
fn precedence(statement: &Statement) -> (Option<Timestamp>, u8) {
    let caution = match statement.status {
        VexStatus::Affected => 4,
        VexStatus::UnderInvestigation => 3,
        _ if !statement.ignores() => 2,
        VexStatus::NotAffected => 1,
        VexStatus::Fixed => 0,
    };
    (statement.timestamp, caution)
}

impl Prepared {
    fn new(document: usize, statement: usize, content: &Statement, product: &Product) -> Self {
        let mut prepared = Self {
            document,
            statement,
            whole_image: false,
            packages: HashMap::new(),
        };
        for reference in &content.products {
            let is_image = product.is(&reference.product);
            if is_image && reference.parts.is_empty() {
                prepared.whole_image = true;
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
            let key = (purl.key.clone(), purl.is_source());
            self.packages.entry(key).or_default().push(Target {
                purl: purl.clone(),
                versions: component.versions.clone(),
                architecture: component.architecture.clone(),
            });
        }
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

/// Contradictions on one finding: the statement that counts, the one that does not, and where.
#[derive(Default)]
struct Conflicts {
    packages: BTreeMap<(usize, usize), BTreeSet<String>>,
}

impl Conflicts {
    fn add(&mut self, winner: usize, loser: usize, instance: &Instance) {
        let package = format!("{} {}", instance.name, instance.version);
        self.packages
            .entry((winner, loser))
            .or_default()
            .insert(package);
    }

    fn tell(self, statements: &Statements, finding: &Finding) -> Vec<String> {
        let mut lines = Vec::new();
        for ((winner, loser), packages) in self.packages {
            let (Some((by, counts)), Some((from, overruled))) =
                (statements.get(winner), statements.get(loser))
            else {
                continue;
            };
            let mut names = packages.iter().take(NAMED).cloned().collect::<Vec<_>>();
            if packages.len() > NAMED {
                names.push(format!("and {} more", packages.len() - NAMED));
            }
            let why = if counts.timestamp != overruled.timestamp {
                "it is newer"
            } else if counts.ignores() {
                "they are equally old, and both ignore"
            } else {
                "they are equally old, and it does not ignore"
            };
            lines.push(format!(
                "{} in {}: {} counts, {} does not: {why}",
                finding.vulnerability.id,
                names.join(", "),
                describe(by, counts),
                describe(from, overruled),
            ));
        }
        lines
    }
}

/// `a.json (/statements/3, not_affected, 2026-01-02T03:04:05Z)`.
fn describe(document: &VexDocument, statement: &Statement) -> String {
    let time = statement
        .timestamp
        .map_or_else(|| "no time".to_owned(), |time| time.to_string());
    format!(
        "{} ({}, {}, {time})",
        document.name,
        statement.pointer,
        statement.status.as_str()
    )
}
