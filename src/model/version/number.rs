//! Numbers of any length, as text: a version may hold a date, a hash or forty digits, and none of
//! them may be cut to what a machine word holds.

use std::cmp::Ordering;

/// True for one or more digits.
pub(super) fn is(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Without zeros in front; nothing and zero are `0`.
pub(super) fn plain(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

/// By value.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (plain(a), plain(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The longest run at the start of `text` that `belongs` accepts, and the rest.
pub(super) fn take(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Lists of numbers, the shorter one filled with zeros.
pub(super) fn compare_filled(a: &[&str], b: &[&str]) -> Ordering {
    (0..a.len().max(b.len()))
        .map(|place| {
            let in_a = a.get(place).copied().unwrap_or("0");
            let in_b = b.get(place).copied().unwrap_or("0");
            compare(in_a, in_b)
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A number of any length, equal and ordered by value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a>(pub(super) &'a str);

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.0, other.0)
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number<'_> {}
