//! PHP: versions as Composer's `VersionParser` (github.com/composer/semver) normalises them, in the
//! order of PHP's `version_compare`.
//!
//! Branches (`dev-main`, `1.x-dev`) have no order: what they hold changes.

use std::cmp::Ordering;

use super::number::{self, Number};

/// Stabilities with their short forms, in their order. The release stands where the gap is.
const STABILITIES: [(&str, &[&str]); 4] = [
    ("alpha", &["alpha", "a"]),
    ("beta", &["beta", "b"]),
    ("rc", &["rc"]),
    ("patch", &["patch", "pl", "p"]),
];

struct Version<'a> {
    numbers: Vec<&'a str>,
    /// What follows the numbers.
    suffix: Vec<Suffix<'a>>,
}

/// In ascending order at any place behind the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix<'a> {
    Dev,
    Before(usize),
    End,
    Number(Number<'a>),
    After(usize),
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    Some(number::compare_filled(&a.numbers, &b.numbers).then_with(|| a.suffix.cmp(&b.suffix)))
}

/// Composer's own form has four numbers, also where nobody wrote the fourth; here it stays away.
pub(super) fn normal_form(version: &str) -> Option<String> {
    let Version {
        mut numbers,
        suffix,
    } = parse(version)?;
    while numbers.len() < 3 {
        numbers.push("0");
    }
    while numbers.len() > 3 && numbers.last().is_some_and(|last| *last == "0") {
        numbers.pop();
    }
    let mut text = numbers.join(".");
    let mut follows_number = false;
    for part in suffix {
        match part {
            Suffix::Dev => text.push_str("-dev"),
            Suffix::Before(at) | Suffix::After(at) => {
                text.push('-');
                text.push_str(STABILITIES.get(at).map_or("", |(name, _)| name));
            }
            Suffix::Number(Number(digits)) => {
                if follows_number {
                    text.push('.');
                }
                text.push_str(digits);
            }
            Suffix::End => {}
        }
        follows_number = matches!(part, Suffix::Number(_));
    }
    Some(text)
}

fn parse(version: &str) -> Option<Version<'_>> {
    // A stability flag (`1.0@beta`) and the name for an alias belong to a requirement and say
    // nothing of the version.
    let version = version
        .split_once(" as ")
        .map_or(version, |(version, _)| version.trim_end());
    let version = match version.split_once('@') {
        Some((version, flag)) => is_flag(flag).then_some(version)?,
        None => version,
    };
    let version = match version.split_once('+') {
        Some((version, metadata)) => {
            (!metadata.is_empty() && !metadata.contains([' ', ','])).then_some(version)?
        }
        None => version,
    };
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let (numbers, rest) = numbers(version)?;
    Some(Version {
        numbers,
        suffix: suffix(rest)?,
    })
}

fn is_flag(text: &str) -> bool {
    ["stable", "rc", "beta", "alpha", "dev"]
        .iter()
        .any(|flag| text.eq_ignore_ascii_case(flag))
}

/// One to four numbers between dots; or a date, which may have up to nine, also with `-` and `:`
/// between them, the first of at least four digits and the others of two or three.
fn numbers(text: &str) -> Option<(Vec<&str>, &str)> {
    let digits = |text| {
        let (digits, rest) = number::take(text, |c| c.is_ascii_digit());
        (!digits.is_empty()).then_some((digits, rest))
    };
    let (first, mut rest) = digits(text)?;
    let mut numbers = vec![number::plain(first)];
    let mut dated = first.len() == 4;
    while let Some((next, after)) = rest
        .strip_prefix('.')
        .or_else(|| rest.strip_prefix(['-', ':']).filter(|_| dated))
        .and_then(digits)
    {
        dated &= matches!(next.len(), 2 | 3);
        if !dated && (numbers.len() >= 4 || !rest.starts_with('.')) {
            break;
        }
        numbers.push(number::plain(next));
        rest = after;
    }
    (numbers.len() <= 9).then_some((numbers, rest))
}

/// `[-]stability[[.-]number…][[-]dev]`, with `.`, `_`, `-` or nothing between.
fn suffix(text: &str) -> Option<Vec<Suffix<'_>>> {
    let mut parts = Vec::new();
    let mut rest = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    let (word, after) = number::take(rest, |c| c.is_ascii_alphabetic());
    let found = STABILITIES
        .iter()
        .position(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(word)));
    let is_stable = word.eq_ignore_ascii_case("stable");
    if found.is_some() || is_stable {
        rest = after;
        if let Some(at) = found {
            parts.push(if at < 3 {
                Suffix::Before(at)
            } else {
                Suffix::After(at)
            });
        }
        while let Some((digits, after)) = next_number(rest) {
            parts.push(Suffix::Number(Number(number::plain(digits))));
            rest = after;
        }
        rest = rest
            .strip_prefix(['.', '-'])
            .filter(|rest| !rest.is_empty())
            .unwrap_or(rest);
    } else if rest.is_empty() && !text.is_empty() {
        return None;
    }
    if rest.eq_ignore_ascii_case("dev") {
        parts.push(Suffix::Dev);
    } else if !rest.is_empty() {
        return None;
    }
    if is_stable {
        parts.clear();
    }
    parts.push(Suffix::End);
    Some(parts)
}

fn next_number(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix(['.', '-']).unwrap_or(text);
    let (digits, rest) = number::take(text, |c| c.is_ascii_digit());
    (!digits.is_empty()).then_some((digits, rest))
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Composer;
    use crate::model::version::normal_form;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// Facts from composer/semver's tests (`VersionParserTest`, `ComparatorTest`) and from the
    /// manual of PHP's `version_compare`.
    #[test]
    fn composer_examples() {
        ascending(
            &Composer,
            &[
                "1.0-dev",
                "1.0-alpha",
                "1.0-alpha1-dev",
                "1.0-alpha1",
                "1.0.0-alpha2",
                "1.0-beta",
                "1.0-beta1",
                "1.0-b2",
                "1.0-beta10",
                "1.0-RC1-dev",
                "1.0-rc1",
                "1.0RC2",
                "1.0",
                "1.0-patch",
                "1.0-p1",
                "1.0-pl2",
                "1.0.0.1",
                "1.0.1",
                "1.2",
                "1.10",
                "2010.02.03",
            ],
        );
        ascending(&Composer, &["0.9.346", "0.93", "0.931", "1.0.3"]);
        equal(
            &Composer,
            &[
                ("1.0.0", "v1"),
                ("1.0", "1.0.0.0"),
                ("1.0-a1", "1.0.0-alpha.1"),
                ("1.0.0RC1dev", "1.0-rc1-dev"),
                ("1.0-stable", "1.0"),
                ("1.2.3+build5", "1.2.3"),
                ("1.2.3@stable", "1.2.3"),
                ("1.0_beta-2", "1.0-b2"),
                ("1.22.01", "1.22.1"),
                ("2010-01-02", "2010.1.2"),
                ("10.4.13-b.5", "10.4.13beta5"),
                ("V1.2", "1.2"),
            ],
        );
        let long = "9".repeat(40);
        ascending(
            &Composer,
            &["1.5", &format!("1.{long}"), &format!("1.{long}0"), &long],
        );
        assert_eq!(normal_form(&Composer, "V1.2.0.0-RC1"), "1.2.0-rc1");
    }

    #[test]
    fn branches_and_what_composer_refuses_have_no_order() {
        unordered(
            &Composer,
            &[
                "dev-main",
                "1.x-dev",
                "1.0.x-dev",
                "dev-master#abc",
                "latest",
                "a",
                "1.0.0-meh",
                "1.0.0.0.0",
                "1.0 - 2.0",
                "^1.0",
                "1.0.0+foo bar",
                "1.0-",
                "1..0",
                "1.0.0-alphabeta",
            ],
        );
    }
}
