//! Alpine: `number{.number}{letter}{_suffix{number}}{~hash}{-rN}`, apk-package(5), in the order of
//! apk-tools 3.
//!
//! Version 2 of apk-tools differs where a number behind the first has a zero in front: it has
//! 1.09 before 1.010. It also took a number behind the letter (`1.9.5p2`), and images have such
//! packages, so that is taken here too.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::number::{self, Number};

/// Suffixes in their order. The first four come before the version without a suffix.
const SUFFIXES: [&str; 9] = ["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];
const PRE_RELEASES: usize = 4;

/// One part. The order of the variants decides between versions that are the same up to a place
/// where one goes on with another kind of part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    PreRelease(usize),
    End,
    Revision(Number<'a>),
    Hash(&'a str),
    SuffixNumber(Number<'a>),
    PostRelease(usize),
    Letter(char),
    LetterNumber(Number<'a>),
    Fraction(Fraction<'a>),
    First(Number<'a>),
}

/// A number behind the first: with a zero in front it is read as the digits after a decimal point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction<'a>(&'a str);

impl Ord for Fraction<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0.starts_with('0') || other.0.starts_with('0') {
            self.0.cmp(other.0)
        } else {
            number::compare(self.0, other.0)
        }
    }
}

impl PartialOrd for Fraction<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.cmp(&parse(b)?))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let mut text = String::new();
    for part in parse(version)? {
        // Writing into a text cannot fail.
        let _ = match part {
            Part::Fraction(n) => write!(text, ".{}", n.0),
            Part::Letter(letter) => write!(text, "{letter}"),
            Part::PreRelease(at) | Part::PostRelease(at) => {
                write!(text, "_{}", SUFFIXES.get(at).copied().unwrap_or_default())
            }
            Part::First(n) | Part::SuffixNumber(n) | Part::LetterNumber(n) => {
                write!(text, "{}", n.0)
            }
            Part::Hash(hash) => write!(text, "~{hash}"),
            Part::Revision(n) => write!(text, "-r{}", n.0),
            Part::End => Ok(()),
        };
    }
    Some(text)
}

pub(super) fn upstream(version: &str) -> Option<&str> {
    let has_revision = parse(version)?
        .iter()
        .any(|part| matches!(part, Part::Revision(_)));
    match version.rsplit_once("-r") {
        Some((upstream, _)) if has_revision => Some(upstream),
        _ => Some(version),
    }
}

fn digits(text: &str) -> Option<(&str, &str)> {
    Some(number::take(text, |c| c.is_ascii_digit())).filter(|(digits, _)| !digits.is_empty())
}

fn parse(version: &str) -> Option<Vec<Part<'_>>> {
    let (first, mut rest) = digits(version)?;
    let mut parts = vec![Part::First(Number(number::plain(first)))];
    while let Some(more) = rest.strip_prefix('.') {
        let (fraction, after) = digits(more)?;
        parts.push(Part::Fraction(Fraction(fraction)));
        rest = after;
    }
    if let Some(letter) = rest.chars().next().filter(char::is_ascii_lowercase) {
        parts.push(Part::Letter(letter));
        rest = rest.strip_prefix(letter)?;
        if let Some((digits, after)) = digits(rest) {
            parts.push(Part::LetterNumber(Number(number::plain(digits))));
            rest = after;
        }
    }
    while let Some(more) = rest.strip_prefix('_') {
        let (name, after) = number::take(more, |c| c.is_ascii_lowercase());
        let at = SUFFIXES.iter().position(|suffix| *suffix == name)?;
        parts.push(if at < PRE_RELEASES {
            Part::PreRelease(at)
        } else {
            Part::PostRelease(at)
        });
        rest = after;
        if let Some((digits, after)) = digits(rest) {
            parts.push(Part::SuffixNumber(Number(number::plain(digits))));
            rest = after;
        }
    }
    if let Some(more) = rest.strip_prefix('~') {
        let (hash, after) = number::take(more, |c| matches!(c, '0'..='9' | 'a'..='f'));
        if hash.is_empty() {
            return None;
        }
        parts.push(Part::Hash(hash));
        rest = after;
    }
    if let Some(more) = rest.strip_prefix("-r") {
        let (digits, after) = digits(more)?;
        parts.push(Part::Revision(Number(number::plain(digits))));
        rest = after;
    }
    parts.push(Part::End);
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Apk;
    use crate::model::version::tests::{ascending, equal, unordered};
    use crate::model::version::upstream;

    /// Facts from the version tests of apk-tools (`test/version.data`), as chains.
    #[test]
    fn apk_tools_examples() {
        ascending(
            &Apk,
            &[
                "0.1.0_alpha_pre2",
                "0.1.0_alpha",
                "0.1.0_alpha2",
                "0.1.0_beta",
                "0.1.0_pre",
                "0.1.0_rc1",
                "0.1.0",
                "0.1.0-r0",
                "0.1.0-r1",
                "0.1.0_cvs1",
                "0.1.0_svn1",
                "0.1.0_git1",
                "0.1.0_hg1",
                "0.1.0_p1",
                "0.1.0_p2",
                "0.1.0_p10",
                "0.1.0a",
                "0.1.0b",
                "0.1.0.1",
                "0.1.3_alpha",
            ],
        );
        ascending(&Apk, &["1.3-r0", "1.3.1-r0", "1.3.2", "1.10"]);
        ascending(
            &Apk,
            &[
                "1.0.0_pre20191002222144-r0",
                "1.0.0_pre20210530193627-r0",
                "1.0.0",
            ],
        );
        ascending(&Apk, &["4.5_p1", "4.5_p1-r1", "4.5_p1-r2", "4.5_p2"]);
        ascending(
            &Apk,
            &[
                "6b-r7", "006b-r8", "013", "014-r1", "087-r1", "103", "104-r9", "104-r11",
            ],
        );
        ascending(
            &Apk,
            &[
                "1.2.3",
                "1.2.3-r5",
                "1.2.3~0abc",
                "1.2.3~1abc",
                "1.2.3_git20240101",
            ],
        );
        ascending(
            &Apk,
            &[
                "6.6.2_p1",
                "6.6.2_p2",
                "6.6.2p",
                "6.6.2p1",
                "6.6.2p2-r1",
                "6.6.2p10",
            ],
        );
        equal(
            &Apk,
            &[
                ("1.0-r01", "1.0-r1"),
                ("02.1", "2.1"),
                ("1.0_p01", "1.0_p1"),
            ],
        );
    }

    #[test]
    fn a_zero_in_front_makes_a_fraction() {
        ascending(
            &Apk,
            &[
                "1.0",
                "1.00",
                "1.010",
                "1.02.07",
                "1.02.10-r1",
                "1.06-r6",
                "1.1",
                "1.2.07.8",
                "1.2.12.04",
                "1.2.12.05",
                "1.12-r7",
            ],
        );
    }

    #[test]
    fn numbers_have_any_length() {
        let long = "9".repeat(40);
        ascending(
            &Apk,
            &["1.5", &format!("1.{long}"), &format!("1.{long}0"), &long],
        );
    }

    #[test]
    fn what_apk_tools_calls_invalid_has_no_order() {
        unordered(
            &Apk,
            &[
                "1.0bc",
                "23_foo",
                "1.",
                "1..2",
                ".1",
                "a",
                "1-r",
                "1-r0-1",
                "1.0p1p2",
                "1.2_",
                "1.0~",
                "1.0~xyz",
                "1.2.0A",
                "latest",
                "1.0-r1_p1",
            ],
        );
    }

    #[test]
    fn upstream_has_no_revision() {
        assert_eq!(upstream(&Apk, "3.1.4-r5"), Some("3.1.4"));
        assert_eq!(upstream(&Apk, "1.2_rc1"), Some("1.2_rc1"));
        assert_eq!(upstream(&Apk, "1.2-foo"), None);
    }
}
