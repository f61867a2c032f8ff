//! CSV for spreadsheets and scripts: one row for each finding and installed package that it is in.
//!
//! RFC 4180 with its line ends (CRLF), UTF-8 without a byte order mark, and a head of names. The columns
//! before `verdict_…` are the same in every report; behind them each scanner of the run has one, in the
//! order of the run. Findings that the policy ignores are there too, with the decision and its reason.
//!
//! Two things are done to a text from a report. Characters that are not shown as they are become
//! visible ([`escape::terminal`]), so that a row is a line. And where a spreadsheet would calculate
//! what a cell holds (<https://owasp.org/www-community/attacks/CSV_Injection>), an apostrophe stands
//! before it: see [`inert`]. To undo the latter, remove the apostrophe in front of a cell and behind each
//! semicolon in it where one stands.

use std::borrow::Cow;
use std::io;

use csv::{Terminator, Writer, WriterBuilder};

use super::{Description, escape, links, phrases, rating};
use crate::model::report::Report;
use crate::model::{Action, Finding, Instance, RuleMatch, ScannerId};

/// Rows for a spreadsheet.
pub(super) const FORMAT: Description = Description {
    name: "csv",
    title: "one row a finding and installed package, for a spreadsheet",
    file_name: "report.csv",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: |report, _| warnings(report),
};

/// Characters of a cell before apostrophes are added, of which half as many may come. Spreadsheets take
/// 32,767.
const LIMIT: usize = 20_000;

/// A column: its name, and what stands in it.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// The columns that every report has.
const COLUMNS: &[Column] = &[
    ("key", |row| row.finding.key.clone()),
    ("id", |row| row.finding.vulnerability.id.to_string()),
    ("aliases", |row| list(&row.finding.vulnerability.aliases)),
    ("title", |row| {
        text(row.finding.vulnerability.title.as_ref())
    }),
    ("severity", |row| row.finding.severity.level.to_string()),
    ("severity_source", |row| {
        let source = row.finding.severity.source.as_ref();
        source.map_or_else(String::new, |source| source.name().to_owned())
    }),
    // `low–critical` where sources are two bands apart or more, else empty.
    ("disputed_range", |row| {
        text(phrases::disputed_range(&row.finding.severity).as_ref())
    }),
    // The base score and vector that come with the severity, else those with the highest score.
    ("cvss", |row| {
        let cvss = rating::cvss(row.finding, |_| true);
        number(cvss.and_then(crate::model::Cvss::base_score))
    }),
    ("cvss_vector", |row| {
        let cvss = rating::cvss(row.finding, |cvss| cvss.vector.is_some());
        text(cvss.and_then(|cvss| cvss.vector.as_ref()))
    }),
    // The probability of exploitation within 30 days, 0 to 1.
    ("epss", |row| {
        let epss = row.finding.vulnerability.epss.as_ref();
        number(epss.map(|epss| epss.score))
    }),
    ("known_exploited", |row| {
        word(row.finding.vulnerability.known_exploited)
    }),
    // The day on which it came into CISA's catalogue.
    ("kev_added", |row| {
        let kev = row.finding.vulnerability.kev.as_ref();
        kev.map_or_else(String::new, |kev| kev.date_added.clone())
    }),
    ("ecosystem", |row| row.finding.package.ecosystem.to_string()),
    // The source package, or the language package.
    ("package", |row| row.finding.package.name.clone()),
    ("installed", |row| {
        row.installed(|package| package.name.clone())
    }),
    ("version", |row| {
        row.installed(|package| package.version.clone())
    }),
    ("architecture", |row| {
        row.installed(|package| text(package.architecture.as_ref()))
    }),
    ("purl", |row| {
        row.installed(|package| text(package.purl.as_ref()))
    }),
    ("path", |row| {
        row.installed(|package| {
            let paths = package.locations.iter();
            list(paths.filter_map(|place| place.path.as_ref()))
        })
    }),
    ("fix_versions", |row| list(&row.finding.fix.versions)),
    ("recommended", |row| {
        text(row.finding.fix.recommended.as_ref())
    }),
    ("fix_state", |row| row.finding.fix.state.as_str().to_owned()),
    // `block`, `warn`, `track`, `ignore`; empty where the policy was not applied.
    ("decision", |row| {
        let decision = row.finding.decision.as_ref();
        let action = decision.map(|decision| decision.action);
        action.map_or("", Action::as_str).to_owned()
    }),
    ("rule", |row| row.rule(|rule| rule.rule.clone())),
    ("reason", |row| row.rule(|rule| rule.reason.clone())),
    ("owner", |row| row.rule(|rule| text(rule.owner.as_ref()))),
    ("expires", |row| {
        row.rule(|rule| text(rule.expires.as_ref()))
    }),
    // The scanners that report the finding on this installed package.
    ("reported_by", |row| {
        row.installed(|package| list(&package.scanners))
    }),
    ("url", |row| {
        text(links::page(&row.finding.vulnerability).as_ref())
    }),
    ("first_seen", |row| text(row.finding.first_seen.as_ref())),
    ("published", |row| {
        text(row.finding.vulnerability.published.as_ref())
    }),
];

/// What a row is about.
struct Row<'a> {
    finding: &'a Finding,
    /// One of the finding's installed packages and its place among them; `None` for a finding that
    /// has none.
    instance: Option<(usize, &'a Instance)>,
}

impl Row<'_> {
    fn installed(&self, value: impl Fn(&Instance) -> String) -> String {
        let instance = self.instance;
        instance.map_or_else(String::new, |(_, instance)| value(instance))
    }

    /// Of the rules that decide so, the first on this installed package: several rules together can
    /// ignore a finding.
    fn rule(&self, value: impl Fn(&RuleMatch) -> String) -> String {
        let Some(decision) = &self.finding.decision else {
            return String::new();
        };
        let covers = |rule: &&RuleMatch| {
            let ordinal = self.instance.map(|(ordinal, _)| ordinal);
            rule.action == decision.action && ordinal.is_none_or(|ordinal| rule.covers(ordinal))
        };
        let mut rules = std::iter::once(&decision.rule).chain(&decision.also);
        value(rules.find(covers).unwrap_or(&decision.rule))
    }
}

/// The rows, in the order of the report.
fn rows(report: &Report) -> impl Iterator<Item = Row<'_>> {
    report.findings.iter().flat_map(|finding| {
        let instances = finding.instances.iter().enumerate().map(Some);
        let nowhere = finding.instances.is_empty().then_some(None);
        let places = instances.chain(nowhere);
        places.map(move |instance| Row { finding, instance })
    })
}

/// The name of a scanner's column.
fn verdict_column(scanner: &ScannerId) -> String {
    format!("verdict_{scanner}")
}

/// Writes the rows.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out);
    let mut out = Cells(writer);
    let scanners = scanners(report);
    for (name, _) in COLUMNS {
        out.cell(name)?;
    }
    for scanner in &scanners {
        out.cell(&verdict_column(scanner))?;
    }
    out.end_row()?;
    for row in rows(report) {
        for (_, value) in COLUMNS {
            out.cell(&value(&row))?;
        }
        for scanner in &scanners {
            let verdict = row.finding.verdicts.get(scanner);
            out.cell(verdict.map_or("", |verdict| verdict.verdict.as_str()))?;
        }
        out.end_row()?;
    }
    out.0.flush()
}

/// The scanners of the run, each once: one that gave several reports has one verdict.
fn scanners(report: &Report) -> Vec<&ScannerId> {
    let mut scanners = Vec::new();
    for scanner in &report.scanners {
        if !scanners.contains(&&scanner.id) {
            scanners.push(&scanner.id);
        }
    }
    scanners
}

fn warnings(report: &Report) -> Vec<String> {
    let heads = scanners(report).into_iter().map(verdict_column);
    let cells = rows(report)
        .flat_map(|row| COLUMNS.iter().map(move |(_, value)| value(&row)))
        .chain(heads);
    let cut = cells.filter(|cell| is_cut(cell)).count();
    if cut == 0 {
        return Vec::new();
    }
    let cells = phrases::count(cut, "cell", "cells");
    vec![format!(
        "{cells} of the CSV would be longer than spreadsheets take and end with `…` after {LIMIT} \
         characters; the JSON report has the whole texts"
    )]
}

/// True for a cell that is longer than [`LIMIT`] when its characters are made visible.
fn is_cut(cell: &str) -> bool {
    // Of one byte there come six characters at most: `\u{1b}`.
    const LONGEST: usize = 6;
    cell.len() > LIMIT / LONGEST && escape::terminal(cell).chars().count() > LIMIT
}

/// Cells, written one after the other.
struct Cells<'a>(Writer<&'a mut dyn io::Write>);

impl Cells<'_> {
    fn cell(&mut self, text: &str) -> io::Result<()> {
        let shown = escape::limited(text, LIMIT);
        let cell = self.0.write_field(inert(&shown).as_bytes());
        cell.map_err(of_writer)
    }

    fn end_row(&mut self) -> io::Result<()> {
        let end = self.0.write_record(None::<&[u8]>);
        end.map_err(of_writer)
    }
}

/// The error of the writer itself: a pipe whose reader went away has to stay known as that.
fn of_writer(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// `text` with an apostrophe before whatever a spreadsheet would take for a formula: `=`, `+`, `-`,
/// `@` and their full-width forms in front, behind blanks and quotes too. The same behind a semicolon:
/// where that is the separator of lists, spreadsheets part cells there. A text that has an apostrophe
/// there already gets another one, so that taking one away gives what it was.
fn inert(text: &str) -> Cow<'_, str> {
    let is_active = |part: &str| {
        let start = part.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
        start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\''])
    };
    if !text.split(';').any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut inert = String::with_capacity(text.len() + 4);
    for part in text.split_inclusive(';') {
        if is_active(part) {
            inert.push('\'');
        }
        inert.push_str(part);
    }
    Cow::Owned(inert)
}

fn text(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn word(holds: bool) -> String {
    if holds { "yes" } else { "no" }.to_owned()
}

/// Names with commas between them.
fn list<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the documentation tells a reader to do.
    fn undone(cell: &str) -> String {
        let parts = cell.split(';');
        let parts: Vec<&str> = parts
            .map(|part| part.strip_prefix('\'').unwrap_or(part))
            .collect();
        parts.join(";")
    }

    #[test]
    fn formulas_become_text() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("  =1", "'  =1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\"=1", "'\"=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("a; =1;b", "a;' =1;b"),
            ("1.2-3", "1.2-3"),
            ("", ""),
        ] {
            assert_eq!(inert(text), cell);
        }
    }

    #[test]
    fn what_is_told_as_cut_is_cut() {
        for (text, cut) in [
            ("a".repeat(LIMIT), false),
            ("a".repeat(LIMIT + 1), true),
            ("\u{1b}".repeat(LIMIT / 6), false),
            ("\u{1b}".repeat(LIMIT / 6 + 1), true),
            ("ä".repeat(LIMIT), false),
        ] {
            assert_eq!(is_cut(&text), cut, "{}", text.len());
            assert_eq!(escape::limited(&text, LIMIT).ends_with('…'), cut);
        }
    }

    proptest! {
        #[test]
        fn an_apostrophe_can_be_taken_away_again(text in "[-;='\" a＠]{0,12}") {
            prop_assert_eq!(undone(&inert(&text)), text);
        }

        #[test]
        fn nothing_begins_as_a_formula(text in any::<String>()) {
            let cell = inert(&text);
            for part in cell.split(';') {
                let start = part.trim_start().chars().next();
                prop_assert!(!start.is_some_and(|c| "=+-@＝＋－＠".contains(c)), "{cell}");
            }
        }
    }
}
