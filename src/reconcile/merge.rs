//! From placed observations to findings.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::fixes::fix;
use super::identifiers::{Class, ClassIndex, Classes};
use super::packages::normal_name;
use super::severity::{Opinions, SeverityRule, resolve};
use crate::model::version::normal_form;
use crate::model::{
    Attachment, Ecosystem, Epss, Finding, IdRelation, Instance, Location, Observation,
    ObservationRecord, Package, PackageGroup, PackageRule, Rating, ScannerId, Severity,
    Vulnerability,
};

/// An observation with its package, ready to be put into a finding.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) scanner: &'a ScannerId,
    pub(super) observation: &'a Observation,
    pub(super) package: &'a Package,
    /// How the package came into its group.
    pub(super) rule: PackageRule,
    /// Its place among the statements that the classes were built from.
    pub(super) statement: usize,
    /// For packages of the operating system the source version, by anybody's word.
    pub(super) source_version: Option<&'a str>,
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
        direct: &mut [Placed<'_>],
        covering: &mut [Placed<'_>],
    ) -> Option<Finding> {
        let class = self.classes.get(class_index)?;
        direct.sort_by(reading_order);
        covering.sort_by(reading_order);
        let (direct, covering) = (&*direct, &*covering);
        let everything = || direct.iter().chain(covering);
        // Ratings and fixes of a notice over several flaws are not those of this flaw, unless
        // nothing else is known.
        let voices = if direct.is_empty() { covering } else { direct };

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
        let mut observations = records(direct, Attachment::Direct);
        observations.extend(records(covering, Attachment::Covering));
        Some(Finding {
            key: key(class, group),
            vulnerability: self.vulnerability(class_index, class, everything()),
            package: group.clone(),
            instances: instances(&group.ecosystem, everything()),
            severity,
            ratings,
            fix: fix(&group.ecosystem, voices),
            observations,
            relations: Vec::new(),
            first_seen: None,
            labels: Vec::new(),
            verdicts: BTreeMap::new(),
            decision: None,
        })
    }

    fn vulnerability<'p, 'o: 'p>(
        &self,
        index: ClassIndex,
        class: &Class<'_>,
        placed: impl Iterator<Item = &'p Placed<'o>>,
    ) -> Vulnerability {
        let mut related = BTreeSet::new();
        for placed in placed {
            let observation = placed.observation;
            let links = observation.links.iter();
            let ids = std::iter::once((&observation.id, IdRelation::Alias))
                .chain(links.map(|link| (&link.id, link.relation)));
            for ((id, relation), other_class) in ids.zip(self.classes.named(placed.statement)) {
                if other_class == index {
                    continue;
                }
                let is_cover = self
                    .classes
                    .get(other_class)
                    .is_some_and(|c| c.covers.binary_search(&index).is_ok());
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
            kev: class.advisories.iter().filter_map(|a| a.kev.clone()).max(),
            epss: class
                .advisories
                .iter()
                .filter_map(|a| a.epss.clone())
                .reduce(Epss::prefer),
        }
    }
}

/// By scanner, then as somebody reads its report: numbers in pointers by value, not by digits. One
/// entry can be about several packages.
pub(super) fn reading_order(a: &Placed<'_>, b: &Placed<'_>) -> Ordering {
    a.scanner
        .cmp(b.scanner)
        .then_with(|| natural(&a.observation.pointer).cmp(natural(&b.observation.pointer)))
        .then_with(|| a.package.name.cmp(&b.package.name))
        .then_with(|| a.package.version.cmp(&b.package.version))
}

/// A pointer's tokens, each as a number where it is one.
fn natural(pointer: &str) -> impl Iterator<Item = (u64, &str)> {
    pointer
        .split('/')
        .map(|token| token.parse().map_or((0, token), |number| (number, "")))
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
        advisory_source: observation.advisory_source,
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
            let mut locations: BTreeSet<&Location> =
                packages.iter().flat_map(|p| &p.locations).collect();
            // A place without its layer is the place that another scanner tells with it.
            let with_layer: BTreeSet<&Option<String>> = locations
                .iter()
                .filter(|location| location.layer.is_some())
                .map(|location| &location.path)
                .collect();
            locations.retain(|l| l.layer.is_some() || !with_layer.contains(&l.path));
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
