//! Reports that crosscheck wrote, read back: from a run's directory, or from a file that was kept
//! without its run.

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
    /// It is not such a report, or only a part of one.
    #[error("{}: line {line}, column {column}: not a report of crosscheck: {message}; give what `--format json` wrote", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// A report of another layout.
    #[error("{}: written in layout {found}, this version reads {SCHEMA_VERSION}; update crosscheck", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: String,
    },
}

/// Reads a report. Its layout is looked at first: a later one is told as such and not as a broken
/// file.
///
/// # Errors
/// [`WrittenError`] names the file, the place and the remedy.
pub fn read(path: &Path) -> Result<Report, WrittenError> {
    #[derive(Deserialize)]
    struct Head {
        schema_version: String,
    }
    let bytes = read_limited(path, MAX_REPORT_BYTES)?;
    let malformed = |error: serde_json::Error| WrittenError::Malformed {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    };
    let head: Head = serde_json::from_slice(&bytes).map_err(malformed)?;
    if head.schema_version != SCHEMA_VERSION {
        return Err(WrittenError::Version {
            path: path.to_owned(),
            found: head.schema_version.chars().take(20).collect(),
        });
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}

/// True for a file that says of itself that crosscheck wrote it, whole or not. No scanner's report
/// has such a head.
pub fn is_ours(path: &Path) -> bool {
    /// What stands first in a report. The rest is not looked at, and may be missing.
    const HEAD: usize = 4096;
    let Ok(bytes) = read_limited(path, MAX_REPORT_BYTES) else {
        return false;
    };
    let head = bytes.get(..HEAD).unwrap_or(&bytes);
    let text: String = String::from_utf8_lossy(head)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    text.starts_with("{\"schema_version\":")
        && text.contains(concat!("\"name\":\"", env!("CARGO_PKG_NAME"), "\""))
}
