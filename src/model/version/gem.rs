//! Ruby: `Gem::Version`, with the platform of a built gem (`1.13.8-x86_64-linux`) taken off, which
//! scanners and lock files write behind the version.

use std::cmp::Ordering;

use super::number;

/// Platforms of one word.
const WORDS: &[&str] = &[
    "ruby", "java", "jruby", "dalvik", "dotnet", "macruby", "mswin32", "mswin64",
];

/// Processors and systems of the platforms of more words, as `Gem::Platform` knows them.
const PROCESSORS: &[&str] = &[
    "x86_64",
    "x86",
    "x64",
    "i386",
    "i486",
    "i586",
    "i686",
    "amd64",
    "arm",
    "arm64",
    "armv6l",
    "armv7l",
    "armv8",
    "aarch64",
    "universal",
    "powerpc",
    "powerpc64",
    "powerpc64le",
    "ppc64le",
    "s390x",
    "riscv64",
    "loongarch64",
    "sparc",
];
const SYSTEMS: &[&str] = &[
    "linux",
    "darwin",
    "mingw",
    "mswin",
    "cygwin",
    "freebsd",
    "openbsd",
    "netbsd",
    "dragonfly",
    "solaris",
    "aix",
    "java",
    "wasi",
];

/// A segment between separators, or where digits and letters meet. A word stands before every
/// number, even before none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment<'a> {
    Word(&'a str),
    Number(&'a str),
}

impl Segment<'_> {
    fn is_zero(self) -> bool {
        matches!(self, Self::Number(digits) if number::plain(digits) == "0")
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
            (Self::Word(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Word(_)) => Ordering::Greater,
            (Self::Number(a), Self::Number(b)) => number::compare(a, b),
        }
    }
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let order = (0..a.len().max(b.len()))
        .map(|place| {
            let in_a = a.get(place).copied().unwrap_or(Segment::Number("0"));
            let in_b = b.get(place).copied().unwrap_or(Segment::Number("0"));
            in_a.compare(in_b)
        })
        .find(|order| order.is_ne());
    Some(order.unwrap_or(Ordering::Equal))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let segments = parse(version)?;
    let words: Vec<&str> = segments
        .iter()
        .map(|segment| match segment {
            Segment::Word(word) => word,
            Segment::Number(digits) => number::plain(digits),
        })
        .collect();
    Some(if words.is_empty() {
        "0".to_owned()
    } else {
        words.join(".")
    })
}

/// The version in front of a known platform.
fn without_platform(version: &str) -> &str {
    match version.split_once('-') {
        Some((rest, platform)) if is_platform(platform) => rest,
        _ => version,
    }
}

fn is_platform(text: &str) -> bool {
    if WORDS.contains(&text) {
        return true;
    }
    text.split_once('-').is_some_and(|(processor, system)| {
        PROCESSORS.contains(&processor) && SYSTEMS.iter().any(|known| system.starts_with(known))
    })
}

/// The segments without the zeros at the end of the release and at the end of the whole.
fn parse(version: &str) -> Option<Vec<Segment<'_>>> {
    let version = without_platform(version);
    let (release, pre_release) = match version.split_once('-') {
        Some((release, rest)) => (release, Some(rest)),
        None => (version, None),
    };
    let mut pieces = release.split('.');
    let valid = pieces.next().is_some_and(number::is)
        && pieces.all(|piece| is_piece(piece, false))
        && pre_release.is_none_or(|rest| rest.split('.').all(|piece| is_piece(piece, true)));
    if !valid {
        return None;
    }
    let mut segments = Vec::new();
    push_segments(&mut segments, release);
    if let Some(rest) = pre_release {
        // `Gem::Version` reads every hyphen as `.pre.`.
        for piece in rest.split('-') {
            segments.push(Segment::Word("pre"));
            push_segments(&mut segments, piece);
        }
    }
    let release_length = segments
        .iter()
        .position(|segment| matches!(segment, Segment::Word(_)))
        .unwrap_or(segments.len());
    let mut pre_release = segments.split_off(release_length);
    for list in [&mut segments, &mut pre_release] {
        while list.last().is_some_and(|segment| segment.is_zero()) {
            list.pop();
        }
    }
    segments.append(&mut pre_release);
    Some(segments)
}

fn is_piece(text: &str, hyphens: bool) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || (hyphens && b == b'-'))
}

fn push_segments<'a>(segments: &mut Vec<Segment<'a>>, text: &'a str) {
    for piece in text.split('.') {
        let mut rest = piece;
        while !rest.is_empty() {
            let digit_first = rest.starts_with(|c: char| c.is_ascii_digit());
            let (run, after) = number::take(rest, |c| c.is_ascii_digit() == digit_first);
            segments.push(if digit_first {
                Segment::Number(run)
            } else {
                Segment::Word(run)
            });
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Gem;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// Facts from RubyGems' `test/rubygems/test_gem_version.rb` and the text of `Gem::Version`.
    #[test]
    fn rubygems_examples() {
        ascending(
            &Gem,
            &[
                "1.0.a1",
                "1.0.a2",
                "1.0.a10",
                "1.0.b1",
                "1.0.pre",
                "1.0",
                "1.1.a",
                "1.1",
                "1.8.2.a",
                "1.8.2.a9",
                "1.8.2.a10",
                "1.8.2.b",
                "1.8.2",
                "1.9.a",
                "1.9.3",
                "1.10",
            ],
        );
        ascending(&Gem, &["5.0.0.beta2", "5.0.0.rc2", "5.0.0", "5.2.4"]);
        ascending(
            &Gem,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
            ],
        );
        equal(
            &Gem,
            &[
                ("1.0", "1"),
                ("1.0.0-alpha1", "1.0.0.pre.alpha1"),
                ("1.a", "1.0.0.a"),
                ("1.a1", "1.a.1"),
                ("01.2", "1.2"),
            ],
        );
        let long = "9".repeat(40);
        ascending(
            &Gem,
            &["1.5", &format!("1.{long}"), &format!("1.{long}0"), &long],
        );
    }

    #[test]
    fn the_platform_is_no_part_of_the_version() {
        equal(
            &Gem,
            &[
                ("1.13.8-x86_64-linux", "1.13.8"),
                ("1.13.8-java", "1.13.8"),
                ("1.13.8-arm64-darwin", "1.13.8"),
                ("1.13.8-x86_64-linux-musl", "1.13.8"),
                ("1.13.8-x64-mingw-ucrt", "1.13.8"),
                ("1.0.rc1-x86-mingw32", "1.0.rc1"),
                ("3.2.1-universal-darwin-22", "3.2.1"),
                ("1.0-ruby", "1"),
            ],
        );
        ascending(&Gem, &["1.13.7-java", "1.13.8-rc1", "1.13.8-x86_64-linux"]);
    }

    #[test]
    fn what_rubygems_refuses_has_no_order() {
        unordered(
            &Gem,
            &[
                "junk",
                "1.2.",
                "1..2",
                "v1.0",
                "1.0_1",
                "~> 1.0",
                "1.2 3.4",
                "2.3422222.222.222222222.22222.ads0as.dasd0.ddd2222.2.qd3e.+",
            ],
        );
    }
}
