//! Trivy's JSON as it is written. Every field may be missing or `null`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::formats::entries::{Entries, Lenient, Number, OneOrMany, Text};

/// A report of schema 2.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Document<'a> {
    #[serde(rename = "Trivy", borrow, default)]
    pub(super) program: Lenient<Program<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Text<'a>,
    #[serde(borrow, default)]
    pub(super) artifact_name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) artifact_type: Text<'a>,
    #[serde(borrow, default)]
    pub(super) metadata: Lenient<Metadata<'a>>,
    #[serde(borrow, default)]
    pub(super) results: Entries<ScanResult<'a>>,
}

/// The program that wrote a report; since Trivy 0.69.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Program<'a> {
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
}

/// What was scanned.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata<'a> {
    #[serde(rename = "OS", borrow, default)]
    pub(super) os: Lenient<OperatingSystem<'a>>,
    #[serde(rename = "ImageID", borrow, default)]
    pub(super) image_id: Text<'a>,
    #[serde(rename = "DiffIDs", borrow, default)]
    pub(super) diff_ids: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) repo_tags: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) repo_digests: OneOrMany<'a>,
    #[serde(borrow, default)]
    pub(super) reference: Text<'a>,
    #[serde(borrow, default)]
    pub(super) image_config: Lenient<ImageConfig<'a>>,
}

/// The distribution: `OS` in schema 2, `os` with lower-case fields in the operator's report.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OperatingSystem<'a> {
    #[serde(alias = "family", borrow, default)]
    pub(super) family: Text<'a>,
    #[serde(alias = "name", borrow, default)]
    pub(super) name: Text<'a>,
    /// `true` when the release is past its end of service life.
    #[serde(rename = "EOSL", alias = "eosl", borrow, default)]
    pub(super) end_of_service_life: Text<'a>,
}

/// The OCI image configuration, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct ImageConfig<'a> {
    #[serde(borrow, default)]
    pub(super) architecture: Text<'a>,
    #[serde(borrow, default)]
    pub(super) os: Text<'a>,
    #[serde(borrow, default)]
    pub(super) variant: Text<'a>,
    #[serde(borrow, default)]
    pub(super) rootfs: Lenient<RootFilesystem<'a>>,
}

#[derive(Deserialize)]
pub(super) struct RootFilesystem<'a> {
    #[serde(borrow, default)]
    pub(super) diff_ids: OneOrMany<'a>,
}

/// One file or package manager of the target.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScanResult<'a> {
    #[serde(borrow, default)]
    pub(super) target: Text<'a>,
    #[serde(borrow, default)]
    pub(super) class: Text<'a>,
    #[serde(rename = "Type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) packages: Entries<InstalledPackage<'a>>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Vulnerability<'a>>,
    /// Findings that an ignore file, a VEX document or a policy took out; only with
    /// `--show-suppressed`.
    #[serde(rename = "ExperimentalModifiedFindings", borrow, default)]
    pub(super) modified_findings: Entries<ModifiedFinding<'a>>,
}

/// A package of the inventory, its version in parts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InstalledPackage<'a> {
    #[serde(rename = "ID", borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) identifier: Lenient<Identifier<'a>>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) release: Text<'a>,
    #[serde(borrow, default)]
    pub(super) epoch: Text<'a>,
    #[serde(borrow, default)]
    pub(super) arch: Text<'a>,
    #[serde(rename = "SrcName", borrow, default)]
    pub(super) source_name: Text<'a>,
    #[serde(rename = "SrcVersion", borrow, default)]
    pub(super) source_version: Text<'a>,
    #[serde(rename = "SrcRelease", borrow, default)]
    pub(super) source_release: Text<'a>,
    #[serde(rename = "SrcEpoch", borrow, default)]
    pub(super) source_epoch: Text<'a>,
    #[serde(borrow, default)]
    pub(super) maintainer: Text<'a>,
    #[serde(borrow, default)]
    pub(super) repository: Lenient<Repository<'a>>,
    #[serde(borrow, default)]
    pub(super) layer: Lenient<Layer<'a>>,
    #[serde(borrow, default)]
    pub(super) file_path: Text<'a>,
    /// For operating system packages: what the package manager put into the image, without the
    /// leading `/`.
    #[serde(borrow, default)]
    pub(super) installed_files: OneOrMany<'a>,
}

/// Ids by which a vulnerability names its package.
#[derive(Deserialize)]
pub(super) struct Identifier<'a> {
    #[serde(rename = "PURL", borrow, default)]
    pub(super) purl: Text<'a>,
    /// A hash that is unique within a result.
    #[serde(rename = "UID", borrow, default)]
    pub(super) uid: Text<'a>,
}

/// Where a package was installed from.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Repository<'a> {
    #[serde(borrow, default)]
    pub(super) class: Text<'a>,
}

/// The layer that brought a package.
#[derive(Deserialize)]
pub(super) struct Layer<'a> {
    #[serde(rename = "Digest", borrow, default)]
    pub(super) digest: Text<'a>,
    #[serde(rename = "DiffID", borrow, default)]
    pub(super) diff_id: Text<'a>,
}

/// One vulnerability of one package. The aliases are the operator's names for the same fields.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(rename = "VulnerabilityID", alias = "vulnerabilityID", borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(rename = "VendorIDs", borrow, default)]
    pub(super) vendor_ids: OneOrMany<'a>,
    #[serde(rename = "PkgID", borrow, default)]
    pub(super) package_id: Text<'a>,
    #[serde(rename = "PkgName", alias = "resource", borrow, default)]
    pub(super) package_name: Text<'a>,
    #[serde(
        rename = "PkgPath",
        alias = "packagePath",
        alias = "pkgPath",
        borrow,
        default
    )]
    pub(super) package_path: Text<'a>,
    #[serde(rename = "PkgIdentifier", borrow, default)]
    pub(super) identifier: Lenient<Identifier<'a>>,
    #[serde(alias = "installedVersion", borrow, default)]
    pub(super) installed_version: Text<'a>,
    #[serde(alias = "fixedVersion", borrow, default)]
    pub(super) fixed_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) status: Text<'a>,
    #[serde(borrow, default)]
    pub(super) layer: Lenient<Layer<'a>>,
    #[serde(alias = "severity", borrow, default)]
    pub(super) severity: Text<'a>,
    /// Whose advisory it is; absent before Trivy 0.23.
    #[serde(borrow, default)]
    pub(super) data_source: Lenient<DataSource<'a>>,
    /// Whose word `severity` is; absent in many reports.
    #[serde(alias = "cvsssource", borrow, default)]
    pub(super) severity_source: Text<'a>,
    /// By source: 0 (unknown) to 4 (critical).
    #[serde(borrow, default)]
    pub(super) vendor_severity: Lenient<BTreeMap<String, Text<'a>>>,
    #[serde(rename = "CVSS", alias = "cvss", borrow, default)]
    pub(super) cvss: Lenient<BTreeMap<String, CvssScores<'a>>>,
    #[serde(rename = "PrimaryURL", alias = "primaryLink", borrow, default)]
    pub(super) primary_url: Text<'a>,
    #[serde(alias = "title", borrow, default)]
    pub(super) title: Text<'a>,
    #[serde(alias = "description", borrow, default)]
    pub(super) description: Text<'a>,
    #[serde(rename = "CweIDs", borrow, default)]
    pub(super) cwe_ids: OneOrMany<'a>,
    #[serde(alias = "publishedDate", borrow, default)]
    pub(super) published_date: Text<'a>,

    // The operator has no results around its entries, so that each repeats what a result says.
    #[serde(rename = "packagePURL", borrow, default)]
    pub(super) operator_purl: Text<'a>,
    #[serde(rename = "packageType", borrow, default)]
    pub(super) operator_type: Text<'a>,
    #[serde(rename = "class", borrow, default)]
    pub(super) operator_class: Text<'a>,
    #[serde(rename = "target", borrow, default)]
    pub(super) operator_target: Text<'a>,
    /// A CVSS v3 score without vector.
    #[serde(rename = "score", default)]
    pub(super) operator_score: Number,
}

/// The database that an entry comes from.
#[derive(Deserialize)]
pub(super) struct DataSource<'a> {
    #[serde(rename = "ID", borrow, default)]
    pub(super) id: Text<'a>,
}

/// One source's CVSS statements.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CvssScores<'a> {
    #[serde(borrow, default)]
    pub(super) v2_vector: Text<'a>,
    #[serde(default)]
    pub(super) v2_score: Number,
    #[serde(borrow, default)]
    pub(super) v3_vector: Text<'a>,
    #[serde(default)]
    pub(super) v3_score: Number,
    #[serde(borrow, default)]
    pub(super) v40_vector: Text<'a>,
    #[serde(default)]
    pub(super) v40_score: Number,
}

/// A finding that was taken out of the list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifiedFinding<'a> {
    #[serde(rename = "Type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) status: Text<'a>,
    #[serde(borrow, default)]
    pub(super) statement: Text<'a>,
    #[serde(borrow, default)]
    pub(super) source: Text<'a>,
    /// A [`Vulnerability`] when `kind` says so.
    #[serde(borrow, default)]
    pub(super) finding: Option<&'a serde_json::value::RawValue>,
}

/// The report of `trivy k8s`. Trivy has used three names for the list of scanned resources.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cluster<'a> {
    #[serde(rename = "ClusterName", borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) resources: Entries<Resource<'a>>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Resource<'a>>,
    #[serde(borrow, default)]
    pub(super) findings: Entries<Resource<'a>>,
}

/// A workload of the cluster with the results of its images.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    /// One object, or a list of them since Trivy 0.52.
    #[serde(borrow, default)]
    pub(super) metadata: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow, default)]
    pub(super) results: Entries<ScanResult<'a>>,
    /// Why the resource could not be scanned.
    #[serde(borrow, default)]
    pub(super) error: Text<'a>,
}

/// Trivy Operator's custom resource.
#[derive(Deserialize)]
pub(super) struct VulnerabilityReport<'a> {
    #[serde(borrow)]
    pub(super) report: OperatorReport<'a>,
}

#[derive(Deserialize)]
pub(super) struct OperatorReport<'a> {
    #[serde(rename = "updateTimestamp", borrow, default)]
    pub(super) updated: Text<'a>,
    #[serde(borrow, default)]
    pub(super) scanner: Lenient<OperatorScanner<'a>>,
    #[serde(borrow, default)]
    pub(super) registry: Lenient<OperatorRegistry<'a>>,
    #[serde(borrow, default)]
    pub(super) artifact: Lenient<OperatorArtifact<'a>>,
    #[serde(borrow, default)]
    pub(super) os: Lenient<OperatingSystem<'a>>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OperatorScanner<'a> {
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct OperatorRegistry<'a> {
    #[serde(borrow, default)]
    pub(super) server: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct OperatorArtifact<'a> {
    #[serde(borrow, default)]
    pub(super) repository: Text<'a>,
    #[serde(borrow, default)]
    pub(super) digest: Text<'a>,
    #[serde(borrow, default)]
    pub(super) tag: Text<'a>,
}
