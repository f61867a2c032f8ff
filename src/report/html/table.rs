//! Tables that are there without any script.

use std::io;

use super::markup::Markup;
use super::text::percent_encoded;
use crate::model::{Finding, Severity};

/// Most rows of a list: kernel packages have thousands of observations. What is left out is counted,
/// and the JSON report has it.
pub(super) const MOST_ROWS: usize = 200;

/// Most lines in one place of a table: a decision may rest on thousands of hosts.
const MOST_LINES: usize = 50;

/// What stands in one place of a table.
pub(super) enum Cell<'a> {
    /// Text.
    Text(String),
    /// Text, line by line.
    Lines(Vec<String>),
    /// A number or what stands for one, on the right.
    Number(String),
    /// A word with the mark of that class before it.
    Mark(&'static str, String),
    /// A finding, with a link to it.
    Finding(&'a Finding),
    /// A number, with a bar as long as it is of the greatest.
    Bar { count: usize, greatest: usize },
}

impl From<&str> for Cell<'_> {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Cell<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<Severity> for Cell<'_> {
    fn from(severity: Severity) -> Self {
        Self::Mark(severity_class(severity), severity.to_string())
    }
}

/// The class of a severity's mark.
pub(super) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "mark critical",
        Severity::High => "mark high",
        Severity::Medium => "mark medium",
        Severity::Low => "mark low",
        Severity::Negligible | Severity::Unknown => "mark other",
    }
}

/// Writes a table whose first [`MOST_ROWS`] rows are shown. Empty lists give nothing.
pub(super) fn write<'a>(
    html: &mut Markup<'_>,
    caption: &str,
    head: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
) -> io::Result<()> {
    let mut rows = rows.into_iter();
    let shown: Vec<Vec<Cell<'a>>> = rows.by_ref().take(MOST_ROWS).collect();
    if shown.is_empty() {
        return Ok(());
    }
    let attributes = [
        ("class", "scroll"),
        ("role", "region"),
        ("aria-label", caption),
        ("tabindex", "0"),
    ];
    html.element("div", &attributes, |html| {
        html.element("table", &[], |html| {
            html.leaf("caption", &[], caption)?;
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    let first = shown.first().into_iter().flatten();
                    let mut heads = head.iter().zip(first);
                    heads.try_for_each(|(title, below)| {
                        let mut attributes = vec![("scope", "col")];
                        if matches!(below, Cell::Number(_)) {
                            attributes.push(("class", "number"));
                        }
                        html.leaf("th", &attributes, title)
                    })
                })
            })?;
            html.element("tbody", &[], |html| {
                shown.into_iter().try_for_each(|cells| row(html, cells))
            })
        })
    })?;
    left_out(html, rows.count())
}

/// Says how many rows are not shown, if any.
fn left_out(html: &mut Markup<'_>, number: usize) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    html.leaf(
        "p",
        &[("class", "remark")],
        &format!("and {number} more. The JSON report lists all."),
    )
}

fn row(html: &mut Markup<'_>, cells: Vec<Cell<'_>>) -> io::Result<()> {
    html.element("tr", &[], |html| {
        cells
            .into_iter()
            .try_for_each(|content| cell(html, content))
    })
}

fn cell(html: &mut Markup<'_>, content: Cell<'_>) -> io::Result<()> {
    match content {
        Cell::Text(text) => html.leaf("td", &[], &text),
        Cell::Number(text) => html.leaf("td", &[("class", "number")], &text),
        Cell::Lines(all) => html.element("td", &[], |html| lines(html, all)),
        Cell::Mark(class, word) => html.element("td", &[], |html| {
            html.leaf("span", &[("class", class)], &word)
        }),
        Cell::Finding(finding) => html.element("td", &[], |html| link(html, finding)),
        Cell::Bar { count, greatest } => html.element("td", &[("class", "bar")], |html| {
            bar(html, count, greatest)?;
            html.leaf("span", &[], &count.to_string())
        }),
    }
}

/// One block a line.
fn lines(html: &mut Markup<'_>, lines: Vec<String>) -> io::Result<()> {
    let mut lines = first_lines(lines).into_iter();
    lines.try_for_each(|line| html.leaf("div", &[], &line))
}

/// The first lines, and how many more there are.
pub(super) fn first_lines(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST_LINES {
        let more = lines.split_off(MOST_LINES).len();
        lines.push(format!("and {more} more"));
    }
    lines
}

/// The finding's id, which opens its details.
fn link(html: &mut Markup<'_>, finding: &Finding) -> io::Result<()> {
    let key = html.texts.shown(&finding.key);
    let address = format!("#finding={}", percent_encoded(&key));
    html.leaf(
        "a",
        &[("href", &address)],
        finding.vulnerability.id.as_str(),
    )
}

/// A bar of 100 units for the greatest number. Numbers that are not 0 are always seen.
fn bar(html: &mut Markup<'_>, count: usize, greatest: usize) -> io::Result<()> {
    let width = (count * 100).div_ceil(greatest.max(1)).to_string();
    let attributes = [
        ("viewBox", "0 0 100 10"),
        ("preserveAspectRatio", "none"),
        ("aria-hidden", "true"),
    ];
    html.element("svg", &attributes, |html| {
        html.empty("rect", &[("width", &width), ("height", "10")])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_left_out_are_counted() {
        let lines = |number: usize| (0..number).map(|line| line.to_string()).collect();
        assert_eq!(first_lines(lines(MOST_LINES)).len(), MOST_LINES);
        let cut = first_lines(lines(MOST_LINES + 3));
        assert_eq!(cut.len(), MOST_LINES + 1);
        assert_eq!(cut.last().map(String::as_str), Some("and 3 more"));
    }
}
