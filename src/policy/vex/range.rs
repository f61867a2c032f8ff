//! Version ranges in `vers:` notation (<https://github.com/package-url/vers-spec>).

use std::cmp::Ordering;

use crate::formats::percent_decoded;
use crate::model::Ecosystem;
use crate::model::version::compare;

/// More constraints than any real range has.
const MAX_CONSTRAINTS: usize = 256;

/// A range of versions of one ecosystem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VersionRange {
    /// `None` for `semver` and `generic`, which hold for every ecosystem but the
    /// operating systems'.
    ecosystem: Option<Ecosystem>,
    /// In ascending order of version, as the specification demands; empty for `*`.
    constraints: Vec<(Comparator, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl VersionRange {
    /// Reads `vers:type/constraint|constraint`.
    ///
    /// # Errors
    /// Why the text is no such range.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{}`: {why}", super::purl::shortened(text));
        let (scheme, list) = text
            .trim()
            .strip_prefix("vers:")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| wrong("not of the form vers:TYPE/CONSTRAINTS"))?;
        let scheme = scheme.to_ascii_lowercase();
        let ecosystem = match scheme.as_str() {
            "semver" | "generic" => None,
            name => Some(Ecosystem::from_name(name)),
        };
        if list.trim() == "*" {
            return Ok(Self {
                ecosystem,
                constraints: Vec::new(),
            });
        }
        let mut constraints = Vec::new();
        for constraint in list.split('|') {
            if constraints.len() == MAX_CONSTRAINTS {
                return Err(wrong("too many constraints"));
            }
            let (comparator, version) = split(constraint.trim());
            if version.is_empty() {
                return Err(wrong("a constraint has no version"));
            }
            constraints.push((comparator, percent_decoded(version)));
        }
        let bounded = constraints
            .iter()
            .any(|(comparator, _)| *comparator != Comparator::NotEqual);
        if !bounded {
            return Err(wrong("it only excludes versions"));
        }
        Ok(Self {
            ecosystem,
            constraints,
        })
    }

    /// Whether a version lies in the range; `None` when it cannot be told: another ecosystem, or
    /// versions without an order.
    pub(super) fn contains(&self, ecosystem: &Ecosystem, version: &str) -> Option<bool> {
        match &self.ecosystem {
            Some(stated) if stated != ecosystem => return None,
            // A distribution's versions are its own: 3.0.15-1 is not 3.0.15.
            None if ecosystem.is_os() => return None,
            _ => {}
        }
        if self.constraints.is_empty() {
            return Some(true);
        }
        // How the version stands to each constraint's.
        let mut orders = Vec::with_capacity(self.constraints.len());
        let mut previous: Option<&str> = None;
        for (comparator, bound) in &self.constraints {
            if let Some(previous) = previous
                && compare(ecosystem, previous, bound)? != Ordering::Less
            {
                return None;
            }
            previous = Some(bound);
            orders.push((*comparator, compare(ecosystem, version, bound)?));
        }
        if let Some((comparator, _)) = orders.iter().find(|(_, order)| order.is_eq()) {
            return Some(matches!(
                comparator,
                Comparator::Equal | Comparator::LessOrEqual | Comparator::GreaterOrEqual
            ));
        }
        orders.retain(|(comparator, _)| {
            !matches!(comparator, Comparator::Equal | Comparator::NotEqual)
        });
        let above = |one: &(Comparator, Ordering)| {
            matches!(one.0, Comparator::Greater | Comparator::GreaterOrEqual) && one.1.is_gt()
        };
        let below = |one: &(Comparator, Ordering)| {
            matches!(one.0, Comparator::Less | Comparator::LessOrEqual) && one.1.is_lt()
        };
        Some(
            orders.first().is_some_and(below)
                || orders.last().is_some_and(above)
                || orders
                    .windows(2)
                    .any(|pair| matches!(pair, [low, high] if above(low) && below(high))),
        )
    }
}

fn split(constraint: &str) -> (Comparator, &str) {
    let table = [
        (">=", Comparator::GreaterOrEqual),
        ("<=", Comparator::LessOrEqual),
        ("!=", Comparator::NotEqual),
        (">", Comparator::Greater),
        ("<", Comparator::Less),
        ("=", Comparator::Equal),
    ];
    table
        .into_iter()
        .find_map(|(sign, comparator)| Some((comparator, constraint.strip_prefix(sign)?.trim())))
        .unwrap_or((Comparator::Equal, constraint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lie_in_ranges_or_not_or_nobody_knows() {
        let npm = Ecosystem::Npm;
        for (range, version, expected) in [
            ("vers:npm/<2.0.0", "1.9.0", Some(true)),
            ("vers:npm/<2.0.0", "2.0.0", Some(false)),
            ("vers:npm/<=2.0.0", "2.0.0", Some(true)),
            ("vers:npm/>=1.0.0|<2.0.0", "1.5.0", Some(true)),
            ("vers:npm/>=1.0.0|<2.0.0", "0.5.0", Some(false)),
            ("vers:npm/>=1.0.0|<2.0.0|>=3.0.0", "2.5.0", Some(false)),
            ("vers:npm/>=1.0.0|<2.0.0|>=3.0.0", "3.5.0", Some(true)),
            ("vers:npm/>=1.0.0|!=1.2.0|<2.0.0", "1.2.0", Some(false)),
            ("vers:npm/>=1.0.0|!=1.2.0|<2.0.0", "1.3.0", Some(true)),
            ("vers:semver/1.2.3", "1.2.3", Some(true)),
            ("vers:npm/*", "7", Some(true)),
            ("vers:npm/<2.0.0", "no version", None),
            ("vers:npm/>=3.0.0|<2.0.0", "1.0.0", None),
            ("vers:pypi/<2.0.0", "1.0.0", None),
        ] {
            let read = VersionRange::parse(range).unwrap();
            assert_eq!(read.contains(&npm, version), expected, "{range} {version}");
        }
    }

    #[test]
    fn semantic_versions_say_nothing_of_a_distributions() {
        let range = VersionRange::parse("vers:semver/<3.0.16").unwrap();
        assert_eq!(range.contains(&Ecosystem::Npm, "3.0.15"), Some(true));
        assert_eq!(range.contains(&Ecosystem::Deb, "3.0.15-1"), None);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "<2.0",
            "vers:npm",
            "vers:npm/",
            "vers:npm/>=|<2",
            "vers:npm/!=1.0.0",
        ] {
            assert!(VersionRange::parse(text).is_err(), "{text}");
        }
        let long = format!("vers:npm/{}", vec!["1"; 300].join("|"));
        assert!(VersionRange::parse(&long).is_err());
    }
}
