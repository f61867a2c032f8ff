//! Go: module versions (go.dev/ref/mod#versions, pseudo-versions included) and the versions of the
//! toolchain and its standard library (go.dev/doc/toolchain#version), in one order.
//!
//! Scanners write both with and without `v` and `go` in front, so the form alone decides: three
//! numbers are the same release in either notation; two numbers, and letters directly behind a number, are a
//! toolchain's.

use std::cmp::Ordering;
use std::fmt::Write as _;

use semver::Prerelease;

use super::number::{self, Number};

/// First minor version whose two-number form names the language and not its first release.
const FIRST_WITH_PATCH: &str = "21";

struct Version<'a> {
    major: &'a str,
    minor: &'a str,
    rest: Rest<'a>,
    /// With its `+`.
    metadata: &'a str,
}

/// What follows major and minor version, in ascending order: since Go 1.21 `1.21` is the language,
/// before every release candidate of its first release.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rest<'a> {
    Language,
    Candidate(&'a str, Number<'a>),
    Release(Number<'a>, Prerelease),
}

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let order = number::compare(a.major, b.major)
        .then_with(|| number::compare(a.minor, b.minor))
        .then_with(|| a.rest.cmp(&b.rest));
    Some(order)
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let version = parse(version)?;
    let mut text = format!("{}.{}", version.major, version.minor);
    // Writing into a text cannot fail.
    let _ = match version.rest {
        Rest::Language => Ok(()),
        Rest::Candidate(kind, Number(digits)) => write!(text, "{kind}{digits}"),
        Rest::Release(Number(patch), pre_release) if pre_release.is_empty() => {
            write!(text, ".{patch}")
        }
        Rest::Release(Number(patch), pre_release) => write!(text, ".{patch}-{pre_release}"),
    };
    if version.metadata != "+incompatible" {
        text.push_str(version.metadata);
    }
    Some(text)
}

/// Without what scanners put in front and Go puts behind a version. For a toolchain (`go1.22.3`)
/// that is also the suffix that names who built it (`-bigcorp`) and the experiments
/// (` X:boringcrypto`).
pub(super) fn without_marks(text: &str) -> &str {
    let text = text
        .split_once(" X:")
        .map_or(text, |(version, _)| version.trim_end());
    let text = match text.strip_prefix("go") {
        Some(toolchain) => toolchain
            .split_once('-')
            .map_or(toolchain, |(version, _)| version),
        None => text.strip_prefix('v').unwrap_or(text),
    };
    text.strip_suffix("+incompatible").unwrap_or(text)
}

fn parse(text: &str) -> Option<Version<'_>> {
    let text = without_marks(text);
    let (version, metadata) = match text.find('+') {
        Some(at) => text.split_at_checked(at)?,
        None => (text, ""),
    };
    let (numbers, pre_release) = match version.split_once('-') {
        Some((numbers, pre_release)) => (numbers, Some(pre_release)),
        None => (version, None),
    };
    let mut parts = numbers.splitn(3, '.');
    let major = canonical(parts.next()?)?;
    let minor = parts.next().unwrap_or("0");
    let patch = parts.next();
    let (minor, rest) = match (patch, pre_release) {
        (Some(patch), _) => {
            let pre_release = pre_release.map_or(Ok(Prerelease::EMPTY), Prerelease::new);
            // `1.2.3-` has an empty pre-release, which is not the same as none.
            let pre_release = pre_release
                .ok()
                .filter(|p| !p.is_empty() || !version.ends_with('-'))?;
            let patch = Number(canonical(patch)?);
            (canonical(minor)?, Rest::Release(patch, pre_release))
        }
        (None, Some(_)) => return None,
        (None, None) => toolchain(minor)?,
    };
    let is_version = metadata.is_empty()
        || (matches!(rest, Rest::Release(..))
            && metadata
                .strip_prefix('+')
                .is_some_and(|m| semver::BuildMetadata::new(m).is_ok_and(|m| !m.is_empty())));
    is_version.then_some(Version {
        major,
        minor,
        rest,
        metadata,
    })
}

/// The minor version of a toolchain and what stands directly behind it: nothing, or the kind and
/// number of a pre-release.
fn toolchain(text: &str) -> Option<(&str, Rest<'_>)> {
    let (minor, candidate) = number::take(text, |c| c.is_ascii_digit());
    let minor = canonical(minor)?;
    if candidate.is_empty() {
        return Some(if number::compare(minor, FIRST_WITH_PATCH).is_lt() {
            (minor, Rest::Release(Number("0"), Prerelease::EMPTY))
        } else {
            (minor, Rest::Language)
        });
    }
    let (kind, digits) = number::take(candidate, |c| c.is_ascii_lowercase());
    matches!(kind, "alpha" | "beta" | "rc")
        .then(|| canonical(digits))
        .flatten()
        .map(|digits| (minor, Rest::Candidate(kind, Number(digits))))
}

/// A number without zeros in front, as both notations demand it.
fn canonical(text: &str) -> Option<&str> {
    (number::is(text) && number::plain(text) == text).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::Golang;
    use crate::model::version::normal_form;
    use crate::model::version::tests::{ascending, equal, unordered};

    /// go.dev/doc/toolchain#version and the facts of Go's own `internal/gover` tests.
    #[test]
    fn toolchains() {
        ascending(
            &Golang,
            &[
                "go1",
                "go1.1",
                "go1.5",
                "go1.6",
                "go1.6.1",
                "go1.10",
                "go1.19alpha3",
                "go1.19beta2",
                "go1.19rc1",
                "go1.19rc2",
                "go1.19",
                "go1.19.1",
                "go1.20rc1",
                "go1.20",
                "go1.20.1",
                "go1.21",
                "go1.21rc1",
                "go1.21rc2",
                "go1.21.0",
                "go1.21.1",
                "go1.22",
            ],
        );
        ascending(
            &Golang,
            &["1.1", "1.99999999999999998", "1.99999999999999999"],
        );
        equal(
            &Golang,
            &[
                ("1.19", "go1.19.0"),
                ("1", "1.0.0"),
                ("go1.18.10", "v1.18.10"),
                ("go1.22.3-bigcorp", "1.22.3"),
                ("go1.21.0 X:nocoverageredesign", "1.21.0"),
                ("go1.21rc2-bigcorp", "1.21rc2"),
                ("1.21.5 X:boringcrypto", "v1.21.5"),
            ],
        );
    }

    /// go.dev/ref/mod#pseudo-versions and facts from golang.org/x/mod/semver.
    #[test]
    fn modules() {
        ascending(
            &Golang,
            &[
                "v0.0.0-20180902110319-2566ecd5d999",
                "v0.0.0-20191109021931-daa7c04131f5",
                "v0.0.1",
                "v1.2.3-pre.0.20191109021931-daa7c04131f5",
                "v1.2.3",
                "v1.2.4-0.20191109021931-daa7c04131f5",
                "v1.2.4",
            ],
        );
        ascending(
            &Golang,
            &[
                "v1.0.0-alpha",
                "v1.0.0-alpha.1",
                "v1.0.0-beta.2",
                "v1.0.0-beta.11",
                "v1.0.0-rc.1",
                "v1.0.0",
                "v1.2.0",
                "v1.9.0",
                "v1.10.0",
            ],
        );
        equal(&Golang, &[("v2.7.1+incompatible", "2.7.1")]);
        assert_eq!(normal_form(&Golang, "v1.2.3+dirty"), "1.2.3+dirty");
    }

    #[test]
    fn what_go_does_not_know_has_no_order() {
        unordered(
            &Golang,
            &[
                "(devel)",
                "latest",
                "v1.02.3",
                "1.2.3-",
                "v1.2.3.4",
                "go1.18.5b7",
                "1.600+auto",
                "UNKNOWN",
                "v1.x",
                "v",
                "go",
                "devel go1.22-0a1b2c3 Mon",
                "1.21rc",
                "v1.2.3-a_b",
            ],
        );
    }
}
