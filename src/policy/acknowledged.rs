//! Packages that no scanner assesses, and who has looked at them.

use globset::GlobMatcher;
use jiff::Timestamp;

use crate::model::Ecosystem;
use crate::model::report::UncheckedPackage;

use super::document::{Acknowledged, UncheckedDemand};
use super::pattern::name_pattern;
use super::resolve::ResolvedPolicy;

/// Most names in one sentence.
const NAMED: usize = 5;

/// The acknowledgements of a policy, ready for matching.
#[derive(Clone, Debug, Default)]
pub(super) struct Acknowledgements {
    entries: Vec<(Acknowledged, GlobMatcher, Option<Ecosystem>)>,
}

impl Acknowledgements {
    pub(super) fn compile(written: &[Acknowledged]) -> Result<Self, globset::Error> {
        let entries = written.iter().map(|entry| {
            let pattern = name_pattern(&entry.package)?.compile_matcher();
            let ecosystem = entry.ecosystem.as_deref().map(Ecosystem::from_name);
            Ok((entry.clone(), pattern, ecosystem))
        });
        entries
            .collect::<Result<_, _>>()
            .map(|entries| Self { entries })
    }

    /// The ordinals of entries that are about none of these packages.
    pub(super) fn matching_none(
        &self,
        packages: &[UncheckedPackage],
    ) -> impl Iterator<Item = usize> {
        let idle = |(_, pattern, ecosystem): &(Acknowledged, GlobMatcher, Option<Ecosystem>)| {
            !packages
                .iter()
                .any(|package| is_meant(pattern, ecosystem.as_ref(), package))
        };
        let idle: Vec<usize> = (self.entries.iter().enumerate())
            .filter_map(|(ordinal, entry)| idle(entry).then_some(ordinal))
            .collect();
        idle.into_iter()
    }

    fn holds(&self, package: &UncheckedPackage, now: Timestamp) -> bool {
        self.entries.iter().any(|(entry, pattern, ecosystem)| {
            !entry.expires.is_over(now) && is_meant(pattern, ecosystem.as_ref(), package)
        })
    }
}

fn is_meant(
    pattern: &GlobMatcher,
    ecosystem: Option<&Ecosystem>,
    package: &UncheckedPackage,
) -> bool {
    pattern.is_match(&package.name) && ecosystem.is_none_or(|own| *own == package.ecosystem)
}

/// Why a run may not pass for the packages that nobody has checked; `None` when the policy does not
/// demand it or each of them is acknowledged.
pub(super) fn unacknowledged(
    policy: &ResolvedPolicy,
    unchecked: &[UncheckedPackage],
    now: Timestamp,
) -> Option<String> {
    if policy.unchecked == UncheckedDemand::List {
        return None;
    }
    let mut names: Vec<&str> = unchecked
        .iter()
        .filter(|package| !policy.acknowledged.holds(package, now))
        .map(|package| package.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let count = names.len();
    if count == 0 {
        return None;
    }
    let shown = names
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let packages = if count == 1 {
        "package is"
    } else {
        "packages are"
    };
    Some(format!(
        "{count} {packages} checked by no scanner and not acknowledged: {shown}{more}; look at them and \
         add them to `acknowledge-unchecked`"
    ))
}
