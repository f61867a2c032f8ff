//! What was not looked at, what scanners withheld, and what is installed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use indexmap::IndexSet;
use serde::Serialize;

use super::markup::Markup;
use super::table::{self, Cell};
use super::text::Texts;
use crate::model::ScannerId;
use crate::model::report::Report;
use crate::report::phrases::count;

/// Columns of the inventory, with their names in the script.
const COLUMNS: &[(&str, &str)] = &[
    ("ecosystem", "Ecosystem"),
    ("name", "Package"),
    ("version", "Version"),
    ("lists", "Listed by"),
];

/// Packages that nobody assesses, and findings that scanners kept back.
pub(super) fn unchecked(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "unchecked")], |html| {
        html.leaf("h2", &[], "Not checked and withheld")?;
        let packages = &report.unchecked;
        let has_result = (report.scanners.iter()).any(|scanner| scanner.outcome.is_trustworthy());
        let text = match packages.len() {
            0 if report.packages.is_empty() || !has_result => {
                "No package list is known, so nothing is known of what nobody assesses.".to_owned()
            }
            0 => "Every listed package is assessed by at least one scanner of this run.".to_owned(),
            number => format!(
                "{} assessed by no scanner of this run. That is not the same as clean.",
                count(number, "package is", "packages are")
            ),
        };
        html.leaf("p", &[], &text)?;
        let groups = grouped(packages.iter().map(|package| {
            let key = (package.ecosystem.as_str(), package.reason.as_str());
            (key, format!("{} {}", package.name, package.version))
        }));
        let head = ["Ecosystem", "Packages", "Why", "Which"];
        table::write(html, "Not checked", &head, groups)?;
        let records = report.suppressed.iter().map(|record| {
            let key = (record.scanner.as_str(), record.reason.as_str());
            (key, format!("{} in {}", record.id, record.package))
        });
        let caption = "Withheld by a scanner itself, and reported by no other";
        table::write(
            html,
            caption,
            &["Scanner", "Findings", "Why", "Which"],
            grouped(records),
        )
    })
}

/// One row for all that have the same two texts, most first, with the first names.
fn grouped<'a>(
    items: impl Iterator<Item = ((&'a str, &'a str), String)>,
) -> Vec<Vec<Cell<'static>>> {
    const NAMES: usize = 50;
    let mut groups: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (key, name) in items {
        groups.entry(key).or_default().push(name);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, names)| Reverse(names.len()));
    let groups = groups.into_iter();
    groups
        .map(|((first, why), names)| {
            let shown = names.get(..NAMES).unwrap_or(&names).join(", ");
            let more = match names.len().saturating_sub(NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            vec![
                first.into(),
                names.len().into(),
                why.into(),
                format!("{shown}{more}").into(),
            ]
        })
        .collect()
}

/// All packages, by number here, one by one in the table that the script fills.
pub(super) fn inventory(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "inventory")], |html| {
        html.leaf("h2", &[], "Installed packages")?;
        let all = report.packages.len();
        let listed = count(all, "package", "packages");
        if all == 0 {
            return html.leaf(
                "p",
                &[],
                "No scanner and no given package list names its packages.",
            );
        }
        html.element("div", &[("class", "interactive")], |html| grid(html, all))?;
        let mut ecosystems: BTreeMap<&str, usize> = BTreeMap::new();
        for package in &report.packages {
            *ecosystems.entry(package.ecosystem.as_str()).or_default() += 1;
        }
        let greatest = ecosystems.values().copied().max().unwrap_or_default();
        let rows = ecosystems
            .into_iter()
            .map(|(name, count)| vec![name.into(), Cell::Bar { count, greatest }]);
        table::write(
            html,
            &format!("{listed} by ecosystem"),
            &["Ecosystem", "Packages"],
            rows,
        )
    })
}

fn grid(html: &mut Markup<'_>, all: usize) -> io::Result<()> {
    html.element("div", &[("class", "toolbar")], |html| {
        html.leaf("label", &[("for", "inventory-search")], "Search packages")?;
        let attributes = [
            ("id", "inventory-search"),
            ("type", "search"),
            ("autocomplete", "off"),
            ("spellcheck", "false"),
        ];
        html.empty("input", &attributes)?;
        let status = [
            ("id", "inventory-count"),
            ("role", "status"),
            ("aria-live", "polite"),
        ];
        html.leaf("span", &status, &format!("{all} of {all} packages"))
    })?;
    let rows = (all + 1).to_string();
    let columns = COLUMNS.len().to_string();
    let attributes = [
        ("id", "inventory-grid"),
        ("class", "grid"),
        ("role", "grid"),
        ("tabindex", "0"),
        ("aria-label", "Installed packages"),
        ("aria-rowcount", &rows),
        ("aria-colcount", &columns),
        ("aria-readonly", "true"),
    ];
    html.element("div", &attributes, |html| {
        html.element("div", &[("role", "rowgroup"), ("class", "head")], |html| {
            html.element("div", &[("role", "row"), ("aria-rowindex", "1")], |html| {
                for (place, (name, title)) in COLUMNS.iter().enumerate() {
                    let place = (place + 1).to_string();
                    let attributes = [
                        ("role", "columnheader"),
                        ("aria-colindex", place.as_str()),
                        ("data-column", name),
                    ];
                    html.element("div", &attributes, |html| {
                        html.leaf("button", &[("type", "button"), ("data-sort", name)], title)
                    })?;
                }
                Ok(())
            })
        })?;
        html.empty("div", &[("role", "rowgroup"), ("class", "rows")])
    })
}

/// All packages, column by column, as the script reads them.
#[derive(Default, Serialize)]
pub(super) struct Inventory {
    strings: IndexSet<String>,
    columns: BTreeMap<&'static str, Vec<usize>>,
}

impl Inventory {
    pub(super) fn new(report: &Report, texts: &mut Texts) -> Self {
        let mut inventory = Self::default();
        for package in &report.packages {
            let lists: Vec<&str> = package.listed_by.iter().map(ScannerId::as_str).collect();
            let row = [
                ("ecosystem", package.ecosystem.as_str()),
                ("name", &package.name),
                ("version", &package.version),
                ("lists", &lists.join(", ")),
            ];
            for (name, text) in row {
                let number = inventory.strings.insert_full(texts.shown(text)).0;
                inventory.columns.entry(name).or_default().push(number);
            }
        }
        inventory
    }
}
