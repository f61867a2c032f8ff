//! Grype's JSON as it is written, by all its versions.

use serde::Deserialize;

use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};
use crate::formats::syft::{Artifact, LinuxRelease, Source};

/// The whole report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) matches: Entries<Match<'a>>,
    #[serde(borrow, default)]
    pub(super) ignored_matches: Entries<Match<'a>>,
    #[serde(borrow, default)]
    pub(super) alerts_by_package: Lenient<Vec<PackageAlerts<'a>>>,
    #[serde(borrow, default)]
    pub(super) source: Lenient<Source<'a>>,
    #[serde(borrow, default)]
    pub(super) distro: Lenient<LinuxRelease<'a>>,
    #[serde(borrow, default)]
    pub(super) descriptor: Lenient<Descriptor<'a>>,
}

/// A vulnerability of a package; with rules, one that was taken out of the list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Match<'a> {
    #[serde(borrow)]
    pub(super) vulnerability: Vulnerability<'a>,
    #[serde(borrow, default)]
    pub(super) related_vulnerabilities: Lenient<Vec<Vulnerability<'a>>>,
    #[serde(borrow)]
    pub(super) artifact: Artifact<'a>,
    #[serde(borrow, default)]
    pub(super) applied_ignore_rules: Lenient<Vec<IgnoreRule<'a>>>,
}

/// A record of one namespace. Related records have no fix.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) data_source: Text<'a>,
    #[serde(borrow, default)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    pub(super) severity: Text<'a>,
    #[serde(alias = "links", borrow, default)]
    pub(super) urls: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) description: Text<'a>,
    #[serde(borrow, default)]
    pub(super) cvss: Lenient<Vec<CvssEntry<'a>>>,
    /// Before Grype 0.9.
    #[serde(borrow, default)]
    pub(super) cvss_v2: Lenient<PlainCvss<'a>>,
    /// Before Grype 0.9.
    #[serde(borrow, default)]
    pub(super) cvss_v3: Lenient<PlainCvss<'a>>,
    #[serde(borrow, default)]
    pub(super) fix: Lenient<FixEntry<'a>>,
    /// Before Grype 0.13.
    #[serde(borrow, default)]
    pub(super) fixed_in_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) advisories: Lenient<Vec<AdvisoryEntry<'a>>>,
    #[serde(borrow, default)]
    pub(super) known_exploited: Lenient<Vec<Lenient<ExploitedEntry<'a>>>>,
    #[serde(borrow, default)]
    pub(super) epss: Lenient<Vec<EpssEntry<'a>>>,
    #[serde(borrow, default)]
    pub(super) cwes: Lenient<Vec<CweEntry<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct CvssEntry<'a> {
    /// Who assigned it: a mail address, an id of the CVE programme, or nothing.
    #[serde(borrow, default)]
    pub(super) source: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) vector: Text<'a>,
    #[serde(default)]
    pub(super) metrics: Lenient<Metrics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metrics {
    #[serde(default)]
    pub(super) base_score: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlainCvss<'a> {
    #[serde(default)]
    pub(super) base_score: Number,
    #[serde(borrow, default)]
    pub(super) vector: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct FixEntry<'a> {
    #[serde(borrow, default)]
    pub(super) versions: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) state: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct AdvisoryEntry<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
}

/// The weakness of a CVE.
#[derive(Deserialize)]
pub(super) struct CweEntry<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Text<'a>,
    #[serde(borrow, default)]
    pub(super) cwe: Text<'a>,
}

/// The EPSS score of a CVE.
#[derive(Deserialize)]
pub(super) struct EpssEntry<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Text<'a>,
    #[serde(default)]
    pub(super) epss: Lenient<Number>,
    #[serde(default)]
    pub(super) percentile: Lenient<Number>,
    #[serde(borrow, default)]
    pub(super) date: Lenient<Text<'a>>,
}

/// A CVE in CISA's catalogue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExploitedEntry<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Text<'a>,
    #[serde(borrow, default)]
    pub(super) date_added: Text<'a>,
    #[serde(borrow, default)]
    pub(super) due_date: Text<'a>,
    #[serde(borrow, default)]
    pub(super) known_ransomware_campaign_use: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct IgnoreRule<'a> {
    #[serde(borrow, default)]
    pub(super) vulnerability: Text<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Text<'a>,
    #[serde(borrow, default)]
    pub(super) fix_state: Text<'a>,
    #[serde(borrow, default)]
    pub(super) package: Lenient<RulePackage<'a>>,
    #[serde(borrow, default)]
    pub(super) vex_status: Text<'a>,
    #[serde(borrow, default)]
    pub(super) vex_justification: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RulePackage<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) location: Text<'a>,
    #[serde(borrow, default)]
    pub(super) upstream_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct PackageAlerts<'a> {
    #[serde(borrow, default)]
    pub(super) alerts: Lenient<Vec<Alert<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Alert<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Descriptor<'a> {
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow, default)]
    pub(super) db: Lenient<DatabaseEntry<'a>>,
    #[serde(borrow, default)]
    pub(super) configuration: Lenient<Configuration<'a>>,
}

/// The database: flat up to schema 5, where the schema version is a number; under `status` since 6.
#[derive(Deserialize)]
pub(super) struct DatabaseEntry<'a> {
    #[serde(borrow, default)]
    pub(super) built: Text<'a>,
    #[serde(rename = "schemaVersion", borrow, default)]
    pub(super) schema_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) status: Lenient<DatabaseStatus<'a>>,
}

#[derive(Deserialize)]
pub(super) struct DatabaseStatus<'a> {
    #[serde(borrow, default)]
    pub(super) built: Text<'a>,
    #[serde(rename = "schemaVersion", borrow, default)]
    pub(super) schema_version: Text<'a>,
}

/// Options that change what the list of matches means.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Configuration<'a> {
    #[serde(borrow, default)]
    pub(super) by_cve: Text<'a>,
    #[serde(borrow, default)]
    pub(super) only_fixed: Text<'a>,
    #[serde(borrow, default)]
    pub(super) only_notfixed: Text<'a>,
}
