//! Floor 6: the run bundle, one directory a run that holds everything the answer was made from.
//!
//! ```text
//! run.json             what was scanned, with what, and how each scanner ended; written last
//! raw/<scanner>.json   the scanner's report;  raw/<scanner>.stderr  its error output
//! sbom/…               package lists
//! inputs/…             what the policy drew on: VEX documents, lists of exploitation, hosts
//! policy.yaml, report.json, report.…
//! ```
//!
//! Reading a bundle again gives the same [`ScannerRun`]s as the scan did, so that a report can be
//! made anew from it, under another policy too. Files are readable by the user alone: they name
//! flaws that are not mended yet.

pub mod find;
pub mod imports;
mod record;
pub mod written;

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

pub use crate::scanners::files::{FileError, MAX_REPORT_BYTES, read_limited};
pub use record::{InputRecord, PolicyRecord, RunRecord, TargetRecord};

use crate::formats::{Format, ReadError, read_expecting};
use crate::image::digest::sha256;
use crate::model::{Failure, FailureKind, Outcome, ScannerReport, ScannerRun};
use crate::policy::InputFile;
use crate::scanners::files::{create_private_dir, write_whole};
use crate::scanners::{FileRecord, ScannerRecord, assemble, combine};

/// Name of the record; where it is missing the run is incomplete.
const RUN: &str = "run.json";
/// The policy that was applied.
const POLICY: &str = "policy.yaml";
/// Marks a directory as a run that is not finished.
const INCOMPLETE: &str = ".incomplete";
/// Directories of every run.
const DIRECTORIES: [&str; 2] = ["raw", "sbom"];
/// The directory for what the policy drew on, where it drew on anything.
const INPUTS: &str = "inputs";
/// Start of the name of a runner's temporary directory, left behind only by a killed process.
const WORK_PREFIX: &str = ".work-";
/// A record is kilobytes.
const MAX_RECORD: u64 = 64 << 20;

/// True for a path inside a run's directory that belongs to the record of the run: writing there would
/// destroy it.
pub fn is_record(inside: &Path) -> bool {
    let Some(Component::Normal(first)) = inside.components().next() else {
        return true;
    };
    let records = DIRECTORIES
        .into_iter()
        .chain([INPUTS, RUN, POLICY, INCOMPLETE]);
    records.into_iter().any(|name| first == name)
}

/// A finished run on disk.
#[derive(Clone, Debug)]
pub struct Bundle {
    directory: PathBuf,
    record: RunRecord,
}

/// A run on disk that is not finished yet.
#[derive(Debug)]
pub struct Draft {
    directory: PathBuf,
}

/// Why a directory cannot serve as a bundle. Every kind names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Files that are not a run's.
    #[error(
        "{}: holds `{entry}`, which no run wrote; give an empty or a new directory", directory.display()
    )]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// An entry of it.
        entry: String,
    },
    /// No such directory, or a file.
    #[error("{}: no such directory; give the directory of a run", .0.display())]
    NoDirectory(PathBuf),
    /// A run that did not get to its end.
    #[error("{}: the run is incomplete, it has no `run.json`; run the scan again", .0.display())]
    Incomplete(PathBuf),
    /// A directory without anything of a run.
    #[error("{}: not a run, it has no `run.json`; give a directory that `crosscheck scan --out` wrote", .0.display())]
    NotARun(PathBuf),
    /// A record that cannot be understood.
    #[error("{}: line {line}, column {column}: {message}; the file was altered, run the scan again", path.display())]
    Malformed {
        /// The record.
        path: PathBuf,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// A record of a later layout.
    #[error("{}: written in layout {found}, this version reads {}; update crosscheck", path.display(), record::SCHEMA_VERSION)]
    Version {
        /// The record.
        path: PathBuf,
        /// Its layout.
        found: String,
    },
    /// A file of the run that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that is not what the run wrote.
    #[error(
        "{}: altered since the run: its SHA-256 is {found}, `run.json` says {expected}; restore the file or run the scan again", path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// Digest of what is there, hex.
        found: String,
        /// Digest in the record, hex.
        expected: String,
    },
    /// A file name in the record that leads out of the run.
    #[error("{}: names the file `{name}`, which is not in the run; the record was altered", path.display())]
    Outside {
        /// The record.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A policy that is no text.
    #[error("{}: not UTF-8; restore the file, or give another policy with --policy", path.display())]
    NotText {
        /// The policy.
        path: PathBuf,
    },
    /// A package list that cannot be read any more.
    #[error("{}: {error}", path.display())]
    Inventory {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: ReadError,
    },
    /// The operating system refuses.
    #[error("{}: cannot be written: {error}; check the permissions and the free space", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

impl Bundle {
    /// Begins a run in a new or empty directory, or in that of an earlier run, which it replaces.
    ///
    /// # Errors
    /// [`BundleError::Foreign`] when there is anything in the directory that no run wrote;
    /// [`BundleError::Unwritable`].
    pub fn create(directory: &Path) -> Result<Draft, BundleError> {
        let unwritable = |error| BundleError::Unwritable {
            path: directory.to_owned(),
            error,
        };
        create_private_dir(directory).map_err(unwritable)?;
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory).map_err(unwritable)? {
            entries.push(
                entry
                    .map_err(unwritable)?
                    .file_name()
                    .to_string_lossy()
                    .into_owned(),
            );
        }
        entries.sort();
        let is_ours = entries.iter().any(|name| name == INCOMPLETE)
            || read_limited(&directory.join(RUN), MAX_RECORD)
                .is_ok_and(|bytes| record::is_ours(&bytes));
        let foreign = entries.iter().find(|name| !(is_ours && is_of_a_run(name)));
        if let Some(entry) = foreign {
            return Err(BundleError::Foreign {
                directory: directory.to_owned(),
                entry: entry.escape_debug().to_string(),
            });
        }
        let draft = Draft {
            directory: directory.to_owned(),
        };
        // The mark comes first: from here to the end the directory is never taken for a whole run.
        draft.write(INCOMPLETE, b"")?;
        for name in entries.iter().filter(|name| *name != INCOMPLETE) {
            let path = directory.join(name);
            let is_directory = path
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_dir());
            let removed = if is_directory {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(|error| BundleError::Unwritable { path, error })?;
        }
        for name in DIRECTORIES {
            let path = directory.join(name);
            create_private_dir(&path).map_err(|error| BundleError::Unwritable { path, error })?;
        }
        Ok(draft)
    }

    /// Opens a finished run: reads its record and checks that its files are there. What is in them
    /// is checked when they are read.
    ///
    /// # Errors
    /// [`BundleError`] names the file and the remedy.
    pub fn open(directory: &Path) -> Result<Self, BundleError> {
        if !directory.is_dir() {
            return Err(BundleError::NoDirectory(directory.to_owned()));
        }
        let path = directory.join(RUN);
        if directory.join(INCOMPLETE).exists() {
            return Err(BundleError::Incomplete(directory.to_owned()));
        }
        let bytes = match read_limited(&path, MAX_RECORD) {
            Err(FileError::Missing(_)) => return Err(BundleError::NotARun(directory.to_owned())),
            other => other?,
        };
        let record = record::read(&bytes).map_err(|problem| match problem {
            record::Problem::Version(found) => BundleError::Version {
                path: path.clone(),
                found,
            },
            record::Problem::Json(error) => BundleError::Malformed {
                path: path.clone(),
                line: error.line(),
                column: error.column(),
                message: error.to_string(),
            },
        })?;
        let bundle = Self {
            directory: directory.to_owned(),
            record,
        };
        let of_scanners = bundle.record.scanners.iter().flat_map(|scanner| {
            [&scanner.report, &scanner.inventory, &scanner.stderr]
                .into_iter()
                .flatten()
        });
        let of_policy = bundle.record.inputs.iter().map(|input| &input.file);
        for file in of_scanners
            .chain(&bundle.record.inventories)
            .chain(of_policy)
        {
            let path = bundle.path_of(file)?;
            if !path.is_file() {
                return Err(FileError::Missing(path).into());
            }
        }
        Ok(bundle)
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The record.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// The scanners' runs, read from their raw reports. A report that cannot be understood any
    /// more makes its scanner failed; the others are not concerned.
    ///
    /// # Errors
    /// A file is missing or was altered: then nothing in the run can be trusted.
    pub fn runs(&self) -> Result<Vec<ScannerRun>, BundleError> {
        self.record
            .scanners
            .iter()
            .map(|scanner| self.run(scanner))
            .collect()
    }

    fn run(&self, scanner: &ScannerRecord) -> Result<ScannerRun, BundleError> {
        let mut files = Vec::new();
        for file in [&scanner.report, &scanner.inventory].into_iter().flatten() {
            files.push((file, self.verified(file)?));
        }
        if !scanner.outcome.is_trustworthy() {
            return Ok(assemble(scanner, None));
        }
        let mut reports = files.iter().map(|(file, bytes)| {
            parse(file, bytes).map_err(|error| format!("{}: {error}", file.path))
        });
        let read = match reports.next() {
            Some(Ok(report)) => match reports.next().transpose() {
                Ok(inventory) => Ok(combine(&scanner.id, report, inventory)),
                Err(why) => Err(why),
            },
            Some(Err(why)) => Err(why),
            None => Err("`run.json` names no report for it".to_owned()),
        };
        match read {
            Ok(report) => Ok(assemble(scanner, Some(report))),
            Err(cause) => {
                let mut failed = scanner.clone();
                failed.outcome = Outcome::Failed(Failure {
                    kind: FailureKind::BadReport,
                    cause,
                    remedy: "read the run with the version of crosscheck that wrote it, or run the scan again".to_owned(),
                });
                Ok(assemble(&failed, None))
            }
        }
    }

    /// The policy that was applied: its path and text; `None` when the run keeps none.
    ///
    /// # Errors
    /// The file cannot be read, was altered, or is not UTF-8.
    pub fn policy(&self) -> Result<Option<(PathBuf, String)>, BundleError> {
        let path = self.directory.join(POLICY);
        match read_limited(&path, MAX_RECORD) {
            Err(FileError::Missing(_)) if self.record.policy.is_none() => Ok(None),
            Err(error) => Err(error.into()),
            Ok(bytes) => {
                if let Some(record) = &self.record.policy {
                    unaltered(&path, &bytes, &record.sha256)?;
                }
                match String::from_utf8(bytes) {
                    Ok(text) => Ok(Some((path, text))),
                    Err(_) => Err(BundleError::NotText { path }),
                }
            }
        }
    }

    /// The package lists that the user gave for the run.
    ///
    /// # Errors
    /// A file is missing, was altered, or is not a package list.
    pub fn inventories(&self) -> Result<Vec<ScannerReport>, BundleError> {
        let read = |file: &FileRecord| {
            let bytes = self.verified(file)?;
            parse(file, &bytes).map_err(|error| BundleError::Inventory {
                path: self.directory.join(&file.path),
                error,
            })
        };
        self.record.inventories.iter().map(read).collect()
    }

    /// What the policy drew on besides the reports.
    ///
    /// # Errors
    /// A file is missing or was altered.
    pub fn inputs(&self) -> Result<Vec<InputFile>, BundleError> {
        let read = |input: &InputRecord| {
            Ok(InputFile {
                kind: input.kind,
                name: input.name.clone(),
                by_policy: input.by_policy,
                bytes: self.verified(&input.file)?,
            })
        };
        self.record.inputs.iter().map(read).collect()
    }

    /// Writes a further file of the run: a report made from it.
    ///
    /// # Errors
    /// [`BundleError::Unwritable`], [`BundleError::Outside`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, BundleError> {
        write(&self.directory, name, bytes)
    }

    fn path_of(&self, file: &FileRecord) -> Result<PathBuf, BundleError> {
        inside(&self.directory, &file.path)
    }

    fn verified(&self, file: &FileRecord) -> Result<Vec<u8>, BundleError> {
        let path = self.path_of(file)?;
        let bytes = read_limited(&path, MAX_REPORT_BYTES)?;
        unaltered(&path, &bytes, &file.sha256)?;
        Ok(bytes)
    }
}

impl Draft {
    /// The directory, for [`crate::scanners::ScanRequest::root`].
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file of the run: the policy, a report.
    ///
    /// # Errors
    /// [`BundleError::Unwritable`], [`BundleError::Outside`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, BundleError> {
        write(&self.directory, name, bytes)
    }

    /// Keeps a package list that the user gave, for [`RunRecord::inventories`].
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub fn add_inventory(
        &self,
        index: usize,
        format: Format,
        bytes: &[u8],
    ) -> Result<FileRecord, BundleError> {
        let path = format!("sbom/given-{index}.{}.json", format.name());
        self.write(&path, bytes)?;
        Ok(FileRecord {
            path,
            sha256: sha256(bytes),
            bytes: bytes.len() as u64,
            format: Some(format.name().to_owned()),
        })
    }

    /// Keeps a file that the policy draws on, for [`RunRecord::inputs`].
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub fn add_input(&self, index: usize, input: &InputFile) -> Result<InputRecord, BundleError> {
        let kind = input.kind;
        let folder = self.directory.join(INPUTS);
        create_private_dir(&folder).map_err(|error| BundleError::Unwritable {
            path: folder.clone(),
            error,
        })?;
        let path = format!("{INPUTS}/{index}-{}.{}", kind.as_str(), kind.extension());
        self.write(&path, &input.bytes)?;
        Ok(InputRecord {
            kind,
            name: input.name.clone(),
            by_policy: input.by_policy,
            file: FileRecord {
                path,
                sha256: sha256(&input.bytes),
                bytes: input.bytes.len() as u64,
                format: None,
            },
        })
    }

    /// Writes the record, and so makes the run whole.
    ///
    /// # Errors
    /// [`BundleError::Unwritable`].
    pub fn finish(self, record: RunRecord) -> Result<Bundle, BundleError> {
        let path = self.directory.join(RUN);
        let unwritable = |error| BundleError::Unwritable {
            path: path.clone(),
            error,
        };
        let mut json =
            serde_json::to_vec_pretty(&record).map_err(|error| unwritable(error.into()))?;
        json.push(b'\n');
        write_whole(&path, &json).map_err(unwritable)?;
        fs::remove_file(self.directory.join(INCOMPLETE)).map_err(unwritable)?;
        Ok(Bundle {
            directory: self.directory,
            record,
        })
    }
}

/// True for the names that a run's directory can hold.
fn is_of_a_run(name: &str) -> bool {
    matches!(name, RUN | INCOMPLETE | POLICY | INPUTS)
        || DIRECTORIES.contains(&name)
        || name.starts_with("report.")
        || name.starts_with(WORK_PREFIX)
        || name == "run.json.part"
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, BundleError> {
    let path = inside(directory, name)?;
    match write_whole(&path, bytes) {
        Ok(()) => Ok(path),
        Err(error) => Err(BundleError::Unwritable { path, error }),
    }
}

/// A path below the directory; a record can be forged, and must not lead to other files.
fn inside(directory: &Path, name: &str) -> Result<PathBuf, BundleError> {
    let mut parts = Path::new(name).components();
    if !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_))) {
        Ok(directory.join(name))
    } else {
        Err(BundleError::Outside {
            path: directory.join(RUN),
            name: name.escape_debug().to_string(),
        })
    }
}

/// Checks a file's content against the digest in the record, hex.
fn unaltered(path: &Path, bytes: &[u8], expected: &str) -> Result<(), BundleError> {
    let found = sha256(bytes);
    if found == expected {
        Ok(())
    } else {
        Err(BundleError::Altered {
            path: path.to_owned(),
            found,
            expected: expected.to_owned(),
        })
    }
}

fn parse(file: &FileRecord, bytes: &[u8]) -> Result<ScannerReport, ReadError> {
    match file.format.as_deref().and_then(Format::from_name) {
        Some(format) => read_expecting(bytes, &[format]),
        None => crate::formats::read(bytes),
    }
}

#[cfg(test)]
mod tests;
