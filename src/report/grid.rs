//! Columns of text without lines, laid out for a width.
//!
//! A grid is the only way from report text to the page, and it escapes whatever it takes.

mod link;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::escape;

/// Characters that one line of a cell may take before it is cut.
const LINE_LIMIT: usize = 400;

/// Columns between two columns.
pub(crate) const GAP: u16 = 2;

/// Columns that `text` takes in a cell, where it has room.
pub(crate) fn width(text: &str) -> usize {
    escape::limited(text, LINE_LIMIT).width()
}

/// `text` in at most `room` columns, as it stands in a cell: what is left out is marked with `…`.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let text = escape::limited(text, LINE_LIMIT);
    if text.width() <= room {
        return text.into_owned();
    }
    let pieces = split(&text, room.saturating_sub(1));
    format!("{}…", pieces.first().map_or("", |piece| piece.trim_end()))
}

/// `text` in pieces of at most `room` columns, but of one character at least. Characters without a
/// width stay with what is before them.
fn split(text: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut columns = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or_default();
        if columns + width > room && columns > 0 {
            pieces.push(std::mem::take(&mut piece));
            columns = 0;
        }
        piece.push(c);
        columns += width;
    }
    pieces.push(piece);
    pieces
}

/// Content of one cell: lines, which may still be wrapped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    lines: Vec<String>,
    /// The address that the lines lead to.
    address: Option<String>,
}

impl Cell {
    /// Several lines.
    pub(crate) fn lines(lines: impl IntoIterator<Item = String>) -> Self {
        Self {
            lines: lines.into_iter().collect(),
            address: None,
        }
    }

    /// One text that leads to an address, in a column that gets at most `room` columns. In a row
    /// there can be one of them.
    ///
    /// `address` is one that [`links`](super::links) gives: no control characters, no blanks.
    pub(crate) fn link(text: &str, address: Option<String>, room: u16) -> Self {
        Self {
            lines: split(&escape::limited(text, LINE_LIMIT), usize::from(room)),
            address,
        }
    }
}

impl From<String> for Cell {
    fn from(line: String) -> Self {
        Self::lines([line])
    }
}

impl From<&str> for Cell {
    fn from(line: &str) -> Self {
        Self::lines([line.to_owned()])
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::lines([count.to_string()])
    }
}

/// Rows and columns.
pub(crate) struct Grid {
    table: Table,
    width: u16,
    /// Where the links lead to, in the order in which they stand.
    addresses: Vec<String>,
}

impl Grid {
    /// An empty grid for lines of at most `width` columns.
    pub(crate) fn new(width: u16) -> Self {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        Self {
            table,
            width,
            addresses: Vec::new(),
        }
    }

    /// Names the columns. A name may hold `\n`.
    pub(crate) fn header(&mut self, names: &[&str]) {
        self.table.set_header(names.iter().copied());
        self.set_gaps();
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.row_of(cells);
    }

    /// Adds a row of a number of cells that is not known beforehand.
    pub(crate) fn row_of(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let addresses = &mut self.addresses;
        self.table.add_row(cells.into_iter().map(|cell| {
            let lines = cell.lines.iter();
            let lines = lines.map(|line| escape::limited(line, LINE_LIMIT));
            let Some(address) = cell.address else {
                return lines.collect::<Vec<_>>().join("\n");
            };
            let marked: Vec<String> = lines.map(|line| link::mark(&line)).collect();
            addresses.extend(marked.iter().map(|_| address.clone()));
            marked.join("\n")
        }));
        if self.table.row_count() == 1 {
            self.set_gaps();
        }
    }

    /// Puts the gap after every column but the last.
    fn set_gaps(&mut self) {
        let last = self.table.column_count().saturating_sub(1);
        for (index, column) in self.table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == last { 0 } else { GAP }));
        }
    }

    /// Aligns one column to the right.
    pub(crate) fn align_right(&mut self, column: usize) {
        if let Some(column) = self.table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    /// Keeps the first columns at the width of their content, at most `caps` columns each, so that
    /// the rest is what gets wrapped.
    pub(crate) fn keep_whole(&mut self, caps: &[u16]) {
        let contents = self.table.column_max_content_widths();
        for ((column, content), cap) in self.table.column_iter_mut().zip(contents).zip(caps) {
            let width = content.clamp(1, (*cap).max(1));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + GAP)));
        }
    }

    /// True when nothing has to be wrapped.
    pub(crate) fn fits(&self) -> bool {
        let contents = self.table.column_max_content_widths();
        let gaps = usize::from(GAP) * contents.len().saturating_sub(1);
        let content: usize = contents.into_iter().map(usize::from).sum();
        content + gaps <= usize::from(self.width)
    }

    /// True when nothing else has to be wrapped if one column is wrapped to `room` columns.
    pub(crate) fn fits_with(&self, wrapped: usize, room: u16) -> bool {
        let contents = self.table.column_max_content_widths();
        let gaps = usize::from(GAP) * contents.len().saturating_sub(1);
        let content: usize = contents
            .into_iter()
            .enumerate()
            .map(|(index, width)| {
                usize::from(if index == wrapped {
                    width.min(room)
                } else {
                    width
                })
            })
            .sum();
        content + gaps <= usize::from(self.width)
    }

    /// Keeps all columns but one at the width of their content, so that this one is what gets
    /// wrapped.
    pub(crate) fn keep_whole_but(&mut self, wrapped: usize) {
        let contents = self.table.column_max_content_widths();
        let last = contents.len().saturating_sub(1);
        for (index, (column, content)) in self.table.column_iter_mut().zip(contents).enumerate() {
            let gap = if index == last { 0 } else { GAP };
            if index != wrapped {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(content + gap)));
            }
        }
    }

    /// The laid out lines, without space at their ends.
    pub(crate) fn into_lines(mut self) -> Vec<String> {
        self.table.set_width(self.width);
        let mut addresses = self.addresses.into_iter();
        let lines = self.table.lines();
        lines
            .map(|line| link::lead(line.trim_end(), &mut addresses))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_a_terminal() {
        assert_eq!(width("openssl"), 7);
        assert_eq!(width("版本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("a\u{1b}"), 1 + "\\u{1b}".len());
    }

    #[test]
    fn what_does_not_fit_is_marked() {
        assert_eq!(fit("openssl", 7), "openssl");
        assert_eq!(fit("openssl", 6), "opens…");
        // Half of a wide character cannot be shown.
        assert_eq!(fit("版本的", 4), "版…");
        assert_eq!(fit("one two", 5), "one…");
    }

    #[test]
    fn pieces_are_whole_characters() {
        assert_eq!(split("CVE-2024-5535", 8), ["CVE-2024", "-5535"]);
        assert_eq!(split("版本", 3), ["版", "本"]);
        assert_eq!(split("版本", 1), ["版", "本"]);
        assert_eq!(split("", 1), [""]);
    }

    #[test]
    fn a_link_takes_the_columns_of_its_text() {
        let address = Some("https://x.example".to_owned());
        let mut grid = Grid::new(30);
        grid.row(["a".into(), Cell::link("abcdef", address, 4), "z".into()]);
        grid.keep_whole(&[1, 4]);
        let link =
            |text: &str| format!("\u{1b}]8;;https://x.example\u{1b}\\{text}\u{1b}]8;;\u{1b}\\");
        let expected = [
            format!("a  {}  z", link("abcd")),
            format!("   {}", link("ef")),
        ];
        assert_eq!(grid.into_lines(), expected);
    }
}
