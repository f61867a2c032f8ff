//! Versions by the rules of each ecosystem: one normal form, one order.
//!
//! A version that does not follow its ecosystem's rules has no order here: [`compare`] gives
//! `None`, never *equal* or *older*.

use std::cmp::Ordering;
use std::str::FromStr;

use super::package::Ecosystem;

/// The form in which two spellings of one version are equal text.
///
/// * PyPI: PEP 440 normal form without trailing zeros (`2022.12.07` is `2022.12.7`); the local
///   label (`+cu121`) stays, it is another build.
/// * Go: without `go` or `v` in front and without `+incompatible`, which says how the module was
///   found and not which code it is.
/// * npm: without `v` or `=` in front.
/// * deb: without epoch and rebuild suffix (`+b8`), rpm: without epoch. Scanners lose epochs, and a
///   rebuild is the same source.
/// * Everything else: trimmed.
pub fn normal_form(ecosystem: &Ecosystem, version: &str) -> String {
    let version = version.trim();
    match ecosystem {
        Ecosystem::PyPi => pep440_rs::Version::from_str(version).map_or_else(
            |_| version.to_ascii_lowercase(),
            |parsed| {
                let release = parsed.release();
                let kept = release
                    .iter()
                    .rposition(|n| *n != 0)
                    .map_or(1, |last| last + 1);
                let trimmed: Vec<u64> = release.iter().take(kept).copied().collect();
                parsed.with_release(trimmed).to_string()
            },
        ),
        Ecosystem::Golang => {
            let version = version
                .strip_prefix("go")
                .or_else(|| version.strip_prefix('v'))
                .unwrap_or(version);
            version
                .strip_suffix("+incompatible")
                .unwrap_or(version)
                .to_owned()
        }
        Ecosystem::Npm => version.trim_start_matches(['v', '=']).to_owned(),
        Ecosystem::Deb => strip_rebuild(strip_epoch(version)).to_owned(),
        Ecosystem::Rpm => strip_epoch(version).to_owned(),
        Ecosystem::NuGet => version.to_ascii_lowercase(),
        _ => version.to_owned(),
    }
}

/// The upstream part of an operating system package's version.
pub fn upstream<'v>(ecosystem: &Ecosystem, version: &'v str) -> Option<&'v str> {
    match ecosystem {
        Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk | Ecosystem::Alpm => {
            let version = strip_epoch(version);
            Some(
                version
                    .rsplit_once('-')
                    .map_or(version, |(upstream, _)| upstream),
            )
        }
        _ => None,
    }
}

/// `0:` and any other number before the first colon.
fn strip_epoch(version: &str) -> &str {
    match version.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit()) => {
            rest
        }
        _ => version,
    }
}

/// Debian's `+bN`, appended when a package is rebuilt without source changes
/// (Debian Policy §5.6.12, "binary NMU").
fn strip_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((rest, number))
            if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest
        }
        _ => version,
    }
}

/// Orders two versions of one ecosystem; `None` when either does not follow its rules or the
/// ecosystem's rules are not known here.
pub fn compare(ecosystem: &Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.trim(), b.trim());
    // No ecosystem allows more than ASCII in a version, and one comparator panics on it.
    if a.is_empty() || b.is_empty() || !a.is_ascii() || !b.is_ascii() {
        return None;
    }
    match ecosystem {
        Ecosystem::Deb => Some(deb_version::compare_versions(a, b)),
        Ecosystem::Rpm => Some(rpm_version::rpm_evr_compare(a, b)),
        Ecosystem::PyPi => {
            let parse = |v: &str| pep440_rs::Version::from_str(v).ok();
            Some(parse(a)?.cmp(&parse(b)?))
        }
        Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Golang => {
            let parse = |v: &str| semver::Version::parse(&normal_form(ecosystem, v)).ok();
            // Precedence, not Ord: build metadata takes no part (SemVer 2.0.0 §10).
            Some(parse(a)?.cmp_precedence(&parse(b)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_version_share_a_normal_form() {
        for (ecosystem, a, b) in [
            (Ecosystem::PyPi, "2022.12.07", "2022.12.7"),
            (Ecosystem::PyPi, "1.0", "1.0.0"),
            (Ecosystem::PyPi, "1.0.RC1", "1.0rc1"),
            (Ecosystem::Golang, "go1.18.10", "v1.18.10"),
            (Ecosystem::Golang, "v2.7.1+incompatible", "2.7.1"),
            (Ecosystem::Deb, "1:2.38.1-5+b1", "2.38.1-5"),
            (Ecosystem::Rpm, "1:1.0.2k-16.el7", "1.0.2k-16.el7"),
            (Ecosystem::Npm, "v1.2.3", "1.2.3"),
        ] {
            assert_eq!(
                normal_form(&ecosystem, a),
                normal_form(&ecosystem, b),
                "{a} {b}"
            );
        }
        assert_ne!(
            normal_form(&Ecosystem::PyPi, "2.4.0+cu121"),
            normal_form(&Ecosystem::PyPi, "2.4.0")
        );
        assert_eq!(
            normal_form(&Ecosystem::PyPi, "1.0.0rc1+cu121"),
            "1rc1+cu121"
        );
        assert_eq!(
            normal_form(&Ecosystem::Deb, "2.36-9+deb12u4"),
            "2.36-9+deb12u4"
        );
    }

    #[test]
    fn each_ecosystem_has_its_own_order() {
        let less = |ecosystem, a, b| {
            assert_eq!(compare(&ecosystem, a, b), Some(Ordering::Less), "{a} {b}");
        };
        less(Ecosystem::Deb, "1.0~rc1-1", "1.0-1");
        less(Ecosystem::Deb, "9:0.9", "10:0.1");
        less(Ecosystem::Rpm, "1.0-1.el8", "1:0.9-1.el8");
        less(Ecosystem::PyPi, "1.10rc1", "1.10");
        less(Ecosystem::PyPi, "2.4.0", "2.4.0+cu121");
        less(Ecosystem::Golang, "v1.9.0", "1.10.0");
        less(Ecosystem::Npm, "1.0.0-alpha", "1.0.0");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_comparing_panic(a in ".{0,24}", b in "[0-9a-z.:~^+-]{0,24}") {
            for name in ["deb", "rpm", "pypi", "npm", "golang", "cargo", "maven", "generic"] {
                let ecosystem = Ecosystem::from_name(name);
                let forwards = compare(&ecosystem, &a, &b);
                proptest::prop_assert_eq!(forwards.map(Ordering::reverse), compare(&ecosystem, &b, &a));
                compare(&ecosystem, &b, &b);
                normal_form(&ecosystem, &a);
                normal_form(&ecosystem, &b);
            }
        }
    }

    #[test]
    fn what_does_not_parse_has_no_order() {
        assert_eq!(compare(&Ecosystem::PyPi, "not a version", "1.0"), None);
        assert_eq!(compare(&Ecosystem::Npm, "latest", "1.0.0"), None);
        assert_eq!(compare(&Ecosystem::Generic, "1", "2"), None);
        assert_eq!(compare(&Ecosystem::Deb, "", "1"), None);
    }
}
