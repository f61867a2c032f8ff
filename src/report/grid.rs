//! Columns of text without lines, laid out for a width.
//!
//! A grid is the only way from report text to the page, and it escapes whatever it takes.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};

use super::escape;

/// Characters that one line of a cell may take before it is cut.
const LINE_LIMIT: usize = 400;

/// Columns between two columns.
pub(crate) const GAP: u16 = 2;

/// Content of one cell: lines, which may still be wrapped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell(Vec<String>);

impl Cell {
    /// Several lines.
    pub(crate) fn lines(lines: impl IntoIterator<Item = String>) -> Self {
        Self(lines.into_iter().collect())
    }

    /// The safe text of the cell.
    fn escaped(&self) -> String {
        let lines: Vec<_> = self
            .0
            .iter()
            .map(|line| escape::limited(line, LINE_LIMIT))
            .collect();
        lines.join("\n")
    }
}

impl From<String> for Cell {
    fn from(line: String) -> Self {
        Self(vec![line])
    }
}

impl From<&str> for Cell {
    fn from(line: &str) -> Self {
        Self(vec![line.to_owned()])
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self(vec![count.to_string()])
    }
}

/// Rows and columns.
pub(crate) struct Grid {
    table: Table,
    width: u16,
}

impl Grid {
    /// An empty grid for lines of at most `width` columns.
    pub(crate) fn new(width: u16) -> Self {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        Self { table, width }
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
        self.table
            .add_row(cells.into_iter().map(|cell| cell.escaped()));
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

    /// Aligns the columns from `first` on to the right: numbers.
    pub(crate) fn align_right_from(&mut self, first: usize) {
        for column in self.table.column_iter_mut().skip(first) {
            column.set_cell_alignment(CellAlignment::Right);
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
        self.table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}
