//! From placed observations to findings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fixes::fix;
use super::identifiers::{Class, ClassIndex, Classes};
use super::packages::normal_name;
use super::severity::{Opinions, SeverityRule, resolve};
use crate::model::version::normal_form;
use crate::model::{
    Attachment, Ecosystem, Finding, IdRelation, Instance, Location, Observation, ObservationRecord,
    Package, PackageGroup, PackageRule, Rating, ScannerId, Severity, Vulnerability,
};

/// An observation with its package, ready to be put into a finding.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) scanner: &'a ScannerId,
    pub(super) observation: &'a Observation,
    pub(super) package: &'a Package,
    /// How the package came into its group.
    pub(super) rule: PackageRule,
    /// For packages of the operating system the source version, by anybody's word.
    pub(super) source_version: Option<&'a str>,
}

/// A finding under construction: its observations, direct and covering.
#[derive(Default)]
pub(super) struct Draft<'a> {
    pub(super) direct: Vec<Placed<'a>>,
    pub(super) covering: Vec<Placed<'a>>,
}

/// What every finding of a run is built with.
pub(super) struct Context<'a> {
    pub(super) classes: &'a Classes<'a>,
    pub(super) rule: &'a SeverityRule,
    pub(super) distro: Option<&'a str>,
}

/// The stable name of a finding.
pub(super) fn key(class: &Class<'_>, group: &PackageGroup) -> String {
    let id = class.ids.first().map_or("?", |id| id.as_str());
    format!("{id}@{group}")
}

impl Context<'_> {
    pub(super) fn finish(
        &self,
        class_index: ClassIndex,
        group: &PackageGroup,
        mut draft: Draft<'_>,
    ) -> Option<Finding> {
        let class = self.classes.get(class_index)?;
        let order =
            |placed: &Placed<'_>| (placed.scanner.clone(), natural(&placed.observation.pointer));
        draft.direct.sort_by_cached_key(order);
        draft.covering.sort_by_cached_key(order);
        // Ratings and fixes of a notice over several flaws are not those of this flaw, unless
        // nothing else is known.
        let voices = if draft.direct.is_empty() {
            &draft.covering
        } else {
            &draft.direct
        };

        let shown = shown(voices);
        let ratings = ratings(voices);
        let distro = self
            .distro
            .or_else(|| voices.iter().find_map(|p| p.package.namespace.as_deref()));
        let opinions = Opinions {
            is_os: group.ecosystem.is_os(),
            distro,
            ratings: &ratings,
            shown: &shown,
        };
        let severity = resolve(self.rule, &opinions);
        let records = |list: &[Placed<'_>], attachment| {
            list.iter()
                .map(|placed| record(placed, attachment))
                .collect::<Vec<_>>()
        };
        let mut observations = records(&draft.direct, Attachment::Direct);
        observations.extend(records(&draft.covering, Attachment::Covering));
        Some(Finding {
            key: key(class, group),
            vulnerability: self.vulnerability(class_index, class, &draft),
            package: group.clone(),
            instances: instances(&group.ecosystem, draft.direct.iter().chain(&draft.covering)),
            severity,
            ratings,
            fix: fix(&group.ecosystem, voices),
            observations,
            relations: Vec::new(),
            verdicts: BTreeMap::new(),
            decision: None,
        })
    }

    fn vulnerability(
        &self,
        index: ClassIndex,
        class: &Class<'_>,
        draft: &Draft<'_>,
    ) -> Vulnerability {
        let mut related = BTreeSet::new();
        for placed in draft.direct.iter().chain(&draft.covering) {
            let others = placed
                .observation
                .links
                .iter()
                .map(|link| (&link.id, link.relation));
            for (id, relation) in others.chain([(&placed.observation.id, IdRelation::Alias)]) {
                let other_class = self.classes.class(id);
                if other_class == Some(index) {
                    continue;
                }
                let is_cover = other_class
                    .and_then(|c| self.classes.get(c))
                    .is_some_and(|c| c.covers.contains(&index));
                if is_cover || relation == IdRelation::Related {
                    related.insert(id.clone());
                }
            }
        }
        let first = |field: fn(&crate::model::Advisory) -> Option<&String>| {
            class
                .advisories
                .iter()
                .find_map(|advisory| field(advisory))
                .cloned()
        };
        let cwes: BTreeSet<&String> = class.advisories.iter().flat_map(|a| &a.cwes).collect();
        let mut ids = class.ids.iter().cloned();
        Vulnerability {
            id: ids
                .next()
                .unwrap_or_else(|| crate::model::AdvisoryId::new("")),
            aliases: ids.collect(),
            related: related.into_iter().collect(),
            assertions: class.assertions.clone(),
            title: first(|a| a.title.as_ref()),
            description: first(|a| a.description.as_ref()),
            url: first(|a| a.url.as_ref()),
            cwes: cwes.into_iter().cloned().collect(),
            published: class
                .advisories
                .iter()
                .filter_map(|a| a.published)
                .min()
                .map(|t| t.to_string()),
            state: class.state,
            known_exploited: class.advisories.iter().any(|a| a.known_exploited),
        }
    }
}

/// A pointer in reading order: numbers by value, not by digits.
fn natural(pointer: &str) -> Vec<(u64, String)> {
    pointer
        .split('/')
        .map(|token| {
            token
                .parse::<u64>()
                .map_or_else(|_| (0, token.to_owned()), |n| (n, String::new()))
        })
        .collect()
}

fn record(placed: &Placed<'_>, attachment: Attachment) -> ObservationRecord {
    let Placed {
        scanner,
        observation,
        package,
        rule,
        ..
    } = placed;
    ObservationRecord {
        scanner: (*scanner).clone(),
        id: observation.id.clone(),
        package: package.name.clone(),
        version: package.version.clone(),
        severity: observation.severity,
        fixed_in: observation.fix.versions.clone(),
        fix_state: observation.fix.state,
        pointer: observation.pointer.clone(),
        attachment,
        package_rule: *rule,
    }
}

fn shown(voices: &[Placed<'_>]) -> BTreeMap<ScannerId, Severity> {
    let mut shown: BTreeMap<ScannerId, Severity> = BTreeMap::new();
    for placed in voices {
        let highest = shown.entry(placed.scanner.clone()).or_default();
        *highest = (*highest).max(placed.observation.severity);
    }
    shown
}

/// Every distinct rating, in the order of source, band and vector.
fn ratings(voices: &[Placed<'_>]) -> Vec<Rating> {
    let mut distinct: BTreeMap<String, Rating> = BTreeMap::new();
    for rating in voices.iter().flat_map(|placed| &placed.observation.ratings) {
        let cvss = rating.cvss.as_ref();
        let name = format!(
            "{:?}|{}|{}|{}|{:?}",
            rating.source,
            rating.severity,
            rating.label.as_deref().unwrap_or_default(),
            cvss.and_then(|c| c.vector.as_deref()).unwrap_or_default(),
            cvss.and_then(|c| c.score)
        );
        distinct.entry(name).or_insert_with(|| rating.clone());
    }
    distinct.into_values().collect()
}

/// The installed packages, merged over scanners by name, version and, where several are known,
/// architecture.
fn instances<'a>(
    ecosystem: &Ecosystem,
    placed: impl Iterator<Item = &'a Placed<'a>>,
) -> Vec<Instance> {
    #[derive(Default)]
    struct Merged<'a> {
        packages: Vec<&'a Package>,
        scanners: BTreeSet<&'a ScannerId>,
    }
    type ByArchitecture<'a> = BTreeMap<Option<&'a str>, Merged<'a>>;
    let mut by_name: BTreeMap<(String, String), ByArchitecture<'a>> = BTreeMap::new();
    // Who speaks of the source package speaks of all that is installed of it; only where nothing
    // else is known does the source stand for itself.
    let (of_source, installed): (Vec<&Placed<'_>>, Vec<&Placed<'_>>) =
        placed.partition(|p| p.package.source_level);
    let on_all: BTreeSet<&ScannerId> = if installed.is_empty() {
        BTreeSet::new()
    } else {
        of_source.iter().map(|p| p.scanner).collect()
    };
    for Placed {
        scanner, package, ..
    } in if installed.is_empty() {
        of_source
    } else {
        installed
    } {
        let name = (
            normal_name(ecosystem, &package.name),
            normal_form(ecosystem, &package.version),
        );
        let merged = by_name
            .entry(name)
            .or_default()
            .entry(package.architecture.as_deref())
            .or_default();
        merged.packages.push(package);
        merged.scanners.insert(scanner);
    }
    let mut instances = Vec::new();
    for mut architectures in by_name.into_values() {
        // A scanner that names no architecture means the one that the others name.
        if architectures.len() == 2
            && let Some(unstated) = architectures.remove(&None)
        {
            for merged in architectures.values_mut() {
                merged.packages.extend(&unstated.packages);
                merged.scanners.extend(&unstated.scanners);
            }
        }
        for (architecture, Merged { packages, scanners }) in architectures {
            let smallest = |field: fn(&Package) -> Option<&String>| {
                packages.iter().filter_map(|p| field(p)).min().cloned()
            };
            // The fullest spelling of the version carries epoch and rebuild suffix.
            let version = packages
                .iter()
                .map(|p| &p.version)
                .max_by_key(|v| (v.len(), *v))
                .cloned();
            let sources: BTreeSet<_> = packages.iter().filter_map(|p| p.source.as_ref()).collect();
            let locations: BTreeSet<&Location> =
                packages.iter().flat_map(|p| &p.locations).collect();
            instances.push(Instance {
                name: smallest(|p| Some(&p.name)).unwrap_or_default(),
                version: version.unwrap_or_default(),
                architecture: architecture.map(str::to_owned),
                source: sources
                    .iter()
                    .max_by_key(|s| s.version.is_some())
                    .map(|s| (*s).clone()),
                purl: smallest(|p| p.purl.as_ref()),
                locations: locations.into_iter().cloned().collect(),
                scanners: scanners
                    .union(&on_all)
                    .map(|scanner| (*scanner).clone())
                    .collect(),
            });
        }
    }
    instances
}

/// Groups placed observations by class and package group, and sends covering ones to the findings
/// that they cover.
pub(super) fn draft<'a>(
    classes: &Classes<'_>,
    placed: Vec<(ClassIndex, PackageGroup, Placed<'a>)>,
) -> BTreeMap<(ClassIndex, PackageGroup), Draft<'a>> {
    let mut drafts: BTreeMap<(ClassIndex, PackageGroup), Draft<'a>> = BTreeMap::new();
    let mut covering: HashMap<(ClassIndex, PackageGroup), Vec<Placed<'a>>> = HashMap::new();
    for (class, group, statement) in placed {
        if classes.get(class).is_some_and(|c| !c.covers.is_empty()) {
            covering.entry((class, group)).or_default().push(statement);
        } else {
            drafts
                .entry((class, group))
                .or_default()
                .direct
                .push(statement);
        }
    }
    for ((class, group), statements) in covering {
        let members = classes
            .get(class)
            .map(|c| c.covers.as_slice())
            .unwrap_or_default();
        let mut covered = false;
        for member in members {
            if let Some(draft) = drafts.get_mut(&(*member, group.clone())) {
                draft.covering.extend(&statements);
                covered = true;
            }
        }
        if !covered {
            // Nobody reports a member by itself: the notice stands as a finding of its own.
            drafts
                .entry((class, group))
                .or_default()
                .direct
                .extend(statements);
        }
    }
    drafts
}
