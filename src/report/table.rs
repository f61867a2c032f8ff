//! The report as text for a person.
//!
//! Written for whoever opens the log of a failed build: the answer and its reason first, then what
//! stands in the way of trusting it, then what to mend. The last line repeats the answer, because
//! logs are read from both ends. Up to [`WIDE`] columns a finding is a short paragraph beside its
//! id, above it is one row of a table.

mod coverage;
mod findings;
mod inputs;

use std::collections::BTreeMap;
use std::io;

use super::grid::{Cell, Grid};
use super::phrases::{self, count};
use super::sheet::Sheet;
use super::theme::Tone;
use super::{Description, Options, no_warnings};
use crate::model::report::{Report, RunOutcome, ScannerSummary, Summary};
use crate::model::{Action, Finding, IdentityQuality, InventoryScope, Outcome, Severity};

/// Text for a person: a terminal or the log of a build.
pub(super) const FORMAT: Description = Description {
    name: "table",
    title: "text for a person",
    file_name: "report.txt",
    is_page: true,
    write,
    warnings: no_warnings,
};

/// From this width on, one row a finding.
const WIDE: u16 = 160;

/// Writes the report.
fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page {
        report,
        options,
        sheet: Sheet {
            width: options.width.max(Options::MIN_WIDTH),
            color: options.color,
            out,
        },
    };
    page.verdict()?;
    page.scanners()?;
    page.blocking()?;
    page.others()?;
    coverage::write(&mut page)?;
    page.ignored()?;
    page.ignore_rules()?;
    page.unchecked()?;
    page.suppressed()?;
    page.diagnostics()?;
    page.accounting()?;
    page.footer()
}

/// What is written, how, and where to.
struct Page<'a> {
    report: &'a Report,
    options: &'a Options,
    sheet: Sheet<'a>,
}

impl<'a> Page<'a> {
    fn is_wide(&self) -> bool {
        self.sheet.width >= WIDE
    }

    /// The rows of a list that are shown.
    fn shown<'b, T>(&self, all: &'b [T]) -> &'b [T] {
        self.options
            .rows
            .and_then(|rows| all.get(..rows))
            .unwrap_or(all)
    }

    /// Says how many rows of a list are not shown, if any.
    fn left_out(&mut self, all: usize, shown: usize) -> io::Result<()> {
        if all <= shown {
            return Ok(());
        }
        let place = self.everything();
        self.sheet
            .remark(format!("and {} more. {place} lists all.", all - shown))
    }

    /// Where everything is listed, to begin a sentence with.
    fn everything(&self) -> &'a str {
        let path = self.options.json_report();
        path.unwrap_or("The JSON report")
    }

    /// The findings with one action.
    fn with_action(&self, action: Action) -> Vec<&'a Finding> {
        with_action(self.report, action)
    }

    /// The answer, and what it is about.
    fn verdict(&mut self) -> io::Result<()> {
        let verdict = &self.report.verdict;
        let (sentence, tone) = answer(self.report);
        self.sheet.paragraph(sentence, Some(tone))?;
        for reason in &verdict.insufficient {
            let lead = match verdict.outcome {
                RunOutcome::Block => "Also not enough to trust:",
                RunOutcome::Pass | RunOutcome::Insufficient => "Not enough:",
            };
            self.sheet
                .paragraph(format!("{lead} {reason}"), Some(Tone::Attention))?;
        }
        let mut facts = Grid::new(self.sheet.width);
        facts.row(["Image".into(), self.image().into()]);
        let target = &self.report.target;
        if let Some(digest) = target
            .manifest_digest
            .as_ref()
            .or(target.config_digest.as_ref())
        {
            facts.row(["Digest".into(), digest.as_str().into()]);
        }
        facts.row(["Policy".into(), self.policy().into()]);
        for (name, text) in self.drawn_on() {
            facts.row([name.into(), text.into()]);
        }
        facts.row(["Counts".into(), counts(&self.report.summary).into()]);
        facts.keep_whole(&[7]);
        for line in facts.into_lines() {
            writeln!(self.sheet.out, "{line}")?;
        }
        Ok(())
    }

    fn image(&self) -> String {
        let target = &self.report.target;
        let distro = target.distro.as_ref().map(|distro| {
            let support = if distro.end_of_life {
                " (out of support: gets no more security updates)"
            } else {
                ""
            };
            format!("{} {}{support}", distro.family, distro.version)
        });
        [
            Some(target.reference.clone()),
            target.platform.clone(),
            distro,
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    /// What the policy drew on besides the scanners.
    fn drawn_on(&self) -> Vec<(&'static str, String)> {
        let policy = &self.report.policy;
        let mut rows = Vec::new();
        for vex in &policy.vex {
            let statements = count(vex.statements, "statement", "statements");
            let author = vex.author.as_ref();
            let author = author.map_or_else(String::new, |author| format!(" by {author}"));
            let text = format!("{}: {statements}{author} ({})", vex.document, vex.format);
            rows.push(("VEX", text));
        }
        for feed in &policy.feeds {
            let date = feed.date.as_ref().map_or_else(String::new, |day| {
                let moment = format!("{day}T00:00:00Z");
                format!(
                    " of {}",
                    phrases::database(&moment, &self.report.evaluated_at)
                )
            });
            rows.push(("Feed", format!("{}{date}, from {}", feed.feed, feed.source)));
        }
        if let Some(cuda) = &policy.cuda {
            let hosts = match cuda.hosts.as_slice() {
                [] => "no host named".to_owned(),
                hosts => format!("hosts {}", hosts.join(", ")),
            };
            rows.push((
                "Drivers",
                format!(
                    "NVIDIA's bulletins up to {} ({}); {hosts}",
                    cuda.data_date, cuda.bulletins
                ),
            ));
        }
        rows
    }

    fn policy(&self) -> String {
        let policy = &self.report.policy;
        format!(
            "{}, profile {}, severity by {}",
            policy.source, policy.profile, policy.severity
        )
    }

    /// Every scanner and whether it can be trusted; failed ones first.
    fn scanners(&mut self) -> io::Result<()> {
        let mut scanners: Vec<&ScannerSummary> = self.report.scanners.iter().collect();
        scanners.sort_by_key(|scanner| match scanner.outcome {
            Outcome::Failed(_) => 0,
            Outcome::Partial { .. } => 1,
            Outcome::Completed => 2,
        });
        let trusted = scanners
            .iter()
            .filter(|scanner| scanner.outcome.is_trustworthy())
            .count();
        self.sheet.heading(&format!(
            "SCANNERS ({trusted} of {} gave a result)",
            scanners.len()
        ))?;
        let mut grid = self.sheet.list();
        if self.is_wide() {
            grid.header(&["STATUS", "SCANNER", "VERSION", "DATABASE", "RESULT"]);
        }
        for scanner in scanners {
            let status = match scanner.outcome {
                Outcome::Completed => "ok",
                Outcome::Partial { .. } => "partial",
                Outcome::Failed(_) => "failed",
            };
            let title = if scanner.required {
                format!("{} (required)", scanner.title)
            } else {
                scanner.title.clone()
            };
            let version = scanner.version.as_deref();
            let database = scanner
                .database_built
                .as_deref()
                .map(|built| phrases::database(built, &self.report.evaluated_at));
            let result = scanner_result(scanner);
            if self.is_wide() {
                grid.row([
                    status.into(),
                    title.into(),
                    version.unwrap_or("-").into(),
                    database.as_deref().unwrap_or("-").into(),
                    Cell::lines(result),
                ]);
            } else {
                let provenance = [
                    version.map(|version| format!("version {version}")),
                    database.map(|built| format!("database {built}")),
                ];
                let provenance: Vec<String> = provenance.into_iter().flatten().collect();
                let lines = (!provenance.is_empty())
                    .then(|| provenance.join(", "))
                    .into_iter();
                grid.row([
                    status.into(),
                    title.into(),
                    Cell::lines(match scanner.outcome {
                        // What went wrong comes before what is known besides.
                        Outcome::Failed(_) => result.into_iter().chain(lines).collect::<Vec<_>>(),
                        _ => lines.chain(result).collect(),
                    }),
                ]);
            }
        }
        grid.keep_whole(if self.is_wide() {
            &[7, 28, 16, 26]
        } else {
            &[7, 14]
        });
        self.sheet.grid(grid, |word| match word {
            "ok" => Tone::Good,
            "partial" => Tone::Attention,
            "failed" => Tone::Bad,
            _ => Tone::Plain,
        })
    }

    /// Where the rest is, and the answer once more.
    fn footer(&mut self) -> io::Result<()> {
        let report = self.report;
        let place = match self.options.json_report() {
            Some(path) => format!(" The whole report: {path}"),
            None => String::new(),
        };
        let text = format!(
            "{} {}, evaluated at {}.{place}",
            report.tool.name, report.tool.version, report.evaluated_at
        );
        self.sheet.paragraph(text, None)?;
        let (sentence, tone) = answer(self.report);
        self.sheet.paragraph(sentence, Some(tone))
    }
}

fn with_action(report: &Report, action: Action) -> Vec<&Finding> {
    report.with_action(action).collect()
}

/// The answer in one sentence, and its tone.
pub(super) fn answer(report: &Report) -> (String, Tone) {
    let verdict = &report.verdict;
    let exit = verdict.exit_code;
    match verdict.outcome {
        RunOutcome::Block => {
            let blocking = with_action(report, Action::Block);
            let fixable = blocking
                .iter()
                .filter(|finding| is_fixable(finding))
                .count();
            let severities = phrases::severities(blocking);
            let verb = if verdict.blocking == 1 {
                "blocks"
            } else {
                "block"
            };
            let detail = if severities.is_empty() {
                String::new()
            } else {
                format!(" ({severities}), {fixable} with a fix")
            };
            (
                format!(
                    "BLOCKED: {} {verb}{detail}. Exit code {exit}.",
                    count(verdict.blocking, "finding", "findings")
                ),
                Tone::Worst,
            )
        }
        RunOutcome::Insufficient => (
            format!(
                "INSUFFICIENT: no finding blocks, but too few results can be trusted to pass. \
                 Exit code {exit}."
            ),
            Tone::Attention,
        ),
        RunOutcome::Pass => (
            match with_action(report, Action::Warn) {
                warnings if warnings.is_empty() => {
                    format!("PASS: no finding blocks. Exit code {exit}.")
                }
                warnings => format!(
                    "PASS: no finding blocks, {} ({}). Exit code {exit}.",
                    count(warnings.len(), "warns", "warn"),
                    phrases::severities(warnings)
                ),
            },
            Tone::Good,
        ),
    }
}

/// True when somebody names a version that mends it.
fn is_fixable(finding: &Finding) -> bool {
    finding.fix.recommended.is_some() || !finding.fix.versions.is_empty()
}

/// The counts in one sentence.
fn counts(summary: &Summary) -> String {
    if summary.findings == 0 {
        return "no findings".to_owned();
    }
    let listed = |counts: &BTreeMap<String, usize>, names: &[&str]| {
        let parts: Vec<String> = names
            .iter()
            .filter_map(|name| Some((counts.get(*name).filter(|n| **n > 0)?, name)))
            .map(|(number, name)| format!("{number} {name}"))
            .collect();
        parts.join(", ")
    };
    let actions = [Action::Block, Action::Warn, Action::Track, Action::Ignore].map(Action::as_str);
    let severities = Severity::WORST_FIRST.map(Severity::as_str);
    format!(
        "{}: {}; {}; {} in {}, {} with a fix",
        count(summary.findings, "finding", "findings"),
        listed(&summary.by_action, &actions),
        listed(&summary.by_severity, &severities),
        count(summary.vulnerabilities, "vulnerability", "vulnerabilities"),
        count(summary.packages, "package", "packages"),
        summary.fixable,
    )
}

/// What a scanner gave, or why it gave nothing and what to do about it.
fn scanner_result(scanner: &ScannerSummary) -> Vec<String> {
    let mut lines = Vec::new();
    match &scanner.outcome {
        Outcome::Failed(failure) => {
            lines.push(phrases::failure(failure));
            lines.push(format!("to do: {}", failure.remedy));
            return lines;
        }
        Outcome::Partial { missing } => lines.push(format!("missing: {missing}")),
        Outcome::Completed => {}
    }
    let duration = match scanner.duration_ms {
        Some(milliseconds) => format!(", {}", phrases::duration(milliseconds)),
        None => String::new(),
    };
    lines.push(format!(
        "{} over {}{duration}",
        count(scanner.observations, "observation", "observations"),
        count(scanner.packages, "package", "packages")
    ));
    if scanner.identity == Some(IdentityQuality::Reduced) {
        lines.push("identifies packages only in part".to_owned());
    }
    if scanner.inventory == Some(InventoryScope::VulnerableOnly) {
        lines.push("gives no package list, so its misses cannot all be explained".to_owned());
    }
    lines
}
