//! Maven: the "Version Order Specification" of the POM reference (maven.apache.org/pom.html).
//!
//! It is the order of `ComparableVersion` since Maven 3.9, where a qualifier behind a dot is one
//! behind a hyphen. Before that the order ran in circles: 1.0 before 1.0.a before 1-alpha before 1.0.

use std::cmp::Ordering;

use super::number::{self, Number};

/// Qualifiers with a meaning, in their order, all before a version without a qualifier.
const BEFORE: [&str; 5] = ["alpha", "beta", "milestone", "rc", "snapshot"];

/// Words for a version without a qualifier.
const RELEASE: [&str; 3] = ["final", "ga", "release"];

/// In ascending order at any place where two versions differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    Before(usize),
    End,
    Release,
    ServicePack,
    Qualifier(String),
    Hyphen(Number<'a>),
    Dot(Number<'a>),
}

impl Token<'_> {
    /// Worth as much as nothing, where nothing of weight follows.
    fn is_null(&self) -> bool {
        match self {
            Self::Release => true,
            Self::Hyphen(Number(digits)) | Self::Dot(Number(digits)) => *digits == "0",
            _ => false,
        }
    }
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.cmp(&parse(b)?))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let mut text = String::new();
    for token in parse(version)? {
        let (separator, word) = match &token {
            Token::Before(at) => ('-', BEFORE.get(*at).copied().unwrap_or_default()),
            Token::Release => ('-', "final"),
            Token::ServicePack => ('-', "sp"),
            Token::Qualifier(word) => ('-', word.as_str()),
            Token::Hyphen(Number(digits)) => ('-', *digits),
            Token::Dot(Number(digits)) => ('.', *digits),
            Token::End => continue,
        };
        if !text.is_empty() {
            text.push(separator);
        }
        text.push_str(word);
    }
    Some(text)
}

/// Maven itself orders any text. Words (`RELEASE`), properties that nobody filled in
/// (`${project.version}`) and ranges are none the less no versions.
fn parse(version: &str) -> Option<Vec<Token<'_>>> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
    if !version.bytes().all(allowed) || !version.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut tokens = Vec::new();
    let mut rest = version;
    let mut after_hyphen = false;
    loop {
        let is_digit = |c: char| c.is_ascii_digit();
        let digit_first = rest.starts_with(is_digit);
        let (run, after) = number::take(rest, |c| {
            is_digit(c) == digit_first && !matches!(c, '.' | '-' | '_')
        });
        let token = if digit_first || run.is_empty() {
            let digits = Number(number::plain(run));
            if after_hyphen {
                Token::Hyphen(digits)
            } else {
                Token::Dot(digits)
            }
        } else {
            qualifier(run, after.starts_with(is_digit))
        };
        if !matches!(token, Token::Dot(_)) {
            trim(&mut tokens);
        }
        tokens.push(token);
        if after.is_empty() {
            break;
        }
        // `_` is a hyphen, and where digits and letters meet there is one that nobody wrote.
        after_hyphen = !after.starts_with('.');
        rest = after.strip_prefix(['.', '-', '_']).unwrap_or(after);
    }
    trim(&mut tokens);
    tokens.push(Token::End);
    Some(tokens)
}

/// The first token stays, there is no version without one.
fn trim(tokens: &mut Vec<Token<'_>>) {
    while tokens.len() > 1 && tokens.last().is_some_and(Token::is_null) {
        tokens.pop();
    }
}

fn qualifier<'a>(word: &str, before_digit: bool) -> Token<'a> {
    let word = word.to_ascii_lowercase();
    let word = match word.as_str() {
        "a" if before_digit => "alpha",
        "b" if before_digit => "beta",
        "m" if before_digit => "milestone",
        "cr" => "rc",
        other => other,
    };
    if let Some(at) = BEFORE.iter().position(|known| *known == word) {
        Token::Before(at)
    } else if RELEASE.contains(&word) {
        Token::Release
    } else if word == "sp" {
        Token::ServicePack
    } else {
        Token::Qualifier(word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Maven;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// Maven's POM reference and facts from its `ComparableVersionTest`.
    #[test]
    fn maven_examples() {
        ascending(
            &Maven,
            &[
                "1-alpha2snapshot",
                "1-alpha2",
                "1-alpha-123",
                "1-beta-2",
                "1-beta123",
                "1-m2",
                "1-m11",
                "1-rc",
                "1-cr2",
                "1-rc123",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-sp2",
                "1-sp123",
                "1-abc",
                "1-def",
                "1-pom-1",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1-123",
            ],
        );
        ascending(
            &Maven,
            &[
                "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c",
                "2.1-1", "2.1.0.1", "2.2", "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2",
                "11.m11", "11", "11.a", "11b", "11c", "11m",
            ],
        );
        ascending(
            &Maven,
            &[
                "1.0-alpha-1",
                "1.0-beta-1",
                "1.0-SNAPSHOT",
                "1.0",
                "1.0-1",
                "1.0.1",
            ],
        );
        ascending(&Maven, &["2.15.0-rc1", "2.15.0", "2.15.0.1", "2.16"]);
        ascending(&Maven, &["31.1-android", "31.1-jre", "32.0-android"]);
        ascending(&Maven, &["1alpha", "1.0", "1.a"]);
        equal(
            &Maven,
            &[
                ("1", "1.0.0"),
                ("1.0-ga", "1"),
                ("1.0.Final", "1"),
                ("1.0.RELEASE", "1.0"),
                ("1.0-cr1", "1.0-rc1"),
                ("1a1", "1-alpha-1"),
                ("1.0RC1", "1.0-rc-1"),
                ("01", "1"),
                ("1.0.0-foo.0.0", "1-foo"),
                ("1.0.0-0.0.0", "1"),
                ("1.0.0.RC1", "1.0.0-rc1"),
                ("1.x", "1-X"),
                ("1..0", "1"),
                ("1_", "1"),
                ("1.0_rc1", "1.0-rc1"),
            ],
        );
        let long = "9".repeat(40);
        ascending(&Maven, &["1.5", &long, &format!("{long}0")]);
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        unordered(
            &Maven,
            &[
                "RELEASE",
                "LATEST",
                "${project.version}",
                "[1.0,2.0)",
                "not 1",
                "unknown",
            ],
        );
    }
}
