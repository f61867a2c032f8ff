//! From bytes to a document, whatever its format.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::entries::{Entries, Lenient, Text};
use crate::formats::{self, ReadError};
use crate::model::AdvisoryId;

use super::document::{Diagnostics, VexDocument};
use super::error::VexError;
use super::purl::shortened;
use super::{csaf, cyclonedx, openvex};

/// The largest documents that vendors publish have some 20 MiB.
const MAX_BYTES: usize = 64 << 20;
/// Statements of one document.
pub(super) const MAX_STATEMENTS: usize = 100_000;
/// Products and parts over all statements of one document, where the format lets one text stand for
/// many.
pub(super) const MAX_PRODUCTS: usize = 1_000_000;

/// What tells the formats apart.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default, rename = "@context")]
    context: Lenient<Text<'a>>,
    #[serde(borrow, default, rename = "bomFormat")]
    bom_format: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    document: Lenient<&'a RawValue>,
}

/// Reads a VEX document. `name` is the file or URL under which problems are told.
///
/// A statement that cannot be understood becomes a diagnostic with its JSON pointer; the rest is
/// read.
///
/// # Errors
/// [`VexError`] when the bytes are no VEX document as a whole.
pub fn read(bytes: &[u8], name: &str) -> Result<VexDocument, VexError> {
    if bytes.len() > MAX_BYTES {
        return Err(VexError::TooLarge {
            name: name.to_owned(),
            bytes: bytes.len(),
            limit: MAX_BYTES,
        });
    }
    let text = formats::decode(bytes).map_err(|error| match error {
        ReadError::Encoding {
            encoding, offset, ..
        } => VexError::Encoding {
            name: name.to_owned(),
            encoding,
            offset,
        },
        _ => VexError::Empty {
            name: name.to_owned(),
        },
    })?;
    let unknown = |saw: &str| VexError::UnknownFormat {
        name: name.to_owned(),
        saw: saw.to_owned(),
    };
    match text.trim_start().chars().next() {
        Some('{') => {}
        Some('<') => return Err(unknown("the file is XML, which is not read")),
        _ => return Err(unknown("the file does not start with a JSON object")),
    }
    let outline: Outline<'_> =
        serde_json::from_str(&text).map_err(|error| syntax(&error, name, "JSON document"))?;
    let context = outline.context.get().map(Text::as_str).unwrap_or_default();
    let bom = outline
        .bom_format
        .get()
        .map(Text::as_str)
        .unwrap_or_default();
    if context.starts_with(openvex::CONTEXT) {
        openvex::read(&text, name, context)
    } else if bom.eq_ignore_ascii_case("CycloneDX") {
        cyclonedx::read(&text, name)
    } else if outline
        .document
        .get()
        .is_some_and(|raw| raw.get().contains("\"csaf_version\""))
    {
        csaf::read(&text, name)
    } else {
        Err(unknown("the JSON is no VEX document"))
    }
}

/// The error behind serde_json's.
pub(super) fn syntax(error: &serde_json::Error, name: &str, expected: &'static str) -> VexError {
    VexError::Syntax {
        name: name.to_owned(),
        line: error.line().max(1),
        column: error.column(),
        expected,
        message: without_place(error),
    }
}

fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Reads a member of a list as an object. serde would also take an array for one.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, String> {
    if !raw.get().starts_with('{') {
        return Err("expected an object".to_owned());
    }
    serde_json::from_str(raw.get()).map_err(|error| without_place(&error))
}

/// Refuses a list of statements that is too long.
pub(super) fn check_count<T>(list: &Entries<T>, name: &str, pointer: &str) -> Result<(), VexError> {
    if list.len() > MAX_STATEMENTS {
        return Err(VexError::TooMany {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
            what: "statements",
            limit: MAX_STATEMENTS,
        });
    }
    Ok(())
}

/// A moment that the document states; one that cannot be read counts as missing and is told.
pub(super) fn moment(
    text: &Lenient<Text<'_>>,
    pointer: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Timestamp> {
    let text = text.get()?.get()?;
    let moment = formats::timestamp(text);
    if moment.is_none() {
        diagnostics.warn(
            pointer,
            format!(
                "`{}` is not a date and time; it counts as missing, write it as \
                 2026-01-31T12:00:00Z",
                shortened(text)
            ),
        );
    }
    moment
}

/// True when the document writes something there, whether it can be read or not.
pub(super) fn is_stated(text: &Lenient<Text<'_>>) -> bool {
    text.get().and_then(Text::get).is_some()
}

/// An owned text; `None` when it is missing or empty.
pub(super) fn owned(text: &Lenient<Text<'_>>) -> Option<String> {
    text.get().and_then(Text::to_option)
}

/// Adds the id that a text names, in the spelling by which findings are compared.
pub(super) fn add_id(ids: &mut Vec<AdvisoryId>, text: &str) {
    let id = AdvisoryId::new(text);
    if id.is_plausible() {
        let id = id.unwrapped();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
}

/// More names than any vulnerability has.
pub(super) const MAX_IDS: usize = 64;
