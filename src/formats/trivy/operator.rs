//! Trivy Operator's VulnerabilityReport: the result of one container of a workload.

use crate::formats::Format;
use crate::formats::builder::timestamp;
use crate::formats::entries::Text;
use crate::model::{ScannerReport, Target};

use super::documents::{OperatorArtifact, VulnerabilityReport};
use super::results::Reader;
use super::{builder, target};

/// Reads a VulnerabilityReport or ClusterVulnerabilityReport resource.
pub(in crate::formats) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let VulnerabilityReport { report } = serde_json::from_str(text)?;
    let distro = report.os.0.as_ref().and_then(target::distro);
    let mut reader = Reader::new(builder(Format::TrivyOperator));
    reader.read_operator_entries(
        report.vulnerabilities,
        "/report/vulnerabilities",
        distro.as_ref().map(|distro| distro.family.as_str()),
    );
    let distro = distro.or_else(|| reader.distro());

    let mut builder = reader.finish();
    let read = builder.report();
    read.created = timestamp(report.updated.as_str());
    read.scanner_version = report
        .scanner
        .0
        .and_then(|scanner| scanner.version.to_option());
    let server = report.registry.0.map(|registry| registry.server);
    read.target = Target {
        distro,
        ..report
            .artifact
            .0
            .map(|artifact| image(&artifact, server.as_ref()))
            .unwrap_or_default()
    };
    Ok(builder.finish())
}

fn image(artifact: &OperatorArtifact<'_>, server: Option<&Text<'_>>) -> Target {
    let repository = artifact
        .repository
        .get()
        .map(|repository| match server.and_then(Text::get) {
            Some(server) => format!("{server}/{repository}"),
            None => repository.to_owned(),
        });
    let digest = artifact.digest.get();
    Target {
        name: repository
            .as_ref()
            .map(|repository| match (artifact.tag.get(), digest) {
                (Some(tag), _) => format!("{repository}:{tag}"),
                (None, Some(digest)) => format!("{repository}@{digest}"),
                (None, None) => repository.clone(),
            }),
        repo_digests: repository
            .zip(digest)
            .map(|(repository, digest)| format!("{repository}@{digest}"))
            .into_iter()
            .collect(),
        ..Target::default()
    }
}
