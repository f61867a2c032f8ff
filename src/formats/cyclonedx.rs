//! CycloneDX JSON 1.2 to 1.7: the inventory in `components`, findings in `vulnerabilities` (since
//! 1.4), VEX statements in `analysis`.
//!
//! One observation for each pair of vulnerability and affected component.

mod advisory;
pub(crate) mod analysis;
mod document;
mod package;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::model::{
    AdvisoryId, Distro, Ecosystem, IdLink, IdRelation, IdentityQuality, InventoryScope,
    Observation, Package, PackageIndex, ScannerId, ScannerReport,
};

use self::advisory::{advisory, fix, ratings, shown_severity, withheld};
use self::analysis::Affected;
use self::document::{Component, Document, Metadata, Tools, Vulnerability};
use self::package::{Properties, complete_os_package, named};
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Text};
use super::infer;
use super::{Format, advisory_source};

/// Components may hold components. Real reports nest two levels; a limit keeps hostile ones cheap.
const MAX_NESTING: usize = 16;

pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut reader = Reader {
        builder: ReportBuilder::new(ScannerId::new(""), Format::CycloneDx.title()),
        by_ref: HashMap::new(),
        listed: Vec::new(),
        unlisted: HashMap::new(),
        affected: HashSet::new(),
    };
    if let Some(metadata) = document.metadata.0 {
        reader.metadata(metadata);
    }
    reader.components(document.components, "/components", MAX_NESTING);

    let has_vulnerabilities = document.vulnerabilities.len() > 0;
    reader.builder.entries(document.vulnerabilities.len());
    let is_array = document.vulnerabilities.is_array();
    for (index, vulnerability) in document.vulnerabilities.into_iter() {
        let pointer = if is_array {
            format!("/vulnerabilities/{index}")
        } else {
            "/vulnerabilities".to_owned()
        };
        if let Err(why) = vulnerability.and_then(|entry| reader.vulnerability(&entry, &pointer)) {
            reader.builder.unreadable(pointer, why);
        }
    }
    Ok(reader.finish(has_vulnerabilities))
}

struct Reader<'a> {
    builder: ReportBuilder,
    /// Components by `bom-ref`. Those that are no packages in themselves (files, containers) get
    /// an index only when a vulnerability points to them.
    by_ref: HashMap<Cow<'a, str>, Listed>,
    /// Packages of the inventory.
    listed: Vec<PackageIndex>,
    /// Packages of references that no component answers to, by reference and version.
    unlisted: HashMap<(String, String), PackageIndex>,
    /// Packages with findings.
    affected: HashSet<PackageIndex>,
}

/// A component that a vulnerability may point to.
enum Listed {
    Package(PackageIndex),
    Other(Box<Package>),
}

impl<'a> Reader<'a> {
    fn metadata(&mut self, metadata: Metadata<'a>) {
        let report = self.builder.report();
        report.created = metadata
            .timestamp
            .get()
            .and_then(|time| timestamp(time.as_str()));
        let tools = match metadata.tools.0 {
            Some(Tools::List(tools)) => tools,
            Some(Tools::Object {
                mut components,
                services,
            }) => {
                components.extend(services);
                components
            }
            None => Vec::new(),
        };
        // A document that several tools worked on: the scanner is the one that we know as such.
        let tool = tools
            .iter()
            .find(|tool| lists_everything(&ScannerId::new(&tool.name)).is_some())
            .or_else(|| tools.first());
        if let Some(tool) = tool {
            report.scanner = ScannerId::new(&tool.name);
            report.scanner_version = tool
                .version
                .as_deref()
                .map(str::trim)
                // Grype's word for a build without version.
                .filter(|version| !version.is_empty() && *version != "[not provided]")
                .map(str::to_owned);
        }
        if let Some(component) = metadata.component.0 {
            self.target(component);
        }
    }

    fn target(&mut self, component: Component<'a>) {
        let target = &mut self.builder.report().target;
        target.name = component.name.to_option();
        target.not_an_image = !component.kind.as_str().is_empty()
            && !component.kind.as_str().eq_ignore_ascii_case("container");
        // Syft and Grype put the manifest's digest where others put a version.
        target.manifest_digest = component
            .version
            .get()
            .filter(|version| version.starts_with("sha256:"))
            .map(str::to_owned);
        for property in component.properties.iter_ok() {
            let value = property.value.as_str().to_owned();
            match property.name.as_str() {
                "aquasecurity:trivy:ImageID" => target.config_digest = Some(value),
                "aquasecurity:trivy:DiffID" => target.diff_ids.push(value),
                "aquasecurity:trivy:RepoDigest" => target.repo_digests.push(value),
                _ => {}
            }
        }
        self.remember(
            component.bom_ref,
            Listed::Other(Box::new(named(
                &component.group,
                &component.name,
                &component.version,
                &component.purl,
            ))),
        );
    }

    fn remember(&mut self, reference: Text<'a>, listed: Listed) {
        if reference.get().is_some() {
            self.by_ref.entry(reference.0).or_insert(listed);
        }
    }

    fn components(&mut self, list: Entries<&'a RawValue>, pointer: &str, levels: usize) {
        let is_array = list.is_array();
        for (index, raw) in list.into_iter() {
            let pointer = if is_array {
                format!("{pointer}/{index}")
            } else {
                pointer.to_owned()
            };
            let component = raw.and_then(|raw| {
                serde_json::from_str::<Component<'_>>(raw.get()).map_err(|error| error.to_string())
            });
            match component {
                Ok(component) => self.component(component, &pointer, levels),
                Err(why) => self
                    .builder
                    .warn(pointer, format!("component not read: {why}")),
            }
        }
    }

    fn component(&mut self, component: Component<'a>, pointer: &str, levels: usize) {
        if component.components.len() > 0 {
            let nested = format!("{pointer}/components");
            match levels.checked_sub(1) {
                Some(left) => self.components(component.components, &nested, left),
                None => self.builder.warn(
                    nested,
                    format!("components nested more than {MAX_NESTING} levels deep are not read"),
                ),
            }
        }
        let properties = Properties(&component.properties);
        let kind = component.kind.as_str();
        if kind == "operating-system" {
            let target = &mut self.builder.report().target;
            if target.distro.is_none() {
                target.distro = component.name.get().map(|name| Distro {
                    family: name.to_ascii_lowercase(),
                    version: component.version.as_str().to_owned(),
                    end_of_life: false,
                });
            }
        }
        let mut package = named(
            &component.group,
            &component.name,
            &component.version,
            &component.purl,
        );
        let stated_type = properties
            .get("syft:package:type")
            .or_else(|| properties.get("aquasecurity:trivy:PkgType"));
        if let Some(word) = stated_type
            && package.purl.is_none()
        {
            package.ecosystem = Ecosystem::from_name(word);
        }
        if package.ecosystem.is_os() {
            complete_os_package(&mut package, &properties);
        }
        package.locations = properties.locations();
        package.maintainer = component
            .publisher
            .get()
            .and_then(Text::to_option)
            .or_else(|| component.supplier.get().and_then(|s| s.name.to_option()));

        let is_package = package.purl.is_some()
            || stated_type.is_some()
            || matches!(kind, "library" | "framework");
        let listed = if is_package && component.name.get().is_some() {
            let index = self.builder.package(package);
            self.listed.push(index);
            Listed::Package(index)
        } else {
            Listed::Other(Box::new(package))
        };
        self.remember(component.bom_ref, listed);
    }

    /// The package behind a reference; one that no component has is named by itself, or after the
    /// target when it is missing.
    /// It takes the version that the reference states beside it.
    fn resolve(&mut self, reference: &str, version: &str, pointer: &str) -> PackageIndex {
        // BOM-Link: `urn:cdx:serial/version#bom-ref`, percent-encoded.
        let linked = reference
            .starts_with("urn:cdx:")
            .then(|| reference.split_once('#'))
            .flatten()
            .map(|(_, name)| infer::percent_decoded(name));
        let key = linked.as_deref().unwrap_or(reference);
        match self.by_ref.get_mut(key) {
            Some(Listed::Package(index)) => return *index,
            Some(listed @ Listed::Other(_)) => {
                let mut index = PackageIndex(u32::MAX);
                if let Listed::Other(package) = listed {
                    index = self.builder.package((**package).clone());
                }
                *listed = Listed::Package(index);
                return index;
            }
            None => {}
        }
        let unlisted = (key.to_owned(), version.to_owned());
        if let Some(index) = self.unlisted.get(&unlisted) {
            return *index;
        }
        let mut package = Package::from_purl(key).unwrap_or_else(|| {
            let message = if key.is_empty() {
                "the vulnerability names no affected component".to_owned()
            } else {
                format!("no component has the reference `{}`", short(key))
            };
            self.builder.warn(pointer, message);
            let target = self.builder.report().target.name.clone();
            infer::unnamed_package(Some(key).filter(|k| !k.is_empty()).or(target.as_deref()))
        });
        if package.version.is_empty() {
            version.clone_into(&mut package.version);
        }
        let index = self.builder.package(package);
        self.unlisted.insert(unlisted, index);
        index
    }

    fn vulnerability(&mut self, entry: &Vulnerability<'a>, pointer: &str) -> Result<(), String> {
        let id = ReportBuilder::id(entry.id.as_str())?;
        let mut links: Vec<IdLink> = Vec::new();
        for reference in entry.references.iter_ok() {
            let other = AdvisoryId::new(reference.id.as_str());
            let is_new = other != id && links.iter().all(|link| link.id != other);
            if other.is_plausible() && is_new {
                links.push(IdLink {
                    id: other,
                    relation: IdRelation::Alias,
                    field: "references",
                });
            }
        }
        let scanner = self.builder.report().scanner.clone();
        let source = entry.source.get().and_then(|source| source.name.get());
        let ratings = ratings(entry, source, &scanner);
        let severity = shown_severity(&ratings, source);
        if !self.builder.knows(&id) {
            self.builder.advisory(&id, advisory(entry));
        }

        let affects: Vec<(usize, Result<&Affected<'_>, &String>)> = entry.affects.iter().collect();
        let observe = |reader: &mut Self, package, versions, pointer: String| {
            reader.affected.insert(package);
            let name = reader.builder.report().package(package);
            let name = name.map_or_else(String::new, |package| package.name.clone());
            let observation = Observation {
                id: id.clone(),
                links: links.clone(),
                package,
                severity,
                ratings: ratings.clone(),
                fix: fix(entry, &name),
                advisory_source: source.and_then(advisory_source::cyclonedx),
                pointer,
            };
            match withheld(entry, versions) {
                Some(reason) => reader.builder.suppress(observation, reason, false),
                None => reader.builder.observe(observation),
            }
        };
        if affects.is_empty() {
            let package = self.resolve("", "", pointer);
            observe(self, package, None, pointer.to_owned());
        }
        for (index, affected) in affects {
            let pointer = if entry.affects.is_array() {
                format!("{pointer}/affects/{index}")
            } else {
                format!("{pointer}/affects")
            };
            match affected {
                Ok(affected) => {
                    let version = affected.versions.iter_ok().find_map(|v| v.version.get());
                    let package = self.resolve(
                        affected.reference.as_str(),
                        version.unwrap_or_default(),
                        &pointer,
                    );
                    observe(self, package, Some(&affected.versions), pointer);
                }
                Err(why) => self.builder.unreadable(pointer, why.clone()),
            }
        }
        Ok(())
    }

    fn finish(mut self, has_vulnerabilities: bool) -> ScannerReport {
        // A document that lists a package without findings lists its packages for their own sake.
        let lists_unaffected = self
            .listed
            .iter()
            .any(|package| !self.affected.contains(package));
        let report = self.builder.report();
        if lists_everything(&report.scanner) == Some(true) || lists_unaffected {
            report.inventory = InventoryScope::Complete;
        }
        let is_full = |package: PackageIndex| {
            report
                .package(package)
                .is_some_and(|p| p.purl.is_some() || p.source.is_some())
        };
        if !self.affected.iter().copied().all(is_full) {
            report.identity = IdentityQuality::Reduced;
        }
        if !has_vulnerabilities {
            self.builder.note(
                "",
                "this document lists no vulnerability; without knowing how it was made, that does not \
                 mean that there is none",
            );
        }
        self.builder.finish()
    }
}

/// Whether a tool's CycloneDX lists every package that it catalogued; `None` for tools not known as
/// scanners. Grype's early versions listed packages with findings only.
fn lists_everything(scanner: &ScannerId) -> Option<bool> {
    match scanner.as_str() {
        ScannerId::TRIVY | ScannerId::SNYK | ScannerId::DOCKER_SCOUT | "syft" => Some(true),
        // Ours holds as many packages as the scanners' lists do.
        ScannerId::GRYPE | ScannerId::OSV_SCANNER | ScannerId::CROSSCHECK => Some(false),
        _ => None,
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
