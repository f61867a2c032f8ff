//! The scanners, and whether each can be trusted.

use std::io;

use super::{Page, WIDE_FROM};
use crate::model::report::ScannerSummary;
use crate::model::{IdentityQuality, InventoryScope, Outcome};
use crate::report::grid::Cell;
use crate::report::phrases::{self, count};
use crate::report::theme::Tone;

impl Page<'_> {
    /// Every scanner and whether it can be trusted; missing and failed ones first.
    pub(super) fn scanners(&mut self) -> io::Result<()> {
        self.sheet
            .heading(&format!("SCANNERS ({})", phrases::trusted(self.report)))?;
        let has_room = self.sheet.width >= WIDE_FROM;
        let mut grid = self.sheet.list();
        if has_room {
            grid.header(&["STATUS", "SCANNER", "VERSION", "DATABASE", "RESULT"]);
        }
        for scanner in &self.report.policy.missing_scanners {
            let title = phrases::missing(scanner);
            let result = Cell::lines(phrases::NOT_RUN.map(str::to_owned));
            if has_room {
                let none = || "-".into();
                grid.row([
                    phrases::MISSING.into(),
                    title.into(),
                    none(),
                    none(),
                    result,
                ]);
            } else {
                grid.row([phrases::MISSING.into(), title.into(), result]);
            }
        }
        for scanner in phrases::by_trust(self.report) {
            let status = phrases::status(&scanner.outcome);
            let title = phrases::scanner(scanner);
            let version = scanner.version.as_deref();
            let database = scanner
                .database_built
                .as_deref()
                .map(|built| phrases::database(built, &self.report.evaluated_at));
            let result = scanner_result(scanner);
            if has_room {
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
        grid.keep_whole(if has_room { &[7, 28, 16, 26] } else { &[7, 14] });
        self.sheet.grid(grid, |word| match word {
            "ok" => Tone::Good,
            "partial" => Tone::Attention,
            "failed" | phrases::MISSING => Tone::Bad,
            _ => Tone::Plain,
        })
    }
}

/// What a scanner gave, or why it gave nothing and what to do about it.
pub(in crate::report) fn scanner_result(scanner: &ScannerSummary) -> Vec<String> {
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
