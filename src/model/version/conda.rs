//! Conda: `[epoch!]version[+local]`, in the order that the class `VersionOrder` of conda documents.
//!
//! Conda also takes `*`, for the sake of match specifications (`1.2.*`). No package has it in its
//! version, so here it is no version.

use std::cmp::Ordering;

use super::number;

/// A piece of a part, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Dev,
    Word(String),
    Number(String),
    Post,
}

impl Piece {
    const fn rank(&self) -> u8 {
        match self {
            Self::Dev => 0,
            Self::Word(_) => 1,
            Self::Number(_) => 2,
            Self::Post => 3,
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(digits) if digits == "0")
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => number::compare(a, b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Dev => "dev",
            Self::Word(text) | Self::Number(text) => text,
            Self::Post => "post",
        }
    }
}

/// A part starts with a number; where none was written it is zero.
type Part = Vec<Piece>;

struct Version {
    epoch: String,
    parts: Vec<Part>,
    local: Vec<Part>,
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let order = number::compare(&a.epoch, &b.epoch)
        .then_with(|| compare_parts(&a.parts, &b.parts))
        .then_with(|| compare_parts(&a.local, &b.local));
    Some(order)
}

/// What one list of parts or pieces has more than the other is compared with zero.
fn compare_parts(a: &[Part], b: &[Part]) -> Ordering {
    let zero = Piece::Number("0".to_owned());
    for place in 0..a.len().max(b.len()) {
        let in_a = a.get(place).map_or(&[][..], Vec::as_slice);
        let in_b = b.get(place).map_or(&[][..], Vec::as_slice);
        for piece in 0..in_a.len().max(in_b.len()) {
            let order = in_a
                .get(piece)
                .unwrap_or(&zero)
                .compare(in_b.get(piece).unwrap_or(&zero));
            if order.is_ne() {
                return order;
            }
        }
    }
    Ordering::Equal
}

/// Without an epoch of zero and without zeros that mean nothing.
pub(super) fn normal_form(version: &str) -> Option<String> {
    let Version {
        epoch,
        parts,
        local,
    } = parse(version)?;
    let mut text = String::new();
    if epoch != "0" {
        text.push_str(&epoch);
        text.push('!');
    }
    text.push_str(&write_parts(parts));
    let local = write_parts(local);
    if local != "0" {
        text.push('+');
        text.push_str(&local);
    }
    Some(text)
}

fn write_parts(mut parts: Vec<Part>) -> String {
    for part in &mut parts {
        while part.len() > 1 && part.last().is_some_and(Piece::is_zero) {
            part.pop();
        }
    }
    while parts.len() > 1
        && parts
            .last()
            .is_some_and(|part| part.iter().all(Piece::is_zero))
    {
        parts.pop();
    }
    if parts.is_empty() {
        return "0".to_owned();
    }
    let texts: Vec<String> = parts
        .iter()
        .map(|part| part.iter().map(Piece::text).collect())
        .collect();
    texts.join(".")
}

fn parse(version: &str) -> Option<Version> {
    let mut version = version.to_ascii_lowercase();
    // A hyphen is another way to write `_`, but not in one version with it.
    if !version.contains('_') {
        version = version.replace('-', "_");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._+!".contains(&b);
    if !version.bytes().all(allowed) || !version.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (epoch, rest) = match version.split_once('!') {
        Some((epoch, rest)) => (number::is(epoch).then_some(epoch)?, rest),
        None => ("0", version.as_str()),
    };
    let (public, local) = match rest.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (rest, None),
    };
    Some(Version {
        epoch: number::plain(epoch).to_owned(),
        parts: split(public, true)?,
        local: local.map_or(Some(Vec::new()), |local| split(local, false))?,
    })
}

/// Parts between `.` or `_`. A `_` at the very end is a word of the last part, smaller than every
/// letter, so that `1.0.1_` can stand before `1.0.1a`.
fn split(text: &str, keeps_last: bool) -> Option<Vec<Part>> {
    let body = if keeps_last {
        text.strip_suffix('_').unwrap_or(text)
    } else {
        text
    };
    let mut parts: Vec<Part> = body.split(['.', '_']).map(part).collect::<Option<_>>()?;
    if body.len() < text.len() {
        let last = parts.last_mut()?;
        match last.last_mut() {
            Some(Piece::Word(word)) => word.push('_'),
            Some(Piece::Dev) => *last.last_mut()? = Piece::Word("dev_".to_owned()),
            Some(Piece::Post) => *last.last_mut()? = Piece::Word("post_".to_owned()),
            _ => last.push(Piece::Word("_".to_owned())),
        }
    }
    Some(parts)
}

fn part(text: &str) -> Option<Part> {
    if text.bytes().any(|b| b == b'!' || b == b'+') || text.is_empty() {
        return None;
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digit_first = rest.starts_with(|c: char| c.is_ascii_digit());
        let (run, after) = number::take(rest, |c| c.is_ascii_digit() == digit_first);
        if !digit_first && pieces.is_empty() {
            pieces.push(Piece::Number("0".to_owned()));
        }
        pieces.push(match run {
            "dev" => Piece::Dev,
            "post" => Piece::Post,
            digits if digit_first => Piece::Number(number::plain(digits).to_owned()),
            word => Piece::Word(word.to_owned()),
        });
        rest = after;
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Conda;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// Facts from the documentation of `VersionOrder` and from conda's `tests/models/test_version.py`.
    #[test]
    fn conda_examples() {
        ascending(
            &Conda,
            &[
                "0.4",
                "0.4.1a.vc11",
                "0.4.1.rc",
                "0.4.1.vc11",
                "0.4.1",
                "0.5a1",
                "0.5b3",
                "0.5C1",
                "0.5z",
                "0.5za",
                "0.5",
                "0.5_5",
                "0.9.6",
                "0.960923",
                "1.0",
                "1.0.4a3",
                "1.0.4b1",
                "1.0.4",
                "1.1dev1",
                "1.1_",
                "1.1a1",
                "1.1.dev1",
                "1.1.a1",
                "1.1",
                "1.1.post1",
                "1.1.1dev1",
                "1.1.1rc1",
                "1.1.1",
                "1.1.1post1",
                "1.1post1",
                "2g6",
                "2.0b1pr0",
                "2.2be.ta29",
                "2.2be5ta29",
                "2.2beta29",
                "2.2.0.1",
                "3.1.1.6",
                "3.2.p.r0",
                "3.2.pr0",
                "3.2.pr.1",
                "5.5.kw",
                "11g",
                "14.3.1",
                "14.3.1.post26.g9d75ca2",
                "1996.07.12",
                "1!0.4.1",
                "1!3.1.1.6",
                "2!0.4.1",
            ],
        );
        ascending(
            &Conda,
            &[
                "1.0.1dev",
                "1.0.1_",
                "1.0.1a",
                "1.0.1r",
                "1.0.1rc",
                "1.0.1rc1",
                "1.0.1s",
                "1.0.1",
                "1.0.1post.a",
                "1.0.1post.za",
                "1.0.2",
            ],
        );
        ascending(
            &Conda,
            &[
                "1.2.rev33+123456",
                "1.2+abc",
                "1.2+abc123def",
                "1.2+abc123",
                "1.2+123abc",
                "1.2+123456",
            ],
        );
        equal(
            &Conda,
            &[
                ("0.4", "0.4.0"),
                ("0.4.a1", "0.4.0a1"),
                ("0.5_5", "0.5-5"),
                ("0.4.1.rc", "0.4.1.RC"),
                ("0!1.0", "1"),
                ("1.2+0", "1.2"),
            ],
        );
        let long = "9".repeat(40);
        ascending(&Conda, &["1.5", &long, &format!("{long}0"), "1!0"]);
    }

    #[test]
    fn what_conda_refuses_has_no_order() {
        unordered(
            &Conda,
            &[
                "3.5&1", "5.5++", "5.5..mw", "!", "a!1.0", "a!b!1.0", "1!", "1+", "+1", "1.2.*",
                "latest", "1-2_3", "1_.2",
            ],
        );
    }
}
