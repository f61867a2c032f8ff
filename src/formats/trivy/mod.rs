//! Trivy, in its four shapes: JSON schema 2, the bare array of results before it, the cluster
//! report of `trivy k8s`, and Trivy Operator's VulnerabilityReport. All of them hold lists of the
//! same vulnerability entries; they differ in what stands around them.

mod documents;
mod kubernetes;
mod operator;
mod packages;
mod results;
mod target;
mod vulnerability;

#[cfg(test)]
mod tests;

pub(super) use kubernetes::read as read_kubernetes;
pub(super) use operator::read as read_operator;

use crate::model::{ScannerId, ScannerReport};

use self::documents::{Document, ScanResult};
use self::results::Reader;
use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::Entries;

/// Reads `trivy image --format json` and its like.
pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut reader = Reader::new(builder(Format::Trivy));
    reader.read_results(document.results, "/Results");

    let mut target = document
        .metadata
        .0
        .as_ref()
        .map(target::from_metadata)
        .unwrap_or_default();
    target.name = document.artifact_name.to_option().or(target.name);
    target.distro = target.distro.or_else(|| reader.distro());
    target.not_an_image = !matches!(
        document.artifact_type.as_str(),
        // An SBOM may describe an image, and the report does not say whether it does.
        "" | "container_image" | "cyclonedx" | "spdx"
    );

    let mut builder = reader.finish();
    let report = builder.report();
    report.target = target;
    report.created = timestamp(document.created_at.as_str());
    report.scanner_version = document
        .program
        .0
        .and_then(|program| program.version.to_option());
    Ok(builder.finish())
}

/// Reads the bare array of results that Trivy wrote before schema 2. What was scanned has to be
/// read off the results' targets.
pub(super) fn read_legacy(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let results: Entries<ScanResult<'_>> = serde_json::from_str(text)?;
    let mut reader = Reader::new(builder(Format::TrivyLegacy));
    reader.read_results(results, "");
    let distro = reader.distro();
    let name = reader.single_image();
    let mut builder = reader.finish();
    builder.report().target.name = name;
    builder.report().target.distro = distro;
    Ok(builder.finish())
}

fn builder(format: Format) -> ReportBuilder {
    ReportBuilder::new(ScannerId::new(ScannerId::TRIVY), format.title())
}
