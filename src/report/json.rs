//! The JSON report and its published schema.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::{Description, escape, no_warnings};
use crate::explanation::Explanation;
use crate::model::changes::Changes;
use crate::model::comparison::Comparison;
use crate::model::report::Report;

/// The whole report.
pub(super) const FORMAT: Description = Description {
    name: "json",
    title: "the whole report as JSON",
    file_name: "report.json",
    is_page: false,
    write: |report, _, out| write_json(report, out),
    warnings: no_warnings,
};

/// Writes a report, an explanation or a comparison as indented JSON with a newline at its end.
///
/// The same value gives the same bytes. Characters that could play tricks on a terminal are
/// written as `\u` escapes, which any JSON reader turns back into the very same text.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_json(value: &impl Serialize, mut out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut out, SafePretty::default());
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// JSON Schema (draft 2020-12) of the JSON report, indented, with a newline at its end: the text
/// of `schemas/report.schema.json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    format!("{:#}\n", schema.as_value())
}

/// The same for what `crosscheck explain --json` writes: the text of
/// `schemas/explanation.schema.json`.
pub fn explanation_schema() -> String {
    let schema = schemars::schema_for!(Explanation);
    format!("{:#}\n", schema.as_value())
}

/// The same for what `crosscheck compare` writes as JSON: the text of
/// `schemas/comparison.schema.json`.
pub fn comparison_schema() -> String {
    let schema = schemars::schema_for!(Comparison);
    format!("{:#}\n", schema.as_value())
}

/// The same for what `crosscheck diff --format json` writes: the text of `schemas/diff.schema.json`.
pub fn changes_schema() -> String {
    let schema = schemars::schema_for!(Changes);
    format!("{:#}\n", schema.as_value())
}

/// [`PrettyFormatter`], and escapes in strings for what [`escape::is_unsafe`] names.
#[derive(Default)]
struct SafePretty<'a>(PrettyFormatter<'a>);

/// Passes calls on to the inner formatter.
macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<W: ?Sized + io::Write>(
            &mut self,
            writer: &mut W,
            $($argument: $type),*
        ) -> io::Result<()> {
            self.0.$method(writer, $($argument),*)
        }
    )*};
}

impl Formatter for SafePretty<'_> {
    delegate! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
        write_char_escape(char_escape: CharEscape);
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(position) = rest.find(escape::is_unsafe) {
            let (safe, tail) = rest.split_at(position);
            writer.write_all(safe.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(c) = characters.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
