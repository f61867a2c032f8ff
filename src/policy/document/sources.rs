//! What a policy draws on besides the scanners' reports.

use schemars::JsonSchema;
use serde::Serialize;

use super::time::Age;

/// Where what is known of exploitation comes from, besides what scanners carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Enrichment {
    /// CISA's catalogue of Known Exploited Vulnerabilities, JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kev: Option<Feed>,
    /// FIRST's EPSS scores, CSV, plain or gzip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Feed>,
}

impl Enrichment {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A file or a page. Exactly one of `file` and `url` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{ "required": ["file"] }, { "required": ["url"] }])
)]
pub struct Feed {
    /// Path from the policy file's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Address; what it gives is kept in the cache directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How old the kept copy may be before it is fetched again; one day when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Age>,
    /// True when nothing may be decided without it; otherwise its absence is a warning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub required: bool,
}

/// The hosts' NVIDIA drivers, and what is known of flaws in them. Without a host nothing is decided
/// by drivers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Cuda {
    /// The driver's version on every host that the image may run on: `[580.178.04, 595.91.07]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub host_drivers: Vec<String>,
    /// Nodes of a Kubernetes cluster (`kubectl get nodes -o json`), as a path from the policy file's
    /// directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_drivers_from: Option<String>,
    /// A file that replaces or adds entries of the built-in list of bulletins, as a path from the
    /// policy file's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulletins: Option<String>,
}

impl Cuda {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
