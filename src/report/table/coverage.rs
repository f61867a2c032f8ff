//! The comparison of the scanners: a matrix where it fits, sentences where it does not.

use std::io;

use super::super::grid::{Cell, Grid};
use super::Page;
use crate::model::Verdict;
use crate::model::report::{PairAgreement, ScannerCoverage};
use crate::report::phrases;
use crate::report::theme::Tone;

/// The verdicts in the order of the matrix, with the head of their column. `reported` and
/// `covered` are one column: both count as found.
const VERDICTS: [(Verdict, &str); 7] = [
    (Verdict::NoMatch, "NO\nMATCH"),
    (Verdict::OtherVersion, "OTHER\nVERSION"),
    (Verdict::PackageNotSeen, "NOT\nSEEN"),
    (Verdict::Suppressed, "WITH-\nHELD"),
    (Verdict::NotAssessed, "NOT\nASSESSED"),
    (Verdict::Failed, "FAILED"),
    (Verdict::Unknown, "UNKNOWN"),
];

/// Writes the section.
pub(super) fn write(page: &mut Page<'_>) -> io::Result<()> {
    let coverage = &page.report.coverage;
    if coverage.scanners.is_empty() {
        return Ok(());
    }
    page.sheet.heading(&format!(
        "COVERAGE ({} reported by every scanner with a result)",
        coverage.shared_by_all
    ))?;
    let matrix = matrix(page, &coverage.scanners);
    let grid = if matrix.fits() {
        matrix
    } else {
        sentences(page, &coverage.scanners)
    };
    page.sheet.grid(grid, |_| Tone::Plain)?;
    if coverage.pairs.is_empty() {
        return Ok(());
    }
    page.sheet.gap()?;
    let table = pair_table(page, &coverage.pairs);
    let grid = if table.fits() {
        table
    } else {
        pair_sentences(page, &coverage.pairs)
    };
    page.sheet.grid(grid, |_| Tone::Plain)?;
    page.sheet.remark(
        "Agreement: findings of both among findings of either. Adjusted: without those that the \
         other scanner does not assess, withheld, or reports in the same files under another package \
         type.",
    )
}

/// Number of findings with one verdict of one scanner.
fn number(row: &ScannerCoverage, verdict: Verdict) -> usize {
    row.verdicts.get(&verdict).copied().unwrap_or_default()
}

/// True for a scanner without a trustworthy result: for it, zeros would read as *found nothing*.
fn has_failed(row: &ScannerCoverage) -> bool {
    row.reported == 0 && number(row, Verdict::Failed) > 0
}

/// One row a scanner, one column a verdict that occurs.
fn matrix(page: &Page<'_>, rows: &[ScannerCoverage]) -> Grid {
    let columns: Vec<(Verdict, &str)> = VERDICTS
        .into_iter()
        .filter(|(verdict, _)| rows.iter().any(|row| number(row, *verdict) > 0))
        .collect();
    let mut grid = page.sheet.list();
    let mut header = vec!["SCANNER", "REPORTED", "ALONE"];
    header.extend(columns.iter().map(|(_, head)| *head));
    grid.header(&header);
    for row in rows {
        let failed = has_failed(row);
        let cell = |count: usize| -> Cell {
            if failed && count == 0 {
                "-".into()
            } else {
                count.into()
            }
        };
        grid.row_of(
            [
                row.scanner.as_str().into(),
                cell(row.reported),
                cell(row.alone),
            ]
            .into_iter()
            .chain(
                columns
                    .iter()
                    .map(|(verdict, _)| cell(number(row, *verdict))),
            ),
        );
    }
    grid.align_right_from(1);
    grid
}

/// One line a scanner.
fn sentences(page: &Page<'_>, rows: &[ScannerCoverage]) -> Grid {
    let mut grid = page.sheet.list();
    for row in rows {
        let mut parts = Vec::new();
        if !has_failed(row) {
            parts.push(format!("reported {} ({} alone)", row.reported, row.alone));
        }
        parts.extend(VERDICTS.iter().filter_map(|(verdict, _)| {
            let number = number(row, *verdict);
            (number > 0).then(|| format!("{} {number}", phrases::verdict_words(*verdict)))
        }));
        grid.row([row.scanner.as_str().into(), parts.join(", ").into()]);
    }
    grid.keep_whole(&[14]);
    grid
}

/// Agreement over everything that either reports.
fn naive(pair: &PairAgreement) -> String {
    let either = pair.both + pair.only_a + pair.only_b;
    phrases::share(pair.naive, pair.both, either)
}

/// Agreement over what both were able to report.
fn adjusted(pair: &PairAgreement) -> String {
    let either = pair.adjusted_both + pair.adjusted_only_a + pair.adjusted_only_b;
    phrases::share(pair.adjusted, pair.adjusted_both, either)
}

/// One row a pair.
fn pair_table(page: &Page<'_>, pairs: &[PairAgreement]) -> Grid {
    let mut grid = page.sheet.list();
    grid.header(&[
        "FIRST",
        "SECOND",
        "BOTH",
        "ONLY\nFIRST",
        "ONLY\nSECOND",
        "AGREEMENT",
        "ADJUSTED",
    ]);
    for pair in pairs {
        grid.row([
            pair.a.as_str().into(),
            pair.b.as_str().into(),
            pair.both.into(),
            pair.only_a.into(),
            pair.only_b.into(),
            naive(pair).into(),
            adjusted(pair).into(),
        ]);
    }
    grid.align_right_from(2);
    grid
}

/// One paragraph a pair.
fn pair_sentences(page: &Page<'_>, pairs: &[PairAgreement]) -> Grid {
    let mut grid = page.sheet.list();
    for pair in pairs {
        grid.row([
            Cell::lines([format!("{} +", pair.a), pair.b.to_string()]),
            Cell::lines([
                format!(
                    "both {}, only {} {}, only {} {}",
                    pair.both, pair.a, pair.only_a, pair.b, pair.only_b
                ),
                format!("agreement {}, adjusted {}", naive(pair), adjusted(pair)),
            ]),
        ]);
    }
    grid.keep_whole(&[16]);
    grid
}
