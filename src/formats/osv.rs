//! OSV-Scanner JSON, versions 1 and 2: packages with the OSV records that concern them.

mod documents;

use self::documents::{
    Affected, Document, Group, LayerMetadata, PackageInfo, PackageResult, Record, SeverityEntry,
    SourceResult,
};
use super::builder::{ReportBuilder, timestamp};
use super::{Format, advisory_source, ratings};
use crate::model::{
    Advisory, AdvisoryId, AdvisoryState, Cvss, Distro, Ecosystem, FixClaim, FixState, IdLink,
    IdRelation, InventoryScope, Location, Observation, Package, PackageIndex, Rating, RatingSource,
    ScannerId, ScannerReport, Severity, SourcePackage,
};

/// Reads an OSV-Scanner report. Its groups are not taken over: they join records by `upstream` too.
pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(
        ScannerId::new(ScannerId::OSV_SCANNER),
        Format::OsvScanner.title(),
    );
    let mut reader = Reader {
        layers: document
            .image_metadata
            .0
            .as_ref()
            .map(|image| image.layer_metadata.list())
            .unwrap_or_default(),
        distro: None,
        clean_packages: false,
        not_image_sources: 0,
        sources: 0,
    };
    for (pointer, source) in document.results.located("/results") {
        match source {
            Ok(source) => reader.read_source(&mut builder, source, &pointer),
            Err(why) => {
                builder.entries(1);
                builder.unreadable(pointer, why);
            }
        }
    }

    let report = builder.report();
    // Packages without vulnerabilities are listed only with --all-packages.
    report.inventory = if reader.clean_packages {
        InventoryScope::Complete
    } else {
        InventoryScope::VulnerableOnly
    };
    report.target.distro = reader.distro;
    report.target.diff_ids = reader
        .layers
        .iter()
        .filter_map(|layer| layer.diff_id.to_option())
        .collect();
    report.target.not_an_image = document.image_metadata.0.is_none()
        && reader.sources > 0
        && reader.sources == reader.not_image_sources;
    Ok(builder.finish())
}

struct Reader<'d> {
    layers: &'d [LayerMetadata<'d>],
    distro: Option<Distro>,
    /// A package is listed although nothing is wrong with it.
    clean_packages: bool,
    sources: usize,
    not_image_sources: usize,
}

impl Reader<'_> {
    fn read_source(
        &mut self,
        builder: &mut ReportBuilder,
        result: SourceResult<'_>,
        pointer: &str,
    ) {
        let source = result.source.0;
        self.sources += 1;
        if source
            .as_ref()
            .is_some_and(|source| matches!(source.kind.as_str(), "lockfile" | "git"))
        {
            self.not_image_sources += 1;
        }
        let path = source.as_ref().and_then(|source| source.path.get());
        for (pointer, package) in result.packages.located(&format!("{pointer}/packages")) {
            match package {
                Ok(package) => self.read_package(builder, package, path, &pointer),
                Err(why) => {
                    builder.entries(1);
                    builder.unreadable(pointer, why);
                }
            }
        }
    }

    fn read_package(
        &mut self,
        builder: &mut ReportBuilder,
        result: PackageResult<'_>,
        path: Option<&str>,
        pointer: &str,
    ) {
        let info = &result.package;
        if self.distro.is_none() {
            self.distro = distro(info.ecosystem.as_str());
        }
        if result.vulnerabilities.len() == 0
            && result.license_violations.iter().next().is_none()
            && info.deprecated.as_str() != "true"
        {
            self.clean_packages = true;
        }
        builder.entries(result.vulnerabilities.len());
        let list = format!("{pointer}/vulnerabilities");
        let package = self.package(info, path).map(|p| builder.package(p));
        for (pointer, record) in result.vulnerabilities.located(&list) {
            let read = record.and_then(|record| {
                let package = package.ok_or_else(|| "the package has no name".to_owned())?;
                let group = group_of(result.groups.list(), record.id.as_str());
                let observation = observation(builder, &record, info, group, package, &pointer)?;
                Ok((
                    observation,
                    group.and_then(|group| withheld(group, &record)),
                ))
            });
            match read {
                Ok((observation, Some(reason))) => builder.suppress(observation, reason, true),
                Ok((observation, None)) => builder.observe(observation),
                Err(why) => builder.unreadable(pointer, why),
            }
        }
    }

    fn package(&self, info: &PackageInfo<'_>, path: Option<&str>) -> Option<Package> {
        let layer = info
            .image_origin_details
            .0
            .as_ref()
            .and_then(|origin| origin.index)
            .and_then(|index| self.layers.get(index))
            .and_then(|layer| layer.diff_id.get());
        let ecosystem = Ecosystem::from_name(info.ecosystem.as_str());
        let mut package = match (info.name.get(), info.os_package_name.get()) {
            (Some(source), Some(installed)) => {
                let mut package = Package::new(ecosystem, installed, info.version.as_str());
                package.source = Some(SourcePackage {
                    name: source.to_owned(),
                    version: None,
                });
                package
            }
            (Some(name), None) => {
                let is_os = ecosystem.is_os();
                let mut package = Package::new(ecosystem, name, info.version.as_str());
                // Distribution records name source packages (OSV schema, "affected[].package").
                package.source_level = is_os;
                package
            }
            (None, Some(name)) => Package::new(ecosystem, name, info.version.as_str()),
            (None, None) => Package::new(ecosystem, path?, info.commit.get()?),
        };
        if package.ecosystem.is_os() {
            package.namespace = distro(info.ecosystem.as_str()).map(|distro| distro.family);
        }
        package.locations = Location::new(path, layer).into_iter().collect();
        Some(package)
    }
}

/// The distribution in an OSV ecosystem: `Debian:12`, `Alpine:v3.19`, `Ubuntu:22.04:LTS`.
fn distro(ecosystem: &str) -> Option<Distro> {
    let (family, release) = ecosystem.split_once(':')?;
    if !Ecosystem::from_name(family).is_os() {
        return None;
    }
    let version = release
        .split(':')
        .find(|part| part.contains(|c: char| c.is_ascii_digit()))
        .unwrap_or_default();
    Some(Distro {
        family: family.to_ascii_lowercase(),
        version: version.trim_start_matches('v').to_owned(),
        end_of_life: false,
    })
}

fn group_of<'g, 'a>(groups: &'g [Group<'a>], id: &str) -> Option<&'g Group<'a>> {
    groups
        .iter()
        .find(|group| group.ids.iter().any(|member| member == id))
}

/// Why OSV-Scanner itself leaves a record out of its count, if it does.
fn withheld(group: &Group<'_>, record: &Record<'_>) -> Option<&'static str> {
    let analysis = group
        .experimental_analysis
        .0
        .as_ref()?
        .get(record.id.as_str())?;
    if analysis.called.as_str() == "false" {
        Some("call analysis: the vulnerable code is not called")
    } else if analysis.unimportant.as_str() == "true" {
        Some("the distribution rates it as unimportant")
    } else {
        None
    }
}

fn observation(
    builder: &mut ReportBuilder,
    record: &Record<'_>,
    package: &PackageInfo<'_>,
    group: Option<&Group<'_>>,
    index: PackageIndex,
    pointer: &str,
) -> Result<Observation, String> {
    let id = ReportBuilder::id(record.id.as_str())?;
    if !builder.knows(&id) {
        builder.advisory(&id, advisory(record));
    }
    let affected: Vec<&Affected<'_>> = affected(record, package);
    let mut ratings = entry_ratings(&id, record, &affected, group);
    let score = group.and_then(|group| group.max_severity.0);
    let severity = match score.map(Severity::from_cvss_score) {
        Some(severity) if severity != Severity::Unknown => severity,
        _ => ratings
            .iter()
            .find(|rating| rating.label.is_some())
            .map(|rating| rating.severity)
            .unwrap_or_default(),
    };
    if severity != Severity::Unknown && ratings.iter().all(|rating| rating.severity != severity) {
        // The score of another record of the group, which the scanner shows for all of them.
        ratings.push(Rating {
            source: RatingSource::Scanner(ScannerId::OSV_SCANNER.to_owned()),
            severity,
            label: None,
            cvss: None,
        });
    }
    Ok(Observation {
        links: links(record, &id),
        advisory_source: advisory_source::osv(&id),
        id,
        package: index,
        severity,
        ratings,
        fix: fix(&affected),
        pointer: pointer.to_owned(),
    })
}

fn links(record: &Record<'_>, id: &AdvisoryId) -> Vec<IdLink> {
    let fields = [
        (&record.aliases, IdRelation::Alias, "aliases"),
        (&record.upstream, IdRelation::Upstream, "upstream"),
        (&record.related, IdRelation::Related, "related"),
    ];
    let mut links: Vec<IdLink> = Vec::new();
    for (ids, relation, field) in fields {
        for other in ids.iter().map(AdvisoryId::new) {
            if other != *id && links.iter().all(|link| link.id != other) {
                links.push(IdLink {
                    id: other,
                    relation,
                    field,
                });
            }
        }
    }
    links
}

fn advisory(record: &Record<'_>) -> Advisory {
    let state = if record.withdrawn.get().is_some() {
        AdvisoryState::Withdrawn
    } else {
        AdvisoryState::Active
    };
    let references = record.references.list();
    let url = references
        .iter()
        .find(|reference| reference.kind.as_str() == "ADVISORY")
        .or_else(|| references.first())
        .and_then(|reference| reference.url.to_option());
    Advisory {
        title: record.summary.to_option(),
        description: record.details.to_option(),
        url,
        cwes: record
            .database_specific
            .0
            .as_ref()
            .map(|specific| specific.cwe_ids.iter().map(str::to_owned).collect())
            .unwrap_or_default(),
        published: timestamp(record.published.as_str()),
        state,
        ..Advisory::default()
    }
}

/// The parts of a record about this package: in its very ecosystem release if there are any.
fn affected<'r, 'a>(record: &'r Record<'a>, package: &PackageInfo<'_>) -> Vec<&'r Affected<'a>> {
    let named = |entry: &&Affected<'_>| {
        entry
            .package
            .0
            .as_ref()
            .is_some_and(|affected| affected.name.as_str() == package.name.as_str())
    };
    let released = |entry: &&Affected<'_>| {
        entry
            .package
            .0
            .as_ref()
            .is_some_and(|affected| affected.ecosystem.as_str() == package.ecosystem.as_str())
    };
    let entries = record.affected.list();
    let exact: Vec<_> = entries.iter().filter(named).filter(released).collect();
    if exact.is_empty() && distro(package.ecosystem.as_str()).is_none() {
        entries.iter().filter(named).collect()
    } else {
        exact
    }
}

fn fix(affected: &[&Affected<'_>]) -> FixClaim {
    let versions = affected
        .iter()
        .flat_map(|entry| entry.ranges.list())
        // A fixed event of a GIT range is a commit.
        .filter(|range| range.kind.as_str() != "GIT")
        .flat_map(|range| range.events.list())
        .filter_map(|event| event.fixed.get());
    let otherwise = if affected.is_empty() {
        FixState::Unknown
    } else {
        FixState::NotFixed
    };
    FixClaim::from_versions(versions, otherwise)
}

fn entry_ratings(
    id: &AdvisoryId,
    record: &Record<'_>,
    affected: &[&Affected<'_>],
    group: Option<&Group<'_>>,
) -> Vec<Rating> {
    let mut ratings = Vec::new();
    let entries = record.severity.list();
    let is_vector = |entry: &&SeverityEntry<'_>| entry.kind.as_str().starts_with("CVSS");
    let vectors: Vec<&SeverityEntry<'_>> = entries.iter().filter(is_vector).collect();
    // The group's score is that of this record's vector only when there is nothing else in it.
    let score = group
        .filter(|group| vectors.len() == 1 && group.ids.iter().count() == 1)
        .and_then(|group| group.max_severity.0);
    let statements = vectors
        .iter()
        .filter_map(|entry| Cvss::new(entry.score.get(), score, ""))
        .collect();
    let word = record
        .database_specific
        .0
        .as_ref()
        .and_then(|specific| specific.severity.get());
    ratings::add(&mut ratings, &publisher(id), word.map(label), statements);

    for entry in entries.iter().filter(|entry| !is_vector(entry)) {
        if let (Some(source), Some(word)) = (entry.kind.get(), entry.score.get()) {
            let source = RatingSource::from_name(source);
            ratings::add(&mut ratings, &source, Some(label(word)), Vec::new());
        }
    }
    let urgency = affected
        .iter()
        .filter_map(|entry| entry.ecosystem_specific.0.as_ref())
        .find_map(|specific| specific.urgency.get());
    if let Some(word) = urgency {
        let debian = RatingSource::Distro("debian".to_owned());
        ratings::add(&mut ratings, &debian, Some(label(word)), Vec::new());
    }
    ratings
}

fn label(word: &str) -> (Severity, &str) {
    (Severity::from_label(word).unwrap_or_default(), word)
}

/// Who stands behind the CVSS vectors of a record. A distribution's record repeats those of the CVE
/// that it wraps, which are not the distribution's opinion.
fn publisher(id: &AdvisoryId) -> RatingSource {
    let scheme = id.as_str().split('-').next().unwrap_or_default();
    let database = match scheme {
        "GHSA" => "ghsa",
        "GO" => "govulndb",
        "RUSTSEC" => "rustsec",
        "PYSEC" => "pysec",
        "BIT" => "bitnami",
        _ => return RatingSource::Other("osv".to_owned()),
    };
    RatingSource::EcosystemDatabase(database.to_owned())
}

#[cfg(test)]
mod tests;
