//! What findings lead to.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::model::{Action, AdvisoryState, Severity};

use super::ScannerDemands;
use super::time::Age;

/// A named set of decisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
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
    /// Rules for special cases, tried in their order before `severity`; then those of the extended
    /// profile. A rule replaces the extended profile's rule of the same name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub rules: Vec<Rule>,
    /// How long something that blocks only warns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// What packages mean that no scanner assesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<UncheckedDemand>,
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

    pub(in crate::policy) fn slot(&mut self, severity: Severity) -> &mut Option<BandRule> {
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
    pub(in crate::policy) const WORDS: [&'static str; 3] = ["block", "warn", "track"];

    /// The word as in a policy.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Track => "track",
        }
    }

    pub(in crate::policy) fn from_word(word: &str) -> Option<Self> {
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

/// What findings lead to that meet all of some conditions, whatever their severity says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Rule {
    /// A name for reports: letters, digits, `-` and `_`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The conditions.
    pub when: Conditions,
    /// What happens.
    pub then: Consequence,
    /// True when the profile's grace period does not delay it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub no_grace: bool,
}

/// Conditions of a rule. All that are given have to hold, and there is at least one. A finding with
/// several installed packages, or one in several places, is looked at place by place, and the
/// strictest answer counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub struct Conditions {
    /// The severity is one of these: `high`, `[critical, high]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default, schema_with = "severities")]
    pub severity: Option<Vec<Severity>>,
    /// Whether a version with the fix is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixCondition>,
    /// Whether it is known to be exploited (CISA KEV, or a scanner's word).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<bool>,
    /// Its EPSS score, from 0 to 1, is at least this. Without a score it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub epss_at_least: Option<Threshold>,
    /// Its highest CVSS base score, from 0 to 10, is at least this. Without a score it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub cvss_at_least: Option<Threshold>,
    /// How many of the scanners that are able to see it report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// What became of the advisory: `disputed`, `withdrawn`, `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<AdvisoryState>,
    /// The vulnerability, by any of its ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Pattern over the installed name or the source package's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Pattern over the package URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Pattern over the path in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Pattern over the installed version, or a range of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Kind of package, as in a package URL: `deb`, `pypi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// Whether the package lies in a layer of the base image or in one of the image's own. Holds
    /// only where the layer and the base image (`--base-image`) are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerCondition>,
}

fn severities(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let one = generator.subschema_for::<Severity>();
    schemars::json_schema!({
        "description": "The severity is one of these: `high`, `[critical, high]`.",
        "oneOf": [one, { "type": "array", "items": one, "minItems": 1 }]
    })
}

/// A number that a score is compared with.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Threshold(pub f64);

impl JsonSchema for Threshold {
    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

/// Whether a version with the fix is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FixCondition {
    /// Somebody names a version that carries the fix.
    Available,
    /// Nobody does.
    None,
}

/// Where a package lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerCondition {
    /// In a layer of the base image.
    Base,
    /// In a layer on top of it.
    Own,
}

/// How many scanners report a finding, of those that are able to see it: that have a trustworthy
/// result, assess such packages and saw this one. A scanner that found it and withheld it by a rule of
/// its own counts neither way. Exactly one of the two keys is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// At least so many report it; all that are able, when they are fewer.
    AtLeast(AgreementCount),
    /// Not so many report it, although as many are able to see it.
    FewerThan(AgreementCount),
}

impl Serialize for Agreement {
    /// A mapping of one key: what serde makes of an enum is a tag in YAML.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AtLeast(count) => serializer.collect_map([("at-least", count)]),
            Self::FewerThan(count) => serializer.collect_map([("fewer-than", count)]),
        }
    }
}

/// A number of scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementCount {
    /// So many.
    Number(u32),
    /// More than half of those that are able.
    Majority,
    /// Every one that is able.
    All,
}

impl AgreementCount {
    /// How many that is of so many.
    pub fn of(self, able: usize) -> usize {
        match self {
            Self::Number(number) => able.min(usize::try_from(number).unwrap_or(usize::MAX)),
            Self::Majority => able / 2 + 1,
            Self::All => able,
        }
    }
}

impl Serialize for AgreementCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Majority => serializer.serialize_str("majority"),
            Self::All => serializer.serialize_str("all"),
        }
    }
}

impl JsonSchema for AgreementCount {
    fn schema_name() -> Cow<'static, str> {
        "AgreementCount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number of scanners.",
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": 1000 },
                { "enum": ["majority", "all"] }
            ]
        })
    }
}

/// How long something that blocks only warns, by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Grace {
    /// What the time is counted from; publication when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<GraceStart>,
    /// For critical findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<Age>,
    /// For high ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<Age>,
    /// For medium ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<Age>,
    /// For low ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<Age>,
    /// For negligible ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negligible: Option<Age>,
    /// For those that nobody has rated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Age>,
}

impl Grace {
    /// The time for a band.
    pub fn get(&self, severity: Severity) -> Option<Age> {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Negligible => self.negligible,
            Severity::Unknown => self.unknown,
        }
    }

    pub(in crate::policy) fn slot(&mut self, severity: Severity) -> &mut Option<Age> {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Negligible => &mut self.negligible,
            Severity::Unknown => &mut self.unknown,
        }
    }
}

/// What a grace period is counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GraceStart {
    /// The vulnerability's publication.
    #[default]
    Publication,
    /// The first report on this image that has it (`--previous`); its publication, where no earlier
    /// report is given.
    FirstSight,
}

/// What packages mean that no scanner assesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UncheckedDemand {
    /// They are listed.
    List,
    /// The run does not pass (exit code 3) unless `acknowledge-unchecked` names each of them.
    Acknowledge,
}
