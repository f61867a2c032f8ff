//! Everything that is known of one finding, in the words and the order in which the page shows it.
//!
//! The script only lays it out: which words to use is decided here, as for all other formats.

use serde::Serialize;

use super::table::{MOST_ROWS, first_lines};
use super::text::Texts;
use crate::model::report::Report;
use crate::model::{
    AliasAssertion, Attachment, Evidence, Finding, HostDriverEvidence, RuleMatch, VexEvidence,
};
use crate::report::{explain, links, phrases};

/// One finding.
#[derive(Serialize)]
pub(super) struct Detail {
    key: String,
    /// `CVE-2024-6345 in pypi/setuptools@65.5.1`.
    heading: String,
    title: String,
    /// What it comes to.
    facts: Vec<[Cell; 2]>,
    description: String,
    sections: Vec<Section>,
    /// The command that explains it; none where its id cannot be typed.
    command: Option<String>,
}

/// A list about one subject.
#[derive(Serialize)]
struct Section {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
    /// Rows that are left out.
    more: usize,
}

/// What stands in one place of a list. Line ends part lines.
#[derive(Serialize)]
#[serde(untagged)]
enum Cell {
    Text(String),
    /// A page on the web.
    Link {
        text: String,
        page: String,
    },
    /// Another finding of the report, by its key.
    Finding {
        finding: String,
    },
}

/// Says what is known.
pub(super) struct Details<'a> {
    report: &'a Report,
    texts: &'a mut Texts,
}

impl<'a> Details<'a> {
    pub(super) fn new(report: &'a Report, texts: &'a mut Texts) -> Self {
        Self { report, texts }
    }

    /// What is known of `finding`.
    pub(super) fn of(&mut self, finding: &Finding) -> Detail {
        let vulnerability = &finding.vulnerability;
        let sections = [
            self.scanners(finding),
            self.decision(finding),
            self.packages(finding),
            self.ids(finding),
            self.ratings(finding),
            self.fixes(finding),
            self.observations(finding),
            self.relations(finding),
        ];
        Detail {
            key: self.texts.shown(&finding.key),
            heading: self
                .texts
                .shown(&format!("{} in {}", vulnerability.id, finding.package)),
            title: self
                .texts
                .shown(vulnerability.title.as_deref().unwrap_or_default()),
            facts: self.facts(finding),
            description: self
                .texts
                .description(vulnerability.description.as_deref().unwrap_or_default()),
            sections: sections
                .into_iter()
                .filter(|section| !section.rows.is_empty())
                .collect(),
            command: command(vulnerability.id.as_str()),
        }
    }

    fn text(&mut self, text: &str) -> Cell {
        Cell::Text(self.texts.shown(text))
    }

    fn lines(&mut self, lines: impl IntoIterator<Item = String>) -> Cell {
        let lines = first_lines(lines.into_iter().collect());
        let lines: Vec<String> = lines.iter().map(|line| self.texts.shown(line)).collect();
        Cell::Text(lines.join("\n"))
    }

    /// The text, as a link where the address can be one.
    fn link(&mut self, text: &str, page: Option<String>) -> Cell {
        let text = self.texts.shown(text);
        match page {
            Some(page) => Cell::Link { text, page },
            None => Cell::Text(text),
        }
    }

    fn facts(&mut self, finding: &Finding) -> Vec<[Cell; 2]> {
        let vulnerability = &finding.vulnerability;
        let source = finding.severity.source.as_ref();
        let source = source.map_or_else(String::new, |source| format!(" ({})", source.name()));
        let severity = format!(
            "{}, {}{source}",
            phrases::severity(&finding.severity),
            finding.severity.rule
        );
        let decision = format!(
            "{}: {}",
            super::index::decision(finding),
            phrases::why(finding).join(" ")
        );
        let state = match vulnerability.state {
            crate::model::AdvisoryState::Active => None,
            crate::model::AdvisoryState::Disputed => Some("disputed by the supplier"),
            crate::model::AdvisoryState::Withdrawn => Some("withdrawn by its publisher"),
            crate::model::AdvisoryState::Rejected => Some("rejected by its numbering authority"),
        };
        let weaknesses = vulnerability.cwes.join(", ");
        let labels = finding.labels.join(", ");
        let facts = [
            ("Decision", Some(decision)),
            ("Severity", Some(severity)),
            ("Package", Some(phrases::package(finding))),
            ("Installed", Some(phrases::versions(finding))),
            ("Seen by", Some(phrases::seen_by(finding))),
            ("Exploitation", phrases::exploitation(finding)),
            ("State", state.map(str::to_owned)),
            ("Labels", Some(labels)),
            ("Weaknesses", Some(weaknesses)),
            ("Published", vulnerability.published.clone()),
            ("First seen", finding.first_seen.clone()),
        ];
        let mut facts: Vec<[Cell; 2]> = facts
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.filter(|text| !text.is_empty())?)))
            .map(|(name, text)| [self.text(name), self.text(&text)])
            .collect();
        if let Some(page) = links::page(vulnerability) {
            facts.push([self.text("More"), self.link(&page.clone(), Some(page))]);
        }
        facts
    }

    /// Each scanner's verdict, why, and where in its report.
    fn scanners(&mut self, finding: &Finding) -> Section {
        let rows = finding.verdicts.iter().map(|(scanner, verdict)| {
            let word = phrases::verdict_words(verdict.verdict);
            let cause = format!(
                "{} ({})",
                verdict.cause.describe(),
                verdict.strength.as_str()
            );
            vec![
                self.text(scanner.as_str()),
                self.text(word),
                self.lines([verdict.reason.clone(), cause]),
            ]
        });
        section("Scanners", &["Scanner", "Says", "Because"], rows)
    }

    fn decision(&mut self, finding: &Finding) -> Section {
        let mut rows = Vec::new();
        if let Some(decision) = &finding.decision {
            rows.push(self.rule("Decided by", &decision.rule));
            for rule in &decision.also {
                rows.push(self.rule("Also matches", rule));
            }
            for note in &decision.notes {
                rows.push(vec![self.text("Note"), self.text(note), self.text("")]);
            }
        }
        section("Decision", &["Part", "Rule", "With"], rows.into_iter())
    }

    fn rule(&mut self, role: &str, rule: &RuleMatch) -> Vec<Cell> {
        let first = [
            format!("{}: {}", rule.action.as_str(), rule.reason),
            format!("[{}]", rule.rule),
        ];
        let mut with = Vec::new();
        with.extend(rule.owner.as_ref().map(|owner| format!("owner {owner}")));
        if rule.expires.is_some() {
            let expiry = phrases::expiry(rule.expires.as_deref(), &self.report.evaluated_at);
            with.push(format!("until {expiry}"));
        }
        with.extend(
            rule.justification
                .map(|word| word.as_str().replace('_', " ")),
        );
        with.extend(rule.evidence.iter().flat_map(evidence_lines));
        let reference = rule.reference.as_deref();
        let page = reference.and_then(links::web_address).map(str::to_owned);
        let with = match (reference, with.is_empty()) {
            (Some(reference), true) => self.link(reference, page),
            (reference, _) => {
                with.extend(reference.map(str::to_owned));
                self.lines(with)
            }
        };
        vec![self.text(role), self.lines(first), with]
    }

    fn packages(&mut self, finding: &Finding) -> Section {
        let rows = finding.instances.iter().map(|instance| {
            vec![
                self.text(&format!("{} {}", instance.name, instance.version)),
                self.lines(explain::instance_lines(instance)),
            ]
        });
        section("Installed packages", &["Package", "Where"], rows)
    }

    fn ids(&mut self, finding: &Finding) -> Section {
        let vulnerability = &finding.vulnerability;
        let mut rows = Vec::new();
        for id in finding.ids() {
            let said = vulnerability
                .assertions
                .iter()
                .filter(|said| said.id == *id);
            let mut lines: Vec<String> = said.map(|said| self.assertion(said)).collect();
            lines.extend(explain::named_by(finding, id.as_str()));
            rows.push(vec![
                self.link(id.as_str(), links::page_of_id(id)),
                self.lines(lines),
            ]);
        }
        for id in &vulnerability.related {
            rows.push(vec![
                self.link(id.as_str(), links::page_of_id(id)),
                self.text(phrases::NOT_JOINED),
            ]);
        }
        section("Ids", &["Id", "Who says so"], rows.into_iter())
    }

    fn assertion(&self, said: &AliasAssertion) -> String {
        let relation = phrases::id_relation(said.relation);
        let place = self.place(said.scanner.as_str(), &said.pointer);
        format!(
            "{relation} {}, says {} (field {}) at {place}",
            said.alias, said.scanner, said.field
        )
    }

    fn ratings(&mut self, finding: &Finding) -> Section {
        let ratings = explain::distinct_ratings(finding).into_iter();
        let rows = ratings.map(|(rating, words)| {
            vec![
                self.text(rating.source.name()),
                self.text(rating.severity.as_str()),
                self.text(&words),
            ]
        });
        section("Severity ratings", &["Source", "Severity", "Words"], rows)
    }

    fn fixes(&mut self, finding: &Finding) -> Section {
        let claims = phrases::fix_claims(finding).into_iter();
        let rows =
            claims.map(|(scanner, claim)| vec![self.text(scanner.as_str()), self.text(&claim)]);
        section("Fixes", &["Scanner", "Says"], rows)
    }

    fn observations(&mut self, finding: &Finding) -> Section {
        let rows = finding.observations.iter().map(|observation| {
            let package = format!("{} {}", observation.package, observation.version);
            let covering = match observation.attachment {
                Attachment::Direct => None,
                Attachment::Covering => Some("covers several vulnerabilities".to_owned()),
            };
            let rule = observation.package_rule.describe().to_owned();
            let place = self.place(observation.scanner.as_str(), &observation.pointer);
            vec![
                self.text(observation.scanner.as_str()),
                self.lines([observation.id.to_string()].into_iter().chain(covering)),
                self.lines([package, rule]),
                self.text(observation.severity.as_str()),
                self.text(&place),
            ]
        });
        let head = &[
            "Scanner",
            "Id",
            "Package",
            "Severity",
            "Place in its report",
        ];
        section("Observations", head, rows)
    }

    fn relations(&mut self, finding: &Finding) -> Section {
        let rows = finding.relations.iter().map(|relation| {
            vec![
                self.text(relation.kind.as_str()),
                Cell::Finding {
                    finding: self.texts.shown(&relation.finding),
                },
                self.text(&format!(
                    "{} ({})",
                    relation.evidence,
                    relation.strength.as_str()
                )),
            ]
        });
        section("Related findings", &["Kind", "Finding", "Evidence"], rows)
    }

    /// A place in a scanner's raw report: `raw/trivy.json#/Results/0`.
    fn place(&self, scanner: &str, pointer: &str) -> String {
        let mut scanners = self.report.scanners.iter();
        let summary = scanners.find(|summary| summary.id.as_str() == scanner);
        let file = summary.map_or(scanner, |summary| summary.source.as_str());
        format!("{file}#{pointer}")
    }
}

/// The first rows, and how many more there are.
fn section(
    title: &'static str,
    head: &'static [&'static str],
    mut rows: impl ExactSizeIterator<Item = Vec<Cell>>,
) -> Section {
    Section {
        title,
        head,
        rows: rows.by_ref().take(MOST_ROWS).collect(),
        more: rows.len(),
    }
}

/// What a decision rests on, line by line.
pub(super) fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    match evidence {
        Evidence::Vex(evidence) => {
            let VexEvidence {
                document,
                author,
                timestamp,
                status,
                pointer,
            } = evidence;
            let author = author
                .as_ref()
                .map_or_else(String::new, |name| format!(" by {name}"));
            let time = timestamp
                .as_ref()
                .map_or_else(String::new, |time| format!(" of {time}"));
            let status = status.as_str().replace('_', " ");
            vec![format!(
                "VEX statement \"{status}\"{author}{time}: {document}#{pointer}"
            )]
        }
        Evidence::HostDriver(evidence) => {
            let HostDriverEvidence {
                vulnerability,
                component,
                bulletin,
                data_date,
                hosts,
            } = evidence;
            let component = component.replace('_', " ");
            let bulletin = format!(
                "NVIDIA's bulletin {bulletin} on {vulnerability} ({component} of the driver), \
                 bulletins complete up to {data_date}"
            );
            let hosts = hosts.iter().map(|host| {
                format!(
                    "host driver {} ({}, from {}): fixed since {}",
                    host.version, host.branch, host.origin, host.fixed
                )
            });
            std::iter::once(bulletin).chain(hosts).collect()
        }
    }
}

/// The command that tells the same in a terminal; only for ids that need no quoting in any shell.
fn command(id: &str) -> Option<String> {
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    (is_plain && id.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .then(|| format!("crosscheck explain RUN {id}"))
}
