//! One scanner's package list, made ready for questions about findings.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::version::normal_form;
use crate::model::{Ecosystem, Finding, InventoryScope, Strength};
use crate::reconcile::Inventory;

use super::super::assessor::{Assessor, RulesOnName};
use super::places::{Places, artifact};

/// The key of a package group in an [`Inventory`].
pub(super) type GroupKey = (Ecosystem, String);

/// What a scanner saw.
#[derive(Default)]
pub(super) struct Catalogue<'r> {
    scope: InventoryScope,
    groups: HashMap<&'r GroupKey, Group<'r>>,
    ecosystems: BTreeSet<&'r Ecosystem>,
    /// What lies where.
    pub(super) places: Places<'r>,
    /// Maven names by artifact and version in normal form.
    artifacts: HashMap<(&'r str, &'r str), &'r str>,
}

/// The packages of one group.
#[derive(Default)]
struct Group<'r> {
    /// Versions in the group's normal form.
    versions: BTreeSet<&'r str>,
    names: BTreeMap<&'r str, Named<'r>>,
    /// What holds for all names together, so that no finding looks at all of them.
    all: Together,
}

/// What a scanner's rules say of several names.
#[derive(Default)]
struct Together {
    /// The different sets of rules without a record, by name.
    rules: BTreeSet<RulesOnName>,
    /// Why the scanner skips every package; `None` where it skips one of them not.
    skipped: Option<(Strength, String)>,
}

/// The packages of one installed name.
#[derive(Default)]
struct Named<'r> {
    /// Versions as installed, by their normal form.
    versions: BTreeMap<String, &'r str>,
    /// The source package's version, where the list tells.
    source_version: Option<&'r str>,
    /// The scanner's rules without a record on the name.
    rules: RulesOnName,
    /// Why the scanner skips every one of them; `None` as soon as it skips one of them not. Of several
    /// reasons the weakest, then the first in text order, whatever the order of the list.
    skipped: Option<(Strength, String)>,
}

/// How a scanner saw a finding's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight<'r> {
    /// In the finding's version.
    Same,
    /// Another package of the same source, or the package in a version that is not known.
    Sibling,
    /// In this version only.
    Other(&'r str),
    /// Not at all, and its package list is complete.
    Absent,
    /// Not at all, in a list that is not complete.
    Unknown,
}

impl Sight<'_> {
    /// True when the package is in the list, as far as that can be told.
    pub(super) fn is_listed(self) -> bool {
        matches!(self, Self::Same | Self::Sibling)
    }
}

impl<'r> Catalogue<'r> {
    pub(super) fn new(inventory: &'r Inventory, assessor: &Assessor) -> Self {
        let mut catalogue = Self {
            scope: inventory.scope,
            places: Places::of(inventory),
            ..Self::default()
        };
        for (key, packages) in &inventory.packages {
            catalogue.ecosystems.insert(&key.0);
            let group = catalogue.groups.entry(key).or_default();
            for entry in packages {
                group.versions.insert(&entry.version);
                let skipped = assessor.skips_own(&entry.package);
                let named = group
                    .names
                    .entry(&entry.package.name)
                    .or_insert_with(|| Named {
                        versions: BTreeMap::new(),
                        source_version: None,
                        rules: assessor.unrecorded(&key.0, &entry.package.name),
                        skipped: skipped.clone(),
                    });
                let source = entry.package.source.as_ref();
                let source_version = source.and_then(|source| source.version.as_deref());
                named.source_version = match (named.source_version, source_version) {
                    (Some(known), Some(other)) => Some(known.min(other)),
                    (known, other) => known.or(other),
                };
                let version = normal_form(&key.0, &entry.package.version);
                let text = named
                    .versions
                    .entry(version)
                    .or_insert(&entry.package.version);
                *text = (*text).min(&entry.package.version);
                named.skipped = both(named.skipped.take(), skipped);
                if key.0 == Ecosystem::Maven {
                    let place = (artifact(&key.1), entry.version.as_str());
                    catalogue.artifacts.entry(place).or_insert(&key.1);
                }
            }
            group.all = Together::of(group.names.values());
        }
        catalogue
    }

    /// True when a package that is not in it was not seen.
    pub(super) fn is_complete(&self) -> bool {
        self.scope == InventoryScope::Complete
    }

    pub(super) fn has_any_of(&self, ecosystem: &Ecosystem) -> bool {
        self.ecosystems.contains(ecosystem)
    }

    /// The Maven name under which it lists an artifact in a version, whatever the group id.
    pub(super) fn artifact(&self, name: &str, version: &str) -> Option<&'r str> {
        self.artifacts.get(&(artifact(name), version)).copied()
    }

    /// How it saw a finding's package.
    pub(super) fn sight_of(&self, key: &GroupKey, finding: &Finding) -> Sight<'r> {
        match self.groups.get(key) {
            Some(group) => group.sight_of(finding),
            None if self.is_complete() => Sight::Absent,
            None => Sight::Unknown,
        }
    }

    /// The different sets of the scanner's rules without a record on the installed names that a finding
    /// is about: as this scanner lists them, or as the finding has them where it lists none.
    pub(super) fn rules<'a>(
        &'a self,
        key: &GroupKey,
        finding: &Finding,
        assessor: &Assessor,
    ) -> Cow<'a, BTreeSet<RulesOnName>> {
        let Some(group) = self.groups.get(key) else {
            let names = finding.instances.iter().map(|instance| &instance.name);
            let rules = names.map(|name| assessor.unrecorded(&key.0, name));
            return Cow::Owned(rules.collect());
        };
        let named = group.named(finding).map(|named| named.rules.clone());
        let rules: BTreeSet<RulesOnName> = named.collect();
        if rules.is_empty() {
            Cow::Borrowed(&group.all.rules)
        } else {
            Cow::Owned(rules)
        }
    }

    /// The versions in which a finding's packages are installed, as advisories count: that of the
    /// source package, by the scanner's own word where it has one. `None` where one is not known: a
    /// package of another name may count otherwise.
    pub(super) fn source_versions<'a>(
        &'a self,
        key: &GroupKey,
        finding: &'a Finding,
    ) -> Option<BTreeSet<&'a str>> {
        let group = self.groups.get(key);
        let versions = finding.instances.iter().map(|instance| {
            let named = group.and_then(|group| group.names.get(instance.name.as_str()));
            let stated = instance.source.as_ref();
            // Alpine builds all packages of a source in its version.
            let is_source = instance.name.eq_ignore_ascii_case(&key.1) || key.0 == Ecosystem::Apk;
            named
                .and_then(|named| named.source_version)
                .or_else(|| stated.and_then(|source| source.version.as_deref()))
                .or_else(|| is_source.then_some(instance.version.as_str()))
        });
        versions.collect()
    }

    /// Why the scanner skips all of a finding's packages, by its own list.
    pub(super) fn skipped(&self, key: &GroupKey, finding: &Finding) -> Option<(Strength, String)> {
        let group = self.groups.get(key)?;
        let mut named = group.named(finding).map(|named| named.skipped.as_ref());
        let Some(first) = named.next() else {
            return group.all.skipped.clone();
        };
        named
            .try_fold(first?, |known, next| Some(known.max(next?)))
            .cloned()
    }

    pub(super) fn lists(&self, key: &GroupKey) -> bool {
        self.groups.contains_key(key)
    }

    /// True when the scanner lists a group and skips every package of it.
    pub(super) fn skips_group(&self, key: &GroupKey) -> bool {
        let group = self.groups.get(key);
        group.is_some_and(|group| group.all.skipped.is_some())
    }
}

impl Together {
    fn of<'a, 'r: 'a>(names: impl Iterator<Item = &'a Named<'r>> + Clone) -> Self {
        let skipped = names.clone().map(|named| named.skipped.clone());
        Self {
            rules: names.map(|named| named.rules.clone()).collect(),
            skipped: skipped.reduce(both).flatten(),
        }
    }
}

/// Why two packages are both skipped: the weaker of the reasons.
fn both(
    a: Option<(Strength, String)>,
    b: Option<(Strength, String)>,
) -> Option<(Strength, String)> {
    Some(a?.max(b?))
}

impl<'r> Group<'r> {
    /// The finding's packages as this scanner lists them. None where it uses other names (the source
    /// package's): then everything in the group is meant.
    fn named<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Named<'r>> {
        let instances = finding.instances.iter();
        instances.filter_map(|instance| self.names.get(instance.name.as_str()))
    }

    fn sight_of(&self, finding: &Finding) -> Sight<'r> {
        if let Some(version) = &finding.package.version {
            return match self.versions.first() {
                // A package whose version the scanner does not know may be the one.
                _ if self.versions.contains(version.as_str()) => Sight::Same,
                None | Some(&"") => Sight::Sibling,
                Some(other) => Sight::Other(other),
            };
        }
        let ecosystem = &finding.package.ecosystem;
        let mut other = None;
        for instance in &finding.instances {
            let Some(named) = self.names.get(instance.name.as_str()) else {
                continue;
            };
            let version = normal_form(ecosystem, &instance.version);
            if named.versions.contains_key(&version) {
                return Sight::Same;
            }
            let first = named.versions.values().next().copied();
            other = other.or_else(|| first.filter(|version| !version.is_empty()));
        }
        other.map_or(Sight::Sibling, Sight::Other)
    }
}
