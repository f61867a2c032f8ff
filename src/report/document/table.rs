//! A page laid out for a width: tables where they fit, sentences where they do not.

use std::io;

use super::{Block, Column, Document, Fact, Line, Narrow, Row, Section, Table, Value, scaled};
use crate::report::grid::{Cell, GAP, Grid, width};
use crate::report::sheet::{INDENT, Sheet};
use crate::report::theme::Tone;
use crate::report::{Options, escape};

/// Columns of the longest bar, where there is room and where there is little.
const BARS: [usize; 2] = [24, 8];

/// Columns that the head of a column may take even where the values are shorter.
const SHORT_HEAD: usize = 9;

/// Columns that the names of facts get at most.
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
    sheet.paragraph(document.title.as_str(), Some(document.tone))?;
    for notice in &document.notices {
        let text = format!("{}: {}", notice.word.to_uppercase(), notice.sentence);
        sheet.paragraph(text, Some(notice.tone))?;
    }
    for line in facts(Grid::new(sheet.width), &document.facts).into_lines() {
        writeln!(sheet.out, "{line}")?;
    }
    for section in &document.sections {
        write_section(section, &mut sheet)?;
    }
    sheet.gap()?;
    sheet.paragraph(document.footer.as_str(), None)
}

/// Writes one part of a page, with its title.
pub(super) fn write_section(section: &Section, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.heading(&title(&section.title))?;
    write_blocks(sheet, &section.blocks)
}

/// The content of a section. Tables, captions and differences after a list begin with an empty line.
fn write_blocks(sheet: &mut Sheet<'_>, blocks: &[Block]) -> io::Result<()> {
    let mut has_list = false;
    let mut after_caption = false;
    for block in blocks {
        let begins = matches!(
            block,
            Block::Table(_) | Block::Caption(_) | Block::Difference(_)
        );
        if begins && has_list && !after_caption {
            sheet.gap()?;
        }
        match block {
            Block::Text(text) | Block::Caption(text) => sheet.remark(text.as_str())?,
            Block::Item(text) => {
                let mut grid = sheet.list();
                grid.row(["-".into(), text.as_str().into()]);
                grid.keep_whole(&[1]);
                sheet.grid(grid, |_| Tone::Plain)?;
            }
            Block::Facts(rows) => {
                let grid = facts(sheet.list(), rows);
                sheet.grid(grid, |_| Tone::Plain)?;
            }
            Block::Difference(lines) => {
                for line in lines {
                    sheet.remark(line.as_str())?;
                }
            }
            Block::Table(table) => {
                let grid = lay_out(sheet, table);
                sheet.grid(grid, table.tone)?;
            }
        }
        has_list |= matches!(block, Block::Table(_) | Block::Facts(_));
        after_caption = matches!(block, Block::Caption(_));
    }
    Ok(())
}

/// Names with their lines.
fn facts(mut grid: Grid, facts: &[Fact]) -> Grid {
    for fact in facts {
        let lines = fact.lines.iter().cloned();
        grid.row([fact.name.as_str().into(), Cell::lines(lines)]);
    }
    grid.keep_whole(&[LABEL]);
    grid
}

/// A title in capitals; its counts stay as they are.
fn title(text: &str) -> String {
    let end = text.find([':', '(']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    format!("{}{rest}", name.to_uppercase())
}

/// The table where it fits, else a list.
fn lay_out(sheet: &Sheet<'_>, table: &Table) -> Grid {
    for bar in BARS {
        let mut grid = columns(sheet, table, bar);
        if grid.fits() {
            return grid;
        }
        if let Some((column, width)) = table.wraps
            && grid.fits_with(column, width)
        {
            grid.keep_whole_but(column);
            return grid;
        }
    }
    list(sheet, table)
}

/// One row a row.
fn columns(sheet: &Sheet<'_>, table: &Table, bar: usize) -> Grid {
    let mut grid = sheet.list();
    let heads: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let values = table.rows.iter().filter_map(|row| row.values.get(index));
            let widest = values.flat_map(|value| lines(value, bar));
            let widest = widest.map(|line| width(&line)).max();
            head(column, widest.unwrap_or_default())
        })
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    grid.header(&heads);
    for row in &table.rows {
        let cells = row.values.iter();
        grid.row_of(cells.map(|value| Cell::lines(lines(value, bar))));
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
    let room = widest.max(longest.unwrap_or_default()).max(SHORT_HEAD);
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

/// Labels and sentences for each row.
fn list(sheet: &Sheet<'_>, table: &Table) -> Grid {
    let rows: Vec<Narrow> = table
        .rows
        .iter()
        .map(|row| match &row.narrow {
            Some(narrow) => narrow.clone(),
            None => Narrow::new(label(table, row), sentences(table, row)),
        })
        .collect();
    let columns = rows.iter().map(|row| row.labels.len()).max();
    let columns = columns.unwrap_or_default();
    // A third of the page for each; a single one may be half a sentence itself and gets more.
    let cap = match columns {
        0 | 1 => sheet.width * 2 / 5,
        _ => sheet.width / 3,
    };
    let taken = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.labels.get(column));
        let widths = cells.flatten().map(|line| width(line));
        widths.max().unwrap_or_default().min(usize::from(cap)) + usize::from(GAP)
    };
    let labels: usize = (0..columns).map(taken).sum();
    let room = usize::from(sheet.width.saturating_sub(INDENT)).saturating_sub(labels);
    let mut grid = sheet.list();
    for row in rows {
        let lines = row.lines.into_iter().flat_map(|line| flow(line, room));
        let labels = row.labels.into_iter().map(Cell::lines);
        grid.row_of(labels.chain([Cell::lines(lines)]));
    }
    grid.keep_whole(&vec![cap; columns]);
    grid
}

/// The parts of a line, on so many lines that none is torn where it need not be.
fn flow(line: Line, room: usize) -> Vec<String> {
    let mark = line.mark;
    let mut lines: Vec<String> = Vec::new();
    for part in line.parts {
        match lines.last_mut() {
            // Room for the mark at its end, too.
            Some(line) if width(line) + width(&part) + 2 * mark.len() < room => {
                line.extend([mark, " ", &part]);
            }
            Some(line) => {
                line.push_str(mark);
                lines.push(part);
            }
            None => lines.push(part),
        }
    }
    lines
}

/// What a row is about: `docker-scout + grype`.
fn label(table: &Table, row: &Row) -> String {
    let labels = row.values.iter().take(table.labels);
    let labels: Vec<String> = labels.filter_map(Value::words).collect();
    labels.join(" + ")
}

/// The names of the columns with their values, on a new line where a column wants one.
fn sentences(table: &Table, row: &Row) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for (column, value) in table.columns.iter().zip(&row.values).skip(table.labels) {
        if table.sparse && matches!(value, Value::Count(0)) {
            continue;
        }
        let Some(words) = value.words() else {
            continue;
        };
        let part = format!("{} {words}", column.name);
        match lines.last_mut() {
            Some(line) if !column.breaks => line.push(part),
            _ => lines.push(vec![part]),
        }
    }
    lines
}

/// A value in letters that a log shows as they are, bars of `bar` columns at most.
fn lines(value: &Value, bar: usize) -> Vec<String> {
    let line = match value {
        Value::Missing => "-".to_owned(),
        Value::Count(count) => count.to_string(),
        Value::Text(text) | Value::Name(text) => text.clone(),
        Value::Lines(lines) => return lines.clone(),
        Value::Member(member) => if *member { "x" } else { "." }.to_owned(),
        Value::Bar(length, most) => "#".repeat(scaled(*length, *most, bar)),
    };
    vec![line]
}
