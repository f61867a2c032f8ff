//! A page of text for a person: headings, indented lists, wrapped paragraphs.

use std::io;

use super::grid::{Cell, Grid};
use super::theme::Tone;

/// Columns that lists are indented by.
pub(super) const INDENT: u16 = 2;

/// Where text goes, and how wide it may be.
pub(super) struct Sheet<'a> {
    /// Columns of a line.
    pub(super) width: u16,
    /// Whether to colour.
    pub(super) color: bool,
    /// Receives the lines.
    pub(super) out: &'a mut dyn io::Write,
}

impl Sheet<'_> {
    /// A grid for an indented list.
    pub(super) fn list(&self) -> Grid {
        Grid::new(self.width - INDENT)
    }

    /// An empty line and a title.
    pub(super) fn heading(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out)?;
        let mut grid = Grid::new(self.width);
        grid.row([title.into()]);
        for line in grid.into_lines() {
            writeln!(self.out, "{}", Tone::Heading.paint(line, self.color))?;
        }
        Ok(())
    }

    /// Writes an indented grid. `tone` gives the colour of a line's first word; it is asked only
    /// for words at the start of the first column.
    pub(super) fn grid(&mut self, grid: Grid, tone: fn(&str) -> Tone) -> io::Result<()> {
        let margin = " ".repeat(usize::from(INDENT));
        for line in grid.into_lines() {
            let (first, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
            let first = tone(first).paint(first, self.color);
            let line = format!("{margin}{first}{rest}");
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Writes a paragraph, wrapped, its first word in `tone` when `word` is given.
    pub(super) fn paragraph(
        &mut self,
        text: impl Into<Cell>,
        word: Option<Tone>,
    ) -> io::Result<()> {
        let mut grid = Grid::new(self.width);
        grid.row([text.into()]);
        for (index, line) in grid.into_lines().into_iter().enumerate() {
            match word.filter(|_| index == 0) {
                Some(tone) => {
                    let (first, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
                    writeln!(self.out, "{}{rest}", tone.paint(first, self.color))?;
                }
                None => writeln!(self.out, "{line}")?,
            }
        }
        Ok(())
    }

    /// Writes an indented paragraph.
    pub(super) fn remark(&mut self, text: impl Into<Cell>) -> io::Result<()> {
        let mut grid = self.list();
        grid.row([text.into()]);
        self.grid(grid, |_| Tone::Plain)
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }
}
