//! CycloneDX 1.6: the image, everything installed in it, and the findings with what was decided.
//!
//! One component for each installed package; package URLs, the component of the operating system and
//! the properties of source packages are such that Trivy and Grype match it as they match the image.
//! One vulnerability for each finding, and further ones where several reasons to ignore it speak for
//! different packages. Ignored findings are there with their `analysis`. The one composition says whether
//! the components are all that is installed.
//!
//! What CycloneDX has no place for are properties under `crosscheck:`. The verdict of the run and
//! the scanners that failed are among those of the metadata.

mod components;
mod vulnerability;

use std::collections::{HashMap, HashSet};
use std::io;

use serde::{Serialize, Serializer};

use self::components::{Component, Hash, Inventory};
use self::vulnerability::vulnerability;
use super::claims::{Claim, by_claim, claims};
use super::json::write_visible_json;
use super::purls::NamedImage;
use super::{Description, escape, identity};
use crate::model::report::{ImageName, Report, ScannerSummary, TargetSummary};
use crate::model::{Action, Distro, Finding, InventoryScope, Outcome, RuleMatch, ScannerId};
use crate::policy::foreign::distribution_words;

/// The inventory with its findings.
pub(super) const FORMAT: Description = Description {
    name: "cyclonedx",
    title: "packages and findings as CycloneDX 1.6, for tools that read bills of materials",
    file_name: "report.cdx.json",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: |report, _| warnings(report),
};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(rename = "bomFormat")]
    format: &'static str,
    #[serde(rename = "specVersion")]
    spec_version: &'static str,
    #[serde(rename = "serialNumber", skip_serializing_if = "String::is_empty")]
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: &'a [Component],
    dependencies: [Dependency<'a>; 1],
    compositions: [Composition<'a>; 1],
    vulnerabilities: Vulnerabilities<'a>,
}

#[derive(Serialize)]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(rename = "dependsOn")]
    depends_on: Vec<&'a str>,
}

/// Whether the parts of a component are all there.
#[derive(Serialize)]
struct Composition<'a> {
    aggregate: Aggregate,
    assemblies: [&'a str; 1],
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Aggregate {
    /// A scanner's report lists every package.
    Complete,
    /// Packages without findings are missing.
    Incomplete,
    /// What the lists lack is not known: they are given ones or of applications alone, or a scanner lacks
    /// a part of its result.
    Unknown,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: &'a str,
    tools: Tools,
    component: &'a Component,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Component>,
}

/// A name and a value of our own.
#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

impl Property {
    fn new(name: impl Into<String>, value: &(impl ToString + ?Sized)) -> Self {
        Self {
            name: name.into(),
            value: value.to_string(),
        }
    }
}

/// Gives out the values of `bom-ref`, each once.
#[derive(Default)]
struct References {
    given: HashSet<String>,
    /// How often each wish came.
    wishes: HashMap<String, usize>,
}

impl References {
    /// `wish`, or `wish#2` and so on where it is given already. The same calls give the same values.
    fn unique(&mut self, wish: &str) -> String {
        // As it will be read: two that differ in what is made visible may be alike then.
        let wish = escape::terminal(wish);
        // None may be empty.
        let wish: &str = if wish.is_empty() { "unnamed" } else { &wish };
        let count = self.wishes.entry(wish.to_owned()).or_default();
        loop {
            *count += 1;
            let reference = match *count {
                1 => wish.to_owned(),
                number => format!("{wish}#{number}"),
            };
            if self.given.insert(reference.clone()) {
                return reference;
            }
        }
    }
}

/// Writes the document.
///
/// # Errors
/// Only those of `out`.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let target = &report.target;
    let mut references = References::default();
    let image = image(target, references.unique("image"));
    let system = target.distro.as_ref();
    let system = system.map(|distro| operating_system(distro, &mut references));
    let inventory = Inventory::new(report);
    let mut components = inventory.components(target.distro.as_ref(), &mut references);
    let entries = entries(report, &inventory, &mut references);
    // At the end, so that the ordinals of packages hold.
    components.extend(system);
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: &report.evaluated_at,
            tools: tools(report),
            component: &image,
            properties: verdict(report),
        },
        components: &components,
        // All that is known: the image has them. How they need each other no report tells.
        dependencies: [Dependency {
            reference: &image.bom_ref,
            depends_on: components.iter().map(|one| one.bom_ref.as_str()).collect(),
        }],
        compositions: [Composition {
            aggregate: aggregate(report),
            assemblies: [&image.bom_ref],
        }],
        vulnerabilities: Vulnerabilities {
            entries: &entries,
            components: &components,
        },
    };
    document.serial_number = format!("urn:uuid:{}", identity::uuid_of_document(&document)?);
    write_visible_json(&document, out)
}

fn warnings(report: &Report) -> Vec<String> {
    let warning = match aggregate(report) {
        Aggregate::Complete => return Vec::new(),
        Aggregate::Incomplete => {
            "the CycloneDX document holds only the packages with findings: no scanner's report lists \
             the others; add a package list with --sbom"
        }
        Aggregate::Unknown => {
            "the CycloneDX document may lack packages: no scanner gave its whole package list"
        }
    };
    vec![warning.to_owned()]
}

/// Whether the components are everything that is installed. Where the image has an operating system, a
/// list without its packages is one of the applications alone.
fn aggregate(report: &Report) -> Aggregate {
    let scanners = report.scanners.iter();
    let mut listing = scanners.filter(|scanner| {
        scanner.outcome.is_trustworthy() && scanner.inventory == Some(InventoryScope::Complete)
    });
    let is_complete = |scanner: &ScannerSummary| {
        let mut packages = report.packages.iter();
        matches!(scanner.outcome, Outcome::Completed)
            && (report.target.distro.is_none()
                || packages.any(|one| one.ecosystem.is_os() && one.listed_by.contains(&scanner.id)))
    };
    if listing.clone().any(is_complete) {
        return Aggregate::Complete;
    }
    let is_scanner = |id: &ScannerId| report.scanners.iter().any(|scanner| scanner.id == *id);
    let packages = report.packages.iter();
    let mut listed_by = packages.flat_map(|package| &package.listed_by);
    if listing.next().is_some() || listed_by.any(|id| !is_scanner(id)) {
        Aggregate::Unknown
    } else {
        Aggregate::Incomplete
    }
}

/// A finding in those of its components for which one claim speaks, or none.
struct Entry<'a> {
    bom_ref: String,
    finding: &'a Finding,
    claim: Option<(&'a RuleMatch, Claim)>,
    /// Ordinals of components.
    places: Vec<usize>,
}

fn entries<'a>(
    report: &'a Report,
    inventory: &Inventory<'a>,
    references: &mut References,
) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for finding in &report.findings {
        let decision = finding.decision.as_ref();
        // Rules that ignore a part of a finding only do not make it harmless.
        let ignoring = decision.filter(|decision| decision.action == Action::Ignore);
        let claims = ignoring.map(claims).unwrap_or_default();
        let instances = finding.instances.iter().enumerate();
        let parts = instances.filter_map(|(ordinal, instance)| {
            let place = inventory.place(finding, instance)?;
            Some((ordinal, place, place))
        });
        let mut by_claim = by_claim(&claims, parts);
        let mut add = |claim, places| {
            entries.push(Entry {
                bom_ref: references.unique(&finding.key),
                finding,
                claim,
                places,
            });
        };
        if by_claim.is_empty() {
            // Without an installed package, which no reader of reports gives.
            add(None, Vec::new());
        }
        if let Some(places) = by_claim.remove(&None) {
            add(None, places);
        }
        for (ordinal, claim) in claims.into_iter().enumerate() {
            if let Some(places) = by_claim.remove(&Some(ordinal)) {
                add(Some(claim), places);
            }
        }
    }
    entries
}

/// The list of vulnerabilities, each made when it is written.
struct Vulnerabilities<'a> {
    entries: &'a [Entry<'a>],
    components: &'a [Component],
}

impl Serialize for Vulnerabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries.iter().map(|entry| {
            let claim = entry.claim.as_ref().map(|(rule, claim)| (*rule, claim));
            let places = entry.places.iter();
            let components = places.filter_map(|place| self.components.get(*place));
            vulnerability(&entry.bom_ref, entry.finding, claim, components)
        }))
    }
}

fn image(target: &TargetSummary, bom_ref: String) -> Component {
    let (ImageName::Registry(name) | ImageName::Path(name)) = target.name();
    let mut named = NamedImage::new(target);
    // The manifest is what was looked at, the index may name others too. Where no registry has the
    // image, the digest of a manifest is one that a scanner made up.
    named
        .names
        .sort_by_key(|(_, digest)| *digest != target.manifest_digest);
    let known = named.names.into_iter().next();
    let (purl, digest) = known.map_or((None, None), |(purl, digest)| (Some(purl), digest));
    let digest = digest.filter(|_| named.is_pinned);
    let mut properties = Vec::new();
    // Under Trivy's names, by which readers know the image again.
    if let Some(config) = &target.config_digest {
        properties.push(Property::new("aquasecurity:trivy:ImageID", config));
    }
    let in_registries = target.repo_digests.iter();
    properties
        .extend(in_registries.map(|name| Property::new("aquasecurity:trivy:RepoDigest", name)));
    if let Some(platform) = &target.platform {
        properties.push(Property::new("crosscheck:platform", platform));
    }
    if let Some(distro) = &target.distro {
        let words = format!("{} {}", distro.family, distro.version);
        properties.push(Property::new("crosscheck:distribution", &words));
    }
    Component {
        bom_ref,
        kind: "container",
        name: name.to_owned(),
        hashes: digest
            .as_deref()
            .and_then(identity::sha256_hex)
            .map(|hex| Hash {
                alg: "SHA-256",
                content: hex.to_owned(),
            })
            .into_iter()
            .collect(),
        version: digest,
        purl: purl.map(|purl| purl.to_string()),
        properties,
        ..Component::default()
    }
}

/// By Trivy's name for it; Grype finds the one that it knows under Syft's.
fn operating_system(distro: &Distro, references: &mut References) -> Component {
    let (trivy, syft) = distribution_words(&distro.family);
    let mut properties = vec![
        Property::new("syft:distro:id", syft),
        Property::new("syft:distro:versionID", &distro.version),
    ];
    if distro.end_of_life {
        properties.push(Property::new("crosscheck:end-of-life", "true"));
    }
    Component {
        bom_ref: references.unique("operating-system"),
        kind: "operating-system",
        name: trivy.to_owned(),
        version: Some(distro.version.clone()),
        properties,
        ..Component::default()
    }
}

/// crosscheck first: readers that ask who made the document take the first.
fn tools(report: &Report) -> Tools {
    let own = Component {
        kind: "application",
        name: report.tool.name.clone(),
        version: Some(report.tool.version.clone()),
        ..Component::default()
    };
    let scanners = report.scanners.iter().map(scanner);
    Tools {
        components: std::iter::once(own).chain(scanners).collect(),
    }
}

fn scanner(scanner: &ScannerSummary) -> Component {
    let mut properties = Vec::new();
    let mut add = |name: &str, value: &str| properties.push(Property::new(name, value));
    add("crosscheck:status", scanner.outcome.as_str());
    match &scanner.outcome {
        Outcome::Completed => {}
        Outcome::Partial { missing } => add("crosscheck:missing", missing),
        Outcome::Failed(failure) => {
            add("crosscheck:failure", failure.kind.as_str());
            add("crosscheck:cause", &failure.cause);
        }
    }
    if scanner.required {
        add("crosscheck:required", "true");
    }
    if let Some(built) = &scanner.database_built {
        add("crosscheck:database-built", built);
    }
    Component {
        kind: "application",
        name: scanner.id.to_string(),
        version: scanner.version.clone(),
        properties,
        ..Component::default()
    }
}

/// The answer of the run.
fn verdict(report: &Report) -> Vec<Property> {
    let verdict = &report.verdict;
    let mut properties = vec![
        Property::new("crosscheck:verdict", verdict.outcome.as_str()),
        Property::new("crosscheck:exit-code", &verdict.exit_code),
    ];
    let reasons = verdict.insufficient.iter();
    properties.extend(reasons.map(|reason| Property::new("crosscheck:insufficient", reason)));
    properties.extend([
        Property::new("crosscheck:profile", &report.policy.profile),
        Property::new("crosscheck:policy", &report.policy.source),
    ]);
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reference_is_given_twice() {
        let mut references = References::default();
        let wishes = ["a", "a#2", "a", "a", "a#2", "", "\\n", "\n"];
        let given = wishes.map(|wish| references.unique(wish));
        let expected = ["a", "a#2", "a#3", "a#4", "a#2#2", "unnamed", "\\n", "\\n#2"];
        assert_eq!(given, expected);
    }
}
