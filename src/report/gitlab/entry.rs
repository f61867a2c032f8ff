//! A finding as an entry of GitLab's report.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::document::{
    Dependency, Detail, Field, Flag, Identifier, Link, Location, Named, Vector, Vulnerability,
};
use crate::model::report::Report;
use crate::model::{
    Action, AdvisoryId, Cvss, Decision, Evidence, Finding, FixState, Severity, VexStatus,
};
use crate::report::escape::{line, markdown};
use crate::report::{identity, links, phrases, purls};

/// Characters of a text without a limit of its own.
pub(super) const TEXT: usize = 1_000;
/// Characters of a name (`maxLength` of the schema).
const NAME: usize = 255;
/// Characters of a description before it is escaped; the schema's limit is a hundred times that.
const DESCRIPTION: usize = 10_000;
/// Identifiers of an entry: GitLab keeps no more.
const IDENTIFIERS: usize = 20;
/// Vectors of an entry (`maxItems` of the schema).
const VECTORS: usize = 10;
/// Rows of a table, and versions of a fix.
const ROWS: usize = 100;

/// `text` as one line, or `otherwise` where the schema wants some and there is none.
pub(super) fn named(text: &str, otherwise: &str) -> String {
    match line(text, TEXT) {
        line if line.is_empty() => otherwise.to_owned(),
        line => line,
    }
}

/// The findings that GitLab takes for one, by the vulnerability's id and the package's name.
type Copies<'a> = HashMap<(&'a AdvisoryId, &'a str), Vec<&'a Finding>>;

/// Groups the findings of a report by what GitLab tells them apart by.
pub(super) fn copies(report: &Report) -> Copies<'_> {
    let mut copies = Copies::new();
    for finding in &report.findings {
        copies
            .entry(identity_of(finding))
            .or_default()
            .push(finding);
    }
    copies
}

fn identity_of(finding: &Finding) -> (&AdvisoryId, &str) {
    (&finding.vulnerability.id, &finding.package.name)
}

/// What entries have in common.
pub(super) struct Entries<'a> {
    pub(super) report: &'a Report,
    pub(super) image: String,
    pub(super) operating_system: String,
    pub(super) copies: Copies<'a>,
}

impl Entries<'_> {
    /// The entry of a finding with that fingerprint.
    pub(super) fn entry(&self, finding: &Finding, fingerprint: &str) -> Vulnerability<'_> {
        let vulnerability = &finding.vulnerability;
        let package = named(&finding.package.name, "unnamed package");
        let title = vulnerability.title.as_deref().unwrap_or_default();
        let name = match line(title, NAME) {
            title if title.is_empty() => line(&format!("{} in {package}", vulnerability.id), NAME),
            title => title,
        };
        Vulnerability {
            id: identity::uuid(fingerprint.as_bytes()),
            name,
            description: self.description(finding),
            severity: severity(finding.severity.level),
            solution: solution(finding, &package),
            identifiers: identifiers(finding),
            cvss_vectors: vectors(finding),
            links: links::page(vulnerability)
                .map(|url| Link { url })
                .into_iter()
                .collect(),
            details: self.details(finding, &package),
            flags: flag(finding).into_iter().collect(),
            location: Location {
                dependency: Dependency {
                    package: Named { name: package },
                    version: line(version(finding), TEXT),
                },
                operating_system: &self.operating_system,
                image: &self.image,
            },
        }
    }

    /// GitLab shows it as Markdown.
    fn description(&self, finding: &Finding) -> String {
        let mut paragraphs = Vec::new();
        if let Some(decision) = ignored(finding) {
            let text = format!(
                "Ignored by the policy: {}",
                phrases::grounds(&decision.rule)
            );
            paragraphs.push(markdown(&line(&text, TEXT)));
        }
        let description = finding.vulnerability.description.as_deref();
        paragraphs.push(markdown(&line(
            description.unwrap_or_default(),
            DESCRIPTION,
        )));
        if let Some(others) = self.others(finding) {
            paragraphs.push(markdown(&format!("Also installed: {others}")));
        }
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        paragraphs.join("\n\n")
    }

    /// The other findings that GitLab takes for this one, by kind and version.
    fn others(&self, finding: &Finding) -> Option<String> {
        let copies = self.copies.get(&identity_of(finding))?;
        let others: BTreeSet<String> = copies
            .iter()
            .filter(|other| other.key != finding.key)
            .take(ROWS)
            .map(|other| {
                format!(
                    "{}/{} {}",
                    other.package.ecosystem,
                    other.package.name,
                    version(other)
                )
            })
            .collect();
        let others: Vec<String> = others.into_iter().collect();
        (!others.is_empty()).then(|| line(&others.join(", "), TEXT))
    }

    fn details(&self, finding: &Finding, package: &str) -> BTreeMap<&'static str, Field> {
        let text = |text: &str| Detail::Text {
            value: line(text, TEXT),
        };
        let mut details = BTreeMap::new();
        let mut add = |key, name, detail| details.insert(key, Field { name, detail });
        if let Some(decision) = &finding.decision {
            let decision = format!(
                "{}: {}",
                decision.action.as_str(),
                phrases::grounds(&decision.rule)
            );
            add("decision", "Policy", text(&decision));
        }
        let rated = phrases::severity(&finding.severity);
        add("severity", "Severity", text(&rated));
        if let Some(exploitation) = phrases::exploitation(finding) {
            add("exploitation", "Exploitation", text(&exploitation));
        }
        if let Some(others) = self.others(finding) {
            add("others", "Also installed", text(&others));
        }
        // By which the entry can be read back: GitLab has no place for the kind of a package.
        let purl = purls::package_url(
            None,
            &finding.package.ecosystem,
            package,
            version(finding),
            self.report.target.distro.as_ref(),
        );
        if let Some(purl) = purl
            .map(|purl| purl.to_string())
            .filter(|purl| purl.len() <= TEXT)
        {
            add("purl", "Package URL", Detail::Text { value: purl });
        }
        let verdicts = finding.verdicts.iter().take(ROWS);
        let verdicts = verdicts.map(|(scanner, verdict)| {
            let words = phrases::verdict_words(verdict.verdict);
            [scanner.as_str(), words, verdict.reason.as_str()]
                .map(text)
                .into()
        });
        let verdicts: Vec<Vec<Detail>> = verdicts.collect();
        if !verdicts.is_empty() {
            let header = ["Scanner", "Verdict", "Reason"].map(text).into();
            let rows = verdicts;
            add("scanners", "Scanners", Detail::Table { header, rows });
        }
        let installed = finding.instances.iter().take(ROWS);
        let installed = installed.map(|instance| {
            let place = instance.locations.iter();
            let place = place.filter_map(|location| location.path.as_deref());
            let cells = [&instance.name, &instance.version, place.min().unwrap_or("")];
            cells.map(text).into()
        });
        let installed: Vec<Vec<Detail>> = installed.collect();
        if !installed.is_empty() {
            let header = ["Package", "Version", "Place"].map(text).into();
            let rows = installed;
            add(
                "installed",
                "Installed packages",
                Detail::Table { header, rows },
            );
        }
        details
    }
}

/// The first installed version: all of a group are of one source version.
fn version(finding: &Finding) -> &str {
    let instance = finding.instances.first();
    let installed = instance.map(|instance| instance.version.as_str());
    let group = finding.package.version.as_deref();
    installed.or(group).unwrap_or_default()
}

fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low | Severity::Negligible => "Low",
        Severity::Unknown => "Unknown",
    }
}

/// The sentence of GitLab's own analyzer, where there is a version to upgrade to.
fn solution(finding: &Finding, package: &str) -> Option<String> {
    let fix = &finding.fix;
    let stated = match &fix.recommended {
        Some(version) => std::slice::from_ref(version),
        None => fix.versions.get(..ROWS).unwrap_or(&fix.versions),
    };
    let versions = line(&stated.join(", "), TEXT);
    if !versions.is_empty() {
        return Some(format!("Upgrade {package} to {versions}"));
    }
    let state = phrases::fix_state(fix.state);
    (fix.state != FixState::Unknown).then(|| format!("No solution: {state}"))
}

/// The vulnerability's own id first, by which GitLab knows it again.
fn identifiers(finding: &Finding) -> Vec<Identifier> {
    let vulnerability = &finding.vulnerability;
    let ids = std::iter::once(&vulnerability.id).chain(&vulnerability.aliases);
    let ids = ids.map(|id| {
        let text = named(id.as_str(), "unnamed vulnerability");
        Identifier {
            kind: kind(id.as_str()),
            name: text.clone(),
            value: text,
            url: links::page_of_id(id),
        }
    });
    let cwes: BTreeSet<u32> = vulnerability
        .cwes
        .iter()
        .filter_map(|cwe| links::weakness(cwe))
        .collect();
    let cwes = cwes.into_iter().map(|number| Identifier {
        kind: "cwe".to_owned(),
        name: format!("CWE-{number}"),
        value: number.to_string(),
        url: Some(format!(
            "https://cwe.mitre.org/data/definitions/{number}.html"
        )),
    });
    ids.chain(cwes).take(IDENTIFIERS).collect()
}

/// The scheme of an id as GitLab writes it: `cve`, `ghsa`, `usn`.
fn kind(id: &str) -> String {
    let scheme = id.split(['-', ':']).next().unwrap_or_default();
    let is_word =
        (1..=32).contains(&scheme.len()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_word {
        scheme.to_ascii_lowercase()
    } else {
        "other".to_owned()
    }
}

/// The vectors that the schema takes: valid ones of CVSS 2.0, 3.0 and 3.1.
fn vectors(finding: &Finding) -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    for rating in &finding.ratings {
        let vector = rating.cvss.as_ref().and_then(vector);
        let Some(vector) = vector else { continue };
        let vector = Vector {
            vendor: named(rating.source.name(), "unknown"),
            vector,
        };
        if vectors.len() < VECTORS && !vectors.contains(&vector) {
            vectors.push(vector);
        }
    }
    vectors
}

fn vector(cvss: &Cvss) -> Option<String> {
    let stated = cvss.vector.as_deref()?;
    let (text, shortest) = match cvss.version.as_str() {
        "2.0" => {
            let plain = stated.trim_start_matches('(').trim_end_matches(')');
            let plain = plain.strip_prefix("CVSS:2.0/").unwrap_or(plain);
            (plain.to_owned(), 16)
        }
        "3.0" | "3.1" if stated.starts_with("CVSS:3.") => (stated.to_owned(), 32),
        version @ ("3.0" | "3.1") => (format!("CVSS:{version}/{stated}"), 32),
        _ => return None,
    };
    let is_valid = Cvss::new(Some(&text), None, &cvss.version)?
        .computed()?
        .is_ok();
    let fits = (shortest..=128).contains(&text.len()) && !text.ends_with('/');
    (is_valid && fits).then_some(text)
}

fn ignored(finding: &Finding) -> Option<&Decision> {
    let decision = finding.decision.as_ref();
    decision.filter(|decision| decision.action == Action::Ignore)
}

/// The flag of a finding that is ignored because a VEX document calls it not affected.
fn flag(finding: &Finding) -> Option<Flag> {
    let rule = &ignored(finding)?.rule;
    let Some(Evidence::Vex(evidence)) = &rule.evidence else {
        return None;
    };
    (evidence.status == VexStatus::NotAffected).then(|| Flag {
        kind: "flagged-as-likely-false-positive",
        origin: named(&evidence.document, "VEX"),
        description: named(&rule.reason, "not affected"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_vectors_that_the_schema_takes_are_written() {
        let written = |vector: &str| {
            Cvss::new(Some(vector), None, "3.1").and_then(|cvss| super::vector(&cvss))
        };
        let long = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N";
        assert_eq!(written(long).as_deref(), Some(long));
        assert_eq!(written(&long[9..]).as_deref(), Some(long));
        let short = "AV:N/AC:L/Au:N/C:P/I:P/A:P";
        assert_eq!(written(&format!("({short})")).as_deref(), Some(short));
        for none in [
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "CVSS:3.1/AV:N",
            &format!("{long}/"),
            "<b>",
        ] {
            assert_eq!(written(none), None, "{none}");
        }
    }

    #[test]
    fn the_kind_of_an_identifier_is_its_scheme() {
        for (id, expected) in [
            ("CVE-2024-1", "cve"),
            ("GHSA-aaaa-bbbb-cccc", "ghsa"),
            ("npm:name:20160101", "npm"),
            ("", "other"),
            ("<b>-1", "other"),
        ] {
            assert_eq!(kind(id), expected);
        }
    }
}
