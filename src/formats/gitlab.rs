//! GitLab's container scanning report, as its own analyzer (Trivy or Grype inside) and Docker Scout
//! write it. It carries severity and little else: fixes only as a sentence, no source packages.

use serde::Deserialize;

use crate::model::{
    Advisory, AdvisoryId, Cvss, Ecosystem, FixClaim, FixState, IdLink, IdRelation, IdentityQuality,
    Location, Observation, Package, Rating, RatingSource, ScannerId, ScannerReport,
};

use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, Text};
use super::infer::{self, OsSpelling};
use super::scout;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    vulnerabilities: Entries<Vulnerability<'a>>,
    #[serde(borrow, default)]
    scan: Lenient<Scan<'a>>,
}

#[derive(Deserialize)]
struct Scan<'a> {
    #[serde(borrow, default)]
    scanner: Lenient<Tool<'a>>,
    #[serde(borrow, default)]
    start_time: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    end_time: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    status: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow, default)]
    cve: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    description: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default)]
    solution: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    scanner: Lenient<Tool<'a>>,
    #[serde(borrow, default)]
    location: Lenient<Place<'a>>,
    #[serde(borrow, default)]
    identifiers: Entries<Identifier<'a>>,
    #[serde(borrow, default)]
    links: Entries<Link<'a>>,
    #[serde(borrow, default)]
    cvss_vectors: Entries<Vector<'a>>,
    #[serde(borrow, default)]
    details: Lenient<Details<'a>>,
}

/// crosscheck's own.
#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    purl: Lenient<Detail<'a>>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    value: Text<'a>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, default)]
    dependency: Lenient<Dependency<'a>>,
    #[serde(borrow, default)]
    operating_system: Text<'a>,
    #[serde(borrow, default)]
    image: Text<'a>,
    #[serde(borrow, default)]
    file: Text<'a>,
}

#[derive(Deserialize)]
struct Dependency<'a> {
    #[serde(borrow, default)]
    package: Lenient<NamedPackage<'a>>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

#[derive(Deserialize)]
struct NamedPackage<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    value: Text<'a>,
    #[serde(borrow, default)]
    url: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow, default)]
    url: Text<'a>,
}

#[derive(Deserialize)]
struct Vector<'a> {
    #[serde(borrow, default)]
    vendor: Text<'a>,
    #[serde(borrow, default)]
    vector: Text<'a>,
}

pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(ScannerId::new(""), Format::GitLab.title());
    head(&document, &mut builder);

    // The analyzer names the operating system, Trivy's own template writes "Unknown" there.
    let mut spelling = OsSpelling::default();
    for entry in document.vulnerabilities.iter_ok() {
        if let Some(dependency) = entry.location.get().and_then(|l| l.dependency.get()) {
            spelling.see(dependency.version.as_str());
        }
    }
    builder.entries(document.vulnerabilities.len());
    let is_array = document.vulnerabilities.is_array();
    for (index, entry) in document.vulnerabilities.into_iter() {
        let pointer = if is_array {
            format!("/vulnerabilities/{index}")
        } else {
            "/vulnerabilities".to_owned()
        };
        if let Err(why) = entry.and_then(|entry| observe(&mut builder, &entry, spelling, &pointer))
        {
            builder.unreadable(pointer, why);
        }
    }
    let report = builder.report();
    if report.packages.iter().any(|package| package.purl.is_none()) {
        report.identity = IdentityQuality::Reduced;
    }
    Ok(builder.finish())
}

fn head(document: &Document<'_>, builder: &mut ReportBuilder) {
    let first = document.vulnerabilities.iter_ok().next();
    let scan = document.scan.get();
    let tool = scan
        .and_then(|scan| scan.scanner.get())
        .or_else(|| first.and_then(|entry| entry.scanner.get()));
    let report = builder.report();
    if let Some(tool) = tool {
        report.scanner = ScannerId::new(tool.id.get().unwrap_or(tool.name.as_str()));
        report.scanner_version = tool.version.to_option();
    }
    if let Some(scan) = scan {
        let moment = scan.end_time.get().or_else(|| scan.start_time.get());
        report.created = moment.and_then(|time| timestamp(time.as_str()));
        if scan.status.get().map(Text::as_str) == Some("failure") {
            report.failure = Some("the analyzer reports that its scan failed".to_owned());
        }
    }
    if let Some(place) = first.and_then(|entry| entry.location.get()) {
        report.target.name = place.image.to_option();
        report.target.distro = infer::operating_system(place.operating_system.as_str());
        if let Some(pinned) = infer::repo_digest(place.image.as_str()) {
            report.target.repo_digests.push(pinned.to_owned());
        }
    }
}

fn observe(
    builder: &mut ReportBuilder,
    entry: &Vulnerability<'_>,
    spelling: OsSpelling,
    pointer: &str,
) -> Result<(), String> {
    let (id, links) = identify(entry)?;
    let place = entry
        .location
        .get()
        .ok_or("the entry has no location, so its package is not known")?;
    let scanner = &builder.report().scanner;
    // Of other tools the place of the finding is what it is about, whatever stands in its details.
    let own = scanner.is_own().then(|| package_of_details(entry));
    let scanner = scanner.as_str().to_owned();
    let package = own
        .flatten()
        .or_else(|| package(place, spelling))
        .ok_or("the entry names no package")?;
    let severity = builder.severity(entry.severity.as_str(), pointer);
    let source = advisory_source(entry, &scanner).unwrap_or(RatingSource::Scanner(scanner));
    let mut ratings = Vec::new();
    if let Some(label) = entry.severity.to_option() {
        ratings.push(Rating {
            source,
            severity,
            label: Some(label),
            cvss: None,
        });
    }
    for vector in entry.cvss_vectors.iter_ok() {
        if let Some(cvss) = Cvss::new(vector.vector.get(), None, "") {
            ratings.push(Rating {
                source: RatingSource::from_name(vector.vendor.as_str()),
                severity: cvss.band(),
                label: None,
                cvss: Some(cvss),
            });
        }
    }
    if !builder.knows(&id) {
        builder.advisory(&id, advisory(entry));
    }
    let package = builder.package(package);
    builder.observe(Observation {
        id,
        links,
        package,
        severity,
        ratings,
        fix: fix(entry.solution.get().and_then(Text::get)),
        advisory_source: None,
        pointer: pointer.to_owned(),
    });
    Ok(())
}

/// The id: the CVE among the identifiers, else the first that is an advisory's, else the field
/// `cve`, which old reports used for a compound key of their own.
fn identify(entry: &Vulnerability<'_>) -> Result<(AdvisoryId, Vec<IdLink>), String> {
    let identifiers: Vec<AdvisoryId> = entry
        .identifiers
        .iter_ok()
        .filter(|identifier| !identifier.kind.as_str().eq_ignore_ascii_case("cwe"))
        .filter_map(|identifier| ReportBuilder::id(identifier.value.as_str()).ok())
        .collect();
    let named = [entry.cve.as_str(), entry.name.as_str()];
    let id = identifiers
        .iter()
        .find(|id| id.cve().is_some())
        .or_else(|| identifiers.first())
        .cloned()
        .or_else(|| named.into_iter().find_map(infer::leading_advisory));
    let Some(id) = id else {
        return ReportBuilder::id(entry.cve.as_str()).map(|id| (id, Vec::new()));
    };
    let mut links: Vec<IdLink> = Vec::new();
    for other in identifiers {
        if other != id && links.iter().all(|link| link.id != other) {
            links.push(IdLink {
                id: other,
                relation: IdRelation::Alias,
                field: "identifiers",
            });
        }
    }
    Ok((id, links))
}

fn package_of_details(entry: &Vulnerability<'_>) -> Option<Package> {
    let purl = entry.details.get()?.purl.get()?;
    Package::from_purl(purl.value.as_str())
}

fn package(place: &Place<'_>, spelling: OsSpelling) -> Option<Package> {
    let dependency = place.dependency.get()?;
    let name = dependency.package.get()?.name.get()?;
    let version = dependency.version.as_str();
    if name.starts_with("pkg:")
        && let Some(mut package) = scout::package_of_purl(name)
    {
        if package.version.is_empty() {
            version.clone_into(&mut package.version);
        }
        return Some(package);
    }
    let os = infer::operating_system(place.operating_system.as_str());
    let ecosystem = infer::language(name, place.file.get())
        .or_else(|| os.map(|os| Ecosystem::from_name(&os.family)))
        .or_else(|| spelling.ecosystem())
        .unwrap_or(Ecosystem::Generic);
    let mut package = Package::new(ecosystem, name, version);
    package
        .locations
        .extend(Location::new(place.file.get(), None));
    Some(package)
}

/// Whose severity it is: Docker Scout names the advisory's source in its links (`s=ubuntu`).
fn advisory_source(entry: &Vulnerability<'_>, scanner: &str) -> Option<RatingSource> {
    if scanner != ScannerId::DOCKER_SCOUT {
        return None;
    }
    let urls = entry.identifiers.iter_ok().filter_map(|i| i.url.get());
    urls.into_iter()
        .find_map(|url| scout::source_in_link(url.as_str()))
        .map(|name| scout::rating_source(Some(name)))
}

fn advisory(entry: &Vulnerability<'_>) -> Advisory {
    let identifier_url = entry
        .identifiers
        .iter_ok()
        .find_map(|identifier| identifier.url.get().and_then(Text::to_option));
    Advisory {
        title: entry.name.to_option(),
        description: entry.description.get().and_then(Text::to_option),
        url: identifier_url.or_else(|| entry.links.iter_ok().find_map(|link| link.url.to_option())),
        cwes: entry
            .identifiers
            .iter_ok()
            .filter(|identifier| identifier.kind.as_str().eq_ignore_ascii_case("cwe"))
            .filter_map(|identifier| identifier.value.get())
            .map(|value| {
                let number = value.trim_start_matches(|c: char| !c.is_ascii_digit());
                format!("CWE-{number}")
            })
            .collect(),
        ..Advisory::default()
    }
}

/// The version in `Upgrade X to Y`. No sentence means that none is stated; the analyzer's `No
/// solution provided` that there is none.
fn fix(solution: Option<&str>) -> FixClaim {
    let Some(solution) = solution else {
        return FixClaim::default();
    };
    if solution.starts_with("No solution") {
        return FixClaim::from_versions([], FixState::NotFixed);
    }
    let version = solution
        .starts_with("Upgrade ")
        .then(|| solution.rsplit_once(" to "))
        .flatten()
        .map_or("", |(_, version)| version);
    FixClaim::from_versions(version.split(", "), FixState::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::infer::tests::survives_damage;
    use crate::model::Severity;

    const SCOUT: &str = r#"{"version": "15.0.6",
      "scan": {"scanner": {"id": "docker-scout", "name": "Docker Scout", "version": "1.20.0"},
               "end_time": "2026-03-05T16:39:55", "status": "success", "type": "container_scanning"},
      "vulnerabilities": [
       {"id": "a", "cve": "CVE-2024-56433", "severity": "Low", "scanner": {"id": "docker-scout"},
        "location": {"dependency": {"package": {"name":
            "pkg:deb/ubuntu/shadow@1%3A4.13%2Bdfsg1-4?os_distro=noble&os_name=ubuntu&os_version=24.04"},
            "version": "1:4.13+dfsg1-4"}, "operating_system": "ubuntu 24.04", "image": "acme/app:1"},
        "solution": "Upgrade ubuntu/shadow@1:4.13+dfsg1-4 to 1:4.13+dfsg1-5",
        "identifiers": [{"type": "cve", "value": "CVE-2024-56433",
          "url": "https://scout.docker.com/v/CVE-2024-56433?s=ubuntu&n=shadow"},
          {"type": "cwe", "value": "276"}]},
       {"id": "b", "severity": "High", "location": {}, "identifiers": [{"type": "cve", "value": "CVE-2024-1000"}]}]}"#;

    const ANALYZER: &str = r#"{"version": "3.0.0",
      "scan": {"scanner": {"id": "trivy", "version": "0.16.0"}, "status": "success"},
      "vulnerabilities": [
       {"cve": "debian:10:libc6:CVE-2020-1751", "severity": "High", "solution": "No solution provided",
        "location": {"dependency": {"package": {"name": "libc6"}, "version": "2.28-10"},
          "operating_system": "debian 10.9", "image": "acme/old"},
        "identifiers": [{"type": "cve", "value": "CVE-2020-1751"}, {"type": "ghsa", "value": "GHSA-aaaa-bbbb-cccc"}]},
       {"cve": "CVE-2020-1752", "severity": "Spicy",
        "location": {"dependency": {"package": {"name": "golang.org/x/net"}, "version": "v0.1.0"},
          "operating_system": "debian 10.9"}}]}"#;

    #[test]
    fn a_purl_in_the_name_field_is_the_package() {
        let report = crate::formats::read(SCOUT.as_bytes()).unwrap();
        assert_eq!(report.scanner.as_str(), "docker-scout");
        let observation = &report.observations[0];
        let package = report.package(observation.package).unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("shadow", "1:4.13+dfsg1-4")
        );
        assert_eq!(package.source.as_ref().unwrap().name, "shadow");
        assert_eq!(report.identity, IdentityQuality::Full);
        assert_eq!(observation.fix.versions, ["1:4.13+dfsg1-5"]);
        assert_eq!(
            observation.ratings[0].source,
            RatingSource::Distro("ubuntu".to_owned())
        );
        assert_eq!(report.advisories[&observation.id].cwes, ["CWE-276"]);
        assert!(report.created.is_some());
        assert_eq!((report.entries, report.unreadable()), (2, 1));
    }

    #[test]
    fn plain_names_belong_to_the_operating_system_unless_they_show_a_language() {
        let report = crate::formats::read(ANALYZER.as_bytes()).unwrap();
        let ecosystems: Vec<&str> = report
            .packages
            .iter()
            .map(|package| package.ecosystem.as_str())
            .collect();
        assert_eq!(ecosystems, ["deb", "golang"]);
        assert_eq!(report.identity, IdentityQuality::Reduced);
        let first = &report.observations[0];
        assert_eq!(first.id.as_str(), "CVE-2020-1751");
        assert_eq!(first.links[0].id.as_str(), "GHSA-aaaa-bbbb-cccc");
        assert_eq!(first.fix.state, FixState::NotFixed);
        assert_eq!(report.observations[1].severity, Severity::Unknown);
        assert_eq!(report.target.distro.unwrap().version, "10.9");
    }

    #[test]
    fn details_name_the_package_in_our_own_files_only() {
        let package = |tool: &str| {
            let text = SCOUT.replace(r#""id": "docker-scout""#, &format!(r#""id": "{tool}""#));
            let text = text.replace(
                r#""solution": "Upgrade"#,
                r#""details": {"purl": {"value": "pkg:npm/harmless@9.9.9"}}, "solution": "Upgrade"#,
            );
            let report = crate::formats::read(text.as_bytes()).unwrap();
            report.packages[0].name.clone()
        };
        assert_eq!(package("crosscheck"), "harmless");
        for other in ["docker-scout", "trivy", ""] {
            assert_eq!(package(other), "shadow");
        }
    }

    #[test]
    fn a_failed_analyzer_is_a_failure() {
        let report = crate::formats::read(
            br#"{"version": "15.0.0", "vulnerabilities": [], "scan": {"status": "failure"}}"#,
        )
        .unwrap();
        assert!(report.failure.is_some());
    }

    #[test]
    fn damaged_reports_never_panic() {
        survives_damage(SCOUT);
        survives_damage(ANALYZER);
    }
}
