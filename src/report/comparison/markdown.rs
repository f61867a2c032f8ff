//! A comparison as GitHub-flavoured Markdown (<https://github.github.com/gfm/>), for the summary of a
//! build.

use std::io;

use super::document::{Block, Column, Document, Table, Value, scaled};
use crate::report::escape;

/// Characters that one cell or paragraph may take before it is cut.
const LIMIT: usize = 400;

/// Characters of the longest bar.
const BAR: usize = 20;

/// Writes the document.
pub(super) fn write(document: &Document, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "## {}\n", safe(&document.title))?;
    for problem in &document.problems {
        let word = if problem.failed { "Failed" } else { "Partial" };
        writeln!(out, "**{word}:** {}\n", safe(&problem.sentence))?;
    }
    for (name, text) in &document.facts {
        writeln!(out, "- **{name}:** {}", safe(text))?;
    }
    for section in &document.sections {
        // Titles are words of this program. In a summary, which is HTML, a backslash would show.
        let title = &section.title;
        if section.folded {
            writeln!(out, "\n<details>\n<summary>{title}</summary>")?;
        } else {
            writeln!(out, "\n### {title}")?;
        }
        let mut after_item = false;
        for block in &section.blocks {
            let is_item = matches!(block, Block::Item(_));
            if !(is_item && after_item) {
                writeln!(out)?;
            }
            after_item = is_item;
            match block {
                Block::Text(text) | Block::Caption(text) => writeln!(out, "{}", safe(text))?,
                Block::Item(text) => writeln!(out, "- {}", safe(text))?,
                Block::Table(rows) => table(rows, out)?,
            }
        }
        if section.folded {
            writeln!(out, "\n</details>")?;
        }
    }
    writeln!(out, "\n{}", safe(&document.footer))
}

/// A table with its row of dashes.
fn table(table: &Table, out: &mut dyn io::Write) -> io::Result<()> {
    row(table.columns.iter().map(head), out)?;
    let dashes = |column: &Column| if column.number { "---:" } else { "---" };
    row(table.columns.iter().map(dashes).map(str::to_owned), out)?;
    for cells in &table.rows {
        row(cells.values.iter().map(cell), out)?;
    }
    Ok(())
}

fn row(cells: impl Iterator<Item = String>, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "|")?;
    for cell in cells {
        write!(out, " {cell} |")?;
    }
    writeln!(out)
}

/// The name of a column, with a capital unless it is a name from outside.
fn head(column: &Column) -> String {
    if column.verbatim {
        return safe(&column.name);
    }
    let mut letters = column.name.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    safe(&format!(
        "{}{}",
        first.unwrap_or_default(),
        letters.as_str()
    ))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Missing => "-".to_owned(),
        Value::Count(count) => count.to_string(),
        Value::Text(text) => safe(text),
        Value::Member(member) => if *member { "●" } else { "○" }.to_owned(),
        Value::Bar(length, most) => "▇".repeat(scaled(*length, *most, BAR)),
    }
}

/// Text of at most [`LIMIT`] characters, as it can stand anywhere in a line.
fn safe(text: &str) -> String {
    escape::markdown(&escape::limited(text, LIMIT))
}
