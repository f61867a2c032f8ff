//! All findings: the frame in which the script shows, searches and filters them, and the most
//! important ones as a plain table for paper and for readers without scripts.

use std::io;

use super::index::{self, COLUMNS, Index};
use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::report::Report;
use crate::model::{Action, Finding, ScannerId};
use crate::report::phrases;

/// Writes the section.
pub(super) fn write(html: &mut Markup<'_>, report: &Report, index: &Index) -> io::Result<()> {
    html.element("section", &[("id", "findings")], |html| {
        html.leaf("h2", &[], "Findings")?;
        html.element("div", &[("class", "interactive")], |html| {
            bar(html, report.findings.len())?;
            html.element("div", &[("class", "browser")], |html| {
                facets(html, index)?;
                grid(html, report.findings.len())
            })
        })?;
        html.element("div", &[("class", "static")], |html| {
            fixed_table(html, report)
        })
    })
}

/// Search, number of rows, choice of columns.
fn bar(html: &mut Markup<'_>, all: usize) -> io::Result<()> {
    html.element("div", &[("class", "toolbar")], |html| {
        html.leaf("label", &[("for", "search")], "Search")?;
        html.empty(
            "input",
            &[
                ("id", "search"),
                ("type", "search"),
                ("placeholder", "id, alias, package, title"),
                ("aria-describedby", "search-help"),
                ("autocomplete", "off"),
                ("spellcheck", "false"),
            ],
        )?;
        html.leaf(
            "span",
            &[("id", "search-help"), ("class", "remark")],
            "press / to search",
        )?;
        let status = [
            ("id", "row-count"),
            ("role", "status"),
            ("aria-live", "polite"),
        ];
        html.leaf("span", &status, &format!("{all} of {all} findings"))?;
        html.leaf(
            "button",
            &[("id", "clear"), ("type", "button")],
            "Clear filters",
        )?;
        html.element("details", &[("id", "columns")], |html| {
            html.leaf("summary", &[], "Columns")?;
            html.element("div", &[("class", "menu")], |html| {
                for column in COLUMNS {
                    let mut attributes = vec![("type", "checkbox"), ("data-column", column.name)];
                    if column.is_shown {
                        attributes.push(("checked", ""));
                    }
                    check_box(html, &attributes, column.title, None)?;
                }
                Ok(())
            })
        })
    })
}

/// A check box with its words, and how many findings have what it stands for.
fn check_box(
    html: &mut Markup<'_>,
    attributes: &[(&'static str, &str)],
    words: &str,
    number: Option<usize>,
) -> io::Result<()> {
    html.element("label", &[("class", "check")], |html| {
        html.empty("input", attributes)?;
        html.leaf("span", &[], words)?;
        match number {
            Some(number) => html.leaf("span", &[("class", "count")], &number.to_string()),
            None => Ok(()),
        }
    })
}

/// The properties to filter by.
fn facets(html: &mut Markup<'_>, index: &Index) -> io::Result<()> {
    html.element("details", &[("id", "facets"), ("open", "")], |html| {
        html.leaf("summary", &[], "Filters")?;
        html.element("div", &[("class", "facets")], |html| {
            for facet in index.facets.iter().filter(|facet| facet.options.len() > 1) {
                html.element("fieldset", &[("data-facet", facet.name)], |html| {
                    html.leaf("legend", &[], facet.title)?;
                    for option in &facet.options {
                        let attributes = [("type", "checkbox"), ("value", option.value.as_str())];
                        check_box(html, &attributes, &option.label, Some(option.count))?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    })
}

/// The table that the script fills.
fn grid(html: &mut Markup<'_>, all: usize) -> io::Result<()> {
    let rows = (all + 1).to_string();
    let columns = COLUMNS.len().to_string();
    let attributes = [
        ("id", "findings-grid"),
        ("class", "grid"),
        ("role", "grid"),
        ("tabindex", "0"),
        ("aria-label", "Findings"),
        ("aria-describedby", "grid-help"),
        ("aria-rowcount", &rows),
        ("aria-colcount", &columns),
        ("aria-readonly", "true"),
    ];
    html.element("div", &attributes, |html| {
        html.element("div", &[("role", "rowgroup"), ("class", "head")], |html| {
            html.element("div", &[("role", "row"), ("aria-rowindex", "1")], |html| {
                for (place, column) in COLUMNS.iter().enumerate() {
                    let place = (place + 1).to_string();
                    let mut attributes = vec![
                        ("role", "columnheader"),
                        ("aria-colindex", place.as_str()),
                        ("data-column", column.name),
                    ];
                    if !column.is_shown {
                        attributes.push(("hidden", ""));
                    }
                    html.element("div", &attributes, |html| {
                        let sort = [("type", "button"), ("data-sort", column.name)];
                        html.leaf("button", &sort, column.title)
                    })?;
                }
                Ok(())
            })
        })?;
        html.empty("div", &[("role", "rowgroup"), ("class", "rows")])
    })?;
    html.leaf(
        "p",
        &[("id", "grid-help"), ("class", "remark")],
        "Arrow keys, Page Up and Page Down, Home and End move; Enter opens a finding.",
    )
}

/// How many of the scanners that could have reported it do, and which: `2 of 3: grype, trivy`.
fn seen(finding: &Finding) -> String {
    let reporters = finding.reporters().map(ScannerId::as_str);
    let reporters: Vec<&str> = reporters.collect();
    format!("{}: {}", phrases::agreement(finding), reporters.join(", "))
}

/// What blocks, whole or the first of it; the rest only in numbers.
fn fixed_table(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let blocking: Vec<&Finding> = report.with_action(Action::Block).collect();
    if blocking.is_empty() {
        html.leaf("p", &[], "No finding blocks.")?;
    }
    let caption = format!("Blocking ({})", blocking.len());
    let head = [
        "Severity",
        "Vulnerability",
        "Package",
        "Installed",
        "Fix",
        "Seen by",
        "Decided because",
    ];
    let rows = blocking.iter().map(|finding| {
        let exploited = phrases::exploited(finding);
        vec![
            finding.severity.level.into(),
            Cell::Finding(finding),
            phrases::package(finding).into(),
            phrases::installed(finding).into(),
            index::fix(finding).into(),
            seen(finding).into(),
            format!("{exploited}{}", phrases::why(finding).join(" ")).into(),
        ]
    });
    table::write(html, &caption, &head, rows)?;
    let others = report
        .findings
        .iter()
        .filter(|finding| index::decision(finding) != "block");
    let others = phrases::severities(others);
    if !others.is_empty() {
        let text = format!("Findings that do not block: {others}. The JSON report lists all.");
        html.leaf("p", &[("class", "remark")], &text)?;
    }
    Ok(())
}
