//! Which package lies where in the image, and what a path tells of how it got into a list.

use std::collections::HashMap;

use crate::model::package::evidence_anchor;
use crate::model::{Ecosystem, Finding};
use crate::reconcile::Inventory;

use super::catalogue::GroupKey;

/// Names of files that list packages to install instead of being one.
const LISTS: [&str; 22] = [
    "bun.lock",
    "cargo.lock",
    "composer.lock",
    "gemfile.lock",
    "go.mod",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "package-lock.json",
    "package.resolved",
    "packages.config",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "pubspec.lock",
    "requirements.txt",
    "npm-shrinkwrap.json",
    "uv.lock",
    "yarn.lock",
];

/// Ends of the names of files that list packages which are installed beside them.
const INSTALLED: [&str; 3] = ["/installed.json", "/installed.php", ".deps.json"];

/// The language packages of one list by the file that each was recognised by.
#[derive(Default)]
pub(super) struct Places<'r>(HashMap<&'r str, Option<Resident<'r>>>);

/// The only package at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Resident<'r> {
    pub(super) key: &'r GroupKey,
    pub(super) version: &'r str,
}

impl<'r> Places<'r> {
    pub(super) fn of(inventory: &'r Inventory) -> Self {
        let mut places: HashMap<&str, Option<Resident<'_>>> = HashMap::new();
        // The package manager's database is where an operating system's packages are recognised.
        let groups = inventory.packages.iter().filter(|(key, _)| !key.0.is_os());
        for (key, packages) in groups {
            for entry in packages {
                let resident = Resident {
                    key,
                    version: &entry.version,
                };
                let locations = entry.package.locations.iter();
                for path in locations.filter_map(|location| location.path.as_deref()) {
                    places
                        .entry(file(path))
                        .and_modify(|known| *known = known.filter(|known| *known == resident))
                        .or_insert(Some(resident));
                }
            }
        }
        Self(places)
    }

    /// The package at a path; `None` when the list has none or several there.
    pub(super) fn only_at(&self, path: &str) -> Option<Resident<'r>> {
        self.0.get(file(path)).copied().flatten()
    }

    /// True when the list has several packages at a path.
    pub(super) fn has_several_at(&self, path: &str) -> bool {
        self.0.get(file(path)).is_some_and(Option::is_none)
    }
}

/// What stands for a package recognised at a path: the whole metadata directory of a Python
/// distribution, of which each scanner names another file. Archives stay apart from what is inside
/// them.
fn file(path: &str) -> &str {
    let anchor = evidence_anchor(path);
    if anchor.ends_with("-info") {
        anchor
    } else {
        path
    }
}

/// True for a file that may hold many packages, of which a list may well have only one.
pub(super) fn holds_many(ecosystem: &Ecosystem, path: &str) -> bool {
    // Modules and crates are read out of programs.
    matches!(ecosystem, Ecosystem::Golang | Ecosystem::Cargo)
        || is_list(path)
        || INSTALLED.iter().any(|end| {
            let start = path.len().saturating_sub(end.len());
            path.get(start..)
                .is_some_and(|name| name.eq_ignore_ascii_case(end))
        })
}

/// The paths at which a finding's packages were recognised.
pub(super) fn paths(finding: &Finding) -> impl Iterator<Item = &str> {
    let locations = finding.instances.iter().flat_map(|i| &i.locations);
    locations.filter_map(|location| location.path.as_deref())
}

/// Why a scanner may not have catalogued what lies at a finding's paths, where they tell.
pub(super) fn hiding_place(finding: &Finding) -> Option<&'static str> {
    let path = paths(finding).next()?;
    if is_list(path) {
        Some("it stands in a list of packages to install, which is not an installed package")
    } else if archives(path) > 1 {
        Some("it lies in an archive inside an archive")
    } else if finding.package.ecosystem == Ecosystem::Golang {
        Some("it is compiled into a program")
    } else {
        None
    }
}

fn is_list(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    LISTS.iter().any(|list| name.eq_ignore_ascii_case(list))
}

/// Number of Java archives along a path; scanners write what is inside after `/` or `:`.
fn archives(path: &str) -> usize {
    path.split(['/', ':'])
        .filter(|part| {
            let suffix = part.rsplit_once('.').map_or("", |(_, suffix)| suffix);
            ["jar", "war", "ear"]
                .iter()
                .any(|archive| suffix.eq_ignore_ascii_case(archive))
        })
        .count()
}

/// The artifact of a Maven name, `group:artifact`.
pub(super) fn artifact(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, artifact)| artifact)
}
