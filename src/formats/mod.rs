//! Floor 2: from a report's bytes to a [`ScannerReport`]. One file a format.
//!
//! Every reader is pure and total: any bytes give a report or a located error. One entry that
//! cannot be understood becomes a diagnostic with its JSON pointer; the rest is read.

mod advisory_source;
mod builder;
mod decode;
mod detect;
pub(crate) mod entries;
mod infer;
mod ratings;
mod wording;

pub(crate) mod cyclonedx;
mod gitlab;
mod grype;
mod osv;
mod sarif;
mod scout;
mod snyk;
mod spdx;
mod syft;
mod trivy;

#[cfg(test)]
mod mutations;

pub use decode::decode;
pub use detect::detect;
pub(crate) use {builder::timestamp, infer::percent_decoded};

use crate::model::{DiagnosticLevel, Failure, FailureKind, ScannerReport};

/// A report format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Trivy JSON, schema 2.
    Trivy,
    /// Trivy JSON before schema 2: a bare array of results.
    TrivyLegacy,
    /// `trivy k8s --format json`.
    TrivyKubernetes,
    /// Trivy Operator's VulnerabilityReport resource.
    TrivyOperator,
    /// Grype JSON.
    Grype,
    /// Snyk JSON, object or array, results or error.
    Snyk,
    /// SARIF 2.1.0 of any tool.
    Sarif,
    /// GitLab container scanning report.
    GitLab,
    /// Docker Scout's SBOM document, with or without vulnerabilities.
    ScoutSbom,
    /// CycloneDX JSON, with or without vulnerabilities.
    CycloneDx,
    /// SPDX 2 JSON, an inventory.
    Spdx,
    /// Syft JSON, an inventory.
    Syft,
    /// OSV-Scanner JSON.
    OsvScanner,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 13] = [
        Self::Trivy,
        Self::TrivyLegacy,
        Self::TrivyKubernetes,
        Self::TrivyOperator,
        Self::Grype,
        Self::Snyk,
        Self::Sarif,
        Self::GitLab,
        Self::ScoutSbom,
        Self::CycloneDx,
        Self::Spdx,
        Self::Syft,
        Self::OsvScanner,
    ];

    /// The name in adapter manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trivy => "trivy-json",
            Self::TrivyLegacy => "trivy-legacy-json",
            Self::TrivyKubernetes => "trivy-kubernetes-json",
            Self::TrivyOperator => "trivy-operator",
            Self::Grype => "grype-json",
            Self::Snyk => "snyk-json",
            Self::Sarif => "sarif",
            Self::GitLab => "gitlab-container-scanning",
            Self::ScoutSbom => "scout-sbom",
            Self::CycloneDx => "cyclonedx-json",
            Self::Spdx => "spdx-json",
            Self::Syft => "syft-json",
            Self::OsvScanner => "osv-json",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Trivy => "Trivy JSON",
            Self::TrivyLegacy => "Trivy JSON (before schema 2)",
            Self::TrivyKubernetes => "Trivy Kubernetes JSON",
            Self::TrivyOperator => "Trivy Operator VulnerabilityReport",
            Self::Grype => "Grype JSON",
            Self::Snyk => "Snyk JSON",
            Self::Sarif => "SARIF",
            Self::GitLab => "GitLab container scanning report",
            Self::ScoutSbom => "Docker Scout SBOM",
            Self::CycloneDx => "CycloneDX JSON",
            Self::Spdx => "SPDX JSON",
            Self::Syft => "Syft JSON",
            Self::OsvScanner => "OSV-Scanner JSON",
        }
    }

    /// True for formats that list packages and hold no findings, or need not hold any.
    pub fn is_inventory(self) -> bool {
        matches!(
            self,
            Self::Syft | Self::Spdx | Self::CycloneDx | Self::ScoutSbom
        )
    }

    /// The format with that [`Format::title`].
    pub fn from_title(title: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.title() == title)
    }

    /// The format of an adapter manifest's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Why a file could not be read as a report. All of them are the input's fault, not ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing in it.
    #[error(
        "the file is empty; the scanner that should have written it probably failed, see its error output"
    )]
    Empty,
    /// Bytes that are not text.
    #[error("not valid {encoding} at byte {offset}: {hint}")]
    Encoding {
        /// Encoding that the file seemed to have.
        encoding: &'static str,
        /// Offset of the first bad byte.
        offset: usize,
        /// What to do.
        hint: &'static str,
    },
    /// No JSON at all.
    #[error(
        "not JSON: it starts with \"{first_line}\"; have the scanner write its JSON report to a file"
    )]
    NotJson {
        /// Start of the text.
        first_line: String,
    },
    /// Console text, then JSON.
    #[error(
        "line {line}: the JSON report only starts here, after console text (\"{first_line}\"); have the scanner \
         write the report with its own output option instead of redirecting the console"
    )]
    TextBeforeJson {
        /// Line on which JSON starts.
        line: usize,
        /// Start of the text.
        first_line: String,
    },
    /// Half a document.
    #[error(
        "line {line}, column {column}: the JSON ends in the middle; the file is truncated, run the scanner again"
    )]
    Truncated {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// Broken JSON.
    #[error("line {line}, column {column}: not valid JSON: {message}")]
    Syntax {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// Something after the document.
    #[error(
        "line {line}, column {column}: {} after the end of the JSON report (\"{text}\"); keep one report a file",
        if *second_json { "a second JSON value" } else { "text" }
    )]
    Trailing {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// True when what follows is JSON again.
        second_json: bool,
        /// Its start.
        text: String,
    },
    /// JSON of some other kind.
    #[error("no known scanner report: {saw}; supported: {}", supported())]
    UnknownFormat {
        /// What is there instead.
        saw: String,
    },
    /// The format is known, its skeleton is broken.
    #[error("line {line}, column {column}: not a well-formed {format}: {message}")]
    Shape {
        /// Format that it was taken for.
        format: &'static str,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// Another format than was asked for.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// Wanted.
        expected: String,
        /// There.
        found: &'static str,
    },
}

impl ReadError {
    /// The error behind serde_json's, for a document of unknown format.
    pub(crate) fn from_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() {
            return Self::Truncated {
                line: line.max(1),
                column,
            };
        }
        let message = error.to_string();
        let message = message
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        Self::Syntax {
            line,
            column,
            message,
        }
    }
}

fn supported() -> String {
    Format::ALL.map(Format::title).join(", ")
}

/// Reads a report of any supported format, recognised from its content.
///
/// # Errors
/// [`ReadError`] when the bytes are not a report as a whole; single bad entries are diagnostics of
/// the report instead.
pub fn read(bytes: &[u8]) -> Result<ScannerReport, ReadError> {
    let text = decode(bytes)?;
    let format = detect(&text)?;
    read_text(format, &text)
}

/// As [`read`], but only the given formats are accepted.
///
/// # Errors
/// As [`read`], and [`ReadError::Unexpected`] for another format.
pub fn read_expecting(bytes: &[u8], accepted: &[Format]) -> Result<ScannerReport, ReadError> {
    let text = decode(bytes)?;
    let format = detect(&text)?;
    if !accepted.contains(&format) {
        let expected: Vec<&str> = accepted.iter().map(|f| f.title()).collect();
        return Err(ReadError::Unexpected {
            expected: expected.join(" or "),
            found: format.title(),
        });
    }
    read_text(format, &text)
}

fn read_text(format: Format, text: &str) -> Result<ScannerReport, ReadError> {
    let result = match format {
        Format::Trivy => trivy::read(text),
        Format::TrivyLegacy => trivy::read_legacy(text),
        Format::TrivyKubernetes => trivy::read_kubernetes(text),
        Format::TrivyOperator => trivy::read_operator(text),
        Format::Grype => grype::read(text),
        Format::Snyk => snyk::read(text),
        Format::Sarif => sarif::read(text),
        Format::GitLab => gitlab::read(text),
        Format::ScoutSbom => scout::read(text),
        Format::CycloneDx => cyclonedx::read(text),
        Format::Spdx => spdx::read(text),
        Format::Syft => syft::read(text),
        Format::OsvScanner => osv::read(text),
    };
    result.map_err(|error| ReadError::Shape {
        format: format.title(),
        line: error.line(),
        column: error.column(),
        message: error
            .to_string()
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned(),
    })
}

/// Why a report that was read cannot be trusted to say what is in the image; `None` when it can.
///
/// *Found nothing* is a result only from a scanner that recognised something: otherwise a scanner
/// that does not know the image's distribution would pass it as clean.
pub fn doubt(report: &ScannerReport) -> Option<Failure> {
    if let Some(cause) = &report.failure {
        return Some(Failure {
            kind: FailureKind::Other,
            cause: cause.clone(),
            remedy: "the file holds the scanner's error message; run the scanner again".to_owned(),
        });
    }
    let readable = report.observations.len() + report.suppressed.len();
    if readable == 0 && report.entries > report.not_vulnerabilities {
        let first = report
            .diagnostics
            .iter()
            .find(|d| d.level == DiagnosticLevel::Unreadable);
        let why = first.map_or_else(String::new, |d| {
            format!(
                ": {} (at {})",
                d.message,
                d.pointer.as_deref().unwrap_or("/")
            )
        });
        return Some(Failure {
            kind: FailureKind::BadReport,
            cause: format!(
                "none of its {} findings can be understood{why}",
                report.entries
            ),
            remedy: "please report this with the raw report: its format has probably changed"
                .to_owned(),
        });
    }
    // SARIF and GitLab reports of a clean image name nothing at all, the others at least the system
    // or a package.
    let may = [Format::Sarif, Format::GitLab].map(Format::title);
    let names_nothing = report.entries == 0
        && report.packages.is_empty()
        && report.packages_stated == 0
        && report.target.distro.is_none();
    (names_nothing && !may.contains(&report.format)).then(|| Failure {
        kind: FailureKind::Unsupported,
        cause:
            "it recognised neither a distribution nor a package, so finding nothing proves nothing"
                .to_owned(),
        remedy:
            "check with another scanner whether the image has packages; if not, leave this one out"
                .to_owned(),
    })
}
