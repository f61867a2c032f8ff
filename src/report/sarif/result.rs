//! A finding as a result.

use super::document::{
    ArtifactLocation, Decision, Fingerprints, Level, Location, LogicalLocation, Message,
    PhysicalLocation, Region, ResultItem, ResultProperties, Suppression,
};
use super::limits::{Listed, PLACES, TEXT};
use super::place::{self, Place};
use super::score;
use super::text::{line_or, message};
use crate::model::report::Report;
use crate::model::{Action, Distro, Finding, Instance, Package, Severity};
use crate::report::escape::line;
use crate::report::{identity, phrases, purls};

/// What results have in common.
pub(super) struct Results<'a> {
    report: &'a Report,
    repository: String,
    /// Whether suppressed results may be among them. If one result says whether it is, all have to
    /// (§3.27.23).
    with_suppressions: bool,
}

impl<'a> Results<'a> {
    pub(super) fn new(report: &'a Report, with_suppressions: bool) -> Self {
        Self {
            report,
            repository: identity::repository(&report.target),
            with_suppressions,
        }
    }

    /// The result of a finding whose rule has that id and ordinal.
    pub(super) fn result(
        &self,
        listed: &Listed<'a>,
        rule_id: &str,
        rule_index: usize,
    ) -> ResultItem {
        let finding = listed.finding;
        let mut places = place::places(finding, &self.repository);
        let left_out = places.len().saturating_sub(PLACES);
        places.truncate(PLACES);
        let places = places.into_iter();
        let mut locations: Vec<Location> = places.map(|place| location(finding, place)).collect();
        if locations.is_empty() {
            locations.push(nowhere(finding, &self.repository));
        }
        ResultItem {
            rule_id: rule_id.to_owned(),
            rule_index,
            level: level(finding),
            message: Message {
                text: message(&sentence(finding, rule_id)),
            },
            locations,
            partial_fingerprints: Fingerprints {
                // In the form that GitHub's own action gives them.
                primary_location_line_hash: format!("{}:1", listed.fingerprint),
            },
            suppressions: self.with_suppressions.then(|| suppressions(finding)),
            properties: self.properties(finding, left_out),
        }
    }

    fn properties(&self, finding: &Finding, places_left_out: usize) -> ResultProperties {
        let instances = || finding.instances.iter().take(PLACES);
        let distro = self.report.target.distro.as_ref();
        let mut installed: Vec<String> = instances()
            .map(|instance| line(&format!("{} {}", instance.name, instance.version), TEXT))
            .collect();
        installed.sort();
        installed.dedup();
        let mut purls: Vec<String> = instances()
            .filter_map(|instance| package_url(finding, instance, distro))
            .filter(|purl| purl.len() <= TEXT)
            .collect();
        purls.sort();
        purls.dedup();
        let verdicts = finding.verdicts.iter().take(PLACES);
        ResultProperties {
            finding: line(&finding.key, TEXT),
            severity: finding.severity.level.as_str(),
            security_severity: score::score(finding).map(score::text),
            disputed: phrases::disputed_range(&finding.severity),
            decision: finding.decision.as_ref().map(|decision| Decision {
                action: decision.action,
                rule: line(&decision.rule.rule, TEXT),
                reason: line(&decision.rule.reason, TEXT),
            }),
            scanners: verdicts
                .map(|(scanner, verdict)| (line(scanner.as_str(), TEXT), verdict.verdict.as_str()))
                .collect(),
            installed,
            purls,
            fixed_versions: lines(&finding.fix.versions),
            labels: lines(&finding.labels),
            first_seen: finding.first_seen.as_deref().map(|day| line(day, TEXT)),
            places_left_out,
        }
    }
}

/// The package URL of an installed package. The one that a scanner gives may spell another name or
/// version than the package that it was taken for, and a reader would take it for another one.
fn package_url(finding: &Finding, instance: &Instance, distro: Option<&Distro>) -> Option<String> {
    let given = instance.purl.as_deref().filter(|purl| {
        Package::from_purl(purl).is_some_and(|package| {
            // Package URLs of some kinds are in lower case throughout.
            package.name.eq_ignore_ascii_case(&instance.name) && package.version == instance.version
        })
    });
    let ecosystem = &finding.package.ecosystem;
    let purl = purls::package_url(given, ecosystem, &instance.name, &instance.version, distro);
    purl.map(|purl| purl.to_string())
}

fn lines(texts: &[String]) -> Vec<String> {
    let texts = texts.iter().take(PLACES);
    texts.map(|text| line(text, TEXT)).collect()
}

/// The level that the decision gives, or the severity where there is none.
pub(super) fn level(finding: &Finding) -> Level {
    match finding.decision.as_ref().map(|decision| decision.action) {
        Some(Action::Block) => Level::Error,
        Some(Action::Warn) => Level::Warning,
        Some(Action::Track | Action::Ignore) => Level::Note,
        None => match finding.severity.level {
            Severity::Critical | Severity::High => Level::Error,
            Severity::Medium => Level::Warning,
            Severity::Low | Severity::Negligible | Severity::Unknown => Level::Note,
        },
    }
}

/// What is the matter, in one line.
fn sentence(finding: &Finding, id: &str) -> String {
    let package = phrases::package(finding);
    let versions = phrases::versions(finding);
    let mut severity = phrases::severity(&finding.severity);
    let exploited = phrases::exploited(finding);
    let exploited = exploited.trim_end_matches("; ");
    if !exploited.is_empty() {
        severity.extend(["; ", exploited]);
    }
    let seen_by = phrases::seen_by(finding);
    let [reason, rule] = phrases::why(finding);
    let action = finding.decision.as_ref().map(|decision| decision.action);
    let action = action.map_or("", Action::as_str);
    let policy = format!("{action} {rule}: {reason}");
    let [package, versions, severity, seen_by, policy] =
        [package, versions, severity, seen_by, policy].map(|text| line(&text, TEXT));
    format!(
        "{id} in {package}: {versions}. Severity: {severity}. Seen by {seen_by}. Policy: {policy}"
    )
}

fn location(finding: &Finding, place: Place<'_>) -> Location {
    let instance = place.instance;
    let ecosystem = &finding.package.ecosystem;
    let full = match instance.version.as_str() {
        "" => format!("{ecosystem}/{}", instance.name),
        version => format!("{ecosystem}/{}@{version}", instance.name),
    };
    at(place.uri, &instance.name, &full)
}

/// The location of a finding that lists nothing installed.
fn nowhere(finding: &Finding, repository: &str) -> Location {
    let uri = place::package(finding, repository);
    at(uri, &finding.package.name, &finding.package.to_string())
}

fn at(uri: String, name: &str, fully_qualified_name: &str) -> Location {
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri },
            region: Region::NOWHERE,
        },
        logical_locations: vec![LogicalLocation {
            name: line_or(name, TEXT, "unnamed package"),
            fully_qualified_name: line(fully_qualified_name, TEXT),
            kind: "package",
        }],
    }
}

/// Why an ignored finding is ignored.
fn suppressions(finding: &Finding) -> Vec<Suppression> {
    let decision = finding.decision.as_ref();
    let ignored = decision.filter(|decision| decision.action == Action::Ignore);
    let rule = ignored.map(|decision| &decision.rule);
    let suppression = rule.map(|rule| Suppression {
        kind: "external",
        status: "accepted",
        justification: line(&phrases::grounds(rule), TEXT),
    });
    suppression.into_iter().collect()
}
