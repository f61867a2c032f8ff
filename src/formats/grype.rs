//! Grype JSON, from 0.7 to the current versions.

mod documents;

use self::documents::{Descriptor, Document, IgnoreRule, Match, Vulnerability};
use super::builder::{ReportBuilder, timestamp};
use super::entries::{Lenient, Number, Text};
use super::syft::LinuxRelease;
use super::{Format, advisory_source, ratings};
use crate::model::{
    Advisory, AdvisoryId, Cvss, Database, Epss, FixClaim, FixState, IdLink, IdRelation,
    InventoryScope, KevEntry, Observation, Rating, RatingSource, ScannerId, ScannerReport,
    Severity,
};

/// Reads a Grype report. Its package list holds matched packages only; a Syft inventory beside it
/// tells the rest.
pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(ScannerId::new(ScannerId::GRYPE), Format::Grype.title());
    builder.entries(document.matches.len() + document.ignored_matches.len());
    for (pointer, entry) in document.matches.located("/matches") {
        match entry.and_then(|entry| observation(&mut builder, &entry, &pointer)) {
            Ok(observation) => builder.observe(observation),
            Err(why) => builder.unreadable(pointer, why),
        }
    }
    for (pointer, entry) in document.ignored_matches.located("/ignoredMatches") {
        let read = entry.and_then(|entry| {
            let observation = observation(&mut builder, &entry, &pointer)?;
            Ok((observation, entry))
        });
        match read {
            Ok((observation, entry)) => {
                let rules = entry.applied_ignore_rules.list();
                builder.suppress(observation, reason(rules), by_default_rule(rules));
            }
            Err(why) => builder.unreadable(pointer, why),
        }
    }

    let report = builder.report();
    report.inventory = InventoryScope::VulnerableOnly;
    if let Some(source) = &document.source.0 {
        report.target = source.target();
    }
    report.target.distro = document.distro.0.as_ref().and_then(LinuxRelease::distro);
    if let Some(distro) = &mut report.target.distro {
        distro.end_of_life = document
            .alerts_by_package
            .list()
            .iter()
            .flat_map(|package| package.alerts.list())
            .any(|alert| alert.kind.as_str() == "distro-eol");
    }
    if let Some(descriptor) = &document.descriptor.0 {
        read_descriptor(&mut builder, descriptor);
    }
    Ok(builder.finish())
}

fn read_descriptor(builder: &mut ReportBuilder, descriptor: &Descriptor<'_>) {
    let report = builder.report();
    report.scanner_version = descriptor.version.to_option();
    report.created = timestamp(descriptor.timestamp.as_str());
    if let Some(db) = &descriptor.db.0 {
        let (built, version) = match &db.status.0 {
            Some(status) => (&status.built, &status.schema_version),
            None => (&db.built, &db.schema_version),
        };
        report.database = Some(Database {
            built: timestamp(built.as_str()),
            version: version.to_option(),
        });
    }
    let Some(configuration) = &descriptor.configuration.0 else {
        return;
    };
    let place = "/descriptor/configuration";
    if configuration.by_cve.as_str() == "true" {
        builder.note(
            format!("{place}/by-cve"),
            "Grype ran with --by-cve: advisories over several CVEs appear as one of them only; run \
             it without for a full comparison",
        );
    }
    // Grype turns both into ignore rules over fix states, and lists what they took out like all that
    // it ignores (`cmd/grype/cli/commands/root.go`): nothing is hidden, so no filter is stated.
    for (option, value) in [
        ("only-fixed", &configuration.only_fixed),
        ("only-notfixed", &configuration.only_notfixed),
    ] {
        if value.as_str() == "true" {
            builder.note(
                format!("{place}/{option}"),
                format!(
                    "Grype ran with --{option}: what this took out is among the matches that it \
                     withheld"
                ),
            );
        }
    }
}

fn observation(
    builder: &mut ReportBuilder,
    entry: &Match<'_>,
    pointer: &str,
) -> Result<Observation, String> {
    let vulnerability = &entry.vulnerability;
    let id = ReportBuilder::id(vulnerability.id.as_str())?;
    let package = builder.package(entry.artifact.package()?);
    let related = entry.related_vulnerabilities.list();
    // The description of a distribution's match usually stands in the related record of the same
    // id, so that an id is complete only once it has one.
    let news: Vec<(AdvisoryId, &Vulnerability<'_>)> = std::iter::once(vulnerability)
        .chain(related)
        .filter_map(|record| Some((ReportBuilder::id(record.id.as_str()).ok()?, record)))
        .filter(|(id, _)| !builder.describes(id))
        .collect();
    for (id, record) in news {
        builder.advisory(&id, advisory(record));
    }
    for record in std::iter::once(vulnerability).chain(related) {
        exploitation(builder, record);
    }
    let severity = builder.severity(vulnerability.severity.as_str(), pointer);
    Ok(Observation {
        links: links(entry, &id),
        ratings: entry_ratings(vulnerability, related),
        id,
        package,
        severity,
        fix: fix(vulnerability),
        advisory_source: advisory_source::grype(vulnerability.namespace.as_str()),
        pointer: pointer.to_owned(),
    })
}

/// The entry's other ids, each with the first field that gives it.
fn links(entry: &Match<'_>, id: &AdvisoryId) -> Vec<IdLink> {
    let vulnerability = &entry.vulnerability;
    let related = entry.related_vulnerabilities.list();
    let candidates = related
        .iter()
        .filter_map(|record| Some(("relatedVulnerabilities", record.id.to_option()?)))
        .chain(
            vulnerability
                .epss
                .list()
                .iter()
                .filter_map(|entry| Some(("epss.cve", entry.cve.to_option()?))),
        )
        .chain(
            vulnerability
                .cwes
                .list()
                .iter()
                .filter_map(|entry| Some(("cwes.cve", entry.cve.to_option()?))),
        )
        .chain(
            vulnerability
                .advisories
                .list()
                .iter()
                .filter_map(|advisory| Some(("advisories", advisory.id.to_option()?))),
        );
    let mut links: Vec<IdLink> = Vec::new();
    for (field, raw) in candidates {
        let other = AdvisoryId::new(&raw);
        if other.is_plausible() && other != *id && links.iter().all(|link| link.id != other) {
            links.push(IdLink {
                id: other,
                relation: IdRelation::Alias,
                field,
            });
        }
    }
    links
}

fn advisory(record: &Vulnerability<'_>) -> Advisory {
    let mut cwes: Vec<String> = Vec::new();
    for cwe in record.cwes.list().iter().filter_map(|c| c.cwe.to_option()) {
        if !cwes.contains(&cwe) {
            cwes.push(cwe);
        }
    }
    Advisory {
        description: record.description.to_option(),
        url: record
            .data_source
            .to_option()
            .or_else(|| record.urls.iter().next().map(str::to_owned)),
        cwes,
        ..Advisory::default()
    }
}

/// Records what a record tells of exploitation with the CVE that each entry names: one advisory can
/// cover several, and the score of one is not that of another.
fn exploitation(builder: &mut ReportBuilder, record: &Vulnerability<'_>) {
    let Ok(own) = ReportBuilder::id(record.id.as_str()) else {
        return;
    };
    let about = |cve: &Text<'_>| {
        cve.get()
            .map(AdvisoryId::new)
            .filter(|id| id.cve().is_some())
            .unwrap_or_else(|| own.clone())
    };
    for entry in record.epss.list() {
        let number = |number: &Lenient<Number>| number.get().and_then(|number| number.0);
        let date = entry.date.get().map_or("", Text::as_str);
        let epss =
            number(&entry.epss).and_then(|score| Epss::new(score, number(&entry.percentile), date));
        if let Some(epss) = epss {
            builder.epss(&about(&entry.cve), epss);
        }
    }
    for entry in record.known_exploited.list() {
        let entry = entry.get();
        let id = entry.map_or_else(|| own.clone(), |entry| about(&entry.cve));
        // A notice is about everything that it covers.
        if own.cve().is_none() && id != own {
            builder.advisory(&own, exploited(None));
        }
        let kev = entry.and_then(|entry| {
            KevEntry::new(
                entry.date_added.as_str(),
                entry.due_date.as_str(),
                entry.known_ransomware_campaign_use.as_str(),
            )
        });
        builder.advisory(&id, exploited(kev));
    }
}

fn exploited(kev: Option<KevEntry>) -> Advisory {
    Advisory {
        known_exploited: true,
        kev,
        ..Advisory::default()
    }
}

fn fix(vulnerability: &Vulnerability<'_>) -> FixClaim {
    let Some(fix) = &vulnerability.fix.0 else {
        let version = vulnerability.fixed_in_version.get();
        return FixClaim::from_versions(version, FixState::Unknown);
    };
    let otherwise = match fix.state.as_str() {
        "fixed" => FixState::Fixed,
        "not-fixed" => FixState::NotFixed,
        "wont-fix" => FixState::WontFix,
        // CPE matches have the empty text.
        _ => FixState::Unknown,
    };
    FixClaim::from_versions(fix.versions.iter(), otherwise)
}

/// The ratings of the entry's own record and of the related one. Where the entry bundles several
/// vulnerabilities (ALAS, ELSA), a related rating is about one of them only, and there is no telling
/// which once it stands on the bundle; so those are left out.
fn entry_ratings(own: &Vulnerability<'_>, related: &[Vulnerability<'_>]) -> Vec<Rating> {
    let mut ratings = Vec::new();
    add_ratings(&mut ratings, own);
    let one_flaw = related
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a.id.as_str() == b.id.as_str()));
    if one_flaw {
        for record in related {
            add_ratings(&mut ratings, record);
        }
    }
    ratings
}

fn add_ratings(ratings: &mut Vec<Rating>, record: &Vulnerability<'_>) {
    let own = rating_source(record);
    let mut by_source: Vec<(RatingSource, Vec<Cvss>)> = vec![(own.clone(), Vec::new())];
    for (source, statement) in statements(record, &own) {
        match by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, statements)) => statements.push(statement),
            None => by_source.push((source, vec![statement])),
        }
    }
    for (source, statements) in by_source {
        let label = record
            .severity
            .get()
            .filter(|_| source == own)
            .map(|word| (Severity::from_label(word).unwrap_or_default(), word));
        ratings::add(ratings, &source, label, statements);
    }
}

fn statements(record: &Vulnerability<'_>, own: &RatingSource) -> Vec<(RatingSource, Cvss)> {
    let plain = [(&record.cvss_v3, "3.0"), (&record.cvss_v2, "2.0")]
        .into_iter()
        .filter_map(|(cvss, version)| {
            let cvss = cvss.0.as_ref()?;
            let statement = Cvss::new(cvss.vector.get(), cvss.base_score.0, version)?;
            Some((own.clone(), statement))
        });
    record
        .cvss
        .list()
        .iter()
        .filter_map(|entry| {
            let score = entry.metrics.0.as_ref().and_then(|m| m.base_score.0);
            let statement = Cvss::new(entry.vector.get(), score, entry.version.as_str())?;
            let source = match entry.source.get() {
                None => own.clone(),
                Some(name) if name.eq_ignore_ascii_case("nvd@nist.gov") => RatingSource::Nvd,
                Some(name) => RatingSource::from_name(name),
            };
            Some((source, statement))
        })
        .chain(plain)
        .collect()
}

/// Who stands behind a record: `PROVIDER:distro:FAMILY:VERSION`, `github:language:LANGUAGE`,
/// `nvd:cpe`; before database schema 5 `FAMILY:VERSION`, `github:LANGUAGE`, `nvd`; and in the
/// earliest reports nothing but the address of the record.
fn rating_source(record: &Vulnerability<'_>) -> RatingSource {
    let Some(namespace) = record.namespace.get() else {
        let address = record
            .data_source
            .get()
            .or_else(|| record.urls.iter().next())
            .unwrap_or_default();
        return source_of_address(address);
    };
    let parts: Vec<&str> = namespace.split(':').collect();
    match parts.as_slice() {
        ["nvd", ..] => RatingSource::Nvd,
        ["github", ..] => RatingSource::EcosystemDatabase("ghsa".to_owned()),
        [provider, "distro", "windows", ..] => RatingSource::Other((*provider).to_owned()),
        [_, "distro", family, ..] | [family, _] => RatingSource::Distro(family_name(family)),
        [provider, "language", ..] => RatingSource::EcosystemDatabase((*provider).to_owned()),
        _ => RatingSource::from_name(namespace),
    }
}

/// A distribution's family in the spelling that ratings use whatever the scanner.
fn family_name(family: &str) -> String {
    match family.to_ascii_lowercase().as_str() {
        "rhel" => "redhat",
        "amzn" | "amazonlinux" => "amazon",
        "ol" | "oraclelinux" => "oracle",
        "almalinux" => "alma",
        "rockylinux" => "rocky",
        "sles" | "sled" => "suse",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn source_of_address(address: &str) -> RatingSource {
    let host = address
        .split_once("://")
        .map_or(address, |(_, rest)| rest)
        .split('/')
        .next()
        .unwrap_or_default();
    let distro = |family: &str| RatingSource::Distro(family.to_owned());
    match host {
        "nvd.nist.gov" => RatingSource::Nvd,
        "github.com" => RatingSource::EcosystemDatabase("ghsa".to_owned()),
        "security-tracker.debian.org" => distro("debian"),
        "people.ubuntu.com" | "ubuntu.com" => distro("ubuntu"),
        "access.redhat.com" => distro("redhat"),
        "alas.aws.amazon.com" => distro("amazon"),
        "linux.oracle.com" => distro("oracle"),
        "www.suse.com" => distro("suse"),
        _ => RatingSource::Scanner(ScannerId::GRYPE.to_owned()),
    }
}

/// Why a match was ignored: the rules' reasons, else what they match.
fn reason(rules: &[IgnoreRule<'_>]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for rule in rules {
        let reason = describe(rule);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        "ignored without a rule on record".to_owned()
    } else {
        reasons.join("; ")
    }
}

fn describe(rule: &IgnoreRule<'_>) -> String {
    if let Some(status) = rule.vex_status.get() {
        return match rule.vex_justification.get() {
            Some(justification) => format!("VEX {status}: {justification}"),
            None => format!("VEX {status}"),
        };
    }
    if let Some(reason) = rule.reason.get() {
        return reason.to_owned();
    }
    let package = rule.package.0.as_ref();
    if is_kernel_header_rule(rule) {
        return "default rule: a package of kernel headers only, matched through the kernel's source"
            .to_owned();
    }
    let parts: Vec<String> = [
        ("vulnerability", rule.vulnerability.get()),
        ("package", package.and_then(|p| p.name.get())),
        ("upstream", package.and_then(|p| p.upstream_name.get())),
        ("location", package.and_then(|p| p.location.get())),
        ("fix state", rule.fix_state.get()),
    ]
    .into_iter()
    .filter_map(|(what, value)| Some(format!("{what} {}", value?)))
    .collect();
    format!("ignore rule: {}", parts.join(", "))
}

/// True when only rules that ship with Grype applied.
fn by_default_rule(rules: &[IgnoreRule<'_>]) -> bool {
    !rules.is_empty()
        && rules
            .iter()
            .all(|rule| is_kernel_header_rule(rule) || is_matcher_rule(rule))
}

/// The built-in rules over packages of kernel headers name package and upstream, never a
/// vulnerability or a reason.
fn is_kernel_header_rule(rule: &IgnoreRule<'_>) -> bool {
    let Some(package) = &rule.package.0 else {
        return false;
    };
    rule.vulnerability.get().is_none()
        && rule.reason.get().is_none()
        && matches!(
            (package.name.as_str(), package.upstream_name.as_str()),
            ("kernel-headers", "kernel")
                | ("linux-libc-dev", "linux")
                | ("linux(-.*)?-headers-.*" | "linux-kbuild-.*", "linux.*")
        )
}

/// Rules that Grype's matchers make up from a distribution's own data during a scan.
fn is_matcher_rule(rule: &IgnoreRule<'_>) -> bool {
    matches!(
        rule.reason.as_str(),
        "DistroPackageFixed" | "Distro Not Vulnerable" | "Explicit APK NAK"
    )
}

#[cfg(test)]
mod tests;
