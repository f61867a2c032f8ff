//! The lists of findings, by what the policy does with them.

use std::io;

use super::{Page, WIDE_FROM};
use crate::model::{Action, Finding, Severity};
use crate::report::grid::{self, Cell, Grid};
use crate::report::phrases;
use crate::report::sheet::INDENT;
use crate::report::theme::Tone;

/// Columns that severity and id may take before they are wrapped, where a finding is a paragraph.
const NARROW_COLUMNS: [u16; 2] = [15, 20];

/// Columns that a paragraph gets at least beside the id. Where there are fewer, it stands below.
const PARAGRAPH: usize = 24;

/// Where the paragraph on a finding stands.
struct Narrow {
    /// Below the id, and not beside it.
    is_below: bool,
    /// Columns that it has.
    room: usize,
}

impl Narrow {
    /// Adds a finding with its paragraph.
    fn row(&self, grid: &mut Grid, finding: &Finding, id: Cell, paragraph: Vec<String>) {
        let severity = narrow_severity(finding);
        if self.is_below {
            grid.row([severity, id]);
            grid.row(["".into(), Cell::lines(paragraph)]);
        } else {
            grid.row([severity, id, Cell::lines(paragraph)]);
        }
    }

    /// Keeps the columns beside the paragraph whole.
    fn keep_whole(&self, grid: &mut Grid) {
        let [severity, id] = NARROW_COLUMNS;
        if self.is_below {
            grid.keep_whole(&[severity]);
        } else {
            grid.keep_whole(&[severity, id]);
        }
    }
}

impl Page<'_> {
    /// What fails the run.
    pub(super) fn blocking(&mut self) -> io::Result<()> {
        let findings = self.with_action(Action::Block);
        if findings.is_empty() {
            return Ok(());
        }
        self.sheet
            .heading(&format!("BLOCKING ({})", findings.len()))?;
        self.findings(&findings, true)
    }

    /// What only warns, and how much is tracked or undecided.
    pub(super) fn others(&mut self) -> io::Result<()> {
        let warnings = self.with_action(Action::Warn);
        if !warnings.is_empty() {
            let severities = phrases::severities(warnings.iter().copied());
            self.sheet
                .heading(&format!("WARNINGS ({}: {severities})", warnings.len()))?;
            self.findings(&warnings, false)?;
        }
        let tracked = self.with_action(Action::Track);
        if !tracked.is_empty() {
            let severities = phrases::severities(tracked.iter().copied());
            self.sheet
                .heading(&format!("TRACKED ({}: {severities})", tracked.len()))?;
            if self.options.rows.is_none() {
                self.findings(&tracked, false)?;
            } else {
                let place = self.cut().place();
                self.sheet.remark(format!(
                    "Recorded only: the policy neither blocks nor warns. {place} lists them."
                ))?;
            }
        }
        let undecided: Vec<&Finding> = self
            .report
            .findings
            .iter()
            .filter(|finding| finding.decision.is_none())
            .collect();
        if !undecided.is_empty() {
            let severities = phrases::severities(undecided.iter().copied());
            self.sheet
                .heading(&format!("NOT DECIDED ({}: {severities})", undecided.len()))?;
            self.findings(&undecided, false)?;
        }
        Ok(())
    }

    /// A list of findings, with the policy's reason when `reasons` is set.
    fn findings(&mut self, findings: &[&Finding], reasons: bool) -> io::Result<()> {
        let shown = self.cut().shown(findings);
        let mut grid = self.sheet.list();
        let wide = self.is_wide;
        let columns = self.columns();
        let [severity_room, id_room] = columns;
        let narrow = self.narrow(shown);
        let room = narrow.room;
        if wide {
            let header = [
                "SEVERITY",
                "VULNERABILITY",
                "PACKAGE",
                "INSTALLED -> FIX",
                "SEEN BY",
                "WHY",
            ];
            grid.header(if reasons { &header } else { &header[..5] });
        }
        for finding in shown {
            let severity = phrases::severity(&finding.severity);
            let id = finding.vulnerability.id.as_str();
            let id = self.link(id, finding, id_room);
            let package = phrases::package(finding);
            let versions = phrases::versions(finding);
            let seen_by = phrases::seen_by(finding);
            let why = reasons.then(|| phrases::why(finding));
            if wide {
                let cells = [severity.into(), id, package.into(), versions.into()];
                grid.row_of(
                    cells
                        .into_iter()
                        .chain([format!("{}{seen_by}", phrases::exploited(finding)).into()])
                        .chain(why.map(Cell::lines)),
                );
            } else {
                let mut lines = phrases::flow([package, versions], room);
                lines.push(format!("{}seen by {seen_by}", phrases::exploited(finding)));
                lines.extend(why.into_iter().flat_map(|why| phrases::flow(why, room)));
                narrow.row(&mut grid, finding, id, lines);
            }
        }
        let part = self.sheet.width / 7;
        if wide && reasons && self.sheet.width >= WIDE_FROM {
            // What scanners and policy say is longest.
            grid.keep_whole(&[severity_room, id_room, part, part]);
        } else if wide {
            grid.keep_whole(&columns);
        } else {
            narrow.keep_whole(&mut grid);
        }
        let shown = shown.len();
        self.sheet.grid(grid, severity_tone)?;
        self.left_out(findings.len(), shown)
    }

    /// Columns that severity and id may take before they are wrapped. With room, those are a whole
    /// range of opinions, and every scheme's ids.
    fn columns(&self) -> [u16; 2] {
        if self.is_wide {
            let width = self.sheet.width;
            [(width / 8).clamp(8, 24), (width / 4).clamp(9, 32)]
        } else {
            NARROW_COLUMNS
        }
    }

    /// Where the paragraphs of the narrow layout stand.
    fn narrow(&self, findings: &[&Finding]) -> Narrow {
        let [severity_cap, id_cap] = NARROW_COLUMNS;
        let widest = |text: fn(&Finding) -> String, cap: u16| {
            let widths = findings.iter().map(|finding| grid::width(&text(finding)));
            widths.max().unwrap_or_default().min(usize::from(cap))
        };
        let severity = widest(
            |finding| {
                phrases::disputed_range(&finding.severity)
                    .unwrap_or_else(|| finding.severity.level.to_string())
            },
            severity_cap,
        );
        let id = widest(|finding| finding.vulnerability.id.to_string(), id_cap);
        let gap = usize::from(grid::GAP);
        let below = usize::from(self.sheet.width - INDENT).saturating_sub(severity + gap);
        let beside = below.saturating_sub(id + gap);
        let is_below = beside < PARAGRAPH;
        Narrow {
            is_below,
            room: if is_below { below } else { beside },
        }
    }

    /// What the policy leaves out of account, and on whose word.
    pub(super) fn ignored(&mut self) -> io::Result<()> {
        let findings = self.with_action(Action::Ignore);
        if findings.is_empty() {
            return Ok(());
        }
        let severities = phrases::severities(findings.iter().copied());
        self.sheet
            .heading(&format!("IGNORED ({}: {severities})", findings.len()))?;
        let wide = self.is_wide;
        let columns = self.columns();
        let [_, id_room] = columns;
        let mut grid = self.sheet.list();
        if wide {
            grid.header(&[
                "SEVERITY",
                "VULNERABILITY",
                "PACKAGE",
                "REASON",
                "OWNER",
                "EXPIRES",
                "RULE",
            ]);
        }
        let shown = self.cut().shown(&findings);
        let narrow = self.narrow(shown);
        let room = narrow.room;
        for finding in shown {
            let Some(decision) = &finding.decision else {
                continue;
            };
            let rule = &decision.rule;
            let severity = phrases::severity(&finding.severity);
            let id = finding.vulnerability.id.as_str();
            let id = self.link(id, finding, id_room);
            let package = [phrases::package(finding), phrases::versions(finding)];
            let owner = rule.owner.as_deref().unwrap_or("no owner");
            let expires = phrases::expiry(rule.expires.as_deref(), &self.report.evaluated_at);
            if wide {
                grid.row([
                    severity.into(),
                    id,
                    package.join(" ").into(),
                    rule.reason.as_str().into(),
                    owner.into(),
                    expires.into(),
                    rule.rule.as_str().into(),
                ]);
            } else {
                let until = if rule.expires.is_some() { "until " } else { "" };
                let mut lines = phrases::flow(package, room);
                lines.push(format!("because: {}", rule.reason));
                let answers = [
                    format!("{owner}, {until}{expires}"),
                    format!("[{}]", rule.rule),
                ];
                lines.extend(phrases::flow(answers, room));
                narrow.row(&mut grid, finding, id, lines);
            }
        }
        if wide {
            grid.keep_whole(&columns);
        } else {
            narrow.keep_whole(&mut grid);
        }
        let shown = shown.len();
        self.sheet.grid(grid, severity_tone)?;
        self.left_out(findings.len(), shown)
    }

    /// Ignore rules and VEX statements that want a person's attention.
    pub(super) fn ignore_rules(&mut self) -> io::Result<()> {
        let policy = &self.report.policy;
        for (title, rules) in [
            (
                "EXPIRED IGNORE RULES: they no longer ignore",
                &policy.expired_rules,
            ),
            (
                "UNUSED IGNORE RULES: they match nothing here",
                &policy.unused_rules,
            ),
            (
                "OVERLAPPING IGNORE RULES: one of them may go",
                &policy.overlapping_rules,
            ),
            (
                "VEX STATEMENTS THAT CONTRADICT EACH OTHER",
                &policy.vex_conflicts,
            ),
            (
                "UNUSED VEX STATEMENTS: they are about nothing here",
                &policy.vex_unmatched,
            ),
        ] {
            if rules.is_empty() {
                continue;
            }
            self.sheet.heading(&format!("{title} ({})", rules.len()))?;
            let shown = self.cut().shown(rules);
            let mut grid = self.sheet.list();
            for rule in shown {
                grid.row([rule.as_str().into()]);
            }
            self.sheet.grid(grid, |_| Tone::Plain)?;
            self.left_out(rules.len(), shown.len())?;
        }
        Ok(())
    }
}

/// The tone of a severity's name.
pub(super) fn severity_tone(word: &str) -> Tone {
    Severity::WORST_FIRST
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .map_or(Tone::Plain, Tone::from)
}

/// The severity on one line and, where opinions are far apart, their range on the next.
fn narrow_severity(finding: &Finding) -> Cell {
    let range = phrases::disputed_range(&finding.severity);
    Cell::lines(
        [finding.severity.level.to_string()]
            .into_iter()
            .chain(range),
    )
}
