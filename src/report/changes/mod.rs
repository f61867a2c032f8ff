//! What changed between two runs, for a person: one page, as text for a terminal or as Markdown.
//!
//! [`page`] says what is on the page and in which words, [`table`] and [`markdown`] how it looks.

mod markdown;
mod page;
mod table;
mod words;

use std::io::{self, Write as _};

use self::page::Page;
use super::{Options, write_json};
use crate::model::changes::Changes;

/// A format that changes can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangesFormat {
    /// Text for a person: a terminal or the log of a build.
    Table,
    /// Everything; its layout is published (see [`super::changes_schema`]).
    Json,
    /// Text for the comment on a merge request.
    Markdown,
}

impl ChangesFormat {
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

    /// The format of a [`ChangesFormat::name`]; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Writes what changed in `format`. The same arguments give the same bytes.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_changes(
    format: ChangesFormat,
    changes: &Changes,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        ChangesFormat::Table => table::write(&Page::of(changes), options, &mut out)?,
        ChangesFormat::Json => write_json(changes, &mut out)?,
        ChangesFormat::Markdown => markdown::write(&Page::of(changes), options, &mut out)?,
    }
    out.flush()
}
