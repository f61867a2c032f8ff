//! The package lists, compared, and the packages that nobody assesses.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::words::{Writer, listed};
use crate::model::comparison::{InventoryComparison, UncheckedOnImages};
use crate::report::document::{Column, Narrow, Section, Table, Value, WORDS};
use crate::report::phrases::{self, count};

/// How the package lists differ.
pub(super) fn inventories(writer: &Writer<'_>) -> Section {
    let mut section = Section::folded("Package lists");
    let Some(inventories) = &writer.comparison.inventories else {
        return section;
    };
    section.table(sizes(inventories));
    let pairs = writer.cut.shown(&inventories.pairs);
    let mut table = Table::new(
        2,
        [
            Column::text("first"),
            Column::text("second"),
            Column::number("both"),
            Column::number("only first"),
            Column::number("only second"),
            Column::number("agreement").on_new_line(),
        ],
    );
    for pair in pairs {
        let packages = &pair.packages;
        table.row([
            (&pair.a).into(),
            (&pair.b).into(),
            packages.both.into(),
            packages.only_a.into(),
            packages.only_b.into(),
            (&packages.jaccard).into(),
        ]);
    }
    section.table(table);
    writer
        .cut
        .left_out(&mut section, inventories.pairs.len(), pairs.len());
    if section.blocks.is_empty() {
        return section;
    }
    section.text(format!(
        "Whole lists only, of {} with at least two; a package is an ecosystem, a name and a version",
        count(inventories.images, "image", "images")
    ));
    versions(writer, inventories, &mut section);
    alone(writer, inventories, &mut section);
    section
}

/// How long each list is, and what only it has.
fn sizes(inventories: &InventoryComparison) -> Table {
    let mut table = Table::new(
        1,
        [
            Column::text("scanner"),
            Column::number("packages"),
            Column::text("only in its list").on_new_line(),
        ],
    );
    for (scanner, packages) in &inventories.scanners {
        let alone = inventories.alone.get(scanner).map(|by_ecosystem| {
            let mut by_ecosystem: Vec<_> = by_ecosystem.iter().collect();
            by_ecosystem.sort_by_key(|(_, number)| Reverse(**number));
            let all: usize = by_ecosystem.iter().map(|(_, number)| **number).sum();
            let kinds = by_ecosystem
                .into_iter()
                .map(|(ecosystem, number)| (*number, ecosystem.as_str()));
            format!("{all} ({})", listed(kinds))
        });
        table.row([scanner.into(), (*packages).into(), alone.into()]);
    }
    table.without_empty_columns()
}

/// Packages that several lists have in versions that differ; each by name for a single image only.
fn versions(writer: &Writer<'_>, inventories: &InventoryComparison, section: &mut Section) {
    let all = &inventories.versions;
    if inventories.disagreements == 0 {
        return;
    }
    let number = count(inventories.disagreements, "package", "packages");
    if all.is_empty() {
        section.text(format!("{number} in versions that differ"));
        return;
    }
    section.caption(format!("{number} in versions that differ:"));
    let shown = writer.cut.shown(all);
    let mut table = Table::new(
        1,
        std::iter::once(Column::text("package")).chain(
            inventories
                .scanners
                .keys()
                .map(|scanner| Column::name_of(scanner).on_new_line()),
        ),
    );
    for package in shown {
        let versions = inventories.scanners.keys().map(|scanner| {
            let versions = package.versions.get(scanner);
            let versions = versions.map(|list| phrases::names(list.iter().map(String::as_str)));
            Value::from(versions.map(Value::Name))
        });
        table.row(
            std::iter::once(Value::name(format!(
                "{}/{}",
                package.ecosystem, package.name
            )))
            .chain(versions),
        );
    }
    section.table(table.without_empty_columns());
    writer.cut.left_out(section, all.len(), shown.len());
}

/// Packages that only one list has.
fn alone(writer: &Writer<'_>, inventories: &InventoryComparison, section: &mut Section) {
    let all = &inventories.packages_alone;
    if all.is_empty() {
        return;
    }
    section.caption(format!(
        "{} in one list only:",
        count(all.len(), "package", "packages")
    ));
    let shown = writer.cut.shown(all);
    let mut table = Table::new(1, [Column::text("scanner"), Column::text("package")]);
    for package in shown {
        let name = format!("{}/{} {}", package.ecosystem, package.name, package.version);
        table.row_or(
            [(&package.scanner).into(), Value::name(name.as_str())],
            Narrow::new(package.scanner.as_str(), vec![vec![name.clone()]]),
        );
    }
    section.table(table);
    writer.cut.left_out(section, all.len(), shown.len());
}

/// Packages that no scanner assesses, by kind and reason.
pub(super) fn unchecked(writer: &Writer<'_>) -> Section {
    let packages = &writer.comparison.unchecked;
    let mut section = Section::folded(format!(
        "Not checked ({})",
        count(packages.len(), "package", "packages")
    ));
    if packages.is_empty() {
        return section;
    }
    section.text("No scanner assesses them. That is not the same as clean.");
    if writer.cut.0.rows.is_none() {
        section.table(each(writer, packages));
        return section;
    }
    let mut groups: BTreeMap<(&str, &str), Vec<&UncheckedOnImages>> = BTreeMap::new();
    for package in packages {
        groups
            .entry((package.ecosystem.as_str(), &package.reason))
            .or_default()
            .push(package);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, packages)| Reverse(packages.len()));
    let shown = writer.cut.shown(&groups);
    let mut table = Table::new(
        1,
        [
            Column::text("packages"),
            Column::text("why"),
            Column::text("which"),
        ],
    );
    table.wraps = Some((1, WORDS));
    for ((ecosystem, reason), packages) in shown {
        let names = phrases::names(packages.iter().map(|package| package.name.as_str()));
        let names = match packages.iter().map(|package| package.images).max() {
            Some(images) if !writer.is_single() => {
                format!("{names} (on up to {})", count(images, "image", "images"))
            }
            _ => names,
        };
        let label = format!("{} {ecosystem}", packages.len());
        table.row_or(
            [
                label.as_str().into(),
                (*reason).into(),
                names.as_str().into(),
            ],
            Narrow::new(label, vec![vec![(*reason).to_owned()], vec![names]]),
        );
    }
    section.table(table);
    writer.cut.left_out(&mut section, groups.len(), shown.len());
    section
}

/// One row a package.
fn each(writer: &Writer<'_>, packages: &[UncheckedOnImages]) -> Table {
    let mut table = Table::new(
        1,
        [
            Column::text("package"),
            Column::text("versions"),
            Column::number("images"),
            Column::text("why").on_new_line(),
        ],
    );
    table.wraps = Some((3, WORDS));
    for package in packages {
        table.row([
            Value::name(format!("{}/{}", package.ecosystem, package.name)),
            Value::name(package.versions.join(", ")),
            Value::count_if(!writer.is_single(), package.images),
            package.reason.as_str().into(),
        ]);
    }
    table.without_empty_columns()
}
