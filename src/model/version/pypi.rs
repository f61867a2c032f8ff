//! Python: PEP 440.

use std::cmp::Ordering;
use std::str::FromStr;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let parse = |v: &str| pep440_rs::Version::from_str(v).ok();
    Some(parse(a)?.cmp(&parse(b)?))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let parsed = pep440_rs::Version::from_str(version).ok()?;
    let release = parsed.release();
    let kept = release
        .iter()
        .rposition(|n| *n != 0)
        .map_or(1, |last| last + 1);
    let trimmed: Vec<u64> = release.iter().take(kept).copied().collect();
    Some(parsed.with_release(trimmed).to_string())
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::PyPi;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// PEP 440, "Summary of permitted suffixes and relative ordering" and "Local version
    /// identifiers".
    #[test]
    fn pep_440_examples() {
        ascending(
            &PyPi,
            &[
                "1.dev0",
                "1.0.dev456",
                "1.0a1",
                "1.0a2.dev456",
                "1.0a12.dev456",
                "1.0a12",
                "1.0b1.dev456",
                "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345",
                "1.0rc1.dev456",
                "1.0rc1",
                "1.0",
                "1.0+abc.5",
                "1.0+abc.7",
                "1.0+5",
                "1.0.post456.dev34",
                "1.0.post456",
                "1.0.15",
                "1.1.dev1",
                "1!0.1",
            ],
        );
        ascending(&PyPi, &["2.4.0", "2.4.0+cu118", "2.4.0+cu121", "2.4.1"]);
        equal(
            &PyPi,
            &[
                ("1.0", "1.0.0"),
                ("v1.0", "1"),
                ("1.0-1", "1.0.post1"),
                ("1.0c1", "1.0RC1"),
                ("1.0alpha", "1.0a0"),
                ("2022.12.07", "2022.12.7"),
                ("1.0+ubuntu-1", "1.0+ubuntu.1"),
                ("0!1", "1"),
            ],
        );
    }

    #[test]
    fn what_pep_440_does_not_cover_has_no_order() {
        unordered(
            &PyPi,
            &[
                "not a version",
                "latest",
                "1.0-ubuntu3",
                "1.0.x",
                ">=1.0",
                "2004d",
            ],
        );
    }
}
