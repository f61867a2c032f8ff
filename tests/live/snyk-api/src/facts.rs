//! The advisory facts as Snyk's database holds them: `facts.json` with the differences under
//! `in.snyk` applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A statement that versions of one package have one flaw.
#[derive(Clone, Debug, Deserialize)]
pub struct Advisory {
    /// The name under which the flaw is best known.
    pub id: String,
    /// Other names of it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// `deb`, `pypi`, `npm` or `golang`.
    pub ecosystem: String,
    /// Source package for deb, else the name in its ecosystem.
    pub package: String,
    /// First affected version; `None`: all below `fixed`.
    #[serde(default)]
    pub introduced: Option<String>,
    /// First version without the flaw.
    pub fixed: Option<String>,
    /// Word by the source of the rating: `debian`, `ghsa`, `nvd`.
    #[serde(default)]
    pub severity: BTreeMap<String, String>,
    /// Vector by the source of the rating.
    #[serde(default)]
    pub cvss: BTreeMap<String, String>,
    /// The distributor's intention; `not_affected` is no advisory for Snyk.
    #[serde(default)]
    pub status: Option<String>,
    /// The id in Snyk's database.
    pub snyk: String,
    /// When it became known (RFC 3339), where the facts tell.
    #[serde(default)]
    pub published: Option<String>,
    /// The fix that Snyk names, whatever versions it takes for affected; `None`: `fixed`.
    #[serde(skip)]
    pub stated_fix: Option<String>,
    /// What the databases say in place of the facts.
    #[serde(default, rename = "in")]
    differences: Differences,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Differences {
    #[serde(default)]
    snyk: Difference,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    #[serde(default)]
    absent: bool,
    severity: Option<String>,
    #[serde(default)]
    fixed: Override,
    status: Option<String>,
    only_id: Option<String>,
    stated_fix: Option<String>,
}

/// A planted fix: `null` in the facts takes the fix away, which is not the same as saying nothing.
#[derive(Clone, Debug, Default)]
enum Override {
    #[default]
    NotGiven,
    Given(Option<String>),
}

impl<'de> Deserialize<'de> for Override {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Option::deserialize(value).map(Self::Given)
    }
}

/// Reads the facts and leaves out what Snyk does not have.
pub fn read(text: &str) -> Result<Vec<Advisory>, serde_json::Error> {
    let all: Vec<Advisory> = serde_json::from_str(text)?;
    Ok(all
        .into_iter()
        .filter_map(Advisory::known_to_snyk)
        .collect())
}

impl Advisory {
    fn known_to_snyk(mut self) -> Option<Self> {
        let Difference {
            absent,
            severity,
            fixed,
            status,
            only_id,
            stated_fix,
        } = std::mem::take(&mut self.differences.snyk);
        if let Some(status) = status {
            self.status = Some(status);
        }
        if absent || self.status.as_deref() == Some("not_affected") {
            return None;
        }
        if let Override::Given(fixed) = fixed {
            self.fixed = fixed;
        }
        self.stated_fix = stated_fix;
        if let Some(only_id) = only_id {
            self.aliases.clear();
            if only_id.starts_with("SNYK-") {
                self.snyk.clone_from(&only_id);
            }
            self.id = only_id;
        }
        if let Some(severity) = severity {
            self.severity.insert("snyk".to_owned(), severity);
        }
        Some(self)
    }

    /// The fix that an answer names.
    pub fn named_fix(&self) -> Option<&str> {
        self.stated_fix.as_deref().or(self.fixed.as_deref())
    }

    /// The ids that start with the prefix.
    pub fn ids(&self, prefix: &str) -> Vec<&str> {
        std::iter::once(&self.id)
            .chain(&self.aliases)
            .map(String::as_str)
            .filter(|id| id.starts_with(prefix))
            .collect()
    }

    /// The word that Snyk shows: its own, else the distribution's, else GitHub's, else NVD's. It has
    /// four words and always shows one.
    pub fn shown_severity(&self) -> &'static str {
        ["snyk", "debian", "ghsa", "nvd"]
            .iter()
            .filter_map(|source| self.severity.get(*source))
            .find_map(|word| match word.as_str() {
                "critical" => Some("critical"),
                "high" => Some("high"),
                "medium" => Some("medium"),
                "low" | "negligible" | "unimportant" => Some("low"),
                _ => None,
            })
            .unwrap_or("low")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(extra: &str) -> Vec<Advisory> {
        let text = format!(
            r#"[{{"id":"CVE-1","aliases":["GHSA-1"],"ecosystem":"pypi","package":"p","fixed":"2","snyk":"SNYK-PYTHON-P-1"{extra}}}]"#
        );
        read(&text).unwrap()
    }

    #[test]
    fn planted_absence_and_not_affected_leave_nothing() {
        assert_eq!(one(r#","in":{"snyk":{"absent":true}}"#).len(), 0);
        assert_eq!(one(r#","status":"not_affected""#).len(), 0);
        assert_eq!(one(r#","in":{"trivy":{"absent":true}}"#).len(), 1);
    }

    #[test]
    fn a_fix_that_is_null_is_taken_away_and_one_not_given_stays() {
        assert_eq!(one(r#","in":{"snyk":{"fixed":null}}"#)[0].fixed, None);
        assert_eq!(
            one(r#","in":{"snyk":{"severity":"low"}}"#)[0]
                .fixed
                .as_deref(),
            Some("2")
        );
    }

    #[test]
    fn a_fix_may_be_named_beside_the_affected_versions() {
        let advisory = &one(r#","in":{"snyk":{"fixed":null,"stated_fix":"1"}}"#)[0];
        assert_eq!(
            (advisory.fixed.as_deref(), advisory.named_fix()),
            (None, Some("1"))
        );
        assert_eq!(one("")[0].named_fix(), Some("2"));
    }

    #[test]
    fn an_only_id_takes_all_other_names_away() {
        let advisory = &one(r#","in":{"snyk":{"only_id":"SNYK-PYTHON-P-7"}}"#)[0];
        assert_eq!(advisory.snyk, "SNYK-PYTHON-P-7");
        assert!(advisory.ids("CVE-").is_empty() && advisory.ids("GHSA-").is_empty());
    }

    #[test]
    fn its_own_word_goes_before_the_others() {
        let severity = r#","severity":{"nvd":"high","debian":"unimportant"}"#;
        assert_eq!(one(severity)[0].shown_severity(), "low");
        let planted = format!(r#"{severity},"in":{{"snyk":{{"severity":"medium"}}}}"#);
        assert_eq!(one(&planted)[0].shown_severity(), "medium");
        assert_eq!(one("")[0].shown_severity(), "low");
    }
}
