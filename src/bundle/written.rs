//! Reports that crosscheck wrote, read back: from a run's directory, or from a file that was kept
//! without its run.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{FileError, MAX_REPORT_BYTES, read_limited};
use crate::model::report::{Report, SCHEMA_VERSION};

/// Why a file cannot serve as a report of crosscheck.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is something else, or only a part of a report.
    #[error("{}: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        #[source]
        problem: Problem,
    },
}

/// What is wrong with the text of a report.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not JSON, or not all of it.
    #[error("line {}, column {}: no whole JSON document: {_0}; write the report again", _0.line(), _0.column())]
    Torn(#[source] serde_json::Error),
    /// JSON of something else, or a report that was altered.
    #[error(
        "line {}, column {}: not a report as crosscheck writes it: {_0}; give what `--format json` wrote, a run's directory, or the directory that holds the scanners' reports",
        _0.line(),
        _0.column()
    )]
    Malformed(#[source] serde_json::Error),
    /// A report of another program.
    #[error(
        "written by `{0}`, not by crosscheck; give what `--format json` wrote, a run's directory, or the directory that holds the scanners' reports"
    )]
    Foreign(String),
    /// A report of another layout.
    #[error("written in layout {0}, this version reads {SCHEMA_VERSION}; update crosscheck")]
    Version(String),
}

/// What every report of this program has, whatever its version.
#[derive(Deserialize)]
struct Head {
    schema_version: String,
    tool: Tool,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
}

/// Reads a report file.
///
/// # Errors
/// [`WrittenError`] names the file, the place and the remedy.
pub fn read(path: &Path) -> Result<Report, WrittenError> {
    let bytes = read_limited(path, MAX_REPORT_BYTES)?;
    parse(&bytes).map_err(|problem| WrittenError::Unreadable {
        path: path.to_owned(),
        problem,
    })
}

/// Reads a report's text. Who wrote it and its layout are looked at first: a later one is told as such
/// and not as a broken file.
///
/// # Errors
/// [`Problem`] names the place and the remedy.
pub fn parse(bytes: &[u8]) -> Result<Report, Problem> {
    let located = |error: serde_json::Error| {
        if error.is_data() {
            Problem::Malformed(error)
        } else {
            Problem::Torn(error)
        }
    };
    let short = |text: String| text.chars().take(40).collect();
    let head: Head = serde_json::from_slice(bytes).map_err(located)?;
    if head.tool.name != env!("CARGO_PKG_NAME") {
        return Err(Problem::Foreign(short(head.tool.name)));
    }
    if head.schema_version != SCHEMA_VERSION {
        return Err(Problem::Version(short(head.schema_version)));
    }
    serde_json::from_slice(bytes).map_err(located)
}

/// True for a file that says of itself that crosscheck wrote it. Of one that is cut off, and of a large
/// one, the beginning decides.
pub fn is_ours(path: &Path) -> bool {
    let text: String = head(path)
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if text.starts_with("{\"schema_version\":") {
        return text.contains(concat!("\"name\":\"", env!("CARGO_PKG_NAME"), "\""));
    }
    // Another program may have put the keys into another order.
    text.starts_with('{')
        && read_limited(path, MAX_REPORT_BYTES).is_ok_and(|bytes| {
            serde_json::from_slice::<Head>(&bytes)
                .is_ok_and(|head| head.tool.name == env!("CARGO_PKG_NAME"))
        })
}

/// What stands first in a file. Nothing is read of what is no file: a pipe would wait for its writer.
fn head(path: &Path) -> io::Result<String> {
    const BYTES: u64 = 4096;
    if !fs::metadata(path)?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
