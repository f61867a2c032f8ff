//! Docker Scout's SBOM document: `docker scout sbom --format json`, and with findings
//! `docker scout cves --format sbom`.

use std::collections::HashMap;

use serde::Deserialize;

use crate::model::{
    Advisory, Cvss, Distro, Ecosystem, Epss, FixClaim, FixState, InventoryScope, Location,
    Observation, Package, PackageIndex, Rating, RatingSource, ScannerId, ScannerReport, Severity,
    SourcePackage,
};

use super::builder::{ReportBuilder, timestamp};
use super::entries::{Entries, Lenient, Number, OneOrMany, Text};
use super::{Format, advisory_source};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    source: Lenient<Source<'a>>,
    #[serde(borrow, default)]
    artifacts: Entries<Artifact<'a>>,
    #[serde(borrow, default)]
    descriptor: Lenient<Descriptor<'a>>,
    #[serde(borrow, default)]
    vulnerabilities: Option<Entries<Affected<'a>>>,
}

#[derive(Deserialize)]
struct Descriptor<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

#[derive(Deserialize)]
struct Source<'a> {
    #[serde(borrow, default)]
    image: Lenient<Image<'a>>,
}

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    digest: Text<'a>,
    #[serde(borrow, default)]
    tags: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    manifest: Lenient<Manifest<'a>>,
    #[serde(borrow, default)]
    config: Lenient<ImageConfig<'a>>,
    #[serde(borrow, default)]
    distro: Lenient<OsRelease<'a>>,
    #[serde(borrow, default)]
    platform: Lenient<Platform<'a>>,
}

#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(borrow, default)]
    config: Lenient<Blob<'a>>,
}

#[derive(Deserialize)]
struct Blob<'a> {
    #[serde(borrow, default)]
    digest: Text<'a>,
}

#[derive(Deserialize)]
struct ImageConfig<'a> {
    #[serde(borrow, default)]
    rootfs: Lenient<RootFs<'a>>,
}

#[derive(Deserialize)]
struct RootFs<'a> {
    #[serde(borrow, default)]
    diff_ids: OneOrMany<'a>,
}

#[derive(Deserialize)]
struct OsRelease<'a> {
    #[serde(borrow, default)]
    os_name: Text<'a>,
    #[serde(borrow, default)]
    os_version: Text<'a>,
}

#[derive(Deserialize)]
struct Platform<'a> {
    #[serde(borrow, default)]
    os: Text<'a>,
    #[serde(borrow, default)]
    architecture: Text<'a>,
    #[serde(borrow, default)]
    variant: Text<'a>,
}

#[derive(Deserialize)]
struct Artifact<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default)]
    purl: Text<'a>,
    #[serde(borrow, default)]
    parent: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    author: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    locations: Entries<Place<'a>>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, default)]
    path: Text<'a>,
    #[serde(borrow, default)]
    digest: Text<'a>,
    #[serde(borrow, default)]
    diff_id: Text<'a>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow)]
    purl: Text<'a>,
    #[serde(borrow, default)]
    vulnerabilities: Entries<Vulnerability<'a>>,
}

#[derive(Deserialize)]
struct Vulnerability<'a> {
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    source_id: Text<'a>,
    #[serde(borrow, default)]
    description: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    url: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    published_at: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    fixed_by: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    cvss: Lenient<StatedCvss<'a>>,
    #[serde(borrow, default)]
    cwes: Entries<Cwe<'a>>,
    #[serde(default)]
    epss: Lenient<StatedEpss>,
}

#[derive(Deserialize)]
struct StatedCvss<'a> {
    #[serde(default)]
    score: Lenient<Number>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default)]
    vector: Text<'a>,
    #[serde(borrow, default)]
    version: Lenient<Text<'a>>,
}

#[derive(Deserialize)]
struct StatedEpss {
    #[serde(default)]
    score: Lenient<Number>,
    #[serde(default)]
    percentile: Lenient<Number>,
}

#[derive(Deserialize)]
struct Cwe<'a> {
    #[serde(borrow, default)]
    cwe_id: Text<'a>,
}

pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(
        ScannerId::new(ScannerId::DOCKER_SCOUT),
        Format::ScoutSbom.title(),
    );
    builder.report().inventory = InventoryScope::Complete;
    if let Some(descriptor) = document.descriptor.get() {
        if let Some(name) = descriptor.name.get() {
            builder.report().scanner = ScannerId::new(name);
        }
        builder.report().scanner_version = descriptor.version.to_option();
    }
    if let Some(image) = document.source.0.and_then(|source| source.image.0) {
        target(&image, &mut builder);
    }

    let mut by_purl = HashMap::new();
    let pointer_of = |is_array: bool, list: &str, index: usize| {
        if is_array {
            format!("{list}/{index}")
        } else {
            list.to_owned()
        }
    };
    let is_array = document.artifacts.is_array();
    for (index, artifact) in document.artifacts.into_iter() {
        let pointer = pointer_of(is_array, "/artifacts", index);
        match artifact {
            Ok(artifact) => {
                let purl = artifact.purl.as_str().to_owned();
                let index = builder.package(artifact_package(&artifact));
                by_purl.entry(purl).or_insert(index);
            }
            Err(why) => builder.warn(pointer, format!("package not read: {why}")),
        }
    }
    let Some(affected) = document.vulnerabilities else {
        builder.note(
            "",
            "this document lists packages only; it says nothing about vulnerabilities",
        );
        return Ok(builder.finish());
    };
    let is_array = affected.is_array();
    for (index, group) in affected.into_iter() {
        let pointer = pointer_of(is_array, "/vulnerabilities", index);
        let group = match group {
            Ok(group) => group,
            Err(why) => {
                builder.entries(1);
                builder.unreadable(pointer, why);
                continue;
            }
        };
        builder.entries(group.vulnerabilities.len());
        let package = by_purl.get(group.purl.as_str()).copied();
        let package = package.or_else(|| {
            package_of_purl(group.purl.as_str()).map(|package| builder.package(package))
        });
        let is_array = group.vulnerabilities.is_array();
        let list = format!("{pointer}/vulnerabilities");
        for (index, vulnerability) in group.vulnerabilities.into_iter() {
            let pointer = pointer_of(is_array, &list, index);
            if let Err(why) =
                vulnerability.and_then(|entry| observe(&mut builder, &entry, package, &pointer))
            {
                builder.unreadable(pointer, why);
            }
        }
    }
    Ok(builder.finish())
}

fn target(image: &Image<'_>, builder: &mut ReportBuilder) {
    let target = &mut builder.report().target;
    let tags: Vec<&str> = image
        .tags
        .get()
        .into_iter()
        .flat_map(OneOrMany::iter)
        .collect();
    target.name = image.name.get().map(|name| match tags.as_slice() {
        [tag] if !name.contains('@') && !name.ends_with(&format!(":{tag}")) => {
            format!("{name}:{tag}")
        }
        _ => name.to_owned(),
    });
    target.manifest_digest = image.digest.to_option();
    target.config_digest = image
        .manifest
        .get()
        .and_then(|manifest| manifest.config.get())
        .and_then(|config| config.digest.to_option());
    if let Some(rootfs) = image.config.get().and_then(|config| config.rootfs.get()) {
        target.diff_ids = rootfs.diff_ids.iter().map(str::to_owned).collect();
    }
    target.distro = image.distro.get().and_then(|os| {
        Some(Distro {
            family: os.os_name.get()?.to_ascii_lowercase(),
            version: os.os_version.as_str().to_owned(),
            end_of_life: false,
        })
    });
    target.platform = image.platform.get().and_then(|platform| {
        let parts = [&platform.os, &platform.architecture, &platform.variant];
        let parts: Vec<&str> = parts.into_iter().filter_map(Text::get).collect();
        (parts.len() > 1).then(|| parts.join("/"))
    });
}

/// The package of a purl as Scout writes it in findings. For Debian, Ubuntu and Alpine that is a
/// *source* package, so the package is its own source; for rpm Scout's practice is not known.
pub(super) fn package_of_purl(purl: &str) -> Option<Package> {
    let mut package = Package::from_purl(purl)?;
    if package.version == "UNKNOWN" {
        package.version.clear();
    }
    if package.source.is_none() && matches!(package.ecosystem, Ecosystem::Deb | Ecosystem::Apk) {
        package.source_level = true;
        package.source = Some(SourcePackage {
            name: package.name.clone(),
            version: Some(package.version.clone()).filter(|version| !version.is_empty()),
        });
    }
    Some(package)
}

fn artifact_package(artifact: &Artifact<'_>) -> Package {
    let mut package = package_of_purl(artifact.purl.as_str()).unwrap_or_else(|| {
        Package::new(
            Ecosystem::from_name(artifact.kind.as_str()),
            artifact.name.as_str(),
            artifact.version.as_str(),
        )
    });
    if let Some(parent) = artifact
        .parent
        .get()
        .and_then(|parent| Package::from_purl(parent.as_str()))
    {
        package.source = Some(SourcePackage {
            name: parent.name,
            version: Some(parent.version).filter(|version| !version.is_empty()),
        });
    }
    // What the inventory lists is installed, even where its name is that of its source.
    package.source_level = false;
    if package.ecosystem.is_os() {
        package.maintainer = artifact.author.get().and_then(Text::to_option);
    }
    for place in artifact.locations.iter_ok() {
        let layer = place.diff_id.get().or_else(|| place.digest.get());
        package
            .locations
            .extend(Location::new(place.path.get(), layer));
    }
    package
}

/// The name that Scout gives an advisory's source, in the model's terms.
pub(super) fn rating_source(name: Option<&str>) -> RatingSource {
    match name {
        None => RatingSource::Scanner(ScannerId::DOCKER_SCOUT.to_owned()),
        Some("nist") => RatingSource::Nvd,
        Some("github") => RatingSource::EcosystemDatabase("ghsa".to_owned()),
        Some(other) => RatingSource::from_name(other),
    }
}

/// The advisory's source in a link to Scout's pages: the query's `s=`.
pub(super) fn source_in_link(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("s="))
        .filter(|source| !source.is_empty())
}

/// The fix that Scout states: a version, the words `not fixed`, or nothing.
pub(super) fn fix_claim<'a>(stated: impl IntoIterator<Item = &'a str>) -> FixClaim {
    let mut not_fixed = false;
    let versions: Vec<&str> = stated
        .into_iter()
        .filter(|version| {
            let sentinel = version.trim().eq_ignore_ascii_case("not fixed");
            not_fixed |= sentinel;
            !sentinel
        })
        .collect();
    let otherwise = if not_fixed {
        FixState::NotFixed
    } else {
        FixState::Unknown
    };
    FixClaim::from_versions(versions, otherwise)
}

fn observe(
    builder: &mut ReportBuilder,
    entry: &Vulnerability<'_>,
    package: Option<PackageIndex>,
    pointer: &str,
) -> Result<(), String> {
    let id = ReportBuilder::id(entry.source_id.as_str())?;
    let package = package.ok_or("the entry's purl names no package")?;
    let label = entry.cvss.get().map_or("", |cvss| cvss.severity.as_str());
    let cvss = entry.cvss.get().and_then(|cvss| {
        // The open-source ancestor of Scout leaves a score of 0 out; it means *none* here too.
        Cvss::new(
            cvss.vector.get(),
            cvss.score.get().and_then(|s| s.0).filter(|s| *s > 0.0),
            cvss.version.get().map_or("", Text::as_str),
        )
    });
    let mut severity = builder.severity(label, pointer);
    if severity == Severity::Unknown {
        severity = cvss.as_ref().map_or(Severity::Unknown, Cvss::band);
    }
    let mut ratings = Vec::new();
    if !label.is_empty() || cvss.is_some() {
        ratings.push(Rating {
            source: rating_source(entry.source.get()),
            severity,
            label: Some(label.to_owned()).filter(|label| !label.is_empty()),
            cvss,
        });
    }
    if !builder.knows(&id) {
        let advisory = Advisory {
            description: entry.description.get().and_then(Text::to_option),
            url: entry.url.get().and_then(Text::to_option),
            cwes: entry
                .cwes
                .iter_ok()
                .filter_map(|cwe| cwe.cwe_id.to_option())
                .collect(),
            published: entry
                .published_at
                .get()
                .and_then(|time| timestamp(time.as_str())),
            ..Advisory::default()
        };
        builder.advisory(&id, advisory);
    }
    // Not every source's entry on an id has the score.
    let epss = entry.epss.get().and_then(|stated| {
        let score = stated.score.get()?.0?;
        Epss::new(score, stated.percentile.get().and_then(|p| p.0), "")
    });
    if let Some(epss) = epss {
        builder.epss(&id, epss);
    }
    builder.observe(Observation {
        id,
        links: Vec::new(),
        package,
        severity,
        ratings,
        fix: fix_claim(entry.fixed_by.get().into_iter().flat_map(OneOrMany::iter)),
        advisory_source: entry.source.get().and_then(advisory_source::scout),
        pointer: pointer.to_owned(),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::infer::tests::survives_damage;
    use crate::model::AdvisorySource;

    const SBOM: &str = r#"{
      "source": {"type": "image", "image": {"name": "acme/app", "digest": "sha256:aa", "tags": ["1.0"],
        "manifest": {"config": {"digest": "sha256:bb"}},
        "config": {"rootfs": {"diff_ids": ["sha256:cc", "sha256:dd"]}},
        "distro": {"os_name": "alpine", "os_version": "3.22"},
        "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}},
      "attestations": [],
      "artifacts": [
        {"type": "apk", "namespace": "alpine", "name": "libcrypto3", "version": "3.5.4-r0",
         "purl": "pkg:apk/alpine/libcrypto3@3.5.4-r0?os_name=alpine&os_version=3.22",
         "parent": "pkg:apk/alpine/openssl@3.5.4-r0?os_name=alpine&os_version=3.22",
         "author": "A Maintainer <a@alpine.example>",
         "locations": [{"path": "/lib/apk/db/installed", "digest": "sha256:ee", "diff_id": "sha256:cc"}]},
        {"type": "golang", "name": "esbuild", "version": "UNKNOWN",
         "purl": "pkg:golang/github.com/evanw/esbuild@UNKNOWN"},
        {"type": "npm", "name": "core", "version": "7.28.5", "purl": "pkg:npm/%40babel/core@7.28.5"}],
      "descriptor": {"name": "docker-scout", "version": "1.18.3", "sbom_version": "11"},
      "vulnerabilities": [
        {"purl": "pkg:npm/%40babel/core@7.28.5", "vulnerabilities": [
          {"source": "github", "source_id": "CVE-2025-10001", "fixed_by": "7.29.0",
           "cvss": {"score": "8.7", "severity": "HIGH", "version": 4.0,
                    "vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"},
           "cwes": [{"cwe_id": "CWE-1321"}], "epss": {"score": 0.1}, "published_at": "2025-01-02"},
          {"source": "gitlab", "source_id": "GMS-2025-1", "fixed_by": "not fixed",
           "cvss": {"severity": "UNSPECIFIED"}},
          {"source": "github"}]},
        {"purl": "pkg:apk/alpine/openssl@3.5.4-r0?os_name=alpine&os_version=3.22", "vulnerabilities": [
          {"source": "alpine", "source_id": "CVE-2025-10002", "fixed_by": "3.5.5-r0"}]}]
    }"#;

    #[test]
    fn packages_take_their_source_from_the_parent_or_are_their_own() {
        let report = crate::formats::read(SBOM.as_bytes()).unwrap();
        assert_eq!(report.inventory, InventoryScope::Complete);
        let libcrypto = &report.packages[0];
        let source = libcrypto.source.as_ref().unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_deref()),
            ("openssl", Some("3.5.4-r0"))
        );
        assert_eq!(libcrypto.locations[0].layer.as_deref(), Some("sha256:cc"));
        assert!(libcrypto.maintainer.is_some());
        let openssl = report.package(report.observations[2].package).unwrap();
        assert_eq!(openssl.source.as_ref().unwrap().name, "openssl");
        assert_eq!(report.packages[1].version, "");
    }

    #[test]
    fn observations_point_at_entry_and_package() {
        let report = crate::formats::read(SBOM.as_bytes()).unwrap();
        let first = &report.observations[0];
        assert_eq!(first.pointer, "/vulnerabilities/0/vulnerabilities/0");
        assert_eq!(report.package(first.package).unwrap().name, "@babel/core");
        assert_eq!(first.severity, Severity::High);
        let rating = &first.ratings[0];
        assert_eq!(rating.source.name(), "ghsa");
        assert_eq!(rating.cvss.as_ref().unwrap().version, "4.0");
        assert_eq!(report.observations[1].fix.state, FixState::NotFixed);
        assert_eq!(report.observations[1].severity, Severity::Unknown);
        assert_eq!((report.entries, report.unreadable()), (4, 1));
        assert_eq!(report.observations.len(), 3);
    }

    #[test]
    fn whose_advisory_matched_is_the_entrys_source() {
        let report = crate::formats::read(SBOM.as_bytes()).unwrap();
        let observations = report.observations.iter();
        let sources: Vec<_> = observations.map(|o| o.advisory_source).collect();
        assert_eq!(
            sources,
            [
                Some(AdvisorySource::Github),
                Some(AdvisorySource::Ecosystem),
                Some(AdvisorySource::Distribution)
            ]
        );
    }

    #[test]
    fn a_score_of_exploitation_is_kept_with_its_id() {
        let report = crate::formats::read(SBOM.as_bytes()).unwrap();
        let epss = |id: &str| {
            report.advisories[&crate::model::AdvisoryId::new(id)]
                .epss
                .clone()
        };
        assert_eq!(epss("CVE-2025-10001"), Epss::new(0.1, None, ""));
        assert!(epss("CVE-2025-10001").is_some());
        assert_eq!(epss("CVE-2025-10002"), None);
    }

    #[test]
    fn the_image_is_named_by_all_its_digests() {
        let target = crate::formats::read(SBOM.as_bytes()).unwrap().target;
        assert_eq!(target.name.as_deref(), Some("acme/app:1.0"));
        assert_eq!(target.manifest_digest.as_deref(), Some("sha256:aa"));
        assert_eq!(target.config_digest.as_deref(), Some("sha256:bb"));
        assert_eq!(target.diff_ids, ["sha256:cc", "sha256:dd"]);
        assert_eq!(target.platform.as_deref(), Some("linux/arm/v7"));
        assert_eq!(target.distro.unwrap().version, "3.22");
    }

    #[test]
    fn a_list_of_packages_says_that_it_holds_no_findings() {
        let report = crate::formats::read(
            br#"{"artifacts": [], "source": {}, "attestations": [], "descriptor": {"name": "docker-scout"}}"#,
        )
        .unwrap();
        assert_eq!((report.entries, report.observations.len()), (0, 0));
        assert_eq!(report.diagnostics.len(), 1);
    }

    #[test]
    fn damaged_reports_never_panic() {
        survives_damage(SBOM);
    }
}
