//! OSV-Scanner's JSON as it is written.

use std::collections::HashMap;

use serde::Deserialize;

use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};

/// The whole report.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) results: Entries<SourceResult<'a>>,
    #[serde(borrow, default)]
    pub(super) image_metadata: Lenient<ImageMetadata<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ImageMetadata<'a> {
    #[serde(borrow, default)]
    pub(super) layer_metadata: Lenient<Vec<LayerMetadata<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct LayerMetadata<'a> {
    /// Empty for instructions that add no files.
    #[serde(borrow, default)]
    pub(super) diff_id: Text<'a>,
}

/// What one file or package manager of the target holds.
#[derive(Deserialize)]
pub(super) struct SourceResult<'a> {
    #[serde(borrow, default)]
    pub(super) source: Lenient<Source<'a>>,
    #[serde(borrow, default)]
    pub(super) packages: Entries<PackageResult<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Source<'a> {
    #[serde(borrow, default)]
    pub(super) path: Text<'a>,
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct PackageResult<'a> {
    #[serde(borrow)]
    pub(super) package: PackageInfo<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Record<'a>>,
    #[serde(borrow, default)]
    pub(super) groups: Lenient<Vec<Group<'a>>>,
    /// A reason of its own to list a package without vulnerabilities.
    #[serde(borrow, default)]
    pub(super) license_violations: OneOrMany<'a>,
}

#[derive(Deserialize)]
pub(super) struct PackageInfo<'a> {
    /// For OS packages the name of the source package.
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    /// The installed package; OSV-Scanner 2.
    #[serde(borrow, default)]
    pub(super) os_package_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) ecosystem: Text<'a>,
    /// All that is known of vendored C and C++ code.
    #[serde(borrow, default)]
    pub(super) commit: Text<'a>,
    #[serde(borrow, default)]
    pub(super) deprecated: Text<'a>,
    #[serde(default)]
    pub(super) image_origin_details: Lenient<ImageOrigin>,
}

#[derive(Deserialize)]
pub(super) struct ImageOrigin {
    #[serde(default)]
    pub(super) index: Option<usize>,
}

#[derive(Deserialize)]
pub(super) struct Group<'a> {
    #[serde(borrow, default)]
    pub(super) ids: OneOrMany<'a>,
    /// The highest CVSS score of its records.
    #[serde(default)]
    pub(super) max_severity: Number,
    #[serde(alias = "experimentalAnalysis", borrow, default)]
    pub(super) experimental_analysis: Lenient<HashMap<String, Analysis<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Analysis<'a> {
    #[serde(borrow, default)]
    pub(super) called: Text<'a>,
    #[serde(borrow, default)]
    pub(super) unimportant: Text<'a>,
}

/// An OSV record (<https://ossf.github.io/osv-schema/>).
#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) aliases: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) upstream: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) related: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) summary: Text<'a>,
    #[serde(borrow, default)]
    pub(super) details: Text<'a>,
    #[serde(borrow, default)]
    pub(super) published: Text<'a>,
    #[serde(borrow, default)]
    pub(super) withdrawn: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity: Lenient<Vec<SeverityEntry<'a>>>,
    #[serde(borrow, default)]
    pub(super) affected: Lenient<Vec<Affected<'a>>>,
    #[serde(borrow, default)]
    pub(super) references: Lenient<Vec<Reference<'a>>>,
    #[serde(borrow, default)]
    pub(super) database_specific: Lenient<DatabaseSpecific<'a>>,
}

/// A CVSS vector (`CVSS_V3`), or a distribution's word under its own name (`Ubuntu`).
#[derive(Deserialize)]
pub(super) struct SeverityEntry<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) score: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Affected<'a> {
    #[serde(borrow, default)]
    pub(super) package: Lenient<AffectedPackage<'a>>,
    #[serde(borrow, default)]
    pub(super) ranges: Lenient<Vec<Range<'a>>>,
    #[serde(borrow, default)]
    pub(super) ecosystem_specific: Lenient<EcosystemSpecific<'a>>,
}

#[derive(Deserialize)]
pub(super) struct AffectedPackage<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) ecosystem: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Range<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) events: Lenient<Vec<Event<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) fixed: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct EcosystemSpecific<'a> {
    /// Debian's own assessment.
    #[serde(borrow, default)]
    pub(super) urgency: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) url: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct DatabaseSpecific<'a> {
    /// GitHub's word.
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(borrow, default)]
    pub(super) cwe_ids: OneOrMany<'a>,
}
