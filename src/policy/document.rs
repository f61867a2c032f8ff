//! A policy file's content as types: what is written, read and checked, nothing inherited yet.
//! The published JSON Schema is made from these types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::model::{Action, Justification, Severity};

/// A policy file.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "crosscheck policy", deny_unknown_fields)]
pub struct Document {
    /// Version of the policy language; 1.
    #[schemars(schema_with = "version_schema")]
    pub version: u32,
    /// Which scanners have to give a result before a run may pass.
    #[serde(skip_serializing_if = "ScannerDemands::is_empty")]
    #[schemars(default)]
    pub scanners: ScannerDemands,
    /// How one severity is chosen where sources differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityChoice>,
    /// The profile that applies when none is named. `production` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_profile: Option<String>,
    /// Profiles by name. Those that ship with crosscheck (production, development, research) are
    /// there as well, unless a profile of the same name replaces them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub profiles: BTreeMap<String, Profile>,
    /// Findings that are left out of account, each with its reason, owner and end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub ignore: Vec<IgnoreRule>,
}

fn version_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "const": 1, "description": "Version of the policy language; 1." })
}

/// Conditions on the scanners of a run. What a profile states here replaces what the policy states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct ScannerDemands {
    /// Scanners whose trustworthy result is indispensable: `[trivy, grype]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// How many scanners, whichever they are, have to give a trustworthy result. At least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub quorum: Option<u32>,
    /// How old a scanner's vulnerability database may be: `7d`, `36h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_database_age: Option<Age>,
}

impl ScannerDemands {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How one severity is chosen where sources differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct SeverityChoice {
    /// The rule.
    pub resolve: Resolve,
}

/// The rule by which a finding's severity is chosen from its ratings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Resolve {
    /// One of the words `vendor`, `highest`, `lowest`, `majority`, `cvss`, `nvd`.
    Word(#[schemars(schema_with = "resolve_words")] String),
    /// What the first of these scanners that reports a finding shows: `[trivy, grype]`.
    Scanners(#[schemars(length(min = 1))] Vec<String>),
}

fn resolve_words(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words = crate::reconcile::severity::SeverityRule::WORDS;
    schemars::json_schema!({ "type": "string", "enum": words })
}

/// A named set of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Profile {
    /// The profile that gives everything that this one does not state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// What the profile is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What happens to a finding, by its severity.
    #[serde(skip_serializing_if = "Bands::is_empty")]
    #[schemars(default)]
    pub severity: Bands,
    /// Conditions on the scanners for this profile.
    #[serde(skip_serializing_if = "ScannerDemands::is_empty")]
    #[schemars(default)]
    pub scanners: ScannerDemands,
}

/// What happens to a finding, by its severity. A profile that extends none states all six.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Bands {
    /// Critical findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<BandRule>,
    /// High findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<BandRule>,
    /// Medium findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<BandRule>,
    /// Low findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<BandRule>,
    /// Findings that the distribution calls negligible or unimportant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negligible: Option<BandRule>,
    /// Findings that nobody has rated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<BandRule>,
}

impl Bands {
    /// The rule for a band.
    pub fn get(&self, severity: Severity) -> Option<&BandRule> {
        match severity {
            Severity::Critical => self.critical.as_ref(),
            Severity::High => self.high.as_ref(),
            Severity::Medium => self.medium.as_ref(),
            Severity::Low => self.low.as_ref(),
            Severity::Negligible => self.negligible.as_ref(),
            Severity::Unknown => self.unknown.as_ref(),
        }
    }

    pub(super) fn slot(&mut self, severity: Severity) -> &mut Option<BandRule> {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Negligible => &mut self.negligible,
            Severity::Unknown => &mut self.unknown,
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What happens to the findings of one severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BandRule {
    /// The same for all of them: `block`.
    Always(Consequence),
    /// By whether a fix is known: `{fixable: block, unfixed: warn}`.
    ByFix(ByFix),
}

/// Two consequences, by whether a version with the fix is known. A half that is left out comes
/// from the extended profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub struct ByFix {
    /// When somebody names a version that carries the fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixable: Option<Consequence>,
    /// When nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfixed: Option<Consequence>,
}

/// What a severity can lead to. *Ignore* is not among them: leaving something out of account takes
/// a rule with a reason and an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// Fails the run.
    Block,
    /// Shown as a warning.
    Warn,
    /// Recorded only.
    Track,
}

impl Consequence {
    pub(super) const WORDS: [&'static str; 3] = ["block", "warn", "track"];

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "warn" => Self::Warn,
            "track" => Self::Track,
            _ => return None,
        })
    }
}

impl From<Consequence> for Action {
    fn from(consequence: Consequence) -> Self {
        match consequence {
            Consequence::Block => Self::Block,
            Consequence::Warn => Self::Warn,
            Consequence::Track => Self::Track,
        }
    }
}

/// A finding that is left out of account, or the part of it that the conditions name. All
/// conditions that are given have to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct IgnoreRule {
    /// The vulnerability, by any of its ids (CVE, GHSA, …), or `*` for every one.
    #[schemars(length(min = 1))]
    pub id: String,
    /// Pattern over the package's installed name or its source package's name: `linux-libc-dev`,
    /// `nvidia-*`. Upper and lower case are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Pattern over the package URL: `pkg:pypi/setuptools@65.*`. Qualifiers (`?arch=…`) need not be
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Pattern over the path in the image: `/usr/local/go/**`. A package that lies in several
    /// places has to match with all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Pattern over the installed version: `65.5.1`, `65.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Kind of package, as in a package URL: `deb`, `pypi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// Why it does not count here.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Who answers for the rule: a person or a team.
    #[schemars(length(min = 1))]
    pub owner: String,
    /// Page or ticket with more about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The reason in VEX's words, for documents that are made from the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// When the rule was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Day>,
    /// The last day (in UTC) on which the rule holds. Required unless `until-fixed` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Day>,
    /// The rule holds only while no fix is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub until_fixed: bool,
    /// Says that a rule for every id (`*`) is meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub acknowledge_broad: bool,
}

/// A calendar day, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl Day {
    /// The day behind a text; `None` when it is not an existing day in the form `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        // jiff also reads times and offsets after the date; a day has none.
        (text.len() == 10)
            .then(|| text.parse().ok().map(Self))
            .flatten()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "description": "A calendar day, written YYYY-MM-DD."
        })
    }
}

/// A length of time, written in days or hours: `7d`, `36h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    hours: u32,
}

impl Age {
    /// The length behind a text; `None` for zero and for anything but a whole number with `d` or
    /// `h` after it.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hours_each) = match text.strip_suffix('d') {
            Some(number) => (number, 24),
            None => (text.strip_suffix('h')?, 1),
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let hours = number.parse::<u32>().ok()?.checked_mul(hours_each)?;
        (hours > 0).then_some(Self { hours })
    }

    /// Its length in hours.
    pub fn hours(self) -> u32 {
        self.hours
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hours.is_multiple_of(24) {
            write!(f, "{}d", self.hours / 24)
        } else {
            write!(f, "{}h", self.hours)
        }
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Age {
    fn schema_name() -> Cow<'static, str> {
        "Age".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^0*[1-9][0-9]*[dh]$",
            "description": "A length of time in days or hours: 7d, 36h."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_and_nothing_else() {
        assert_eq!(Day::parse("2026-02-28").unwrap().to_string(), "2026-02-28");
        for text in ["2026-02-30", "2026-2-3", "2026-02-28T10:00", "tomorrow", ""] {
            assert!(Day::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn ages_read_in_days_and_hours() {
        assert_eq!(Age::parse("7d").unwrap().hours(), 168);
        assert_eq!(Age::parse("48h").unwrap().to_string(), "2d");
        assert_eq!(Age::parse("36h").unwrap().to_string(), "36h");
        for text in ["7", "d", "0d", "-1d", "+1d", "1.5d", "7 d", "99999999999d"] {
            assert!(Age::parse(text).is_none(), "{text}");
        }
    }
}
