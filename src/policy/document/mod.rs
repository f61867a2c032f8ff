//! A policy file's content as types: what is written, read and checked, nothing inherited yet.
//! The published JSON Schema is made from these types.

mod ignore;
mod profile;
mod sources;
mod time;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use ignore::{Acknowledged, IgnoreRule, RuleSet, SetEntry, SetLabel, UsedRuleSet};
pub use profile::{
    Agreement, AgreementCount, BandRule, Bands, ByFix, Conditions, Consequence, FixCondition,
    Grace, GraceStart, LayerCondition, Profile, Rule, Threshold, UncheckedDemand,
};
pub use sources::{Cuda, Enrichment, Feed};
pub use time::{Age, Day};

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
    /// Which profile is for which images, when the user names none. The first that matches counts,
    /// before `default-profile`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub profile_for: Vec<ProfileFor>,
    /// Profiles by name. Those that ship with crosscheck (production, development, research) are
    /// there as well, unless a profile of the same name replaces them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub profiles: BTreeMap<String, Profile>,
    /// Findings that are left out of account, each with its reason, owner and end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub ignore: Vec<IgnoreRule>,
    /// Named sets of ignore rules and labels, which do nothing until `use-rule-sets` names them.
    /// Those that ship with crosscheck are there as well, unless a set of the same name replaces
    /// them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub rule_sets: BTreeMap<String, RuleSet>,
    /// The sets that apply, each with somebody who answers for it and an end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub use_rule_sets: Vec<UsedRuleSet>,
    /// Packages that no scanner assesses and that somebody has looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub acknowledge_unchecked: Vec<Acknowledged>,
    /// VEX documents that apply (OpenVEX, CycloneDX, CSAF), as paths from the policy file's
    /// directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub vex: Vec<String>,
    /// Where what is known of exploitation comes from.
    #[serde(skip_serializing_if = "Enrichment::is_empty")]
    #[schemars(default)]
    pub enrichment: Enrichment,
    /// The hosts' NVIDIA drivers.
    #[serde(skip_serializing_if = "Cuda::is_empty")]
    #[schemars(default)]
    pub cuda: Cuda,
}

/// A profile for images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct ProfileFor {
    /// Pattern over the image's reference as it was asked for: `registry.example/prod/*`. A star
    /// stands for any text, slashes included. Names that an archive gives itself do not count.
    #[schemars(length(min = 1))]
    pub image: String,
    /// The profile's name.
    #[schemars(length(min = 1))]
    pub profile: String,
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
