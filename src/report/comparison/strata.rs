//! The same counts for parts of the findings.

use super::words::{Writer, percent, short_digest, together};
use crate::model::comparison::Stratum;
use crate::report::document::{Column, Section, Table, Value};

/// By ecosystem, severity, whether there is a fix, and layer.
pub(super) fn write(writer: &Writer<'_>) -> Section {
    let strata = &writer.comparison.strata;
    let mut section =
        Section::folded("Parts: coverage by kind of package, severity, fix and layer");
    for (name, parts) in [
        ("ecosystem", &strata.ecosystem),
        ("severity", &strata.severity),
        ("fix", &strata.fixable),
        ("layer", &strata.layer),
    ] {
        let shown = writer.cut.shown(parts);
        section.table(table(writer, name, shown));
        writer.cut.left_out(&mut section, parts.len(), shown.len());
    }
    section
}

/// One row a part.
fn table(writer: &Writer<'_>, name: &str, parts: &[Stratum]) -> Table {
    let scanners = writer.with_results();
    let mut table = Table::new(
        1,
        [Column::text(name), Column::number("findings")]
            .into_iter()
            .chain(scanners.iter().map(|id| Column::scanner(id)))
            .chain([Column::text("best two").on_new_line()]),
    );
    for part in parts {
        let coverage = scanners.iter().map(|id| {
            let share = part.coverage.get(*id);
            share.map_or(Value::Missing, Value::from)
        });
        let best = part
            .best_pair
            .as_ref()
            .map(|best| format!("{}: {}", together(&best.scanners), percent(&best.covered)));
        table.row(
            [short_digest(&part.name).into(), part.findings.into()]
                .into_iter()
                .chain(coverage)
                .chain([best.into()]),
        );
    }
    table.without_empty_columns()
}
