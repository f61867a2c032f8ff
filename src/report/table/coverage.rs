//! The comparison of the scanners: who reports how much, what each misses and why, and how far every
//! two agree.

use std::cmp::Reverse;
use std::io;

use super::Page;
use crate::model::report::{PairAgreement, Report, ScannerCoverage};
use crate::model::{Cause, Verdict};
use crate::report::document::{self, Column, Cut, Narrow, Section, Table, Value};
use crate::report::phrases;

/// The verdicts in the order of the matrix. `reported` and `covered` are one column: both count as
/// found.
const VERDICTS: [Verdict; 7] = [
    Verdict::NoMatch,
    Verdict::OtherVersion,
    Verdict::PackageNotSeen,
    Verdict::Suppressed,
    Verdict::NotAssessed,
    Verdict::Failed,
    Verdict::Unknown,
];

impl Page<'_> {
    /// The comparison, where there is one.
    pub(super) fn coverage(&mut self) -> io::Result<()> {
        if self.report.coverage.scanners.is_empty() {
            return Ok(());
        }
        document::write_section(&section(self.report, self.cut()), &mut self.sheet)
    }
}

fn section(report: &Report, cut: Cut<'_>) -> Section {
    let coverage = &report.coverage;
    let mut section = Section::open(format!(
        "Coverage ({} reported by every scanner with a result)",
        coverage.shared_by_all
    ));
    section.table(matrix(report, &coverage.scanners));
    misses(&mut section, &coverage.scanners, cut);
    if !coverage.pairs.is_empty() {
        section.table(pairs(&coverage.pairs));
        section.text(
            "Agreement: findings of both among findings of either. Adjusted: without those that the \
             other scanner does not assess, withheld, or reports in the same files under another \
             package type.",
        );
    }
    section
}

/// Number of findings with one verdict of one scanner.
fn number(row: &ScannerCoverage, verdict: Verdict) -> usize {
    row.verdicts.get(&verdict).copied().unwrap_or_default()
}

/// One row a scanner, one column a verdict that occurs, so that each row adds up to the number of
/// findings. That a scanner failed is said in its row: zeros would read as *found nothing*.
pub(in crate::report) fn matrix(report: &Report, rows: &[ScannerCoverage]) -> Table {
    let has_result = |row: &ScannerCoverage| phrases::gave_result(report, &row.scanner);
    let with_result = || rows.iter().filter(|row| has_result(row));
    let occurs = |verdict: &Verdict| with_result().any(|row| number(row, *verdict) > 0);
    let verdicts: Vec<Verdict> = VERDICTS.into_iter().filter(occurs).collect();
    let most = with_result().map(|row| row.reported).max();
    let most = most.unwrap_or_default();
    let columns = [
        Column::text("scanner"),
        Column::number("reported"),
        Column::text(""),
        Column::number("alone"),
    ];
    let causes = verdicts.iter().copied().map(phrases::verdict_words);
    let mut table = Table::new(1, columns.into_iter().chain(causes.map(Column::number)));
    for row in rows {
        let has_result = has_result(row);
        let known = |count: usize| Value::count_if(has_result, count);
        let [reported, bar] = if has_result {
            [row.reported.into(), Value::Bar(row.reported, most)]
        } else {
            let failed = phrases::verdict_words(Verdict::Failed);
            [failed.into(), Value::Bar(0, most)]
        };
        let found = [(&row.scanner).into(), reported, bar, known(row.alone)];
        let counts = verdicts.iter().map(|verdict| known(number(row, *verdict)));
        let said = if has_result {
            sentence(row)
        } else {
            vec!["gave no result".to_owned()]
        };
        let narrow = Narrow::new(row.scanner.as_str(), [said]);
        table.row_or(found.into_iter().chain(counts), narrow);
    }
    table
}

/// A row in words, without the verdicts that do not occur.
fn sentence(row: &ScannerCoverage) -> Vec<String> {
    let found = [
        format!("reported {}", row.reported),
        format!("{} alone", row.alone),
    ];
    let verdicts = VERDICTS.into_iter().filter_map(|verdict| {
        let number = number(row, verdict);
        (number > 0).then(|| format!("{} {number}", phrases::verdict_words(verdict)))
    });
    found.into_iter().chain(verdicts).collect()
}

/// What each scanner misses, by cause, the largest gap first. What a failed scanner misses has no
/// other cause.
fn misses(section: &mut Section, rows: &[ScannerCoverage], cut: Cut<'_>) {
    let causes = |row: &ScannerCoverage| {
        let causes = row.missed.clone().into_iter();
        let scanner = row.scanner.clone();
        causes.map(move |(cause, number)| (scanner.clone(), cause, number))
    };
    let mut gaps: Vec<_> = rows
        .iter()
        .flat_map(causes)
        .filter(|(_, cause, number)| *cause != Cause::NoResult && *number > 0)
        .collect();
    gaps.sort_by_key(|(_, _, number)| Reverse(*number));
    let most = gaps.first().map_or(0, |(_, _, number)| *number);
    let mut table = Table::new(
        1,
        [
            Column::text("missed by"),
            Column::number("findings"),
            Column::text(""),
            Column::text("cause"),
        ],
    );
    let shown = cut.shown(&gaps);
    for (scanner, cause, number) in shown {
        table.row_or(
            [
                scanner.into(),
                (*number).into(),
                Value::Bar(*number, most),
                cause.describe().into(),
            ],
            Narrow::new(
                scanner.as_str(),
                [format!("misses {number}: {}", cause.describe())],
            ),
        );
    }
    section.table(table);
    cut.left_out(section, gaps.len(), shown.len());
}

/// One row a pair.
fn pairs(pairs: &[PairAgreement]) -> Table {
    let mut table = Table::new(
        2,
        [
            Column::text("first"),
            Column::text("second"),
            Column::number("both"),
            Column::number("only first"),
            Column::number("only second"),
            Column::number("agreement"),
            Column::number("adjusted"),
        ],
    );
    for pair in pairs {
        let PairAgreement { a, b, .. } = pair;
        let (naive, adjusted) = (phrases::naive(pair), phrases::adjusted(pair));
        let counts = vec![
            format!("both {}", pair.both),
            format!("only {a} {}", pair.only_a),
            format!("only {b} {}", pair.only_b),
        ];
        let shares = vec![format!("agreement {naive}"), format!("adjusted {adjusted}")];
        table.row_or(
            [
                a.into(),
                b.into(),
                pair.both.into(),
                pair.only_a.into(),
                pair.only_b.into(),
                naive.into(),
                adjusted.into(),
            ],
            Narrow::new(format!("{a} + {b}"), [counts, shares]),
        );
    }
    table
}
