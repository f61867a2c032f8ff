//! Advisory ids: their canonical spelling and the role that their scheme may play in a merge.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One advisory id in canonical spelling, for example `CVE-2024-6345` or `GHSA-cx63-2mw6-8hw5`.
///
/// Two ids that differ only in case are the same id; [`AdvisoryId::new`] brings both to one
/// spelling, so that `==` is identity.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct AdvisoryId(String);

/// What an id may do in a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdRole {
    /// A CVE, or a distribution's one-to-one wrapper around a CVE (`DEBIAN-CVE-…`). Two different
    /// CVEs are two different flaws unless somebody states that one duplicates the other.
    Cve,
    /// A notice about (usually) one flaw: GHSA, GO, PYSEC, RUSTSEC, SNYK and the like. It attaches
    /// to at most one CVE; one that names several CVEs is a hub.
    Advisory,
    /// A distribution's notice over many flaws: DSA, USN, RHSA, ALAS and the like. Evidence about
    /// its members, never a bridge between them.
    Umbrella,
}

/// Prefixes of distribution notices that bundle many flaws.
const UMBRELLA_PREFIXES: &[&str] = &[
    "DSA-",
    "DLA-",
    "DTSA-",
    "ELA-",
    "USN-",
    "LSN-",
    "RHSA-",
    "RHBA-",
    "RHEA-",
    "RLSA-",
    "RLBA-",
    "RXSA-",
    "ALSA-",
    "ALBA-",
    "ALEA-",
    "ELSA-",
    "ELBA-",
    "ALAS",
    "SUSE-SU-",
    "SUSE-RU-",
    "SUSE-FU-",
    "SUSE-OU-",
    "OPENSUSE-SU-",
    "OPENSUSE-RU-",
    "OPENSUSE-FU-",
    "OPENSUSE-OU-",
    "FEDORA-",
    "MGASA-",
    "GLSA-",
    "OESA-",
    "CLSA-",
    "ASA-",
    "AVG-",
    "MFSA-",
    "PHSA-",
    "BELLSA-",
];

/// Prefixes that a distribution puts before a CVE id in its own one-to-one records.
const CVE_WRAPPER_PREFIXES: &[&str] = &["DEBIAN-", "UBUNTU-", "ALPINE-"];

impl AdvisoryId {
    /// Canonicalises `raw`: trimmed, upper case, except where the scheme itself is lower case
    /// (the suffix of `GHSA-…` and `BIT-…`, Snyk's old `npm:name:date`).
    pub fn new(raw: &str) -> Self {
        let raw = raw.trim();
        let upper = raw.to_ascii_uppercase();
        for prefix in ["GHSA-", "BIT-"] {
            if let Some(suffix) = upper.strip_prefix(prefix) {
                return Self(format!("{prefix}{}", suffix.to_ascii_lowercase()));
            }
        }
        if upper.starts_with("NPM:") {
            return Self(raw.to_ascii_lowercase());
        }
        Self(upper)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this id may do in a merge.
    pub fn role(&self) -> IdRole {
        if self.cve().is_some() {
            IdRole::Cve
        } else if UMBRELLA_PREFIXES
            .iter()
            .any(|prefix| self.0.starts_with(prefix))
        {
            IdRole::Umbrella
        } else {
            IdRole::Advisory
        }
    }

    /// The CVE id that this id is, or wraps one to one; `None` for every other scheme.
    pub fn cve(&self) -> Option<&str> {
        let unwrapped = CVE_WRAPPER_PREFIXES
            .iter()
            .find_map(|prefix| self.0.strip_prefix(prefix))
            .unwrap_or(&self.0);
        is_cve(unwrapped).then_some(unwrapped)
    }

    /// The id that identifies the flaw: the wrapped CVE for `DEBIAN-CVE-…`, else the id itself.
    #[must_use]
    pub fn unwrapped(&self) -> Self {
        self.cve()
            .map_or_else(|| self.clone(), |cve| Self(cve.to_owned()))
    }

    /// Order of preference when one id has to name a class of several: lower is better.
    pub fn rank(&self) -> u8 {
        let scheme = self
            .0
            .split_once(['-', ':'])
            .map_or("", |(scheme, _)| scheme);
        match scheme {
            "CVE" => 0,
            "GHSA" => 1,
            "GO" | "RUSTSEC" | "PYSEC" | "HSEC" | "RSEC" | "JLSEC" | "MAL" | "PSF" => 2,
            "SNYK" | "TEMP" | "npm" => 5,
            _ if self.role() == IdRole::Umbrella => 4,
            _ => 3,
        }
    }

    /// True when the text has the shape of an advisory id at all: a scheme, a separator and a rest
    /// of plain characters. Scanners' rule names such as `CIS-DI-0001` pass; prose does not.
    pub fn is_plausible(&self) -> bool {
        self.0.len() <= 200
            && self.0.contains(['-', ':'])
            && self
                .0
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_:./@+".contains(c))
    }
}

/// True for `CVE-YYYY-N…` with at least four digits in the last part
/// (<https://www.cve.org/ResourcesSupport/AllResources/CNARules>, "CVE IDs").
fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text
        .strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
}

impl fmt::Display for AdvisoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_id_are_equal() {
        assert_eq!(
            AdvisoryId::new("ghsa-WQVQ-5M8C-6G24"),
            AdvisoryId::new("GHSA-wqvq-5m8c-6g24")
        );
        assert_eq!(
            AdvisoryId::new(" cve-2020-26137 "),
            AdvisoryId::new("CVE-2020-26137")
        );
        assert_eq!(
            AdvisoryId::new("npm:debug:20170905").as_str(),
            "npm:debug:20170905"
        );
        assert_eq!(
            AdvisoryId::new("BIT-golang-2024-45341").as_str(),
            "BIT-golang-2024-45341"
        );
    }

    #[test]
    fn roles_follow_the_scheme() {
        for (id, role) in [
            ("CVE-2024-6345", IdRole::Cve),
            ("DEBIAN-CVE-2024-6345", IdRole::Cve),
            ("CVE-2024-1", IdRole::Advisory),
            ("GHSA-cx63-2mw6-8hw5", IdRole::Advisory),
            ("SNYK-DEBIAN12-APT-1541449", IdRole::Advisory),
            ("TEMP-0841856-B18BAF", IdRole::Advisory),
            ("DSA-5532-1", IdRole::Umbrella),
            ("RHSA-2019:2304", IdRole::Umbrella),
            ("ALAS2023-2023-001", IdRole::Umbrella),
            ("openSUSE-SU-2020:0062-1", IdRole::Umbrella),
        ] {
            assert_eq!(AdvisoryId::new(id).role(), role, "{id}");
        }
        assert_eq!(
            AdvisoryId::new("UBUNTU-CVE-2024-6345").unwrapped().as_str(),
            "CVE-2024-6345"
        );
    }

    #[test]
    fn the_best_name_for_a_class_is_its_cve() {
        let mut ids = [
            "SNYK-PYTHON-X-1",
            "GHSA-aaaa-bbbb-cccc",
            "PYSEC-2020-1",
            "CVE-2020-1000",
        ]
        .map(AdvisoryId::new);
        ids.sort_by_key(AdvisoryId::rank);
        assert_eq!(
            ids.map(|id| id.as_str().to_owned()),
            [
                "CVE-2020-1000",
                "GHSA-aaaa-bbbb-cccc",
                "PYSEC-2020-1",
                "SNYK-PYTHON-X-1"
            ]
        );
    }
}
