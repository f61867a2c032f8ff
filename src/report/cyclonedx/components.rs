//! The installed packages as components.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use packageurl::PackageUrl;
use serde::Serialize;

use super::{Property, References};
use crate::model::report::Report;
use crate::model::version::normal_form;
use crate::model::{Distro, Ecosystem, Finding, Instance, Package, ScannerId, SourcePackage};
use crate::report::purls;

/// A component, as far as crosscheck fills it.
#[derive(Default, Serialize)]
pub(super) struct Component {
    #[serde(rename = "bom-ref", skip_serializing_if = "String::is_empty")]
    pub(super) bom_ref: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(super) struct Hash {
    pub(super) alg: &'static str,
    pub(super) content: String,
}

/// Where a package was found.
#[derive(Serialize)]
pub(super) struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Serialize)]
struct Occurrence {
    location: String,
}

/// Kind, name and version by which a package is known again: the installed name of an operating
/// system package and the normalised name of any other, as [`Report::packages`] has them.
type Key<'a> = (&'a Ecosystem, &'a str, String);

/// Every installed package once, with what the findings tell of it beyond its name.
pub(super) struct Inventory<'a> {
    places: BTreeMap<Key<'a>, usize>,
    drafts: Vec<Draft<'a>>,
}

struct Draft<'a> {
    ecosystem: &'a Ecosystem,
    name: &'a str,
    version: &'a str,
    purl: Option<&'a str>,
    architecture: Option<&'a str>,
    source: Option<&'a SourcePackage>,
    paths: BTreeSet<&'a str>,
    listed_by: &'a [ScannerId],
    unchecked: Option<&'a str>,
}

impl<'a> Inventory<'a> {
    /// The listed packages in their order, then those that only findings name, then those that only
    /// the list of unchecked ones names.
    pub(super) fn new(report: &'a Report) -> Self {
        let mut inventory = Self {
            places: BTreeMap::new(),
            drafts: Vec::new(),
        };
        for listed in &report.packages {
            let name = listed.name.as_str();
            if let Some(draft) = inventory.entry(&listed.ecosystem, name, name, &listed.version) {
                draft.purl = listed.purl.as_deref();
                draft.listed_by = &listed.listed_by;
            }
        }
        for finding in &report.findings {
            for instance in &finding.instances {
                inventory.learn(finding, instance);
            }
        }
        for package in &report.unchecked {
            let name = package.name.as_str();
            if let Some(draft) = inventory.entry(&package.ecosystem, name, name, &package.version) {
                draft.unchecked = Some(&package.reason);
            }
        }
        inventory
    }

    /// The draft of a package: `key_name` is its name in the key, `name` the one that it gets where it
    /// is new.
    fn entry(
        &mut self,
        ecosystem: &'a Ecosystem,
        key_name: &'a str,
        name: &'a str,
        version: &'a str,
    ) -> Option<&mut Draft<'a>> {
        let next = self.drafts.len();
        let place = match self
            .places
            .entry((ecosystem, key_name, normal_form(ecosystem, version)))
        {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(place) => {
                self.drafts.push(Draft {
                    ecosystem,
                    name,
                    version,
                    purl: None,
                    architecture: None,
                    source: None,
                    paths: BTreeSet::new(),
                    listed_by: &[],
                    unchecked: None,
                });
                *place.insert(next)
            }
        };
        self.drafts.get_mut(place)
    }

    fn learn(&mut self, finding: &'a Finding, instance: &'a Instance) {
        let (ecosystem, key_name, version) = parts_of_key(finding, instance);
        let Some(draft) = self.entry(ecosystem, key_name, &instance.name, version) else {
            return;
        };
        // Lists have normalised names of all but operating system packages, and Trivy minds the letter
        // case of Go's. The first spelling in text order, whatever the order of findings.
        let installed = instance.name.as_str();
        if installed < draft.name && installed.eq_ignore_ascii_case(draft.name) {
            draft.name = installed;
        }
        draft.purl = draft.purl.or(instance.purl.as_deref());
        draft.architecture = draft.architecture.or(instance.architecture.as_deref());
        draft.source = draft.source.or(instance.source.as_ref());
        let paths = instance.locations.iter();
        draft
            .paths
            .extend(paths.filter_map(|location| location.path.as_deref()));
    }

    /// The ordinal of the component that an installed package of a finding is.
    pub(super) fn place(&self, finding: &'a Finding, instance: &'a Instance) -> Option<usize> {
        let (ecosystem, name, version) = parts_of_key(finding, instance);
        let key = (ecosystem, name, normal_form(ecosystem, version));
        self.places.get(&key).copied()
    }

    /// The components, by their ordinals.
    pub(super) fn components(
        &self,
        distro: Option<&Distro>,
        references: &mut References,
    ) -> Vec<Component> {
        let drafts = self.drafts.iter();
        drafts
            .map(|draft| component(draft, distro, references))
            .collect()
    }
}

fn parts_of_key<'a>(
    finding: &'a Finding,
    instance: &'a Instance,
) -> (&'a Ecosystem, &'a str, &'a str) {
    let group = &finding.package;
    let name = if group.ecosystem.is_os() {
        &instance.name
    } else {
        &group.name
    };
    (&group.ecosystem, name, &instance.version)
}

fn component(draft: &Draft<'_>, distro: Option<&Distro>, references: &mut References) -> Component {
    let Draft {
        ecosystem,
        name,
        version,
        ..
    } = *draft;
    let purl = purls::package_url(draft.purl, ecosystem, name, version, distro);
    let stated = draft.purl.and_then(Package::from_purl);
    let source = stated.and_then(|package| package.source);
    let source = draft.source.or(source.as_ref());
    let purl = purl.map(|purl| {
        if ecosystem.is_os() {
            completed(purl, draft, source, distro).to_string()
        } else {
            purl.to_string()
        }
    });
    let bom_ref = match &purl {
        Some(purl) => references.unique(purl),
        None => references.unique(&format!("{ecosystem}/{name}@{version}")),
    };
    // Trivy and Syft join group and name with `/`; only Maven's coordinates are two in the package URL
    // and in the matching alike.
    let (group, name) = match ecosystem {
        Ecosystem::Maven => purls::split(name, ':'),
        _ => (None, name),
    };
    let mut properties = Vec::new();
    if let Some(source) = source.filter(|_| ecosystem.is_os()) {
        source_properties(draft, source, &mut properties);
    }
    let listed_by = draft.listed_by.iter();
    properties.extend(listed_by.map(|scanner| Property::new("crosscheck:listed-by", scanner)));
    if let Some(reason) = draft.unchecked {
        properties.push(Property::new("crosscheck:not-checked", reason));
    }
    Component {
        bom_ref,
        kind: "library",
        group: group.map(str::to_owned),
        name: name.to_owned(),
        version: (!version.is_empty()).then(|| version.to_owned()),
        purl,
        evidence: (!draft.paths.is_empty()).then(|| Evidence {
            occurrences: draft
                .paths
                .iter()
                .map(|path| Occurrence {
                    location: (*path).to_owned(),
                })
                .collect(),
        }),
        properties,
        ..Component::default()
    }
}

/// The package URL with the qualifiers that readers of operating system packages look for, where it
/// lacks them: `arch`, `distro` (`debian-12`) and `upstream`, the source package.
fn completed(
    mut purl: PackageUrl<'static>,
    draft: &Draft<'_>,
    source: Option<&SourcePackage>,
    distro: Option<&Distro>,
) -> PackageUrl<'static> {
    let distro = distro.map(|distro| format!("{}-{}", distro.family, distro.version));
    let upstream = source.and_then(|source| {
        let version = source
            .version
            .as_deref()
            .filter(|own| *own != draft.version);
        match version {
            Some(version) => Some(format!("{}@{version}", source.name)),
            None => (source.name != draft.name).then(|| source.name.clone()),
        }
    });
    for (key, value) in [
        ("arch", draft.architecture.map(str::to_owned)),
        ("distro", distro),
        ("upstream", upstream),
    ] {
        if let Some(value) = value
            && !purl.qualifiers().contains_key(key)
        {
            // These keys are valid ones.
            let _ = purl.add_qualifier(key, value);
        }
    }
    purl
}

/// The source package, against which distributions write advisories. CycloneDX has no place for it;
/// Trivy and Grype read it from the properties that Trivy and Syft write.
fn source_properties(draft: &Draft<'_>, source: &SourcePackage, properties: &mut Vec<Property>) {
    let name = source.name.as_str();
    let version = source.version.as_deref();
    properties.push(Property::new("aquasecurity:trivy:SrcName", name));
    if let Some(version) = version {
        properties.push(Property::new("aquasecurity:trivy:SrcVersion", version));
    }
    // As Syft does it, which leaves out what is the package's own.
    let other_name = (name != draft.name).then_some(name);
    let (kind, fields) = match draft.ecosystem {
        Ecosystem::Deb => {
            let version = version.filter(|version| *version != draft.version);
            let fields = [("source", other_name), ("sourceVersion", version)];
            ("dpkg-db-entry", fields.to_vec())
        }
        Ecosystem::Apk => ("apk-db-entry", vec![("originPackage", other_name)]),
        Ecosystem::Rpm => {
            let without_epoch = version.map(|version| match version.split_once(':') {
                Some((_, version)) => version,
                None => version,
            });
            let file = without_epoch.map(|version| format!("{name}-{version}.src.rpm"));
            let file = file.map(|file| Property::new("syft:metadata:sourceRpm", &file));
            properties.extend(file);
            ("rpm-db-entry", Vec::new())
        }
        _ => return,
    };
    properties.push(Property::new("syft:package:metadataType", kind));
    for (field, value) in fields {
        if let Some(value) = value {
            properties.push(Property::new(format!("syft:metadata:{field}"), value));
        }
    }
}
