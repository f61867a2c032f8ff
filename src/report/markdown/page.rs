//! The page: the verdict, what stands in the way of trusting it, what to mend, and evidence.

use super::super::document::{Column, Document, Fact, Notice, Section, Table, Value, footer};
use super::super::table::{Step, distro, steps};
use super::super::theme::Tone;
use super::super::{Options, phrases, sentence};
use super::lists::List;
use crate::model::report::{Report, ScannerSummary};
use crate::model::{Action, Finding, Outcome};

/// A report, sorted for the page once however often it is laid out.
pub(super) struct Page<'a> {
    report: &'a Report,
    options: &'a Options,
    steps: Vec<Step>,
    blocking: Vec<&'a Finding>,
    undecided: Vec<&'a Finding>,
    warning: Vec<&'a Finding>,
    ignored: Vec<&'a Finding>,
    tracked: usize,
}

impl<'a> Page<'a> {
    /// Sorts a report.
    pub(super) fn new(report: &'a Report, options: &'a Options) -> Self {
        let undecided = report
            .findings
            .iter()
            .filter(|finding| finding.decision.is_none());
        Self {
            report,
            options,
            // Never all: the tables have the version of every fix.
            steps: steps(report, Some(options.rows.unwrap_or(usize::MAX))),
            blocking: report.with_action(Action::Block).collect(),
            undecided: undecided.collect(),
            warning: report.with_action(Action::Warn).collect(),
            ignored: report.with_action(Action::Ignore).collect(),
            tracked: report.with_action(Action::Track).count(),
        }
    }

    /// The page with at most so many rows in each list; `None` for the verdict alone.
    pub(super) fn document(&self, rows: Option<usize>) -> Document {
        let mut document = Document {
            title: sentence(self.report),
            // Markdown has no colours.
            tone: Tone::Plain,
            notices: Vec::new(),
            facts: Vec::new(),
            sections: Vec::new(),
            footer: footer(&self.report.tool, "report", self.options),
        };
        let Some(rows) = rows else {
            document.notices = self.apology();
            return document;
        };
        // All blocking findings that fit; of the others as many as elsewhere.
        let fewer = self.options.rows.map_or(rows, |most| most.min(rows));
        let most = List::new(rows, self.options);
        let list = List::new(fewer, self.options);
        document.notices = self.notices(list);
        document.facts = self.facts();
        document.sections = [
            self.first(),
            Some(self.scanners(list)),
            findings("Blocking", &self.blocking, most),
            findings("Not decided", &self.undecided, most),
            self.warnings(list),
            self.ignored(list),
            list.coverage(self.report),
            list.unchecked(&self.report.unchecked),
            list.withheld(&self.report.suppressed),
            list.notes(self.report),
        ]
        .into_iter()
        .flatten()
        .collect();
        document
    }

    /// What is said in place of everything else.
    fn apology(&self) -> Vec<Notice> {
        let failed = match phrases::without_result(self.report).len() {
            0 => None,
            failed => Some(phrases::count(failed, "scanner", "scanners")),
        };
        let failed = failed.map(|scanners| notice("Failed", format!("{scanners} gave no result")));
        let cut = "nothing else fits on this page; the JSON report has all of it";
        failed
            .into_iter()
            .chain([notice("Cut", cut.to_owned())])
            .collect()
    }

    /// Why the results are not enough, and who gave none.
    fn notices(&self, list: List<'_>) -> Vec<Notice> {
        let verdict = &self.report.verdict;
        let word = phrases::insufficient(self.report);
        let reasons = list.shown(&verdict.insufficient).iter().cloned();
        let more = list.more(verdict.insufficient.len());
        let failed = |scanner: &ScannerSummary| match &scanner.outcome {
            Outcome::Failed(failure) => Some(format!(
                "{} gave no result: {}. To do: {}",
                scanner.title,
                phrases::failure(failure),
                failure.remedy
            )),
            _ => None,
        };
        let failed: Vec<String> = self.report.scanners.iter().filter_map(failed).collect();
        let mut notices: Vec<Notice> = reasons
            .chain(more)
            .map(|reason| notice(word, reason))
            .collect();
        let shown = list.shown(&failed).iter().cloned();
        let shown = shown.chain(list.more(failed.len()));
        notices.extend(shown.map(|sentence| notice("Failed", sentence)));
        notices
    }

    fn facts(&self) -> Vec<Fact> {
        let target = &self.report.target;
        let mut image = vec![target.reference.clone()];
        image.extend(target.platform.clone());
        image.extend(target.distro.as_ref().map(distro));
        let policy = &self.report.policy;
        let mut facts = vec![Fact::lines("Image", image)];
        let digest = target.manifest_digest.as_ref();
        if let Some(digest) = digest.or(target.config_digest.as_ref()) {
            facts.push(Fact::new("Digest", digest));
        }
        facts.push(Fact::new(
            "Policy",
            format!(
                "{}, profile {}, severity by {}",
                policy.source, policy.profile, policy.severity
            ),
        ));
        let counts = [
            (self.blocking.len(), "blocks", "block"),
            (self.undecided.len(), "not decided", "not decided"),
            (self.warning.len(), "warns", "warn"),
            (self.ignored.len(), "ignored", "ignored"),
            (self.tracked, "only tracked", "only tracked"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, one, many)| phrases::count(number, one, many))
            .collect();
        if !counts.is_empty() {
            facts.push(Fact::new("Findings", counts.join(", ")));
        }
        facts
    }

    /// What to do first.
    fn first(&self) -> Option<Section> {
        if self.steps.is_empty() {
            return None;
        }
        let mut section = Section::open("What to do first");
        for step in &self.steps {
            section.item(step.sentence());
        }
        Some(section)
    }

    /// Every scanner of the run and whether it can be trusted.
    fn scanners(&self, list: List<'_>) -> Section {
        let columns = ["scanner", "status", "version", "database", "findings"];
        let mut table = Table::new(1, columns.map(Column::text));
        let missing = &self.report.policy.missing_scanners;
        for scanner in list.shown(missing) {
            let [said, _] = phrases::NOT_RUN;
            table.row([
                phrases::missing(scanner).into(),
                format!("{}: {said}", phrases::MISSING).into(),
                Value::Missing,
                Value::Missing,
                Value::Missing,
            ]);
        }
        for scanner in list.shown(&self.report.scanners) {
            let status = match &scanner.outcome {
                Outcome::Completed => "ok".to_owned(),
                Outcome::Partial { missing } => format!("partial, missing: {missing}"),
                Outcome::Failed(_) => "failed".to_owned(),
            };
            let built = scanner.database_built.as_deref();
            let built = built.map(|built| phrases::database(built, &self.report.evaluated_at));
            let mut rows = self.report.coverage.scanners.iter();
            let row = rows.find(|row| row.scanner == scanner.id);
            let trusted = scanner.outcome.is_trustworthy();
            table.row([
                phrases::scanner(scanner).into(),
                status.into(),
                scanner
                    .version
                    .as_deref()
                    .map_or(Value::Missing, Value::name),
                built.into(),
                row.filter(|_| trusted).map(|row| row.reported).into(),
            ]);
        }
        let mut section = Section::open("Scanners");
        list.table(
            &mut section,
            table,
            self.report.scanners.len().max(missing.len()),
        );
        section
    }

    fn warnings(&self, list: List<'_>) -> Option<Section> {
        let mut section = findings("Warnings", &self.warning, list)?;
        section.folded = true;
        Some(section)
    }

    /// What is ignored, why, and until when.
    fn ignored(&self, list: List<'_>) -> Option<Section> {
        if self.ignored.is_empty() {
            return None;
        }
        let columns = ["finding", "package", "reason", "rule", "owner", "expires"];
        let mut table = Table::new(2, columns.map(Column::text));
        for finding in list.shown(&self.ignored) {
            let Some(decision) = &finding.decision else {
                continue;
            };
            let rule = &decision.rule;
            let expires = phrases::expiry(rule.expires.as_deref(), &self.report.evaluated_at);
            table.row([
                Value::name(finding.vulnerability.id.as_str()),
                Value::name(phrases::package(finding)),
                rule.reason.clone().into(),
                Value::name(&*rule.rule),
                rule.owner.clone().into(),
                expires.into(),
            ]);
        }
        let mut section = Section::folded(format!("Ignored: {}", self.ignored.len()));
        list.table(
            &mut section,
            table.without_empty_columns(),
            self.ignored.len(),
        );
        Some(section)
    }
}

fn notice(word: &'static str, sentence: String) -> Notice {
    Notice {
        word,
        tone: Tone::Plain,
        sentence,
    }
}

/// A table of findings that count.
fn findings(title: &str, findings: &[&Finding], list: List<'_>) -> Option<Section> {
    if findings.is_empty() {
        return None;
    }
    let severities = phrases::severities(findings.iter().copied());
    let mut section = Section::open(format!("{title}: {} ({severities})", findings.len()));
    list.table(
        &mut section,
        findings_table(list.shown(findings)),
        findings.len(),
    );
    Some(section)
}

fn findings_table(findings: &[&Finding]) -> Table {
    let columns = [
        "severity",
        "finding",
        "package",
        "version and fix",
        "seen by",
        "why",
    ];
    let mut table = Table::new(3, columns.map(Column::text));
    for finding in findings {
        let [reason, rule] = phrases::why(finding);
        table.row([
            phrases::severity(&finding.severity).into(),
            Value::name(finding.vulnerability.id.as_str()),
            Value::name(phrases::package(finding)),
            Value::name(phrases::versions(finding)),
            phrases::seen_by(finding).into(),
            format!("{}{reason} {rule}", phrases::exploited(finding)).into(),
        ]);
    }
    table
}
