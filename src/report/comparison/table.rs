//! A comparison laid out for a width: tables where they fit, sentences where they do not.

use std::io;

use super::document::{Block, Column, Document, Row, Table, Value, scaled};
use crate::report::grid::{Cell, Grid};
use crate::report::sheet::Sheet;
use crate::report::theme::Tone;
use crate::report::{Options, escape};

/// Columns that a cell which may be wrapped gets at least.
const WRAPPED: u16 = 26;

/// Columns of the longest bar.
const BAR: usize = 24;

/// Columns that the label of a sentence gets at most.
const LABEL: u16 = 24;

/// Characters of an outside name at the head of a column.
const HEAD: usize = 24;

/// Writes the document.
pub(super) fn write(
    document: &Document,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut sheet = Sheet {
        width: options.width.max(Options::MIN_WIDTH),
        color: options.color,
        out,
    };
    sheet.paragraph(document.title.as_str(), None)?;
    for problem in &document.problems {
        let (word, tone) = if problem.failed {
            ("FAILED", Tone::Bad)
        } else {
            ("PARTIAL", Tone::Attention)
        };
        sheet.paragraph(format!("{word}: {}", problem.sentence), Some(tone))?;
    }
    let mut facts = Grid::new(sheet.width);
    for (name, text) in &document.facts {
        facts.row([(*name).into(), text.as_str().into()]);
    }
    facts.keep_whole(&[LABEL]);
    for line in facts.into_lines() {
        writeln!(sheet.out, "{line}")?;
    }
    for section in &document.sections {
        sheet.heading(&title(&section.title))?;
        let mut after_table = false;
        for block in &section.blocks {
            match block {
                Block::Text(text) => {
                    sheet.remark(text.as_str())?;
                    after_table = false;
                }
                Block::Table(table) => {
                    if after_table {
                        sheet.gap()?;
                    }
                    let grid = lay_out(&sheet, table);
                    sheet.grid(grid, |_| Tone::Plain)?;
                    after_table = true;
                }
            }
        }
    }
    sheet.gap()?;
    sheet.paragraph(document.footer.as_str(), None)
}

/// A title in capitals; its counts stay as they are.
fn title(text: &str) -> String {
    let end = text.find([':', '(', ',']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    format!("{}{rest}", name.to_uppercase())
}

/// The table where it fits, else a list.
fn lay_out(sheet: &Sheet<'_>, table: &Table) -> Grid {
    let mut grid = columns(sheet, table);
    if grid.fits() {
        return grid;
    }
    if let Some(column) = table.wraps
        && grid.fits_with(column, WRAPPED)
    {
        grid.keep_whole_but(column);
        return grid;
    }
    list(sheet, table)
}

/// One row a row.
fn columns(sheet: &Sheet<'_>, table: &Table) -> Grid {
    let mut grid = sheet.list();
    let heads: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let values = table.rows.iter().filter_map(|row| row.values.get(index));
            let widest = values.map(|value| text(value).chars().count()).max();
            head(column, widest.unwrap_or_default())
        })
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    grid.header(&heads);
    for row in &table.rows {
        grid.row_of(row.values.iter().map(|value| text(value).into()));
    }
    for (index, column) in table.columns.iter().enumerate() {
        if column.number {
            grid.align_right(index);
        }
    }
    grid
}

/// The head of a column whose values take so many columns: on several lines where it is longer.
fn head(column: &Column, widest: usize) -> String {
    if column.verbatim {
        return escape::limited(&column.name, HEAD).into_owned();
    }
    let name = column.name.to_uppercase();
    let longest = name.split(' ').map(|word| word.chars().count()).max();
    let room = widest.max(longest.unwrap_or_default());
    let mut lines: Vec<String> = Vec::new();
    for word in name.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// A label and a sentence for each row.
fn list(sheet: &Sheet<'_>, table: &Table) -> Grid {
    let mut grid = sheet.list();
    for row in &table.rows {
        let (label, lines) = match &row.sentence {
            Some((label, lines)) => (label.clone(), lines.clone()),
            None => (label(table, row), sentences(table, row)),
        };
        grid.row([label.into(), Cell::lines(lines)]);
    }
    grid.keep_whole(&[LABEL.min(sheet.width / 3)]);
    grid
}

/// What a row is about: `docker-scout + grype`.
fn label(table: &Table, row: &Row) -> String {
    let labels = row.values.iter().take(table.labels).map(text);
    labels.collect::<Vec<_>>().join(" + ")
}

/// The names of the columns with their values, on a new line where a column wants one.
fn sentences(table: &Table, row: &Row) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (column, value) in table.columns.iter().zip(&row.values).skip(table.labels) {
        if matches!(value, Value::Missing) || (table.sparse && matches!(value, Value::Count(0))) {
            continue;
        }
        let part = format!("{} {}", column.name, text(value));
        match lines.last_mut() {
            Some(line) if !column.breaks => {
                line.push_str(", ");
                line.push_str(&part);
            }
            _ => lines.push(part),
        }
    }
    lines
}

/// A value in letters that a log shows as they are.
fn text(value: &Value) -> String {
    match value {
        Value::Missing => "-".to_owned(),
        Value::Count(count) => count.to_string(),
        Value::Text(text) => text.clone(),
        Value::Member(member) => if *member { "x" } else { "." }.to_owned(),
        Value::Bar(length, most) => "#".repeat(scaled(*length, *most, BAR)),
    }
}
