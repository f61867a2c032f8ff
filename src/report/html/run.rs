//! How the run went: what it drew on, what became of every observation, and notes on the inputs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::DiagnosticLevel;
use crate::model::report::Report;
use crate::report::phrases::{self, count};
use crate::report::table::drawn_on;

/// Writes the section.
pub(super) fn write(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "run")], |html| {
        html.leaf("h2", &[], "Run details")?;
        notes(html, report)?;
        inputs(html, report)?;
        let rows = sources(report).into_iter();
        let rows = rows.map(|(kind, text)| vec![kind.into(), text.into()]);
        table::write(
            html,
            "What the policy drew on besides the scanners",
            &["Kind", "Source"],
            rows,
        )?;
        accounting(html, report)?;
        html.leaf(
            "p",
            &[],
            &format!("Layout of the report: version {}.", report.schema_version),
        )
    })
}

/// What a person should know about the inputs; the same message once, with its number, worst first.
fn notes(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let mut groups: BTreeMap<_, (usize, Option<&str>)> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        let key = (
            Reverse(diagnostic.level),
            diagnostic.origin.as_str(),
            diagnostic.message.as_str(),
        );
        let group = groups.entry(key).or_default();
        group.0 += 1;
        group.1 = group.1.or(diagnostic.pointer.as_deref());
    }
    let head = ["Level", "Origin", "Message", "Times", "First at"];
    let rows = groups
        .into_iter()
        .map(|((level, origin, message), (number, pointer))| {
            let (class, word) = match level.0 {
                DiagnosticLevel::Note => ("mark other", "note"),
                DiagnosticLevel::Warning => ("mark medium", "warning"),
                DiagnosticLevel::Unreadable => ("mark critical", "unreadable"),
            };
            vec![
                Cell::Mark(class, word.to_owned()),
                origin.into(),
                message.into(),
                number.into(),
                pointer.unwrap_or_default().into(),
            ]
        });
    table::write(html, "Notes on the inputs", &head, rows)
}

/// The files that the scanners' words were read from.
fn inputs(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let head = ["Scanner", "File", "Format", "SHA-256", "Time", "Memory"];
    let rows = report.scanners.iter().map(|scanner| {
        let time = scanner.duration_ms.map(phrases::duration);
        let memory = scanner.peak_memory_bytes.map(phrases::memory);
        vec![
            scanner.title.as_str().into(),
            scanner.source.as_str().into(),
            scanner.format.as_deref().unwrap_or("none").into(),
            scanner.sha256.as_deref().unwrap_or("not known").into(),
            Cell::Number(time.unwrap_or_else(|| "not known".to_owned())),
            Cell::Number(memory.unwrap_or_else(|| "not known".to_owned())),
        ]
    });
    table::write(html, "Reports that were read", &head, rows)
}

/// What the policy drew on, and what of that does not count.
fn sources(report: &Report) -> Vec<(&'static str, String)> {
    let policy = &report.policy;
    let mut rows = drawn_on(report);
    for vex in policy.vex.iter().filter(|vex| vex.skipped > 0) {
        let skipped = count(vex.skipped, "statement", "statements");
        rows.push(("VEX", format!("{}: {skipped} not understood", vex.document)));
    }
    let skipped = policy.cuda.iter().flat_map(|cuda| &cuda.skipped);
    rows.extend(skipped.map(|host| ("Host that does not count", host.clone())));
    rows
}

/// What became of every observation.
fn accounting(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let head = [
        "Scanner",
        "Entries",
        "Observations",
        "In findings",
        "Withheld",
        "Unreadable",
        "Not vulnerabilities",
    ];
    let rows = report.accounting.iter().map(|row| {
        vec![
            row.scanner.as_str().into(),
            row.entries.into(),
            row.observations.into(),
            row.in_findings.into(),
            row.suppressed.into(),
            row.unreadable.into(),
            row.not_vulnerabilities.into(),
        ]
    });
    table::write(html, "What became of every entry", &head, rows)?;
    let mut lost = report.accounting.iter();
    if lost.any(|row| row.observations != row.in_findings) {
        html.leaf(
            "p",
            &[("class", "warning")],
            "Some observations are in no finding: please report this as a bug.",
        )?;
    }
    Ok(())
}
