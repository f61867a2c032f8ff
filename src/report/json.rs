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

/// As [`write_json`], for documents whose readers show and store texts as they find them: what
/// [`escape::is_unsafe`] names is visible in the text itself, as by [`escape::terminal`]. In members
/// named `description` and `detail` ends of lines and tabs stay.
///
/// # Errors
///
/// Only those of `out`.
pub(super) fn write_visible_json(
    value: &impl Serialize,
    mut out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut out, VisiblePretty::default());
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

/// [`PrettyFormatter`], and visible escapes for what [`escape::is_unsafe`] names.
#[derive(Default)]
struct VisiblePretty<'a>(PrettyFormatter<'a>, Member);

/// Which member of an object is being written.
#[derive(Default)]
enum Member {
    /// Its name, as far as it is written.
    Name(String),
    /// One whose text may have several lines.
    Lines,
    #[default]
    Other,
}

impl Formatter for VisiblePretty<'_> {
    delegate! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_value();
        end_object_value();
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.1 = Member::Name(String::new());
        self.0.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.1 = match &self.1 {
            Member::Name(name) if matches!(name.as_str(), "description" | "detail") => {
                Member::Lines
            }
            _ => Member::Other,
        };
        self.0.end_object_key(writer)
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        char_escape: CharEscape,
    ) -> io::Result<()> {
        let c = match char_escape {
            CharEscape::Quote | CharEscape::ReverseSolidus | CharEscape::Solidus => None,
            CharEscape::LineFeed | CharEscape::Tab if matches!(self.1, Member::Lines) => None,
            // Of the two characters that end a line on Windows the other one stays.
            CharEscape::CarriageReturn if matches!(self.1, Member::Lines) => return Ok(()),
            CharEscape::LineFeed => Some('\n'),
            CharEscape::Tab => Some('\t'),
            CharEscape::CarriageReturn => Some('\r'),
            CharEscape::Backspace => Some('\u{8}'),
            CharEscape::FormFeed => Some('\u{c}'),
            CharEscape::AsciiControl(byte) => Some(char::from(byte)),
        };
        match c {
            Some(c) => write_visible(writer, c),
            None => self.0.write_char_escape(writer, char_escape),
        }
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if let Member::Name(name) = &mut self.1 {
            name.push_str(fragment);
        }
        let mut rest = fragment;
        while let Some(position) = rest.find(escape::is_unsafe) {
            let (safe, tail) = rest.split_at(position);
            writer.write_all(safe.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(c) = characters.next() {
                write_visible(writer, c)?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// An unsafe character as [`escape::terminal`] shows it, whose backslash JSON wants twice.
fn write_visible<W: ?Sized + io::Write>(writer: &mut W, c: char) -> io::Result<()> {
    let text = escape::terminal(c.encode_utf8(&mut [0; 4])).replace('\\', "\\\\");
    writer.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_visible_and_descriptions_keep_their_lines() {
        let mut out = Vec::new();
        let value = serde_json::json!({
            "name": "a\u{0}\n\u{202e}\u{8}\"\\",
            "description": "b\r\n\tc\u{1b}",
            "list": ["\n"],
        });
        write_visible_json(&value, &mut out).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "name": "a\\u{0}\\n\\u{202e}\\u{8}\"\\",
                "description": "b\n\tc\\u{1b}",
                "list": ["\\n"],
            })
        );
    }
}
