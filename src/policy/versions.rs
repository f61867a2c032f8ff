//! Which versions a rule means: a pattern, or a range in the ecosystem's own order.

use std::cmp::Ordering;

use globset::GlobMatcher;

use crate::model::Ecosystem;
use crate::model::version::compare;

use super::pattern::exact_pattern;

/// A condition on versions.
#[derive(Clone, Debug)]
pub(super) enum VersionPattern {
    /// A pattern over the text.
    Glob(GlobMatcher),
    /// Bounds that all have to hold.
    Range(Vec<Bound>),
}

/// One bound of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    comparison: Comparison,
    version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Comparison {
    /// Longer signs first, so that `<=` is not read as `<`.
    const SIGNS: [(&'static str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Equal => order.is_eq(),
        }
    }
}

impl VersionPattern {
    /// A text that starts with a sign of comparison is a range: bounds, separated by commas.
    /// Everything else is a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.trim_start().starts_with(['<', '>', '=']) {
            return exact_pattern(text)
                .map(|glob| Self::Glob(glob.compile_matcher()))
                .map_err(|error| error.kind().to_string());
        }
        text.split(',')
            .map(bound)
            .collect::<Result<_, _>>()
            .map(Self::Range)
    }

    /// Whether a version is meant. One that has no order in its ecosystem is in no range.
    pub(super) fn matches(&self, ecosystem: &Ecosystem, version: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(version),
            Self::Range(bounds) => bounds.iter().all(|bound| {
                compare(ecosystem, version, &bound.version)
                    .is_some_and(|order| bound.comparison.holds(order))
            }),
        }
    }
}

fn bound(text: &str) -> Result<Bound, String> {
    let text = text.trim();
    let found = Comparison::SIGNS
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?.trim())));
    match found {
        None if text.is_empty() => Err("a bound is missing beside the comma".to_owned()),
        None => Err(format!("`{text}` starts with none of <, <=, >, >=, =")),
        Some((_, "")) => Err(format!("there is no version after `{text}`")),
        Some((_, version)) if version.contains(char::is_whitespace) => Err(format!(
            "`{version}` is not a version; bounds are separated by commas"
        )),
        Some((comparison, version)) => Ok(Bound {
            comparison,
            version: version.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_order_of_the_ecosystem() {
        for (pattern, ecosystem, version, expected) in [
            ("<65.5.1", Ecosystem::PyPi, "65.5.0", true),
            ("<65.5.1", Ecosystem::PyPi, "65.5.1", false),
            ("<=65.5.1", Ecosystem::PyPi, "65.5.1", true),
            (">=1.0, <2.0", Ecosystem::PyPi, "1.10", true),
            (">=1.0, <2.0", Ecosystem::PyPi, "2.0rc1", true),
            (">=1.0, <2.0", Ecosystem::PyPi, "2.0", false),
            (">1.9", Ecosystem::Npm, "1.10.0", false),
            (">1.9.0", Ecosystem::Npm, "1.10.0", true),
            ("=1:2.0-1", Ecosystem::Deb, "1:2.0-1", true),
            ("<1:1.0", Ecosystem::Deb, "2.0", true),
            ("<2", Ecosystem::PyPi, "not a version", false),
            ("1.*", Ecosystem::PyPi, "1.10", true),
        ] {
            let parsed = VersionPattern::parse(pattern).unwrap();
            assert_eq!(
                parsed.matches(&ecosystem, version),
                expected,
                "{pattern} {version}"
            );
        }
    }

    #[test]
    fn broken_ranges_say_what_is_wrong() {
        for (text, part) in [
            ("<", "no version after"),
            (">=1.0,", "missing beside the comma"),
            (">=1.0 <2.0", "separated by commas"),
            (">=1.0, 2.0", "starts with none of"),
        ] {
            assert!(
                VersionPattern::parse(text).unwrap_err().contains(part),
                "{text}"
            );
        }
    }
}
