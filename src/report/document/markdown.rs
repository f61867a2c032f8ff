//! A page as GitHub-flavoured Markdown (<https://github.github.com/gfm/>).

use std::io;

use super::{Block, Column, Document, Fact, Table, Value, scaled};
use crate::report::escape;

/// Characters that one cell or paragraph may take before it is cut.
const LIMIT: usize = 400;

/// Characters of the longest bar.
const BAR: usize = 20;

/// Writes the document.
pub(super) fn write(document: &Document, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "## {}\n", safe(&document.title))?;
    for notice in &document.notices {
        writeln!(out, "**{}:** {}\n", notice.word, safe(&notice.sentence))?;
    }
    facts(&document.facts, out)?;
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
                Block::Facts(rows) => facts(rows, out)?,
                Block::Difference(lines) => difference(lines, out)?,
                Block::Table(rows) => table(rows, out)?,
            }
        }
        if section.folded {
            writeln!(out, "\n</details>")?;
        }
    }
    writeln!(out, "\n{}", safe(&document.footer))
}

/// A list of names with their lines.
fn facts(facts: &[Fact], out: &mut dyn io::Write) -> io::Result<()> {
    for fact in facts {
        let lines: Vec<String> = fact.lines.iter().map(|line| safe(line)).collect();
        writeln!(out, "- **{}:** {}", safe(&fact.name), lines.join("; "))?;
    }
    Ok(())
}

/// A block of code, where nothing has a meaning but the fence that ends it.
fn difference(lines: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let longest = lines
        .iter()
        .map(|line| escape::longest_run(line, '`'))
        .max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    writeln!(out, "{fence}diff")?;
    for line in lines {
        writeln!(out, "{}", escape::limited(line, LIMIT))?;
    }
    writeln!(out, "{fence}")
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
        Value::Name(name) => escape::markdown_code(&escape::limited(name, LIMIT)),
        Value::Lines(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| safe(line)).collect();
            // The only way to hold lines in a cell.
            lines.join("<br>")
        }
        Value::Member(member) => if *member { "●" } else { "○" }.to_owned(),
        Value::Bar(length, most) => "▇".repeat(scaled(*length, *most, BAR)),
    }
}

/// Text of at most [`LIMIT`] characters, as it can stand anywhere in a line.
fn safe(text: &str) -> String {
    escape::markdown(&escape::limited(text, LIMIT))
}
