//! The page as Markdown for a comment on a merge request.

use std::io;

use super::page::{Content, Page, Row, Section};
use crate::model::Action;
use crate::report::Options;
use crate::report::escape::{self, markdown, markdown_code};

/// Writes the page.
pub(super) fn write(page: &Page, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = Writer {
        rows: options.rows,
        out,
    };
    writeln!(writer.out, "**{}**\n", markdown(&page.headline))?;
    writer.facts(&page.facts)?;
    for section in &page.sections {
        writer.section(section)?;
    }
    Ok(())
}

struct Writer<'a> {
    rows: Option<usize>,
    out: &'a mut dyn io::Write,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section) -> io::Result<()> {
        writeln!(self.out, "\n### {}", markdown(&section.title))?;
        for remark in &section.remarks {
            writeln!(self.out, "\n{}", markdown(remark))?;
        }
        for content in &section.contents {
            match content {
                Content::Findings(rows) => {
                    writeln!(self.out)?;
                    self.findings(rows)?;
                }
                Content::Facts(rows) => {
                    writeln!(self.out)?;
                    self.facts(rows)?;
                }
                Content::Difference(lines) => self.difference(lines)?,
            }
        }
        Ok(())
    }

    /// The rows of a list that are shown.
    fn shown<'b, T>(&self, all: &'b [T]) -> &'b [T] {
        self.rows.and_then(|rows| all.get(..rows)).unwrap_or(all)
    }

    /// Says how many rows of a list are not shown, if any.
    fn left_out(&mut self, all: usize, shown: usize) -> io::Result<()> {
        if all <= shown {
            return Ok(());
        }
        writeln!(self.out, "\nand {} more; `--all` lists them", all - shown)
    }

    fn findings(&mut self, rows: &[Row]) -> io::Result<()> {
        let shown = self.shown(rows);
        writeln!(
            self.out,
            "| Severity | Decision | Vulnerability | Package | Installed -> fix | Reported by | What changed |\n\
             |---|---|---|---|---|---|---|"
        )?;
        for row in shown {
            let action = row.action.map_or("", Action::as_str);
            writeln!(
                self.out,
                "| {} | {action} | {} | {} | {} | {} | {} |",
                row.severity,
                code(&row.id),
                code(&row.package),
                code(&row.versions),
                text(&row.reporters),
                cell(&row.why),
            )?;
        }
        self.left_out(rows.len(), shown.len())
    }

    fn facts(&mut self, rows: &[(String, Vec<String>)]) -> io::Result<()> {
        let shown = self.shown(rows);
        for (name, lines) in shown {
            let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
            writeln!(self.out, "- {}: {}", text(name), lines.join("; "))?;
        }
        self.left_out(rows.len(), shown.len())
    }

    /// A block of code, where nothing has a meaning but the fence that ends it.
    fn difference(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let shown = self.shown(lines);
        let longest = shown.iter().map(|line| longest_run(line, '`')).max();
        let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
        writeln!(self.out, "\n{fence}diff")?;
        for line in shown {
            writeln!(self.out, "{}", escape::limited(line, LINE_LIMIT))?;
        }
        writeln!(self.out, "{fence}")?;
        self.left_out(lines.len(), shown.len())
    }
}

/// Characters of one text before it is cut.
const LINE_LIMIT: usize = 400;

fn text(text: &str) -> String {
    markdown(&escape::limited(text, LINE_LIMIT))
}

fn code(text: &str) -> String {
    markdown_code(&escape::limited(text, LINE_LIMIT))
}

/// A cell of a table. `<br>` is how tables hold lines.
fn cell(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
    lines.join("<br>")
}

/// The most times that `c` stands beside itself.
fn longest_run(text: &str, c: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for other in text.chars() {
        run = if other == c { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
