//! An explanation as text for a person: for each finding what joined its ids and packages, every
//! rating and fix claim, what each scanner says, and the decision; for two findings what keeps them
//! apart.

use std::collections::BTreeSet;
use std::io;

use super::Options;
use super::grid::Cell;
use super::phrases::{self, count};
use super::sheet::Sheet;
use super::theme::Tone;
use crate::explanation::{Apart, Explanation};
use crate::model::{
    AliasAssertion, Attachment, Finding, Instance, ObservationRecord, Rating, ScannerId,
};

/// Writes the explanation. The same arguments give the same bytes; `options` tell width and colour.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_explanation(
    explanation: &Explanation,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page {
        explanation,
        sheet: Sheet {
            width: options.width.max(Options::MIN_WIDTH),
            color: options.color,
            out: &mut out,
        },
    };
    for apart in &explanation.apart {
        page.apart(apart)?;
    }
    for finding in &explanation.findings {
        page.finding(finding)?;
    }
    page.withheld()?;
    io::Write::flush(&mut out)
}

/// What is written, and where to.
struct Page<'a> {
    explanation: &'a Explanation,
    sheet: Sheet<'a>,
}

impl Page<'_> {
    /// Why two findings are two.
    fn apart(&mut self, apart: &Apart) -> io::Result<()> {
        self.sheet
            .paragraph(format!("{} and {}", apart.a, apart.b), Some(Tone::Heading))?;
        let mut grid = self.sheet.list();
        for reason in &apart.reasons {
            let said = match (&reason.scanner, &reason.field) {
                (Some(scanner), Some(field)) => {
                    let pointer = reason.pointer.as_deref().unwrap_or_default();
                    vec![
                        format!("{scanner} {} (field {field})", reason.reason),
                        self.raw(scanner.as_str(), pointer),
                    ]
                }
                _ => vec![reason.reason.clone()],
            };
            grid.row([reason.guard.as_str().into(), Cell::lines(said)]);
        }
        grid.keep_whole(&[16]);
        self.sheet.grid(grid, |_| Tone::Plain)?;
        self.sheet.gap()
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let title = format!("{} in {}", finding.vulnerability.id, finding.package);
        self.sheet.paragraph(title, Some(Tone::Heading))?;
        if let Some(title) = &finding.vulnerability.title {
            self.sheet.paragraph(title.as_str(), None)?;
        }
        self.decision(finding)?;
        self.ids(finding)?;
        self.packages(finding)?;
        self.severity(finding)?;
        self.fixes(finding)?;
        self.scanners(finding)?;
        self.relations(finding)?;
        self.sheet.gap()
    }

    fn decision(&mut self, finding: &Finding) -> io::Result<()> {
        let Some(decision) = &finding.decision else {
            return Ok(());
        };
        self.sheet
            .heading(&format!("DECISION: {}", decision.action.as_str()))?;
        let mut grid = self.sheet.list();
        grid.row(["by".into(), phrases::why(finding).join(" ").into()]);
        let mut person = Vec::new();
        person.extend(
            decision
                .rule
                .owner
                .as_ref()
                .map(|owner| format!("owner {owner}")),
        );
        person.extend(
            decision
                .rule
                .expires
                .as_ref()
                .map(|day| format!("until {day}")),
        );
        person.extend(decision.rule.reference.clone());
        if !person.is_empty() {
            grid.row(["".into(), person.join(", ").into()]);
        }
        for rule in &decision.also {
            let text = format!("{}: {} [{}]", rule.action.as_str(), rule.reason, rule.rule);
            grid.row(["also".into(), text.into()]);
        }
        for note in &decision.notes {
            grid.row(["note".into(), note.as_str().into()]);
        }
        if !finding.labels.is_empty() {
            grid.row(["label".into(), finding.labels.join(", ").into()]);
        }
        if let Some(known) = phrases::exploitation(finding) {
            grid.row(["known".into(), known.into()]);
        }
        if let Some(seen) = &finding.first_seen {
            grid.row(["since".into(), format!("first seen {seen}").into()]);
        }
        grid.keep_whole(&[5]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    /// The ids of the class and who says that they belong to it.
    fn ids(&mut self, finding: &Finding) -> io::Result<()> {
        let vulnerability = &finding.vulnerability;
        self.sheet
            .heading(&format!("IDS ({})", 1 + vulnerability.aliases.len()))?;
        let mut grid = self.sheet.list();
        for id in finding.ids() {
            let mut lines: Vec<String> = vulnerability
                .assertions
                .iter()
                .filter(|assertion| assertion.id == *id)
                .flat_map(|assertion| self.assertion(assertion))
                .collect();
            if *id != id.unwrapped() {
                lines.push(format!("wraps {}, one to one", id.unwrapped()));
            }
            lines.extend(named_by(finding, id.as_str()));
            grid.row([id.as_str().into(), Cell::lines(lines)]);
        }
        for id in &vulnerability.related {
            grid.row([id.as_str().into(), phrases::NOT_JOINED.into()]);
        }
        grid.keep_whole(&[32]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    fn assertion(&self, assertion: &AliasAssertion) -> Vec<String> {
        let relation = phrases::id_relation(assertion.relation);
        let AliasAssertion {
            alias,
            scanner,
            field,
            pointer,
            ..
        } = assertion;
        let mut lines = vec![format!(
            "{relation} {alias}, says {scanner} (field {field})"
        )];
        if !pointer.is_empty() {
            lines.push(self.raw(scanner.as_str(), pointer));
        }
        lines
    }

    /// What is installed, and which rule put each scanner's name for it into the group.
    fn packages(&mut self, finding: &Finding) -> io::Result<()> {
        let installed = count(finding.instances.len(), "package", "packages");
        self.sheet
            .heading(&format!("PACKAGES ({installed} installed)"))?;
        let mut grid = self.sheet.list();
        for instance in &finding.instances {
            grid.row([
                format!("{} {}", instance.name, instance.version).into(),
                Cell::lines(instance_lines(instance)),
            ]);
        }
        grid.keep_whole(&[40]);
        self.sheet.grid(grid, |_| Tone::Plain)?;
        self.sheet.gap()?;
        let mut rules = self.sheet.list();
        let mut shown = BTreeSet::new();
        for observation in &finding.observations {
            let ObservationRecord {
                scanner,
                package,
                version,
                package_rule,
                ..
            } = observation;
            if shown.insert((scanner, package, version, package_rule)) {
                rules.row([
                    scanner.as_str().into(),
                    format!("{package} {version}: {}", package_rule.describe()).into(),
                ]);
            }
        }
        rules.keep_whole(&[14]);
        self.sheet.grid(rules, |_| Tone::Plain)
    }

    fn severity(&mut self, finding: &Finding) -> io::Result<()> {
        let severity = &finding.severity;
        self.sheet
            .heading(&format!("SEVERITY: {}", phrases::severity(severity)))?;
        let source = severity
            .source
            .as_ref()
            .map_or_else(String::new, |source| format!(" ({})", source.name()));
        self.sheet
            .remark(format!("Chosen: {}{source}.", severity.rule))?;
        let mut grid = self.sheet.list();
        for (rating, words) in distinct_ratings(finding) {
            grid.row([
                rating.source.name().into(),
                rating.severity.as_str().into(),
                words.into(),
            ]);
        }
        grid.keep_whole(&[18, 10]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    fn fixes(&mut self, finding: &Finding) -> io::Result<()> {
        let fix = &finding.fix;
        let title = match &fix.recommended {
            Some(version) => format!("FIX: {version}"),
            None => format!("FIX: {}", phrases::fix_state(fix.state)),
        };
        self.sheet.heading(&title)?;
        let mut grid = self.sheet.list();
        for (scanner, claim) in phrases::fix_claims(finding) {
            grid.row([scanner.as_str().into(), claim.into()]);
        }
        grid.keep_whole(&[14]);
        self.sheet.grid(grid, |_| Tone::Plain)?;
        if !fix.dissent.is_empty() {
            self.sheet
                .remark("The scanners disagree on whether there is a fix.")?;
        }
        if fix.recommended.is_none() && !fix.versions.is_empty() {
            self.sheet
                .remark("No version named is known to be above the installed one.")?;
        }
        Ok(())
    }

    /// What each scanner says, with the places in its raw report.
    fn scanners(&mut self, finding: &Finding) -> io::Result<()> {
        self.sheet.heading("SCANNERS")?;
        let mut grid = self.sheet.list();
        for (scanner, verdict) in &finding.verdicts {
            let mut lines = vec![format!(
                "{} ({})",
                verdict.reason,
                verdict.strength.as_str()
            )];
            let places: Vec<String> = finding
                .observations
                .iter()
                .filter(|observation| observation.scanner == *scanner)
                .map(|observation| self.raw(scanner.as_str(), &observation.pointer))
                .collect();
            if let Some(first) = places.first() {
                lines.push(match places.len() - 1 {
                    0 => first.clone(),
                    more => format!("{first} and {more} more"),
                });
            }
            grid.row([
                scanner.as_str().into(),
                phrases::verdict_words(verdict.verdict).into(),
                Cell::lines(lines),
            ]);
        }
        grid.keep_whole(&[14, 13]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    fn relations(&mut self, finding: &Finding) -> io::Result<()> {
        if finding.relations.is_empty() {
            return Ok(());
        }
        self.sheet.heading("RELATED FINDINGS")?;
        let mut grid = self.sheet.list();
        for relation in &finding.relations {
            grid.row([
                relation.kind.as_str().into(),
                Cell::lines([
                    relation.finding.clone(),
                    format!("{} ({})", relation.evidence, relation.strength.as_str()),
                ]),
            ]);
        }
        grid.keep_whole(&[14]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    fn withheld(&mut self) -> io::Result<()> {
        let records = &self.explanation.withheld;
        if records.is_empty() {
            return Ok(());
        }
        self.sheet.heading(&format!(
            "WITHHELD BY SCANNERS, REPORTED BY NONE ({})",
            records.len()
        ))?;
        let mut grid = self.sheet.list();
        for record in records {
            grid.row([
                record.scanner.as_str().into(),
                Cell::lines([
                    format!("{} in {} {}", record.id, record.package, record.version),
                    record.reason.clone(),
                    self.raw(record.scanner.as_str(), &record.pointer),
                ]),
            ]);
        }
        grid.keep_whole(&[14]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }

    /// A place in a scanner's raw report: `raw/trivy.json#/Results/0`.
    fn raw(&self, scanner: &str, pointer: &str) -> String {
        let file = self
            .explanation
            .raw_reports
            .iter()
            .find(|(id, _)| id.as_str() == scanner)
            .map_or(scanner, |(_, file)| file.as_str());
        format!("{file}#{pointer}")
    }
}

/// The scanners that list the finding under an id.
pub(super) fn named_by(finding: &Finding, id: &str) -> Option<String> {
    let scanners: BTreeSet<&str> = finding
        .observations
        .iter()
        .filter(|o| o.attachment == Attachment::Direct && o.id.as_str() == id)
        .map(|o| o.scanner.as_str())
        .collect();
    let names: Vec<&str> = scanners.into_iter().collect();
    (!names.is_empty()).then(|| format!("the id used by {}", names.join(", ")))
}

pub(super) fn instance_lines(instance: &Instance) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(source) = &instance.source {
        lines.push(match &source.version {
            Some(version) => format!("source {} {version}", source.name),
            None => format!("source {}", source.name),
        });
    }
    lines.extend(
        instance
            .architecture
            .as_ref()
            .map(|a| format!("architecture {a}")),
    );
    lines.extend(instance.purl.clone());
    lines.extend(instance.locations.iter().map(|location| {
        let path = location.path.as_deref().unwrap_or("place unknown");
        match &location.layer {
            Some(layer) => format!("{path} in layer {layer}"),
            None => path.to_owned(),
        }
    }));
    let scanners: Vec<&str> = instance.scanners.iter().map(ScannerId::as_str).collect();
    lines.push(format!("reported by {}", scanners.join(", ")));
    lines
}

/// The ratings with their words. Scanners copy the same rating in other letters: it counts once.
pub(super) fn distinct_ratings(finding: &Finding) -> Vec<(&Rating, String)> {
    let mut seen = BTreeSet::new();
    let ratings = finding.ratings.iter();
    let ratings = ratings.map(|rating| (rating, rating_words(rating)));
    ratings
        .filter(|(rating, words)| {
            seen.insert((rating.source.name(), rating.severity, words.to_lowercase()))
        })
        .collect()
}

/// The source's own word, and the CVSS statement behind it.
fn rating_words(rating: &Rating) -> String {
    let cvss = rating.cvss.as_ref().map(|cvss| {
        let computed = cvss.computed().and_then(Result::ok);
        let score = match (cvss.score, computed) {
            (Some(stated), Some(computed)) if !computed.agrees_with(stated) => {
                format!("{stated:.1} (its vector gives {:.1})", computed.base)
            }
            (Some(stated), _) => format!("{stated:.1}"),
            (None, Some(computed)) => format!("{:.1} (of its vector)", computed.base),
            (None, None) => "no score".to_owned(),
        };
        let vector = cvss.vector.as_deref().unwrap_or("no vector");
        format!("CVSS {} {score} {vector}", cvss.version)
    });
    let label = rating.label.as_ref().map(|label| format!("says {label}"));
    [label, cvss]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}
