//! From the bytes of a feed to its text, within limits.

use std::io::{self, BufRead, BufReader, Read as _, Take};

use flate2::read::MultiGzDecoder;

use crate::model::AdvisoryId;

use super::EnrichmentError;

/// Longest line of a CSV, in bytes; the longest of a real one has 60.
const MAX_LINE: u64 = 4096;

/// Longest piece of a file in a message, in characters.
const MAX_QUOTE: usize = 60;

/// The two bytes that a gzip member starts with (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1F, 0x8B];

fn open(bytes: &[u8], max_text: u64) -> Take<Box<dyn BufRead + '_>> {
    let reader: Box<dyn BufRead + '_> = if bytes.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(bytes)))
    } else {
        Box::new(bytes)
    };
    // One more, so that what is over the limit is told from what just fits.
    reader.take(max_text.saturating_add(1))
}

fn damaged(name: &str, error: io::Error) -> EnrichmentError {
    EnrichmentError::Compression {
        name: name.to_owned(),
        error,
    }
}

fn too_large(name: &str, max: u64) -> EnrichmentError {
    EnrichmentError::TooLarge {
        name: name.to_owned(),
        max,
    }
}

/// The whole text of a file, plain or gzip, without a byte order mark.
pub(super) fn text(bytes: &[u8], name: &str, max_text: u64) -> Result<String, EnrichmentError> {
    let mut plain = Vec::new();
    open(bytes, max_text)
        .read_to_end(&mut plain)
        .map_err(|error| damaged(name, error))?;
    if plain.len() as u64 > max_text {
        return Err(too_large(name, max_text));
    }
    let text = String::from_utf8(plain).map_err(|error| EnrichmentError::Encoding {
        name: name.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The lines of a file, plain or gzip, one at a time.
pub(super) struct Lines<'a> {
    reader: Take<Box<dyn BufRead + 'a>>,
    name: &'a str,
    max_text: u64,
    line: Vec<u8>,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8], name: &'a str, max_text: u64) -> Self {
        Self {
            reader: open(bytes, max_text),
            name,
            max_text,
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line, trimmed, with its number from one; a byte order mark is left out.
    pub(super) fn next_line(&mut self) -> Result<Option<(usize, &[u8])>, EnrichmentError> {
        self.line.clear();
        let read = self
            .reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut self.line)
            .map_err(|error| damaged(self.name, error))?;
        if self.reader.limit() == 0 {
            return Err(too_large(self.name, self.max_text));
        }
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read as u64 == MAX_LINE && !self.line.ends_with(b"\n") {
            return Err(EnrichmentError::LongLine {
                name: self.name.to_owned(),
                line: self.number,
            });
        }
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
        }
        Ok(Some((self.number, line.trim_ascii())))
    }
}

/// The id of a row or entry.
pub(super) fn cve(text: &str) -> Result<AdvisoryId, String> {
    let id = AdvisoryId::new(text);
    if id.cve() == Some(id.as_str()) {
        Ok(id)
    } else {
        Err(format!("`{}` is not a CVE id", short(text)))
    }
}

/// The start of a text, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(MAX_QUOTE).collect()
}
