//! The files that a step writes: reading them with secrets removed, and never through a link.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::environment::Secrets;
use super::files::{FileError, read_limited};
use crate::formats::{Format, ReadError, read_expecting};
use crate::model::ScannerReport;

/// A document that a step wrote, read.
pub(super) struct Document {
    pub(super) report: ScannerReport,
    pub(super) path: PathBuf,
    pub(super) has_key: bool,
}

/// A step's files in the working directory.
pub(super) struct StepFiles {
    pub(super) output: PathBuf,
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
}

impl StepFiles {
    pub(super) fn new(directory: &Path, step: &str) -> Self {
        let file = |extension: &str| directory.join(format!("{step}.{extension}"));
        Self {
            output: file("json"),
            stdout: file("out"),
            stderr: file("err"),
        }
    }

    /// Removes what an earlier attempt left, so that it cannot pass for this one's.
    pub(super) fn clear(&self) {
        for path in [&self.output, &self.stdout, &self.stderr] {
            // Usually there is nothing to remove.
            let _ = fs::remove_file(path);
        }
    }
}

pub(super) const ALL_STDERR: &str = "all.err";

/// Adds a process's error output to that of the scanner, secrets removed.
pub(super) fn append_stderr(directory: &Path, from: &Path, secrets: &Secrets, max: u64) {
    let Ok(bytes) = read_limited(from, max) else {
        return;
    };
    let bytes = secrets.redact_bytes(&bytes).unwrap_or(bytes);
    if !bytes.is_empty() {
        // The text is evidence; a run does not fail for want of it.
        let _ = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(directory.join(ALL_STDERR))
            .and_then(|mut file| file.write_all(&bytes));
    }
}

/// The last 64 KiB of a file, as text.
pub(super) fn tail(path: &Path) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const TAIL: u64 = 64 << 10;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = fs::File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

pub(super) enum FileProblem {
    Missing,
    Unreadable(String),
}

pub(super) fn read_document(
    path: PathBuf,
    format: Format,
    key: Option<&str>,
    max: u64,
    secrets: &Secrets,
) -> Result<Document, FileProblem> {
    // A link would let a scanner pass any file of the user's for its report.
    if !is_plain_file(&path) {
        return Err(FileProblem::Missing);
    }
    let bytes = read_limited(&path, max).map_err(|error| match error {
        FileError::Missing(_) => FileProblem::Missing,
        other => FileProblem::Unreadable(other.to_string()),
    })?;
    let bytes = match secrets.redact_bytes(&bytes) {
        Some(redacted) => {
            fs::write(&path, &redacted)
                .map_err(|error| FileProblem::Unreadable(error.to_string()))?;
            redacted
        }
        None => bytes,
    };
    let report = read_expecting(&bytes, &[format]).map_err(|error| match error {
        ReadError::Empty => FileProblem::Missing,
        other => FileProblem::Unreadable(other.to_string()),
    })?;
    let has_key = key.is_none_or(|key| has_top_level_key(&bytes, key));
    Ok(Document {
        report,
        path,
        has_key,
    })
}

/// True when the document is an object with that key, and not `null` under it.
fn has_top_level_key(bytes: &[u8], key: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Keys(HashMap<String, Option<IgnoredAny>>);
    serde_json::from_slice::<Keys>(bytes)
        .is_ok_and(|keys| keys.0.get(key).is_some_and(Option::is_some))
}

pub(super) fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}

/// A path that no scanner misreads: Trivy takes a tag off at a colon, others a list apart at a
/// comma. A path with such characters gets a link with a plain name in the working directory.
pub(super) fn plain_path(path: &Path, directory: &Path) -> io::Result<String> {
    let plain = path.to_str().filter(|text| {
        text.starts_with('/')
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/._-+".contains(&b))
    });
    if let Some(plain) = plain {
        return Ok(plain.to_owned());
    }
    let name = if path.is_dir() { "image" } else { "image.tar" };
    symlink(path, directory.join(name))?;
    Ok(name.to_owned())
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
