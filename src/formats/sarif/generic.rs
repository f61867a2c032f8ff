//! SARIF of a tool without dialect.
//!
//! A result is about a vulnerability when its rule is named after an advisory, or when the rule is
//! tagged `vulnerability` and its name has an advisory's shape. Everything else that tools write as
//! SARIF (lints, code smells, secrets) is not.

use crate::formats::entries::{OneOrMany, Text};
use crate::formats::infer;
use crate::model::{
    AdvisoryId, Ecosystem, FixClaim, FixState, IdLink, IdRelation, Location, Package, Rating,
    RatingSource, Severity,
};

use super::document::{Properties, field};
use super::{Entry, Reading, Rejected};

pub(super) fn read(entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
    let tagged = entry.rule.is_some_and(|rule| {
        rule.has_tag("vulnerability") && AdvisoryId::new(entry.rule_id).is_plausible()
    });
    let id = infer::leading_advisory(entry.rule_id)
        .or_else(|| tagged.then(|| AdvisoryId::new(entry.rule_id)))
        .ok_or(Rejected::NotAVulnerability)?;
    let (severity, label) = severity(entry);
    let ratings: Vec<Rating> = label
        .into_iter()
        .map(|label| Rating {
            source: RatingSource::Scanner(entry.scanner.as_str().to_owned()),
            severity,
            label: Some(label),
            cvss: None,
        })
        .collect();
    let links = links(entry, &id);
    let fixed = ["Fixed Version", "Fix Version", "Fixed version"]
        .into_iter()
        .find_map(|key| field(entry.result.text(), key))
        .unwrap_or_default();
    let fix = FixClaim::from_versions(fixed.split(','), FixState::Unknown);
    Ok(packages(entry)
        .into_iter()
        .map(|package| Reading {
            id: id.clone(),
            links: links.clone(),
            package,
            severity,
            ratings: ratings.clone(),
            fix: fix.clone(),
            advisory_source: None,
            epss: None,
            distro: None,
        })
        .collect())
}

/// The packages: of purls in the properties, of the message's lines or sentence, or else one that
/// bears the artifact's name, so that the finding is not lost.
fn packages(entry: &Entry<'_, '_>) -> Vec<Package> {
    let purls = [
        entry.result.properties.get(),
        entry.rule.and_then(|rule| rule.properties.get()),
    ]
    .into_iter()
    .flatten()
    .find_map(|properties| {
        let packages: Vec<Package> = purls(properties).filter_map(Package::from_purl).collect();
        (!packages.is_empty()).then_some(packages)
    });
    let uri = entry.result.uris().next().map(infer::percent_decoded);
    let location = Location::new(uri.as_deref(), None);
    let mut packages = purls.unwrap_or_else(|| {
        let (name, version) = named(entry).unwrap_or_default();
        if name.is_empty() {
            return vec![infer::unnamed_package(uri.as_deref())];
        }
        let ecosystem = infer::language(&name, uri.as_deref()).unwrap_or(Ecosystem::Generic);
        vec![Package::new(ecosystem, name, version)]
    });
    for package in &mut packages {
        package.locations.extend(location.clone());
    }
    packages
}

fn purls<'p>(properties: &'p Properties<'_>) -> impl Iterator<Item = &'p str> {
    [properties.purls.get(), properties.purl.get()]
        .into_iter()
        .flatten()
        .flat_map(OneOrMany::iter)
}

/// Name and version in `Package: x` and `Installed Version: y`, or in OSV-Scanner's `Package
/// 'x@y' is vulnerable to …`.
fn named(entry: &Entry<'_, '_>) -> Option<(String, String)> {
    let text = entry.result.text();
    if let Some(name) = field(text, "Package") {
        let version = field(text, "Installed Version").or_else(|| field(text, "Version"));
        return Some((name.to_owned(), version.unwrap_or_default().to_owned()));
    }
    let (_, rest) = text.split_once("Package '")?;
    let (package, _) = rest.split_once('\'')?;
    let (name, version) = package
        .rsplit_once('@')
        .filter(|(name, _)| !name.is_empty())
        .unwrap_or((package, ""));
    Some((name.to_owned(), version.to_owned()))
}

/// OSV-Scanner lists a rule's aliases as former ids.
fn links(entry: &Entry<'_, '_>, id: &AdvisoryId) -> Vec<IdLink> {
    let former = entry.rule.and_then(|rule| rule.deprecated_ids.get());
    let mut links: Vec<IdLink> = Vec::new();
    for other in former.into_iter().flat_map(OneOrMany::iter) {
        let other = AdvisoryId::new(other);
        let is_new = other != *id && links.iter().all(|link| link.id != other);
        if is_new && infer::has_advisory_scheme(&other) {
            links.push(IdLink {
                id: other,
                relation: IdRelation::Alias,
                field: "deprecatedIds",
            });
        }
    }
    links
}

/// The severity: in files of crosscheck the result's own word, else a tag that names one, else the
/// score that GitHub's code scanning shows (`security-severity`), else the level (SARIF §3.27.10).
fn severity(entry: &Entry<'_, '_>) -> (Severity, Option<String>) {
    let score = score(entry);
    // To other tools a result's `severity` is anything, such as that of a lint.
    let properties = entry.result.properties.get();
    let word = properties.filter(|_| entry.scanner.is_own());
    let word = word.and_then(|properties| properties.severity.get()?.to_option());
    let word = word.and_then(|word| Some((Severity::from_label(&word)?, word)));
    if let Some((severity, word)) =
        word.filter(|(severity, _)| *severity != Severity::Unknown || score.is_none())
    {
        return (severity, Some(word));
    }
    let tag = entry.rule.and_then(|rule| {
        rule.tags().find_map(|tag| {
            let severity = Severity::from_label(tag)?;
            (severity != Severity::Unknown).then(|| (severity, tag.to_owned()))
        })
    });
    if let Some((severity, tag)) = tag {
        return (severity, Some(tag));
    }
    if let Some(score) = score {
        return (Severity::from_cvss_score(score), Some(score.to_string()));
    }
    let configured = entry.rule.and_then(|rule| rule.default_configuration.get());
    let level = entry
        .result
        .level
        .get()
        .and_then(Text::to_option)
        .or_else(|| configured.and_then(|c| c.level.to_option()));
    let severity = match level.as_deref() {
        Some("error") => Severity::High,
        Some("warning") => Severity::Medium,
        Some("note") => Severity::Low,
        _ => Severity::Unknown,
    };
    (severity, level)
}

fn score(entry: &Entry<'_, '_>) -> Option<f64> {
    let rule = entry.rule.and_then(|rule| rule.properties.get());
    let stated = entry.result.properties.get().into_iter().chain(rule);
    stated
        .filter_map(|properties| properties.security_severity.get())
        .find_map(|number| number.0)
}
