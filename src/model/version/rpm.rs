//! rpm: `[epoch:]version[-release]`, rpm-version(7).
//!
//! A version without a release stands before every release of it: rpm itself calls it equal to all
//! of them, which is no order.

use std::cmp::Ordering;

use super::split_epoch;

/// `None` where rpmbuild would refuse the text as version or release.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    (upstream(a).is_some() && upstream(b).is_some()).then(|| rpm_version::rpm_evr_compare(a, b))
}

/// The version; `None` when the text as a whole is not one with epoch and release.
pub(super) fn upstream(text: &str) -> Option<&str> {
    let (_, rest) = split_epoch(text)?;
    let (version, release) = match rest.split_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    let allowed = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._+~^".contains(&b))
            && part.bytes().any(|b| b.is_ascii_alphanumeric())
    };
    let is_version = allowed(version)
        && version.bytes().any(|b| b.is_ascii_digit())
        && release.is_none_or(allowed);
    is_version.then_some(version)
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Rpm;
    use crate::model::version::tests::{ascending, equal, unordered};
    use crate::model::version::upstream;

    /// The rules of rpm-version(7) and rpm's own tests (`tests/rpmvercmp.at`).
    #[test]
    fn rpm_examples() {
        ascending(&Rpm, &["1.0~rc1", "1.0~rc2", "1.0", "1.0^git1", "1.0.1"]);
        ascending(
            &Rpm,
            &["1.0^git1~pre", "1.0^git1", "1.0^git2", "1.0.a", "1.0.1"],
        );
        ascending(&Rpm, &["2.0", "2.0.1", "2.0.1a", "2.1"]);
        ascending(&Rpm, &["xyz10", "xyz10.1", "xyz.11", "10xyz", "10.1xyz"]);
        ascending(
            &Rpm,
            &["1.0", "1.0-1.el8", "1.0-1.el8_2", "1.0-1.el9", "1.0-2.el8"],
        );
        ascending(&Rpm, &["9.0-1", "1:0.1-1", "2:0.1-1", "10:0-1"]);
        equal(
            &Rpm,
            &[("1.0", "0:1.0"), ("1.0-1", "1_0-01"), ("2a", "2.a")],
        );
        let long = "9".repeat(40);
        ascending(&Rpm, &["1.5", &long, &format!("{long}0")]);
    }

    #[test]
    fn what_rpm_refuses_has_no_order() {
        unordered(
            &Rpm,
            &[
                "latest",
                "1.0-",
                "-1",
                "1.0-1-2",
                "a:1.0",
                ":1.0",
                "1.0 beta",
                "1.0,2.0",
                "1.0%{dist}",
                "<1.0",
            ],
        );
    }

    #[test]
    fn upstream_is_the_version() {
        assert_eq!(upstream(&Rpm, "1:1.0.2k-16.el7"), Some("1.0.2k"));
        assert_eq!(upstream(&Rpm, "2.34"), Some("2.34"));
        assert_eq!(upstream(&Rpm, "1.0-1-2"), None);
    }
}
