//! How far the scanners agree: an UpSet plot, a matrix of pairs, and the same numbers as tables.

use std::io;

use super::markup::Markup;
use super::table::{self, Cell};
use super::{matrix, upset};
use crate::coverage::{Comparisons, ImageInput};
use crate::model::comparison::Comparison;
use crate::model::report::{PairAgreement, Report};
use crate::report::phrases::{self, count};

/// Writes the section.
pub(super) fn write(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "agreement")], |html| {
        html.leaf("h2", &[], "Agreement of the scanners")?;
        if report.coverage.pairs.is_empty() {
            return html.leaf(
                "p",
                &[],
                "Fewer than two scanners gave a result: there is nothing to compare.",
            );
        }
        html.element("div", &[("class", "columns")], |html| {
            html.element("div", &[], |html| sets(html, &comparison(report)))?;
            html.element("div", &[], |html| pairs(html, report))
        })?;
        pair_table(html, &report.coverage.pairs)
    })
}

fn comparison(report: &Report) -> Comparison {
    let mut comparisons = Comparisons::default();
    comparisons.add(&ImageInput {
        report,
        source: "",
        layers: &[],
    });
    comparisons.finish()
}

fn sets(html: &mut Markup<'_>, comparison: &Comparison) -> io::Result<()> {
    let base = &comparison.base;
    if comparison.sets.is_empty() {
        return Ok(());
    }
    html.leaf("h3", &[], "Who reports what together")?;
    let text = format!(
        "{} of {}. Each column is a group of scanners that report the same findings and no other \
         scanner does; filled dots name the group.",
        count(base.findings, "finding", "findings"),
        count(base.scanners.len(), "scanner", "scanners"),
    );
    html.leaf("p", &[], &text)?;
    upset::write(html, base, &comparison.sets)?;
    html.element("details", &[], |html| {
        html.leaf("summary", &[], "The plot as a table")?;
        let rows = comparison.sets.iter().map(|set| {
            let names: Vec<&str> = set
                .scanners
                .iter()
                .map(crate::model::ScannerId::as_str)
                .collect();
            vec![names.join(", ").into(), set.count.into()]
        });
        table::write(
            html,
            "Findings by the scanners that report them",
            &["Reported by exactly", "Findings"],
            rows,
        )
    })
}

fn pairs(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let coverage = &report.coverage;
    html.leaf("h3", &[], "Scanner by scanner")?;
    let text = format!(
        "{} reported by every scanner with a result. Agreement is the share of findings of both \
         among findings of either. Adjusted leaves out those that the other scanner does not assess, \
         withheld, or reports in the same files under another package type.",
        count(coverage.shared_by_all, "finding is", "findings are"),
    );
    html.leaf("p", &[], &text)?;
    matrix::write(html, &coverage.pairs)
}

fn pair_table(html: &mut Markup<'_>, pairs: &[PairAgreement]) -> io::Result<()> {
    let head = [
        "First",
        "Second",
        "Both",
        "Only first",
        "Only second",
        "Agreement",
        "Adjusted",
    ];
    let rows = pairs.iter().map(|pair| {
        vec![
            pair.a.as_str().into(),
            pair.b.as_str().into(),
            pair.both.into(),
            pair.only_a.into(),
            pair.only_b.into(),
            Cell::Number(phrases::naive(pair)),
            Cell::Number(phrases::adjusted(pair)),
        ]
    });
    table::write(html, "Agreement of every two scanners", &head, rows)
}
