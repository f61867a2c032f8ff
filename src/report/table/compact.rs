//! What has to be done, in a screen: for the comment on a pull request and for small logs.

use std::io;

use super::{Page, todo};
use crate::model::report::Report;
use crate::model::{Action, Finding, Outcome};
use crate::report::grid::{self, Grid};
use crate::report::phrases::{self, count};
use crate::report::sheet::INDENT;
use crate::report::{Description, Options, no_warnings};

/// Text for a person, as short as it can be.
pub(in crate::report) const FORMAT: Description = Description {
    name: "compact",
    title: "what blocks and what to do about it, in a screen of text",
    file_name: "report.compact.txt",
    is_page: true,
    write,
    warnings: no_warnings,
};

/// Blocking findings that are shown unless everything is asked for.
const SHOWN: usize = 7;

/// Columns that an id may take.
const ID: u16 = 24;

/// Columns that it gets at least: those of a CVE id, which cut would be none.
const LEAST_ID: u16 = 16;

fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let short = Options {
        rows: options.rows.map(|rows| rows.min(SHOWN)),
        ..options.clone()
    };
    let mut page = Page::new(report, &short, false, out);
    page.answer()?;
    page.head()?;
    page.blocking_lines()?;
    page.rest()?;
    page.about()
}

impl Page<'_> {
    /// The image, what to do first, and which scanners cannot be trusted.
    fn head(&mut self) -> io::Result<()> {
        let mut facts = Grid::new(self.sheet.width);
        facts.row(["Image".into(), self.image().into()]);
        let steps = todo::steps(self.report, self.options.rows);
        for (number, step) in steps.iter().enumerate() {
            let name = if number == 0 { "First" } else { "" };
            facts.row([name.into(), step.sentence().into()]);
        }
        for scanner in &self.report.policy.missing_scanners {
            let scanner = phrases::missing(scanner);
            let text = format!("{scanner}: {}", phrases::NOT_RUN.join("; "));
            facts.row(["Missing".into(), text.into()]);
        }
        for scanner in &self.report.scanners {
            let title = &scanner.title;
            match &scanner.outcome {
                Outcome::Failed(failure) => {
                    let cause = phrases::failure(failure);
                    let text = format!("{title}: {cause}; to do: {}", failure.remedy);
                    facts.row(["Failed".into(), text.into()]);
                }
                Outcome::Partial { missing } => {
                    facts.row([
                        "Partial".into(),
                        format!("{title}: missing: {missing}").into(),
                    ]);
                }
                Outcome::Completed => {}
            }
        }
        facts.keep_whole(&[7]);
        for line in facts.into_lines() {
            writeln!(self.sheet.out, "{line}")?;
        }
        Ok(())
    }

    /// What fails the run, a line each.
    fn blocking_lines(&mut self) -> io::Result<()> {
        let findings = self.with_action(Action::Block);
        if findings.is_empty() {
            return Ok(());
        }
        self.sheet.heading(&format!(
            "BLOCKING ({}) AND HOW MANY SCANNERS SEE EACH",
            findings.len()
        ))?;
        let shown = self.cut().shown(&findings);
        let room = Room::of(self.sheet.width - INDENT, shown);
        let mut grid = self.sheet.list();
        for finding in shown {
            let id = grid::fit(finding.vulnerability.id.as_str(), usize::from(room.id));
            let cells = [
                Some(finding.severity.level.as_str().into()),
                Some(self.link(&id, finding, room.id)),
                Some(package(finding, room.package).into()),
                room.versions.map(|room| versions(finding, room).into()),
                Some(phrases::agreement(finding).into()),
            ];
            grid.row_of(cells.into_iter().flatten());
        }
        let shown = shown.len();
        self.sheet.grid(grid, super::findings::severity_tone)?;
        self.left_out(findings.len(), shown)
    }

    /// What does not block, and what nobody checked, as numbers.
    fn rest(&mut self) -> io::Result<()> {
        self.sheet.gap()?;
        let report = self.report;
        let mut facts = Grid::new(self.sheet.width);
        facts.row(["Besides".into(), besides(report).into()]);
        for (number, file) in self.options.files.iter().enumerate() {
            let name = if number == 0 { "Reports" } else { "" };
            facts.row([
                name.into(),
                format!("{}: {}", file.format.name(), file.path).into(),
            ]);
        }
        facts.keep_whole(&[7]);
        for line in facts.into_lines() {
            writeln!(self.sheet.out, "{line}")?;
        }
        Ok(())
    }
}

/// Columns for what can be cut.
struct Room {
    id: u16,
    package: usize,
    /// `None` where the line is too short for them.
    versions: Option<usize>,
}

impl Room {
    /// Shares out a line among columns for `findings`: severity and agreement are never cut, and the
    /// fix rather later than the package.
    fn of(line: u16, findings: &[&Finding]) -> Self {
        const VERSIONS_FROM: usize = 16;
        let widest = |text: &dyn Fn(&Finding) -> String| {
            let widths = findings.iter().map(|finding| grid::width(&text(finding)));
            widths.max().unwrap_or_default()
        };
        let id = (line / 3).clamp(LEAST_ID, ID);
        let gap = usize::from(grid::GAP);
        let uncut = widest(&|finding| finding.severity.level.to_string())
            + widest(&|finding| finding.vulnerability.id.to_string()).min(usize::from(id))
            + widest(&phrases::agreement)
            + 3 * gap;
        let left = usize::from(line).saturating_sub(uncut);
        if left < VERSIONS_FROM {
            return Self {
                id,
                package: left,
                versions: None,
            };
        }
        let left = left - gap;
        let most = left.saturating_sub(widest(&fix)).max(left / 3);
        let package = widest(&whole_package).min(most);
        Self {
            id,
            package,
            versions: Some(left - package),
        }
    }
}

/// The package without its version, which follows.
fn whole_package(finding: &Finding) -> String {
    let group = &finding.package;
    format!("{}/{}", group.ecosystem, group.name)
}

/// What fits of the package: rather the name than its kind.
fn package(finding: &Finding, room: usize) -> String {
    let whole = whole_package(finding);
    if grid::width(&whole) <= room {
        whole
    } else {
        grid::fit(&finding.package.name, room)
    }
}

/// `65.5.1 -> 70.0.0`, or why there is nothing to upgrade to.
fn upgrade(finding: &Finding) -> String {
    let installed = phrases::installed(finding);
    format!("{installed} {}", fix(finding))
}

/// `-> 70.0.0`, or why there is no such version.
fn fix(finding: &Finding) -> String {
    match phrases::mending(finding) {
        Some(version) => format!("-> {version}"),
        None => format!("({})", phrases::unmended(finding)),
    }
}

/// What fits of installed version and fix: rather the fix.
fn versions(finding: &Finding, room: usize) -> String {
    let whole = upgrade(finding);
    if grid::width(&whole) <= room {
        whole
    } else {
        grid::fit(&fix(finding), room)
    }
}

/// What there is besides the findings that block.
fn besides(report: &Report) -> String {
    let number = |action| report.with_action(action).count();
    let findings = report.findings.iter();
    let undecided = findings.filter(|finding| finding.decision.is_none());
    let parts = [
        count(number(Action::Warn), "warning", "warnings"),
        format!("{} tracked", number(Action::Track)),
        format!("{} ignored", number(Action::Ignore)),
        format!("{} not decided", undecided.count()),
        format!(
            "{} not checked",
            count(report.unchecked.len(), "package", "packages")
        ),
    ];
    let unreadable = report.accounting.iter().map(|row| row.unreadable);
    let unreadable = phrases::unreadable_entries(unreadable.sum());
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|part| !part.starts_with("0 "))
        .chain(unreadable)
        .collect();
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join(", ")
    }
}
