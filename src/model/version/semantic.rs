//! npm and Cargo: Semantic Versioning 2.0.0, whose precedence (§11) both follow.
//!
//! The two registries take nothing but strict versions, so what else node-semver's loose mode would
//! read (`1.2.3.4` as `1.2.3`) is more likely no version of a package, and has no order here.

use std::cmp::Ordering;

use semver::Version;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    // Precedence, not Ord: build metadata takes no part (SemVer 2.0.0 §10).
    Some(parse(a)?.cmp_precedence(&parse(b)?))
}

pub(super) fn normal_form(version: &str) -> Option<String> {
    let mut version = parse(version)?;
    version.build = semver::BuildMetadata::EMPTY;
    Some(version.to_string())
}

/// Without the `v` or `=` that tags and old package files have in front.
pub(super) fn without_prefix(version: &str) -> &str {
    version.trim_start_matches(['v', '=', ' '])
}

fn parse(version: &str) -> Option<Version> {
    Version::parse(without_prefix(version)).ok()
}

#[cfg(test)]
mod tests {
    use crate::model::Ecosystem::{Cargo, Npm};
    use crate::model::version::tests::{ascending, equal, unordered};

    /// SemVer 2.0.0 §9 to §11 and the comparisons of node-semver (`test/fixtures/comparisons.js`).
    #[test]
    fn semver_examples() {
        for ecosystem in [Npm, Cargo] {
            ascending(
                &ecosystem,
                &[
                    "1.0.0-alpha",
                    "1.0.0-alpha.1",
                    "1.0.0-alpha.beta",
                    "1.0.0-beta",
                    "1.0.0-beta.2",
                    "1.0.0-beta.11",
                    "1.0.0-rc.1",
                    "1.0.0",
                    "2.0.0",
                    "2.1.0",
                    "2.1.1",
                    "2.10.0",
                ],
            );
            ascending(
                &ecosystem,
                &["1.2.3-5", "1.2.3-A", "1.2.3-a", "1.2.3-a.5", "1.2.3-a.b"],
            );
            ascending(
                &ecosystem,
                &["0.0.0-foo", "0.0.0", "0.0.1", "0.9.0", "0.9.9", "0.10.0"],
            );
            equal(
                &ecosystem,
                &[
                    ("v1.2.3", "1.2.3"),
                    ("= 1.2.3", "1.2.3"),
                    ("1.2.3+a", "1.2.3+b"),
                ],
            );
            unordered(
                &ecosystem,
                &[
                    "latest", "1", "1.2", "1.2.3.4", "1.2.x", "^1.0.0", "01.2.3", "1.2.3-", "*",
                ],
            );
        }
    }

    #[test]
    fn numbers_of_a_pre_release_have_any_length() {
        let long = "9".repeat(40);
        ascending(
            &Npm,
            &[
                "1.0.0-5",
                &format!("1.0.0-{long}"),
                &format!("1.0.0-{long}0"),
            ],
        );
        unordered(&Npm, &[&format!("{long}.0.0")]);
    }
}
