//! The parts of Snyk's JSON that are read.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestedProject<'a> {
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Issue<'a>>,
    #[serde(borrow, default)]
    pub(super) filtered: Lenient<Filtered<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Text<'a>,
    #[serde(default)]
    pub(super) dependency_count: Lenient<u32>,
    #[serde(borrow, default)]
    pub(super) path: Text<'a>,
    #[serde(borrow, default)]
    pub(super) project_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) package_manager: Text<'a>,
    /// `--severity-threshold`: the lowest severity that is listed.
    #[serde(borrow, default)]
    pub(super) severity_threshold: Text<'a>,
    #[serde(borrow, default)]
    pub(super) platform: Text<'a>,
    #[serde(borrow, default)]
    pub(super) target_file: Text<'a>,
    #[serde(borrow, default)]
    pub(super) display_target_file: Text<'a>,
    #[serde(borrow, default)]
    pub(super) docker: Lenient<Docker<'a>>,
    #[serde(borrow, default)]
    pub(super) dep_graph: Lenient<DepGraph<'a>>,
}

/// The application projects of an image; read apart from [`TestedProject`] so that hostile nesting of
/// applications in applications cannot recurse.
#[derive(Deserialize)]
pub(super) struct Applications<'a> {
    #[serde(borrow, default)]
    pub(super) applications: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Docker<'a> {
    #[serde(borrow, default)]
    pub(super) os: Lenient<OperatingSystem<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperatingSystem<'a> {
    #[serde(borrow, default)]
    pub(super) pretty_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Filtered<'a> {
    #[serde(borrow, default)]
    pub(super) ignore: Entries<Issue<'a>>,
    #[serde(borrow, default)]
    pub(super) patch: Entries<Issue<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) title: Text<'a>,
    #[serde(borrow, default)]
    pub(super) description: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity_with_critical: Text<'a>,
    #[serde(borrow, default)]
    pub(super) original_severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) nvd_severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) relative_importance: Text<'a>,
    #[serde(borrow, default, rename = "CVSSv3")]
    pub(super) cvss_v3: Text<'a>,
    #[serde(default)]
    pub(super) cvss_score: Lenient<Number>,
    #[serde(borrow, default)]
    pub(super) cvss_details: Entries<CvssDetail<'a>>,
    #[serde(borrow, default)]
    pub(super) cvss_sources: Lenient<Entries<CvssSource<'a>>>,
    #[serde(borrow, default)]
    pub(super) identifiers: Lenient<IndexMap<Cow<'a, str>, Lenient<OneOrMany<'a>>>>,
    #[serde(default)]
    pub(super) epss_details: Lenient<EpssDetails>,
    #[serde(borrow, default)]
    pub(super) fixed_in: Lenient<OneOrMany<'a>>,
    #[serde(borrow, default)]
    pub(super) nearest_fixed_in_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) package_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) version: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) package_manager: Text<'a>,
    #[serde(borrow, default)]
    pub(super) language: Text<'a>,
    #[serde(borrow, default)]
    pub(super) publication_time: Lenient<Text<'a>>,
    #[serde(default)]
    pub(super) is_disputed: Lenient<bool>,
    /// Why it was ignored: only on members of `filtered.ignore`.
    #[serde(borrow, default)]
    pub(super) filtered: Lenient<IgnoredBy<'a>>,
}

/// An EPSS score, without the CVE that it is of and without its day.
#[derive(Deserialize)]
pub(super) struct EpssDetails {
    #[serde(default)]
    pub(super) probability: Number,
    #[serde(default)]
    pub(super) percentile: Number,
}

#[derive(Deserialize)]
pub(super) struct IgnoredBy<'a> {
    #[serde(borrow, default)]
    pub(super) ignored: Entries<IgnoreRule<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IgnoreRule<'a> {
    #[serde(borrow, default)]
    pub(super) reason: Text<'a>,
    #[serde(borrow, default)]
    pub(super) reason_type: Text<'a>,
}

/// Reports before CVSS 4: ratings of other assigners.
#[derive(Deserialize)]
pub(super) struct CvssDetail<'a> {
    #[serde(borrow, default)]
    pub(super) assigner: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(borrow, default, rename = "cvssV3Vector")]
    pub(super) vector: Text<'a>,
    #[serde(default, rename = "cvssV3BaseScore")]
    pub(super) score: Number,
}

/// Newer reports: every vector with the score that belongs to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CvssSource<'a> {
    #[serde(borrow, default)]
    pub(super) assigner: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) vector: Text<'a>,
    #[serde(default)]
    pub(super) base_score: Number,
    #[serde(borrow, default)]
    pub(super) cvss_version: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DepGraph<'a> {
    #[serde(borrow, default)]
    pub(super) pkg_manager: Lenient<PackageManager<'a>>,
    #[serde(borrow)]
    pub(super) pkgs: Entries<GraphPackage<'a>>,
    #[serde(borrow, default)]
    pub(super) graph: Lenient<Graph<'a>>,
}

#[derive(Deserialize)]
pub(super) struct PackageManager<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) repositories: Entries<Repository<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Repository<'a> {
    #[serde(borrow, default)]
    pub(super) alias: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct GraphPackage<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) info: PackageInfo<'a>,
}

#[derive(Deserialize)]
pub(super) struct PackageInfo<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Graph<'a> {
    #[serde(borrow, default)]
    pub(super) root_node_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) nodes: Entries<Node<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node<'a> {
    #[serde(borrow, default)]
    pub(super) node_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) pkg_id: Text<'a>,
}
