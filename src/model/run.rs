//! One scanner's part in a run: what it was asked, how it ended, what it said.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scanner::{ScannerId, ScannerReport};

/// Why a scanner gave no trustworthy result.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The executable was not found.
    NotInstalled,
    /// Older than the adapter supports.
    TooOld,
    /// No login or token, or a refused one.
    Authentication,
    /// The service limits the rate of requests.
    RateLimit,
    /// No database, or a broken or outdated one.
    Database,
    /// The image could not be had.
    Image,
    /// It did not end within its time.
    Timeout,
    /// It died of a signal or stated an internal error.
    Crash,
    /// It wrote more than allowed.
    Oversize,
    /// It ended well but wrote no report, half a report or something that is not one.
    BadReport,
    /// It was stopped because the user interrupted the run.
    Interrupted,
    /// The image or the platform is outside what it scans.
    Unsupported,
    /// Anything else: its exit code says failure and nothing tells more.
    Other,
}

impl FailureKind {
    /// Kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::TooOld => "too-old",
            Self::Authentication => "authentication",
            Self::RateLimit => "rate-limit",
            Self::Database => "database",
            Self::Image => "image",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
            Self::Oversize => "oversize",
            Self::BadReport => "bad-report",
            Self::Interrupted => "interrupted",
            Self::Unsupported => "unsupported",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A scanner's failure, told so that a person can act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Class of failure.
    pub kind: FailureKind,
    /// What happened, one line.
    pub cause: String,
    /// What to do about it, one line.
    pub remedy: String,
}

/// How a scanner's part in a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Outcome {
    /// A trustworthy result, findings or none.
    Completed,
    /// A result that lacks a part, for the reason given; it still counts.
    Partial {
        /// What is missing, one line.
        missing: String,
    },
    /// No trustworthy result. Never the same as *found nothing*.
    Failed(Failure),
}

impl Outcome {
    /// The name as in the report.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial { .. } => "partial",
            Self::Failed(_) => "failed",
        }
    }

    /// True when the result counts.
    pub fn is_trustworthy(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

/// What a scanner assesses by design, from its adapter's statement. Packages outside are
/// *not assessed* by it, which is neither clean nor missed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capabilities {
    /// Purl types that it matches against advisories. Empty means *not stated*: nothing is excluded.
    #[serde(default)]
    pub ecosystems: Vec<String>,
    /// Patterns (globs, lower case) of maintainers or vendors whose OS packages it skips on purpose.
    #[serde(default)]
    pub skips_maintainers: Vec<String>,
    /// First version of the scanner that skips them. Without it every version does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skips_maintainers_since: Option<String>,
    /// What it drops by a built-in rule.
    #[serde(default)]
    pub skips_packages: Vec<SkippedPackages>,
    /// Given when it leaves language packages that an OS package installed to the distribution's
    /// advisories.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leaves_owned_packages: Option<LeavesOwned>,
    /// Names of the tools whose package lists are what it matches (`syft` for Grype). Its own is one
    /// without being named.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inventory_tools: Vec<String>,
}

/// Findings that a scanner drops by a rule that ships with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SkippedPackages {
    /// Purl type.
    pub ecosystem: String,
    /// Glob over the installed name.
    pub name: String,
    /// Globs over the ids of the vulnerabilities that it drops; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vulnerabilities: Vec<String>,
    /// First version of the scanner with the rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<String>,
    /// First version of the scanner without the rule again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// Report formats, by their names for people (`Grype JSON`), in which what the rule takes out stands
    /// as withheld: where it does not stand there, the rule took nothing out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub recorded_in: Vec<String>,
    /// Why, one line.
    pub reason: String,
}

/// Since when, and which, language packages a scanner leaves to the OS package that installed them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LeavesOwned {
    /// Purl types of the packages that it leaves.
    pub ecosystems: Vec<String>,
    /// First version of the scanner that does so. Without it every version does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<String>,
    /// Families of the distributions, lower case, on which it does so; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub distributions: Vec<String>,
    /// True when it does so only where the versions of the two packages agree as texts: one begins
    /// with the other (`1.26.12` and `1.26.12-1`).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub same_version: bool,
    /// True when it takes them out of its package list: what is in the list was not left.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unlisted: bool,
    /// Why, one line.
    pub reason: String,
}

impl LeavesOwned {
    /// True when it leaves a package of `version` to an OS package of `owner_version` in an image of
    /// the distribution `family`. A family that is not known does not speak against; a version that is not
    /// known does where the rule asks for the same one.
    pub fn applies(
        &self,
        family: Option<&str>,
        version: &str,
        owner_version: Option<&str>,
    ) -> bool {
        let on_distribution = family.is_none_or(|family| {
            self.distributions.is_empty()
                || self
                    .distributions
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(family))
        });
        let agrees = owner_version
            .is_some_and(|owner| owner.starts_with(version) || version.starts_with(owner));
        on_distribution && (agrees || !self.same_version)
    }
}

/// Everything known of one scanner in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannerRun {
    /// The scanner.
    pub scanner: ScannerId,
    /// Name for people: `Docker Scout`.
    pub title: String,
    /// The raw report's file name as shown to the user.
    pub source: String,
    /// SHA-256 of the raw report, hex; `None` when there is no report.
    pub sha256: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Version, from the tool itself or else from its report.
    pub version: Option<String>,
    /// When its database was built, RFC 3339.
    pub database_built: Option<String>,
    /// Wall time in milliseconds; `None` for reports that another job made.
    pub duration_ms: Option<u64>,
    /// Most memory that one of its programs was seen to hold at a time, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// What it assesses.
    pub capabilities: Capabilities,
    /// What it said; `None` only when it failed.
    pub report: Option<ScannerReport>,
}

impl ScannerRun {
    /// The run behind a report of which nothing but the report is known: trusted, with the
    /// scanner's id as its title, and without a statement of what it assesses.
    pub fn of(report: ScannerReport, source: impl Into<String>) -> Self {
        Self {
            scanner: report.scanner.clone(),
            title: report.scanner.to_string(),
            source: source.into(),
            sha256: None,
            outcome: Outcome::Completed,
            version: report.scanner_version.clone(),
            database_built: report
                .database
                .as_ref()
                .and_then(|d| d.built)
                .map(|t| t.to_string()),
            duration_ms: None,
            peak_memory_bytes: None,
            capabilities: Capabilities::default(),
            report: Some(report),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_packages_are_left_where_the_rule_says() {
        let grype = LeavesOwned {
            distributions: vec!["debian".to_owned()],
            same_version: true,
            ..LeavesOwned::default()
        };
        for (family, version, owner, expected) in [
            (Some("debian"), "1.26.12", Some("1.26.12-1"), true),
            (Some("Debian"), "1.26.12", Some("1.26.12-1"), true),
            (Some("alpine"), "1.26.12", Some("1.26.12-r0"), false),
            (None, "1.26.12", Some("1.26.12-1"), true),
            (Some("debian"), "1.26.12", None, false),
            // An archive that the package carries along.
            (Some("debian"), "2.14.1", Some("9.0.70-2"), false),
            // Grype compares texts: an epoch makes another version.
            (Some("debian"), "1.26.12", Some("1:1.26.12-1"), false),
        ] {
            let applies = grype.applies(family, version, owner);
            assert_eq!(applies, expected, "{family:?} {version} {owner:?}");
        }
        let trivy = LeavesOwned::default();
        assert!(trivy.applies(Some("alpine"), "2.14.1", Some("9.0.70-2")));
        assert!(trivy.applies(Some("alpine"), "2.14.1", None));
    }
}
