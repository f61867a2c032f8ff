//! What each scanner does not report, by cause.

use std::cmp::Reverse;
use std::io;

use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::report::{Report, ScannerCoverage, ScannerSummary};
use crate::model::{Cause, Outcome};
use crate::report::phrases::{self, count};

/// Writes the section.
pub(super) fn write(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "gaps")], |html| {
        html.leaf("h2", &[], "What each scanner does not report, and why")?;
        if report.coverage.scanners.is_empty() {
            return html.leaf("p", &[], "Nothing is known of any scanner.");
        }
        let greatest = report
            .coverage
            .scanners
            .iter()
            .flat_map(|row| missed(row).into_iter().map(|(_, number)| number))
            .max()
            .unwrap_or_default();
        html.element("div", &[("class", "columns")], |html| {
            for row in &report.coverage.scanners {
                let mut scanners = report.scanners.iter();
                let summary = scanners.find(|scanner| scanner.id == row.scanner);
                html.element("div", &[], |html| scanner(html, row, summary, greatest))?;
            }
            Ok(())
        })
    })
}

fn scanner(
    html: &mut Markup<'_>,
    row: &ScannerCoverage,
    summary: Option<&ScannerSummary>,
    greatest: usize,
) -> io::Result<()> {
    let title = summary.map_or(row.scanner.as_str(), |summary| &summary.title);
    html.leaf("h3", &[], title)?;
    if let Some(Outcome::Failed(failure)) = summary.map(|summary| &summary.outcome) {
        let cause = phrases::failure(failure);
        let text = format!("No result: {cause}. What it would report is not known.");
        return html.leaf("p", &[("class", "warning")], &text);
    }
    let missed = missed(row);
    let total: usize = missed.iter().map(|(_, number)| number).sum();
    let text = format!(
        "{} reported, {} of them by it alone; {total} not reported.",
        count(row.reported, "finding", "findings"),
        row.alone
    );
    html.leaf("p", &[], &text)?;
    let rows = missed
        .into_iter()
        .map(|(cause, count)| vec![cause.describe().into(), Cell::Bar { count, greatest }]);
    let caption = format!("Not reported by {title}");
    table::write(html, &caption, &["Cause", "Findings"], rows)
}

/// The causes, those of most findings first.
fn missed(row: &ScannerCoverage) -> Vec<(Cause, usize)> {
    let mut missed: Vec<(Cause, usize)> = row
        .missed
        .iter()
        .filter(|(cause, _)| **cause != Cause::NoResult)
        .map(|(cause, number)| (*cause, *number))
        .collect();
    missed.sort_by_key(|(cause, number)| (Reverse(*number), *cause));
    missed
}
