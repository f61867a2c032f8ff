//! The words for shares, sets of scanners and digests. Nothing here is escaped yet.

use crate::model::ScannerId;
use crate::model::comparison::{Comparison, Interval, Share};
use crate::report::document::{Cut, Value};
use crate::report::phrases;

/// What the sections are written from.
pub(super) struct Writer<'a> {
    /// The comparison.
    pub(super) comparison: &'a Comparison,
    /// How much is shown.
    pub(super) cut: Cut<'a>,
}

impl<'a> Writer<'a> {
    /// True when the comparison is about one image.
    pub(super) fn is_single(&self) -> bool {
        self.comparison.images.len() == 1
    }

    /// The scanners that gave a result on at least one image.
    pub(super) fn with_results(&self) -> Vec<&'a ScannerId> {
        let scanners = self.comparison.scanners.iter();
        scanners
            .filter(|scanner| scanner.results.count > 0)
            .map(|scanner| &scanner.scanner)
            .collect()
    }
}

/// A share with its counts and, over several images, its interval: `92 % (460/500; 88 to 95 %)`.
pub(super) fn percent(share: &Share) -> String {
    let text = phrases::share(share.value, share.count, share.of);
    match (share.interval, text.strip_suffix(')')) {
        (Some(interval), Some(open)) => format!("{open}; {})", range(interval, 0)),
        _ => text,
    }
}

/// `88 to 95 %`, with so many decimals.
pub(super) fn range(interval: Interval, decimals: usize) -> String {
    // Adding 0 turns the -0 that rounding may give into 0.
    let scale = if decimals == 0 { 1.0 } else { 10.0 };
    let end = |end: f64| (end * 100.0 * scale).round() / scale + 0.0;
    format!(
        "{:.decimals$} to {:.decimals$} %",
        end(interval.low),
        end(interval.high)
    )
}

/// `docker-scout + grype`.
pub(super) fn together(scanners: &[ScannerId]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerId::as_str).collect();
    names.join(" + ")
}

/// `2 critical, 1 high`: the parts that are not 0, in the order given; empty when all are.
pub(super) fn listed<N: std::fmt::Display>(counts: impl IntoIterator<Item = (usize, N)>) -> String {
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    parts.join(", ")
}

/// The first letters of a digest, as container tools show it; any other text as it is.
pub(super) fn short_digest(text: &str) -> &str {
    let is_digest = text.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    text.get(..19).filter(|_| is_digest).unwrap_or(text)
}

impl From<&Share> for Value {
    fn from(share: &Share) -> Self {
        match share.value {
            Some(_) => Self::Text(percent(share)),
            None => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_its_counts_and_its_interval() {
        let mut share = Share {
            count: 460,
            of: 500,
            value: Some(0.92),
            interval: None,
        };
        assert_eq!(percent(&share), "92 % (460/500)");
        share.interval = Some(Interval {
            low: 0.881,
            high: 0.954,
        });
        assert_eq!(percent(&share), "92 % (460/500; 88 to 95 %)");
    }

    #[test]
    fn the_end_of_a_range_is_never_minus_zero() {
        let interval = Interval {
            low: -0.0004,
            high: 0.052,
        };
        assert_eq!(range(interval, 0), "0 to 5 %");
        assert_eq!(range(interval, 1), "0.0 to 5.2 %");
    }
}
