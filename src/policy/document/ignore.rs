//! What is left out of account, and on whose word.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{AdvisoryState, Justification};

use super::time::Day;

/// A finding that is left out of account, or the part of it that the conditions name. All
/// conditions that are given have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// given; without a version every version is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Pattern over the path in the image: `/usr/local/go/**`. A package that lies in several
    /// places has to match with all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Pattern over the installed version: `65.5.1`, `65.*`. Or a range in the ecosystem's own order:
    /// `<65.5.1`, `>=1.0, <2.0`.
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

/// A named set of ignore rules or of labels with the argument for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct RuleSet {
    /// Why such findings do not count, and where that ends. It becomes the reason of each rule.
    #[schemars(length(min = 1))]
    pub argument: String,
    /// The argument in VEX's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// Patterns over installed packages' names: as soon as the image has one of them, or its
    /// package list is not known, the set ignores nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub unless_installed: Vec<String>,
    /// What is ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub ignore: Vec<SetEntry>,
    /// What gets a label, which decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<SetLabel>,
}

/// A label for findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct SetLabel {
    /// The label: `disputed`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What gets it.
    #[serde(rename = "for")]
    #[schemars(length(min = 1))]
    pub on: Vec<SetEntry>,
}

/// Conditions of a rule set. All that are given have to hold, and there is at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub struct SetEntry {
    /// The vulnerability, by any of its ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of the advisory: `disputed`, `withdrawn`, `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<AdvisoryState>,
    /// As in an ignore rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// As in an ignore rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// As in an ignore rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// As in an ignore rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// As in an ignore rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
}

/// A rule set that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct UsedRuleSet {
    /// The set's name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Who answers for its argument here.
    #[schemars(length(min = 1))]
    pub owner: String,
    /// When it was taken into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Day>,
    /// The last day (in UTC) on which it applies.
    pub expires: Day,
}

/// Packages that no scanner assesses and that somebody has looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Acknowledged {
    /// Pattern over the installed name: `libcudnn*`.
    #[schemars(length(min = 1))]
    pub package: String,
    /// Kind of package, as in a package URL: `deb`, `pypi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// What was done instead of a scan.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Who answers for it.
    #[schemars(length(min = 1))]
    pub owner: String,
    /// The last day (in UTC) on which it holds.
    pub expires: Day,
}
