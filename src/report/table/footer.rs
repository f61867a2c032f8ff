//! Where the rest is, and the answer once more.

use std::io;

use super::{Page, answer};
use crate::report::theme::Tone;

impl Page<'_> {
    /// Every report that was written, and the answer.
    pub(super) fn footer(&mut self) -> io::Result<()> {
        let files = &self.options.files;
        if !files.is_empty() {
            self.sheet.heading("REPORTS")?;
            let mut grid = self.sheet.list();
            for file in files {
                // Nothing after a path that a double click would take along.
                grid.row([file.format.name().into(), file.path.as_str().into()]);
            }
            grid.keep_whole(&[14]);
            self.sheet.grid(grid, |_| Tone::Plain)?;
        }
        self.sheet.gap()?;
        self.about()
    }

    /// The program, the moment, and the answer.
    pub(super) fn about(&mut self) -> io::Result<()> {
        let report = self.report;
        let text = format!(
            "{} {}, evaluated at {}",
            report.tool.name, report.tool.version, report.evaluated_at
        );
        self.sheet.paragraph(text, None)?;
        let (sentence, tone) = answer(report);
        self.sheet.paragraph(sentence, Some(tone))
    }
}
