//! Floor 7: writers. One file a format; each turns a [`Report`] into bytes and does nothing else.
//!
//! A new format is one file here and one variant of [`Format`]; the compiler then names every
//! place that has to know it.

mod changes;
mod comparison;
mod document;
pub mod escape;
mod explain;
pub(crate) mod grid;
mod json;
mod openvex;
mod phrases;
mod sheet;
mod table;
pub mod theme;

use std::io::{self, Write as _};

use crate::model::report::Report;

pub use changes::write_changes;
pub use comparison::write_comparison;
pub use explain::write_explanation;
pub use json::{changes_schema, comparison_schema, explanation_schema, schema, write_json};

/// A format that a report can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Text for a person: a terminal or the log of a build.
    Table,
    /// The whole report; its layout is published (see [`schema`]).
    Json,
    /// OpenVEX: why ignored findings are ignored.
    OpenVex,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Table, Self::Json, Self::OpenVex];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::OpenVex => "openvex",
        }
    }

    /// What it is for, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "text for a person",
            Self::Json => "the whole report as JSON",
            Self::OpenVex => "why ignored findings are ignored, as OpenVEX",
        }
    }

    /// The file name inside a run bundle.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Table => "report.txt",
            Self::Json => "report.json",
            Self::OpenVex => "report.openvex.json",
        }
    }

    /// The format of a [`Format::name`]; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
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
    /// Where the reader finds the whole report as JSON, for the lines that say what was left out.
    pub json_report: Option<String>,
}

impl Options {
    /// The narrowest layout.
    pub const MIN_WIDTH: u16 = 40;
    /// Rows of each list unless asked otherwise: a screen or so.
    pub const DEFAULT_ROWS: usize = 25;
}

impl Default for Options {
    /// For a log: 100 columns, no colour.
    fn default() -> Self {
        Self {
            width: 100,
            color: false,
            rows: Some(Self::DEFAULT_ROWS),
            json_report: None,
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
    match format {
        Format::Table => table::write(report, options, &mut out)?,
        Format::Json => write_json(report, &mut out)?,
        Format::OpenVex => openvex::write(report, &mut out)?,
    }
    out.flush()
}

/// What the reader of a format does not see in it and has to know: one sentence each, for standard
/// error.
pub fn warnings(format: Format, report: &Report) -> Vec<String> {
    match format {
        Format::Table | Format::Json => Vec::new(),
        Format::OpenVex => openvex::warnings(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_own_name_and_file() {
        for format in Format::ALL {
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
