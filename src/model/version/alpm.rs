//! Arch Linux: `[epoch:]version[-release]`, vercmp(8).
//!
//! Two differences from pacman keep the order transitive. A version without a release stands before
//! every release of it, where pacman calls it equal to all of them. And no part may end in a
//! separator: no package has such a version, and vercmp orders them in circles.

use std::cmp::Ordering;

use super::{number, split_epoch};

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let order = number::compare(a.epoch, b.epoch).then_with(|| compare_parts(a.version, b.version));
    Some(order.then_with(|| match (a.release, b.release) {
        (Some(a), Some(b)) => compare_parts(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }))
}

pub(super) fn upstream(version: &str) -> Option<&str> {
    Some(parse(version)?.version)
}

struct Parts<'a> {
    epoch: &'a str,
    version: &'a str,
    release: Option<&'a str>,
}

fn parse(text: &str) -> Option<Parts<'_>> {
    let (epoch, rest) = split_epoch(text)?;
    let (version, release) = match rest.split_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    let allowed = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._+~@".contains(&b))
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let is_version = allowed(version)
        && version.bytes().any(|b| b.is_ascii_digit())
        && release.is_none_or(allowed);
    is_version.then_some(Parts {
        epoch,
        version,
        release,
    })
}

/// Runs of digits and runs of letters from left to right. Unlike rpm, letters that follow directly
/// stand for something before the release (`1.0rc` before `1.0`), and the number of separators
/// counts.
fn compare_parts(mut a: &str, mut b: &str) -> Ordering {
    loop {
        if a.is_empty() || b.is_empty() {
            let order = b.is_empty().cmp(&a.is_empty());
            let longer = if a.is_empty() { b } else { a };
            return if longer.starts_with(|c: char| c.is_ascii_alphabetic()) {
                order.reverse()
            } else {
                order
            };
        }
        let separator = |c: char| !c.is_ascii_alphanumeric();
        let (before_a, rest_a) = number::take(a, separator);
        let (before_b, rest_b) = number::take(b, separator);
        if before_a.len() != before_b.len() {
            return before_a.len().cmp(&before_b.len());
        }
        let is_digit = |c: char| c.is_ascii_digit();
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let (order, after_a, after_b) =
            match (rest_a.starts_with(is_digit), rest_b.starts_with(is_digit)) {
                (true, true) => {
                    let (digits_a, after_a) = number::take(rest_a, is_digit);
                    let (digits_b, after_b) = number::take(rest_b, is_digit);
                    (number::compare(digits_a, digits_b), after_a, after_b)
                }
                (false, false) => {
                    let (letters_a, after_a) = number::take(rest_a, is_letter);
                    let (letters_b, after_b) = number::take(rest_b, is_letter);
                    (letters_a.cmp(letters_b), after_a, after_b)
                }
                (digit_in_a, digit_in_b) => return digit_in_a.cmp(&digit_in_b),
            };
        if order.is_ne() {
            return order;
        }
        (a, b) = (after_a, after_b);
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Alpm;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// The two chains of vercmp(8), and facts from pacman's `test/util/vercmptest.sh`.
    #[test]
    fn vercmp_examples() {
        ascending(
            &Alpm,
            &[
                "1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1",
            ],
        );
        ascending(&Alpm, &["1", "1.0", "1.1", "1.1.1", "1.2", "2.0", "3.0.0"]);
        ascending(&Alpm, &["1.5.a", "1.5.1", "1.5.1.b", "1.5.1.1", "1.5.2"]);
        ascending(
            &Alpm,
            &["1.5", "1.5-1", "1.5-2", "1.5.1-1", "1:1.0-1", "2:0.5-1"],
        );
        ascending(&Alpm, &["2.0a", "2.0", "2.0.a", "2.0_1", "2__0"]);
        equal(
            &Alpm,
            &[("1.5-1", "0:1.5-1"), ("1.05", "1.5"), ("1_0", "1.0")],
        );
        let long = "9".repeat(40);
        ascending(&Alpm, &["1.5", &long, &format!("{long}0")]);
    }

    #[test]
    fn what_makepkg_refuses_has_no_order() {
        unordered(
            &Alpm,
            &[
                "latest", "1.0-", "-1", "1.0-1-1", "a:1.0", "1.0.", "1/2", "1.0 beta", "1.0,1",
            ],
        );
    }
}
