//! What changed between two runs, for people and programs.
//!
//! [`page`] says what is on the page, [`words`] in which words.

mod page;
mod words;

use std::io;

use super::{Options, TextFormat, document};
use crate::model::changes::Changes;

/// Writes what changed in `format`. The same arguments give the same bytes. Of `options` the table
/// looks at everything, Markdown at the number of rows and the place of the JSON form, and JSON at
/// nothing.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_changes(
    format: TextFormat,
    changes: &Changes,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = || page::document(changes, options);
    document::write(format, changes, document, options, out)
}
