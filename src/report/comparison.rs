//! A comparison of scanners for people and programs.
//!
//! What is said is put together once, as a [`document::Document`]: sentences and tables without a
//! layout, and without escapes. [`table`] lays it out for a terminal or a log, [`markdown`] for the
//! summary of a build on GitHub.

mod agreement;
mod choice;
mod document;
mod images;
mod markdown;
mod overview;
mod packages;
mod strata;
mod table;
mod unseen;

use std::io::{self, Write as _};

use super::{Options, write_json};
use crate::model::comparison::Comparison;
use document::{Document, Writer};

/// A format that a comparison can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComparisonFormat {
    /// Text for a person: a terminal or the log of a build.
    Table,
    /// The whole comparison; its layout is published.
    Json,
    /// Text for a person, in GitHub-flavoured Markdown.
    Markdown,
}

impl ComparisonFormat {
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

    /// What it is for, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "text for a person",
            Self::Json => "the whole comparison as JSON",
            Self::Markdown => "text for a person, as Markdown for the summary of a build",
        }
    }

    /// The format of a [`ComparisonFormat::name`]; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Writes `comparison` in `format`. The same arguments give the same bytes. Of `options` the table
/// looks at everything, Markdown at the number of rows and the place of the JSON form, and JSON at
/// nothing.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_comparison(
    format: ComparisonFormat,
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        ComparisonFormat::Table => table::write(&document(comparison, options), options, &mut out)?,
        ComparisonFormat::Json => write_json(comparison, &mut out)?,
        ComparisonFormat::Markdown => markdown::write(&document(comparison, options), &mut out)?,
    }
    out.flush()
}

/// All that a person is told, in the order of interest: what can be trusted, who misses what and
/// why, whom to choose, then the evidence.
fn document(comparison: &Comparison, options: &Options) -> Document {
    let writer = Writer {
        comparison,
        options,
    };
    let sections = [
        overview::scanners(&writer),
        overview::missed(&writer),
        choice::best(&writer),
        choice::order(&writer),
        agreement::pairs(&writer),
        choice::sets(&writer),
        strata::write(&writer),
        agreement::severity(&writer),
        agreement::fix(&writer),
        packages::inventories(&writer),
        unseen::write(&writer),
        packages::unchecked(&writer),
        images::failures(&writer),
    ];
    Document {
        title: overview::title(&writer),
        problems: overview::problems(&writer),
        facts: overview::facts(&writer),
        sections: sections
            .into_iter()
            .filter(|section| !section.blocks.is_empty())
            .collect(),
        footer: overview::footer(&writer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in ComparisonFormat::ALL {
            assert_eq!(ComparisonFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(ComparisonFormat::from_name("Table"), None);
    }
}
