//! A comparison of scanners for people and programs.
//!
//! The page is a [`Document`], which the sections fill.

mod agreement;
mod choice;
mod images;
mod overview;
mod packages;
mod strata;
mod unseen;
mod words;

use std::io;

use super::document::{self, Cut, Document};
use super::theme::Tone;
use super::{Options, TextFormat};
use crate::model::comparison::Comparison;
use words::Writer;

/// Writes `comparison` in `format`. The same arguments give the same bytes. Of `options` the table
/// looks at everything, Markdown at the number of rows and the place of the JSON form, and JSON at
/// nothing.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_comparison(
    format: TextFormat,
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = || document(comparison, options);
    document::write(format, comparison, document, options, out)
}

/// All that a person is told, in the order of interest: what can be trusted, who misses what and
/// why, whom to choose, then the evidence.
fn document(comparison: &Comparison, options: &Options) -> Document {
    let writer = Writer {
        comparison,
        cut: Cut(options),
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
        tone: Tone::Plain,
        notices: overview::notices(&writer),
        facts: overview::facts(&writer),
        sections: sections
            .into_iter()
            .filter(|section| !section.blocks.is_empty())
            .collect(),
        footer: document::footer(&comparison.tool, "comparison", options),
    }
}
