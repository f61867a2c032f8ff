//! Debian: `[epoch:]upstream[-revision]` (Debian Policy §5.6.12, deb-version(7)).

use std::cmp::Ordering;

use super::{number, split_epoch};

/// `None` when dpkg would refuse one of them. Of what dpkg only warns about, a version that starts
/// with a letter and `_` are let through, as installed packages have them.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    (parts(a).is_some() && parts(b).is_some()).then(|| deb_version::compare_versions(a, b))
}

pub(super) fn upstream(version: &str) -> Option<&str> {
    parts(version).map(without_repack)
}

/// The upstream version of a valid version.
fn parts(version: &str) -> Option<&str> {
    let (_, rest) = split_epoch(version)?;
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (rest, None),
    };
    let allowed = |text: &str, more: &[u8]| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+.~_".contains(&b) || more.contains(&b))
    };
    // A word is no version, whatever its letters: `latest`, `unknown`, `not-fixed`.
    let is_version = upstream.bytes().any(|b| b.is_ascii_digit())
        && allowed(upstream, b"-:")
        && revision.is_none_or(|r| allowed(r, b""));
    is_version.then_some(upstream)
}

/// Without the mark of a source archive that was packed again.
fn without_repack(upstream: &str) -> &str {
    let is_mark = |text: &str| {
        let Some(rest) = text
            .strip_prefix(['+', '~', '.', '-'])
            .and_then(|t| t.strip_prefix("dfsg").or_else(|| t.strip_prefix("ds")))
        else {
            return false;
        };
        rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    upstream
        .match_indices(['+', '~', '.', '-'])
        .filter_map(|(at, _)| upstream.split_at_checked(at))
        .find_map(|(before, mark)| (!before.is_empty() && is_mark(mark)).then_some(before))
        .unwrap_or(upstream)
}

/// Without `+bN`, appended when a package is rebuilt without source changes
/// (Debian Policy §5.6.12, "binary NMU").
pub(super) fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((rest, rebuild)) if number::is(rebuild) => rest,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Deb;
    use crate::model::version::tests::{ascending, equal, unordered};
    use crate::model::version::upstream;

    /// Debian Policy §5.6.12 and the examples of deb-version(7).
    #[test]
    fn policy_examples() {
        ascending(&Deb, &["1.0~~", "1.0~~a", "1.0~", "1.0", "1.0a"]);
        ascending(&Deb, &["1.0~beta1~svn1245", "1.0~beta1", "1.0"]);
        ascending(
            &Deb,
            &[
                "1.0-1",
                "1.0-1+b1",
                "1.0-1+deb12u1",
                "1.0-1.1",
                "1.0-2",
                "1.0.1-1",
            ],
        );
        ascending(&Deb, &["9.0-1", "1:0.1", "2:0.1~rc1", "10:0"]);
        ascending(&Deb, &["1.2a", "1.2+", "1.2.1", "1.10"]);
        equal(&Deb, &[("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.02", "1.2")]);
        let long = "9".repeat(40);
        ascending(&Deb, &["1.5", &long, &format!("{long}0")]);
    }

    #[test]
    fn what_dpkg_refuses_has_no_order() {
        unordered(
            &Deb,
            &[
                "latest",
                "unknown",
                "not fixed in 1.0",
                "a:1.0",
                ":1.0",
                "1.0-",
                "1:",
                "-1",
                "1.0,2.0",
                "<1.0",
                "1.0-1_2%",
            ],
        );
    }

    #[test]
    fn upstream_has_nothing_of_the_distribution() {
        for (version, expected) in [
            ("1:2.38.1-5+b1", "2.38.1"),
            ("1:1.2.13.dfsg-1", "1.2.13"),
            ("2.36-9+deb12u4", "2.36"),
            ("4.13+dfsg1-1", "4.13"),
            ("1.0~dfsg-3", "1.0"),
            ("7.88.1+ds-1", "7.88.1"),
            ("7.88.1+ds1.2-1", "7.88.1"),
            ("1.0+dsomething-1", "1.0+dsomething"),
            ("1.0-rc1-2", "1.0-rc1"),
            ("20230311", "20230311"),
        ] {
            assert_eq!(upstream(&Deb, version), Some(expected), "{version}");
        }
        assert_eq!(upstream(&Deb, "latest"), None);
    }
}
