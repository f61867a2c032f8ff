//! Programs that no package manager knows, such as a Python interpreter in `/usr/local`: numbers
//! between dots, and one letter behind the last (`1.1.1w`), which means a later release of the same
//! numbers, as with OpenSSL.
//!
//! There are no common rules for anything else, so anything else has no order.

use std::cmp::Ordering;

use super::number;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((a, letter_a), (b, letter_b)) = (parse(a)?, parse(b)?);
    Some(number::compare_filled(&a, &b).then_with(|| letter_a.cmp(letter_b)))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let (mut numbers, letter) = parse(version)?;
    while numbers.len() > 1 && numbers.last().is_some_and(|last| *last == "0") {
        numbers.pop();
    }
    Some(format!("{}{letter}", numbers.join(".")))
}

fn parse(version: &str) -> Option<(Vec<&str>, &str)> {
    let (numbers, letter) = number::take(version, |c| c.is_ascii_digit() || c == '.');
    if letter.len() > 1 || !letter.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let numbers: Option<Vec<&str>> = numbers
        .split('.')
        .map(|part| number::is(part).then(|| number::plain(part)))
        .collect();
    Some((numbers?, letter))
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::{Generic, Other};
    use crate::model::version::tests::{ascending, equal, unordered};

    #[test]
    fn dotted_numbers_and_one_letter() {
        ascending(
            &Generic,
            &[
                "1.0.2", "1.0.2k", "1.0.2u", "1.1", "1.1.1", "1.1.1a", "1.1.1w", "3.0.2", "3.11.2",
                "20.20.1",
            ],
        );
        equal(
            &Generic,
            &[("3.0", "3.0.0"), ("3.09", "3.9"), ("1.0a", "1a")],
        );
        unordered(
            &Generic,
            &[
                "1.1.1-rc1",
                "1.0.2zg",
                "v1",
                "1.",
                ".1",
                "1..2",
                "unknown",
                "1.a.2",
                "a",
                "1.0+2",
            ],
        );
    }

    #[test]
    fn an_unknown_ecosystem_has_no_order() {
        unordered(&Other("cpan".to_owned()), &["1.9", "1.10"]);
    }
}
