//! CycloneDX JSON 1.2 to 1.7: the inventory in `components`, findings in `vulnerabilities` (since
//! 1.4), VEX statements in `analysis`.
//!
//! One observation for each pair of vulnerability and affected component.

mod document;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::value::RawValue;

use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, Cvss, Distro, Ecosystem, Epss, FixClaim, FixState, IdLink,
    IdRelation, IdentityQuality, InventoryScope, Location, Observation, Package, PackageIndex,
    Rating, RatingSource, ScannerId, ScannerReport, Severity, SourcePackage, package::source_rpm,
};

use self::document::{
    Affected, AffectedVersion, Component, Document, Metadata, Property, Tools, Vulnerability,
};
use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, OneOrMany, Text};
use super::infer;

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
        ScannerId::GRYPE | ScannerId::OSV_SCANNER => Some(false),
        _ => None,
    }
}

struct Properties<'p, 'a>(&'p Entries<Property<'a>>);

impl<'p> Properties<'p, '_> {
    fn get(&self, name: &str) -> Option<&'p str> {
        self.0
            .iter_ok()
            .find(|property| property.name.as_str() == name)
            .and_then(|property| property.value.get())
    }

    /// Syft numbers its locations; Trivy gives one.
    fn locations(&self) -> Vec<Location> {
        let mut numbered: BTreeMap<usize, (Option<&str>, Option<&str>)> = BTreeMap::new();
        for property in self.0.iter_ok() {
            let Some((number, field)) = property
                .name
                .as_str()
                .strip_prefix("syft:location:")
                .and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            let value = property.value.get();
            let place = numbered.entry(number).or_default();
            match field {
                "path" => place.0 = value,
                "layerID" => place.1 = value,
                _ => {}
            }
        }
        let mut locations: Vec<Location> = numbered
            .into_values()
            .filter_map(|(path, layer)| Location::new(path, layer))
            .collect();
        locations.extend(Location::new(
            self.get("aquasecurity:trivy:FilePath"),
            self.get("aquasecurity:trivy:LayerDiffID")
                .or_else(|| self.get("aquasecurity:trivy:LayerDigest")),
        ));
        locations
    }
}

/// The package that a component's own fields describe.
fn named(group: &Text<'_>, name: &Text<'_>, version: &Text<'_>, purl: &Text<'_>) -> Package {
    if let Some(mut package) = purl.get().and_then(Package::from_purl) {
        if package.version.is_empty() {
            version.as_str().clone_into(&mut package.version);
        }
        return package;
    }
    let name = match group.get() {
        Some(group) if group.starts_with('@') || group.contains('/') => {
            format!("{group}/{}", name.as_str())
        }
        Some(group) => format!("{group}:{}", name.as_str()),
        None => name.as_str().to_owned(),
    };
    Package::new(Ecosystem::Generic, name, version.as_str())
}

/// Source package and epoch, where the purl leaves them to properties.
fn complete_os_package(package: &mut Package, properties: &Properties<'_, '_>) {
    if package.ecosystem == Ecosystem::Rpm
        && !package.version.contains(':')
        && let Some(epoch) = properties.get("syft:metadata:epoch").filter(|e| *e != "0")
    {
        package.version = format!("{epoch}:{}", package.version);
    }
    if let Some(name) = properties.get("aquasecurity:trivy:SrcName") {
        let mut version = properties
            .get("aquasecurity:trivy:SrcVersion")
            .unwrap_or_default()
            .to_owned();
        if let Some(epoch) = properties
            .get("aquasecurity:trivy:SrcEpoch")
            .filter(|e| *e != "0")
        {
            version.insert_str(0, &format!("{epoch}:"));
        }
        if let Some(release) = properties.get("aquasecurity:trivy:SrcRelease") {
            version.push('-');
            version.push_str(release);
        }
        package.source = Some(SourcePackage {
            name: name.to_owned(),
            version: Some(version).filter(|version| !version.is_empty()),
        });
        return;
    }
    let source_version = properties.get("syft:metadata:sourceVersion");
    let name = properties
        .get("syft:metadata:source")
        .or_else(|| properties.get("syft:metadata:originPackage"))
        // Only the version differs from the binary package's.
        .or_else(|| source_version.map(|_| package.name.as_str()));
    if package.source.is_none() {
        package.source = match name {
            Some(name) => Some(SourcePackage {
                name: name.to_owned(),
                version: None,
            }),
            None => properties
                .get("syft:metadata:sourceRpm")
                .and_then(source_rpm),
        };
    }
    if let Some(source) = &mut package.source
        && source.version.is_none()
    {
        source.version = source_version.map(str::to_owned);
    }
}

fn rating_source(name: &str) -> RatingSource {
    if name.to_ascii_lowercase().starts_with("github") {
        RatingSource::EcosystemDatabase("ghsa".to_owned())
    } else {
        RatingSource::from_name(name)
    }
}

fn ratings(entry: &Vulnerability<'_>, source: Option<&str>, scanner: &ScannerId) -> Vec<Rating> {
    let mut ratings = Vec::new();
    for rating in entry.ratings.iter_ok() {
        let method = rating.method.as_str();
        let hint = match method {
            "CVSSv2" => "2.0",
            "CVSSv3" => "3.0",
            "CVSSv31" => "3.1",
            "CVSSv4" => "4.0",
            _ => "",
        };
        let label = rating.severity.get();
        // EPSS probabilities and other scores stand among the ratings; they are no severities.
        if hint.is_empty() && label.is_none() {
            continue;
        }
        let cvss = if hint.is_empty() {
            None
        } else {
            Cvss::new(
                rating.vector.get(),
                rating.score.get().and_then(|score| score.0),
                hint,
            )
        };
        let named = match label {
            // CycloneDX has no negligible; Grype writes its own as `none`.
            Some("none") if cvss.is_none() && scanner.as_str() == ScannerId::GRYPE => {
                Severity::Negligible
            }
            _ => label.and_then(Severity::from_label).unwrap_or_default(),
        };
        let severity = match &cvss {
            Some(cvss) if named == Severity::Unknown => cvss.band(),
            _ => named,
        };
        let stated = rating.source.get().and_then(|source| source.name.get());
        ratings.push(Rating {
            source: match stated.or(source) {
                Some(name) => rating_source(name),
                None => RatingSource::Scanner(scanner.as_str().to_owned()),
            },
            severity,
            label: label.map(str::to_owned),
            cvss,
        });
    }
    ratings
}

/// The severity that the tool shows elsewhere, which CycloneDX does not mark: the rating of the
/// vulnerability's own source, else NVD's, else the worst.
fn shown_severity(ratings: &[Rating], source: Option<&str>) -> Severity {
    let own = source.map(rating_source);
    let of = |wanted: &RatingSource| {
        let mut matching = ratings.iter().filter(|rating| rating.source == *wanted);
        let known = matching.clone().filter(|r| r.severity != Severity::Unknown);
        // A label alone is the source's word; a band beside a vector may be the vector's. Of several
        // vectors the newest CVSS version counts.
        known
            .max_by(|a, b| {
                let key = |rating: &Rating| match &rating.cvss {
                    None => "9".to_owned(),
                    Some(cvss) => cvss.version.clone(),
                };
                key(a).cmp(&key(b))
            })
            .or_else(|| matching.next())
            .map(|rating| rating.severity)
    };
    own.as_ref()
        .and_then(of)
        .filter(|severity| *severity != Severity::Unknown)
        .or_else(|| of(&RatingSource::Nvd))
        .filter(|severity| *severity != Severity::Unknown)
        .or_else(|| ratings.iter().map(|rating| rating.severity).max())
        .unwrap_or_default()
}

/// The version in Trivy's `Upgrade NAME to version VERSION; Upgrade …`, for this package.
fn fix(entry: &Vulnerability<'_>, name: &str) -> FixClaim {
    let short_name = name.rsplit([':', '/']).next().unwrap_or(name);
    let recommendation = entry.recommendation.get().map_or("", Text::as_str);
    let versions: Vec<&str> = recommendation
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("Upgrade "))
        .filter_map(|part| part.split_once(" to version "))
        .filter(|(package, _)| *package == name || *package == short_name)
        .flat_map(|(_, versions)| versions.split(", "))
        .collect();
    let responses = entry.analysis.get().and_then(|a| a.response.get());
    let wont_fix = responses
        .into_iter()
        .flat_map(OneOrMany::iter)
        .any(|response| response == "will_not_fix");
    let otherwise = if wont_fix {
        FixState::WontFix
    } else {
        FixState::Unknown
    };
    FixClaim::from_versions(versions, otherwise)
}

/// Why an entry is no finding, by the document's own word.
fn withheld(
    entry: &Vulnerability<'_>,
    versions: Option<&Entries<AffectedVersion<'_>>>,
) -> Option<String> {
    if let Some(analysis) = entry.analysis.get() {
        let state = analysis.state.as_str();
        if matches!(
            state,
            "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree"
        ) {
            let details = [&analysis.justification, &analysis.detail];
            let details = details
                .into_iter()
                .filter_map(|text| text.get().and_then(Text::get));
            return Some(
                std::iter::once(state)
                    .chain(details)
                    .collect::<Vec<_>>()
                    .join(": "),
            );
        }
    }
    let versions = versions?;
    let unaffected = versions.len() > 0
        && versions
            .iter_ok()
            .all(|version| version.status.as_str() == "unaffected");
    let installed = versions.iter_ok().find_map(|version| version.version.get());
    unaffected.then(|| format!("version {} is unaffected", installed.unwrap_or("in use")))
}

fn advisory(entry: &Vulnerability<'_>) -> Advisory {
    let text = |field: &Lenient<Text<'_>>| field.get().and_then(Text::to_option);
    let source_url = entry.source.get().and_then(|source| text(&source.url));
    Advisory {
        title: None,
        description: text(&entry.description).or_else(|| text(&entry.detail)),
        url: entry
            .advisories
            .iter_ok()
            .find_map(|link| link.url.to_option())
            .or(source_url),
        cwes: entry
            .cwes
            .get()
            .into_iter()
            .flat_map(OneOrMany::iter)
            .map(|number| format!("CWE-{number}"))
            .collect(),
        published: entry
            .published
            .get()
            .and_then(|time| timestamp(time.as_str())),
        state: if text(&entry.rejected).is_some() {
            AdvisoryState::Rejected
        } else {
            AdvisoryState::Active
        },
        known_exploited: scores(entry, "CISA KEV").any(|score| score > 0.0),
        epss: epss(entry),
        ..Advisory::default()
    }
}

/// The EPSS score among an entry's ratings. Where there are several the entry covers several CVEs,
/// and nothing tells which of them is meant.
fn epss(entry: &Vulnerability<'_>) -> Option<Epss> {
    let mut all = scores(entry, "FIRST");
    let score = all.next()?;
    all.next().is_none().then(|| Epss::new(score, None, ""))?
}

/// Scores of no CVSS method by a source whose name begins so. CycloneDX has no place of its own for
/// exploitation; Grype writes it as such ratings, by `FIRST` and `CISA KEV Catalog`.
fn scores<'e>(entry: &'e Vulnerability<'_>, source: &'e str) -> impl Iterator<Item = f64> + 'e {
    entry
        .ratings
        .iter_ok()
        .filter(move |rating| {
            let name = rating.source.get().and_then(|source| source.name.get());
            rating.method.as_str() == "other" && name.is_some_and(|name| name.starts_with(source))
        })
        .filter_map(|rating| rating.score.get()?.0)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
