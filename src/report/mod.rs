//! Floor 7: writers. One file a format; each turns a [`Report`] into bytes and does nothing else.
//!
//! A new format is one file here, with a `Description`, and its line in [`Format::ALL`].

mod attestation;
mod changes;
mod claims;
mod comparison;
mod cosign;
mod csv;
mod cyclonedx;
mod defectdojo;
mod document;
pub mod escape;
mod explain;
mod gitlab;
pub(crate) mod grid;
mod html;
mod identity;
mod json;
mod junit;
mod links;
mod markdown;
mod openvex;
mod phrases;
mod prometheus;
mod purls;
mod rating;
mod sarif;
mod sheet;
mod table;
pub mod theme;
mod upgrades;
mod vulns;

use std::fmt;
use std::io::{self, Write as _};

use crate::model::report::Report;

pub use changes::write_changes;
pub use comparison::write_comparison;
pub use explain::write_explanation;
pub use json::{changes_schema, comparison_schema, explanation_schema, schema, write_json};

/// A format that a report can be written in.
#[derive(Clone, Copy)]
pub struct Format(&'static Description);

/// What the file of a format says of it.
struct Description {
    /// The name on the command line.
    name: &'static str,
    /// What it is for, in a few words.
    title: &'static str,
    /// The file name inside a run bundle.
    file_name: &'static str,
    /// True for text that a person reads in a terminal or a log.
    is_page: bool,
    /// Writes a report. The same arguments give the same bytes.
    write: fn(&Report, &Options, &mut dyn io::Write) -> io::Result<()>,
    /// What its reader does not see in it and has to know: see [`warnings`].
    warnings: fn(&Report, &Options) -> Vec<String>,
}

/// For a format that says everything itself.
fn no_warnings(_: &Report, _: &Options) -> Vec<String> {
    Vec::new()
}

impl Format {
    /// Text for a person.
    pub const TABLE: Self = Self(&table::FORMAT);
    /// What has to be done, in a screen.
    pub const COMPACT: Self = Self(&table::COMPACT);
    /// Text for a person, one row a finding.
    pub const WIDE: Self = Self(&table::WIDE);
    /// The whole report; its layout is published (see [`schema`]).
    pub const JSON: Self = Self(&json::FORMAT);
    /// A page for people, in one file that works from a folder without any request.
    pub const HTML: Self = Self(&html::FORMAT);
    /// OpenVEX: why ignored findings are ignored.
    pub const OPENVEX: Self = Self(&openvex::FORMAT);
    /// GitHub-flavoured Markdown: the comment on a pull request.
    pub const MARKDOWN: Self = Self(&markdown::FORMAT);
    /// JUnit XML: the verdict as test results.
    pub const JUNIT: Self = Self(&junit::FORMAT);
    /// CSV: one row a finding and installed package.
    pub const CSV: Self = Self(&csv::FORMAT);
    /// DefectDojo's generic import.
    pub const DEFECTDOJO: Self = Self(&defectdojo::FORMAT);
    /// Gauges for Prometheus.
    pub const PROMETHEUS: Self = Self(&prometheus::FORMAT);

    /// CycloneDX: packages and findings, for tools that read bills of materials.
    pub const CYCLONEDX: Self = Self(&cyclonedx::FORMAT);
    /// in-toto: findings as a statement on the image, for signing.
    pub const VULNS: Self = Self(&vulns::FORMAT);
    /// The predicate that `cosign attest --type vuln` signs and admission policies read.
    pub const COSIGN_VULN: Self = Self(&cosign::FORMAT);
    /// SARIF 2.1.0 for GitHub code scanning.
    pub const SARIF: Self = Self(&sarif::FORMAT);
    /// GitLab's container scanning report.
    pub const GITLAB: Self = Self(&gitlab::FORMAT);

    /// Every format, in the order in which they are told.
    pub const ALL: &[Self] = &[
        Self::TABLE,
        Self::COMPACT,
        Self::WIDE,
        Self::HTML,
        Self::MARKDOWN,
        Self::JSON,
        Self::CSV,
        Self::SARIF,
        Self::GITLAB,
        Self::JUNIT,
        Self::CYCLONEDX,
        Self::OPENVEX,
        Self::VULNS,
        Self::COSIGN_VULN,
        Self::PROMETHEUS,
        Self::DEFECTDOJO,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it is for, in a few words.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// The file name inside a run bundle.
    pub fn file_name(self) -> &'static str {
        self.0.file_name
    }

    /// True for text that a person reads in a terminal or a log; programs, and other programs that
    /// people use, read the others.
    pub fn is_page(self) -> bool {
        self.0.is_page
    }

    /// The format of a [`Format::name`]; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|format| format.name() == name)
            .copied()
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Format({})", self.name())
    }
}

/// A format that a comparison of scanners, or what changed between two runs, can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextFormat {
    /// Text for a person: a terminal or the log of a build.
    Table,
    /// Everything; its layout is published (see [`comparison_schema`] and [`changes_schema`]).
    Json,
    /// Text for a person, in GitHub-flavoured Markdown: the summary of a build, the comment on a merge
    /// request.
    Markdown,
}

impl TextFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Table, Self::Json, Self::Markdown];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Markdown => "markdown",
        }
    }

    /// The format of a [`TextFormat::name`]; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// How a report is laid out. Only the formats for people look at it: the others always hold
/// everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns that a line may take. Below [`Options::MIN_WIDTH`] counts as that.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
    /// Rows of each list; what is left out is counted. `None` shows everything, tracked findings
    /// and notes included.
    pub rows: Option<usize>,
    /// What else is written of the same report, for the lines that say what was left out and where
    /// it is.
    pub files: Vec<ReportFile>,
    /// Whether findings that the policy ignores are also in the formats that leave them out because
    /// their readers would take them for open ones.
    pub include_ignored: bool,
    /// Whether the terminal makes links of addresses that stand behind a text (OSC 8).
    pub hyperlinks: bool,
}

/// A report that was written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// Its format.
    pub format: Format,
    /// The file, as the user would name it.
    pub path: String,
}

impl Options {
    /// The narrowest layout.
    pub const MIN_WIDTH: u16 = 40;
    /// Rows of each list unless asked otherwise: a screen or so.
    pub const DEFAULT_ROWS: usize = 25;

    /// Where the reader finds the whole report as JSON.
    pub fn json_report(&self) -> Option<&str> {
        let mut files = self.files.iter();
        let json = files.find(|file| file.format == Format::JSON);
        json.map(|file| file.path.as_str())
    }
}

impl Default for Options {
    /// For a log: 100 columns, no colour.
    fn default() -> Self {
        Self {
            width: 100,
            color: false,
            rows: Some(Self::DEFAULT_ROWS),
            files: Vec::new(),
            include_ignored: false,
            hyperlinks: false,
        }
    }
}

/// Writes `report` in `format`. The same arguments give the same bytes. A format that cannot say
/// that there is nothing to say gives none; [`warnings`] tells.
///
/// # Errors
///
/// Only those of `out`.
pub fn write(
    format: Format,
    report: &Report,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // Writers write in small pieces; the file or pipe behind `out` need not see them.
    let mut out = io::BufWriter::new(out);
    (format.0.write)(report, options, &mut out)?;
    out.flush()
}

/// The answer in one sentence, for a log. Not escaped.
pub fn sentence(report: &Report) -> String {
    table::answer(report).0
}

/// What the reader of a format does not see in it and has to know: one sentence each, for standard
/// error.
pub fn warnings(format: Format, report: &Report, options: &Options) -> Vec<String> {
    (format.0.warnings)(report, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_name_and_file() {
        for format in Format::ALL.iter().copied() {
            assert_eq!(Format::from_name(format.name()), Some(format));
            let twins = Format::ALL
                .iter()
                .filter(|other| other.file_name() == format.file_name())
                .count();
            assert_eq!(twins, 1, "{format:?}");
        }
        assert_eq!(Format::from_name("Table"), None);
        for format in TextFormat::ALL {
            assert_eq!(TextFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(TextFormat::from_name("Table"), None);
    }
}
