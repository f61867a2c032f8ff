//! A lower bound for what all scanners miss.

use super::words::Writer;
use crate::model::comparison::Estimate;
use crate::report::document::{Column, Section, Table, Value};

/// The estimates with what has to hold, or why there are none.
pub(super) fn write(writer: &Writer<'_>) -> Section {
    let unseen = &writer.comparison.unseen;
    let mut section = Section::folded("What all of them may miss (indicative)");
    let all = std::iter::once(("all".to_owned(), &unseen.all));
    let pairs = unseen
        .pairs
        .iter()
        .map(|pair| (format!("{} + {}", pair.a, pair.b), &pair.estimate));
    let estimates: Vec<(String, &Estimate)> = all.chain(pairs).collect();
    let shown = writer.cut.shown(&estimates);
    let mut table = Table::new(
        1,
        [
            Column::text("from"),
            Column::number("seen"),
            Column::text("there are"),
            Column::text("by"),
            Column::text("share seen").on_new_line(),
        ],
    );
    let mut refusals: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, estimate) in shown {
        match estimate {
            Estimate::LowerBound {
                estimator,
                seen,
                total,
                interval,
                sample_coverage,
            } => table.row([
                name.as_str().into(),
                (*seen).into(),
                format!(
                    "at least {total:.0} ({:.0} to {:.0})",
                    interval.low, interval.high
                )
                .into(),
                estimator.as_str().into(),
                sample_coverage.as_ref().map_or(Value::Missing, Value::from),
            ]),
            Estimate::Refused { reason } => {
                match refusals.iter_mut().find(|(known, _)| known == reason) {
                    Some((_, names)) => names.push(name),
                    None => refusals.push((reason, vec![name])),
                }
            }
        }
    }
    section.table(table.without_empty_columns());
    for (reason, names) in refusals {
        section.text(format!("No estimate from {}: {reason}", names.join(", ")));
    }
    writer
        .cut
        .left_out(&mut section, estimates.len(), shown.len());
    if shown
        .iter()
        .any(|(_, estimate)| matches!(estimate, Estimate::LowerBound { .. }))
    {
        section.caption("A hint, not a measurement. It holds as far as these do:");
        for assumption in &unseen.assumptions {
            section.item(assumption.as_str());
        }
    }
    section
}
