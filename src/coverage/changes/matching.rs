//! Which finding of one run is which of the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::version::normal_form;
use crate::model::{Ecosystem, Finding};

/// Names and ids of a finding that are looked at: more than real findings have, and what keeps a forged
/// one from costing far more than its size.
pub(super) const MOST_NAMES: usize = 200;
pub(super) const MOST_IDS: usize = 50;

/// The findings of two runs.
pub(super) struct Paired<'f> {
    /// Those of both, by key.
    pub(super) both: Vec<(&'f Finding, &'f Finding)>,
    /// Those of the first run alone.
    pub(super) only_a: Vec<&'f Finding>,
    /// Those of the second run alone.
    pub(super) only_b: Vec<&'f Finding>,
}

/// Matches findings one to one.
pub(super) fn pair<'f>(a: &'f [Finding], b: &'f [Finding]) -> Paired<'f> {
    let mut matching = Matching {
        a: Open::new(a),
        b: Open::new(b),
        both: Vec::new(),
    };
    matching.join(|finding| vec![finding.key.as_str()]);
    let shared = matching.shared_ids();
    matching.join(|finding| same_version(finding, &shared));
    matching.join(|finding| any_version(finding, &shared));
    matching.both.sort_by_key(|(_, of_b)| &of_b.key);
    Paired {
        both: matching.both,
        only_a: matching.a.rest(),
        only_b: matching.b.rest(),
    }
}

/// The findings of one run, and which of them are matched.
struct Open<'f> {
    /// By key, so that the order of a report does not show in what is matched.
    findings: Vec<&'f Finding>,
    taken: Vec<bool>,
}

impl<'f> Open<'f> {
    fn new(findings: &'f [Finding]) -> Self {
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| &finding.key);
        Self {
            taken: vec![false; findings.len()],
            findings,
        }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &'f Finding)> {
        let all = self.findings.iter().copied().enumerate().zip(&self.taken);
        all.filter(|(_, taken)| !**taken).map(|(entry, _)| entry)
    }

    fn is_open(&self, number: usize) -> bool {
        self.taken.get(number) == Some(&false)
    }

    fn take(&mut self, number: usize) -> Option<&'f Finding> {
        if let Some(taken) = self.taken.get_mut(number) {
            *taken = true;
        }
        self.findings.get(number).copied()
    }

    fn rest(&self) -> Vec<&'f Finding> {
        self.iter().map(|(_, finding)| finding).collect()
    }
}

/// An ecosystem and an id by which a vulnerability in it is known.
type Named<'f> = (&'f Ecosystem, &'f str);

struct Matching<'f> {
    a: Open<'f>,
    b: Open<'f>,
    both: Vec<(&'f Finding, &'f Finding)>,
}

impl<'f> Matching<'f> {
    /// Matches what has a token in common: token by token in their order, and of each the first
    /// finding of the one run with the first of the other.
    fn join<T: Ord>(&mut self, tokens: impl Fn(&'f Finding) -> Vec<T>) {
        let mut buckets: BTreeMap<T, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (number, finding) in self.a.iter() {
            for token in tokens(finding) {
                buckets.entry(token).or_default().0.push(number);
            }
        }
        for (number, finding) in self.b.iter() {
            for token in tokens(finding) {
                if let Some((_, of_b)) = buckets.get_mut(&token) {
                    of_b.push(number);
                }
            }
        }
        for (of_a, of_b) in buckets.into_values() {
            let open_a: Vec<usize> = of_a.into_iter().filter(|n| self.a.is_open(*n)).collect();
            let open_b: Vec<usize> = of_b.into_iter().filter(|n| self.b.is_open(*n)).collect();
            for (in_a, in_b) in open_a.into_iter().zip(open_b) {
                self.both.extend(self.a.take(in_a).zip(self.b.take(in_b)));
            }
        }
    }

    /// The ids that findings of both runs have which are not matched yet.
    fn shared_ids(&self) -> BTreeSet<Named<'f>> {
        let of = |open: &Open<'f>| -> BTreeSet<Named<'f>> {
            let findings = open.iter().map(|(_, finding)| finding);
            findings
                .flat_map(|finding| {
                    ids(finding)
                        .into_iter()
                        .map(|id| (&finding.package.ecosystem, id))
                })
                .collect()
        };
        let of_b = of(&self.b);
        of(&self.a)
            .into_iter()
            .filter(|named| of_b.contains(named))
            .collect()
    }
}

/// The ids of a finding's vulnerability; a distribution's record of a CVE is that CVE.
pub(super) fn ids(finding: &Finding) -> BTreeSet<&str> {
    let text = finding.ids().map(|id| id.cve().unwrap_or(id.as_str()));
    text.collect::<BTreeSet<_>>()
        .into_iter()
        .take(MOST_IDS)
        .collect()
}

/// The names of a finding's package: of its group and as installed.
pub(super) fn names(finding: &Finding) -> BTreeSet<&str> {
    let installed = finding.instances.iter().map(|instance| &*instance.name);
    let all: BTreeSet<&str> = installed.chain([&*finding.package.name]).collect();
    all.into_iter().take(MOST_NAMES).collect()
}

/// Vulnerability, package and version.
fn same_version<'f>(
    finding: &'f Finding,
    shared: &BTreeSet<Named<'f>>,
) -> Vec<(Named<'f>, &'f str, String)> {
    let ecosystem = &finding.package.ecosystem;
    let mut places: BTreeSet<(&str, String)> = finding
        .instances
        .iter()
        .take(MOST_NAMES)
        .map(|instance| {
            (
                instance.name.as_str(),
                normal_form(ecosystem, &instance.version),
            )
        })
        .collect();
    if let Some(version) = &finding.package.version {
        places.insert((&finding.package.name, version.clone()));
    }
    named(finding, shared)
        .flat_map(|named| {
            places
                .iter()
                .map(move |(name, version)| (named, *name, version.clone()))
        })
        .collect()
}

/// Vulnerability and package.
fn any_version<'f>(
    finding: &'f Finding,
    shared: &BTreeSet<Named<'f>>,
) -> Vec<(Named<'f>, &'f str)> {
    let names = names(finding);
    named(finding, shared)
        .flat_map(|named| names.iter().map(move |name| (named, *name)))
        .collect()
}

/// The ids of a finding that the other run has too.
fn named<'f>(
    finding: &'f Finding,
    shared: &BTreeSet<Named<'f>>,
) -> impl Iterator<Item = Named<'f>> {
    ids(finding)
        .into_iter()
        .map(|id| (&finding.package.ecosystem, id))
        .filter(|named| shared.contains(named))
}
