//! Severity bands and the ratings that sources give.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cvss;

/// A severity band. The order is that of the bands; [`Severity::Unknown`] stands below all because
/// it must sort somewhere, but it means *missing*, and resolving never lets it win over a real band.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No source rated it, or the rating has no known meaning.
    #[default]
    Unknown,
    /// Below low: Debian's *unimportant*, Ubuntu's *negligible*. Equals low when scanners are compared.
    Negligible,
    /// Low.
    Low,
    /// Medium; *moderate* at GitHub, Red Hat and SUSE.
    Medium,
    /// High; *important* at Red Hat and SUSE.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All bands from the worst to [`Severity::Unknown`].
    pub const WORST_FIRST: [Self; 6] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Negligible,
        Self::Unknown,
    ];

    /// The band behind a scanner's or a vendor's word, in any case; `None` when the word is not one
    /// that any of them uses. Words that mean *not rated* give [`Severity::Unknown`].
    ///
    /// So do `none` and `info`. They could be a band below all others, but reports use them where
    /// a rating is missing: for a CVSS score of 0.0, which rejected ids have, and in CycloneDX for
    /// whatever its list of words cannot say (Trivy writes `info` for every CVSS v2 score below
    /// 4.0). As a band they would win under the rule `lowest` with an opinion that nobody has; as
    /// missing ones they leave the word to the score beside them and to other sources.
    pub fn from_label(label: &str) -> Option<Self> {
        Some(match label.trim().to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            // Debian's security team calls an issue minor where it writes no advisory of its own; Snyk
            // shows such ones as low.
            "low" | "minor" | "minor issue" => Self::Low,
            "negligible" | "unimportant" => Self::Negligible,
            "" | "unknown" | "unspecified" | "unassigned" | "untriaged" | "none" | "info"
            | "informational" | "not yet assigned" | "not set" | "n/a" | "end-of-life"
            | "undefined" | "null" => Self::Unknown,
            _ => return None,
        })
    }

    /// The band of a CVSS v3 or v4 base score (CVSS v3.1 specification §5: 0.1, 4.0, 7.0, 9.0).
    /// A score of 0 is *None* there, which no band of ours names: it gives [`Severity::Unknown`].
    pub fn from_cvss_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }

    /// The band of a CVSS v2 base score; v2 has no critical band (NVD, "Vulnerability Metrics").
    pub fn from_cvss2_score(score: f64) -> Self {
        Self::from_cvss_score(score).min(Self::High)
    }

    /// The band used when scanners are compared, where negligible equals low.
    #[must_use]
    pub fn comparable(self) -> Self {
        if self == Self::Negligible {
            Self::Low
        } else {
            self
        }
    }

    /// Lower-case name, as it is written in policies and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who stands behind a rating.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum RatingSource {
    /// The distribution that the image is made of, by family (`debian`, `redhat`).
    Distro(String),
    /// A language ecosystem's advisory database: `ghsa`, `go-vulndb`, `rustsec`, …
    EcosystemDatabase(String),
    /// The National Vulnerability Database.
    Nvd,
    /// The scanner's own opinion, by scanner id.
    Scanner(String),
    /// Anybody else, as named in the report.
    Other(String),
}

impl RatingSource {
    /// Classifies the name that a report gives a rating's source (`debian`, `ghsa`, `nvd`,
    /// `redhat-oval`, …).
    pub fn from_name(name: &str) -> Self {
        let lower = name.trim().to_ascii_lowercase();
        let family = lower.split(['-', ':', ' ']).next().unwrap_or_default();
        match family {
            "nvd" => Self::Nvd,
            "debian" | "ubuntu" | "redhat" | "centos" | "rocky" | "fedora" | "amazon"
            | "oracle" | "suse" | "opensuse" | "alpine" | "alma" | "azure" | "cbl" | "mariner"
            | "photon" | "wolfi" | "chainguard" | "minimos" | "echo" | "bottlerocket" | "arch"
            | "rhel" | "sles" => Self::Distro(family.to_owned()),
            "ghsa" | "github" | "govulndb" | "rustsec" | "osv" | "glad" | "ruby" | "php"
            | "nodejs" | "bitnami" | "julia" | "k8s" | "pysec" => Self::EcosystemDatabase(lower),
            _ => Self::Other(lower),
        }
    }

    /// One lower-case word or two for a person: `debian`, `ghsa`, `nvd`, `snyk`.
    pub fn name(&self) -> &str {
        match self {
            Self::Nvd => "nvd",
            Self::Distro(name)
            | Self::EcosystemDatabase(name)
            | Self::Scanner(name)
            | Self::Other(name) => name,
        }
    }
}

/// One rating of one vulnerability, as a source gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rating {
    /// Who rates.
    pub source: RatingSource,
    /// The band, from the label or else from the score.
    pub severity: Severity,
    /// The source's own word, when it used one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// The CVSS statement behind it, when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cvss: Option<Cvss>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies_meet_in_one_band() {
        assert_eq!(Severity::from_label("MODERATE"), Some(Severity::Medium));
        assert_eq!(Severity::from_label("Important"), Some(Severity::High));
        assert_eq!(
            Severity::from_label("unimportant"),
            Some(Severity::Negligible)
        );
        assert_eq!(Severity::from_label("minor issue"), Some(Severity::Low));
        // Missing, and not the lowest band.
        for word in ["UNSPECIFIED", "unassigned", "none", "info", "Informational"] {
            assert_eq!(
                Severity::from_label(word),
                Some(Severity::Unknown),
                "{word}"
            );
        }
        assert_eq!(Severity::from_cvss_score(0.0), Severity::Unknown);
        assert_eq!(Severity::from_label("spicy"), None);
    }
}
