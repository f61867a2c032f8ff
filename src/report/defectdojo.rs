//! DefectDojo's Generic Findings Import.
//!
//! One finding of theirs for each of ours, known again by [`identity::fingerprints`]: tag, severity and
//! text may change between two imports. An import fails as a whole on a member that it does not know,
//! so only members that are as old as the format are written; what newer ones would hold (EPSS, the
//! catalogue of exploited vulnerabilities) stands in the texts.
//!
//! What the policy decides becomes DefectDojo's states. A finding is active unless it is ignored; an
//! ignored one is a false positive where a VEX statement or a justified rule says that the image is not
//! affected or fixed, out of scope where the flaw is in the hosts' driver and not in the image, and an
//! accepted risk otherwise. Nothing is verified: no person looked at it.

mod texts;

use serde::{Serialize, Serializer};

use self::texts::{description, mitigation, references, severity_justification};
use super::json::write_json;
use super::{Description, claims, escape, identity, links, phrases, rating};
use crate::model::report::{Report, RunOutcome};
use crate::model::{
    Action, AdvisoryId, Cvss, Evidence, Finding, Instance, Outcome, ScannerId, Severity, VexStatus,
};

/// An import for DefectDojo.
pub(super) const FORMAT: Description = Description {
    name: "defectdojo",
    title: "findings for DefectDojo's generic import",
    file_name: "report.defectdojo.json",
    is_page: false,
    write: |report, _, out| write_json(&document(report), out),
    warnings: |report, _| warnings(report),
};

/// The most characters that DefectDojo's columns are sure to take.
mod limits {
    pub(super) const TITLE: usize = 500;
    pub(super) const COMPONENT: usize = 200;
    pub(super) const VERSION: usize = 100;
    pub(super) const PATH: usize = 4_000;
    pub(super) const ID: usize = 500;
    pub(super) const VULNERABILITY_ID: usize = 50;
    pub(super) const TAG: usize = 100;
    pub(super) const VECTOR: usize = 117;
}

#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    /// DefectDojo makes `crosscheck Scan (Generic Findings Import)` of it.
    #[serde(rename = "type")]
    tool: &'a str,
    version: &'a str,
    description: String,
    static_tool: bool,
    dynamic_tool: bool,
    findings: Findings<'a>,
}

/// The findings, made one after the other as they are written.
struct Findings<'a>(&'a Report);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.0.findings.iter();
        let fingerprints = identity::fingerprints(self.0);
        let named = findings.zip(fingerprints);
        serializer.collect_seq(named.map(|(finding, name)| item(self.0, finding, name)))
    }
}

#[derive(Serialize)]
struct Item {
    title: String,
    severity: &'static str,
    severity_justification: String,
    description: String,
    mitigation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    references: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publish_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cve: Option<String>,
    vulnerability_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cwe: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cvssv3: Option<String>,
    component_name: String,
    component_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<String>,
    unique_id_from_tool: String,
    vuln_id_from_tool: String,
    nb_occurences: usize,
    tags: Vec<String>,
    #[serde(flatten)]
    state: State,
    static_finding: bool,
    dynamic_finding: bool,
}

/// What DefectDojo shall think of a finding.
#[derive(Debug, Default, PartialEq, Serialize)]
struct State {
    active: bool,
    verified: bool,
    false_p: bool,
    out_of_scope: bool,
    risk_accepted: bool,
}

fn document(report: &Report) -> Document<'_> {
    Document {
        name: &report.tool.name,
        tool: &report.tool.name,
        version: &report.tool.version,
        description: summary(report),
        static_tool: true,
        dynamic_tool: false,
        findings: Findings(report),
    }
}

/// The image, the verdict, and whose results are missing, or in part.
fn summary(report: &Report) -> String {
    let mut lines = vec![report.target.reference.clone(), super::sentence(report)];
    lines.extend(report.verdict.insufficient.iter().cloned());
    for scanner in &report.scanners {
        if let Outcome::Failed(failure) = &scanner.outcome {
            let failure = phrases::failure(failure);
            lines.push(format!("{} gave no result: {failure}", scanner.id));
        }
    }
    for row in &report.accounting {
        let unreadable = phrases::unreadable_entries(row.unreadable);
        lines.extend(unreadable.map(|text| format!("{}: {text}", row.scanner)));
    }
    let lines: Vec<String> = lines.iter().map(|line| texts::safe(line)).collect();
    lines.join("\n\n")
}

fn item(report: &Report, finding: &Finding, fingerprint: String) -> Item {
    let vulnerability = &finding.vulnerability;
    let component = component(finding, |instance| &instance.name);
    let component = component.unwrap_or_else(|| finding.package.name.clone());
    let id = &vulnerability.id;
    Item {
        title: limited(&format!("{id} in {}", finding.package), limits::TITLE),
        severity: severity(finding.severity.level),
        severity_justification: severity_justification(finding),
        description: description(finding),
        mitigation: mitigation(finding),
        references: references(finding),
        date: day(finding.first_seen.as_deref()).or_else(|| day(Some(&report.evaluated_at))),
        publish_date: day(vulnerability.published.as_deref()),
        cve: finding.ids().find_map(AdvisoryId::cve).and_then(whole_id),
        // Longer ones stand in the description.
        vulnerability_ids: finding
            .ids()
            .filter_map(|id| whole_id(id.as_str()))
            .collect(),
        cwe: vulnerability
            .cwes
            .iter()
            .find_map(|cwe| links::weakness(cwe)),
        cvssv3: rating::cvss(finding, is_v3).and_then(vector),
        component_name: limited(&component, limits::COMPONENT),
        component_version: limited(
            &component_version(finding).unwrap_or_default(),
            limits::VERSION,
        ),
        file_path: path(finding).map(|path| limited(path, limits::PATH)),
        unique_id_from_tool: fingerprint,
        vuln_id_from_tool: limited(id.as_str(), limits::ID),
        nb_occurences: finding.instances.len().max(1),
        tags: tags(finding),
        state: state(finding),
        static_finding: true,
        dynamic_finding: false,
    }
}

fn limited(text: &str, limit: usize) -> String {
    escape::limited(text, limit).into_owned()
}

/// An id that fits; a part of one would be another.
fn whole_id(id: &str) -> Option<String> {
    let id = escape::terminal(id);
    (id.chars().count() <= limits::VULNERABILITY_ID).then(|| id.into_owned())
}

/// DefectDojo has no word for *not rated*: what nobody rated is `Info`, and the justification says so.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Negligible | Severity::Unknown => "Info",
    }
}

fn state(finding: &Finding) -> State {
    let ignored = finding.decision.as_ref();
    let Some(decision) = ignored.filter(|decision| decision.action == Action::Ignore) else {
        return State {
            active: true,
            ..State::default()
        };
    };
    match claims::most_cautious(decision) {
        Some((rule, VexStatus::NotAffected | VexStatus::Fixed)) => {
            let is_hosts = matches!(rule.evidence, Some(Evidence::HostDriver(_)));
            State {
                false_p: !is_hosts,
                out_of_scope: is_hosts,
                ..State::default()
            }
        }
        _ => State {
            risk_accepted: true,
            ..State::default()
        },
    }
}

/// Names of the installed packages, or their versions; `None` where there are none.
fn component(finding: &Finding, part: fn(&Instance) -> &String) -> Option<String> {
    let parts = finding.instances.iter().map(part);
    let names = phrases::names(parts.map(String::as_str).filter(|text| !text.is_empty()));
    (!names.is_empty()).then_some(names)
}

fn component_version(finding: &Finding) -> Option<String> {
    component(finding, |instance| &instance.version).or_else(|| finding.package.version.clone())
}

fn path(finding: &Finding) -> Option<&str> {
    let mut places = finding
        .instances
        .iter()
        .flat_map(|instance| &instance.locations);
    places.find_map(|place| place.path.as_deref())
}

fn day(moment: Option<&str>) -> Option<String> {
    phrases::utc_day(moment?).map(|day| day.to_string())
}

fn is_v3(cvss: &Cvss) -> bool {
    cvss.version.starts_with('3') && vector(cvss).is_some()
}

/// A vector that can be read, as it stands: DefectDojo refuses others.
fn vector(cvss: &Cvss) -> Option<String> {
    cvss.computed()?.ok()?;
    let vector = cvss.vector.as_deref()?;
    let fits = vector.starts_with("CVSS:3.") && vector.len() <= limits::VECTOR;
    fits.then(|| vector.to_owned())
}

/// Words to search by. A tag has neither blanks nor commas nor quotes.
fn tags(finding: &Finding) -> Vec<String> {
    let mut tags = vec![finding.package.ecosystem.to_string()];
    if let Some(decision) = &finding.decision {
        tags.push(decision.action.as_str().to_owned());
    }
    if finding.vulnerability.known_exploited {
        tags.push("known-exploited".to_owned());
    }
    tags.extend(finding.labels.iter().cloned());
    tags.extend(finding.reporters().map(|scanner| format!("by-{scanner}")));
    for tag in &mut tags {
        *tag = limited(tag, limits::TAG)
            .replace(|c: char| !(c.is_alphanumeric() || "-_.:".contains(c)), "_");
    }
    tags
}

/// What an import does that its file cannot say.
fn warnings(report: &Report) -> Vec<String> {
    let scanners = phrases::without_result(report);
    let scanners = phrases::names(scanners.into_iter().map(ScannerId::as_str));
    let missing = match (&*scanners, report.verdict.outcome) {
        ("", RunOutcome::Insufficient) => "too few results that can be trusted".to_owned(),
        ("", _) => return Vec::new(),
        (scanners, _) => format!("no result of {scanners}"),
    };
    vec![format!(
        "the DefectDojo import has {missing}: import it with close_old_findings=false, or findings \
         that only the missing results would show are closed as mended"
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_vectors_of_version_3_pass() {
        let passes = |text: &str, hint: &str| {
            let cvss = Cvss::new(Some(text), None, hint).filter(is_v3);
            cvss.is_some()
        };
        assert!(passes("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", ""));
        assert!(!passes("CVSS:3.1/AV:N", ""));
        assert!(!passes("AV:N/AC:L/Au:N/C:P/I:P/A:P", "2.0"));
        assert!(!passes("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "3.1"));
    }
}
