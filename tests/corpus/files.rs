//! The corpus folder: where it is, what is in it, what its own list says about it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crosscheck::formats::{self, Format, ReadError};
use crosscheck::model::ScannerReport;

/// Environment variable that names the folder.
const VARIABLE: &str = "CROSSCHECK_CORPUS";

/// Folder of files that must be refused.
const MALFORMED: &str = "malformed";

/// Folder with one folder a case, each with several scanners' reports on one image.
const SAME_IMAGE: &str = "same-image";

/// One file of the corpus, read.
pub(crate) struct CorpusFile {
    /// Path below the corpus folder, with `/` between its parts.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
    /// What the reader makes of it.
    pub(crate) read: Result<ScannerReport, ReadError>,
}

impl CorpusFile {
    /// True for what has to be refused: everything under `malformed/`, and console text.
    pub(crate) fn must_be_refused(&self) -> bool {
        let is_text = Path::new(&self.name)
            .extension()
            .is_some_and(|extension| extension == "txt");
        is_text || self.name.split('/').any(|part| part == MALFORMED)
    }

    /// The last part of the name.
    pub(crate) fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The case under `same-image/` that this file belongs to.
    fn case(&self) -> Option<&str> {
        let mut parts = self.name.split('/');
        (parts.next() == Some(SAME_IMAGE)).then(|| parts.next())?
    }

    /// The text of the file and the format that it is taken for.
    pub(crate) fn text_and_format(&self) -> Result<(String, Format), ReadError> {
        let text = formats::decode(&self.bytes)?;
        let format = formats::detect(&text)?;
        Ok((text.into_owned(), format))
    }
}

/// The corpus, or `None` after a notice when this machine has none.
pub(crate) struct Corpus {
    root: PathBuf,
    files: Vec<CorpusFile>,
}

impl Corpus {
    /// The corpus of this run, read once.
    pub(crate) fn get() -> Option<&'static Self> {
        static CORPUS: OnceLock<Option<Corpus>> = OnceLock::new();
        CORPUS.get_or_init(Self::load).as_ref()
    }

    fn load() -> Option<Self> {
        let root = env::var_os(VARIABLE).map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
            PathBuf::from,
        );
        if !root.is_dir() {
            notice(&format!(
                "skipped: no corpus of scanner reports at {}; {VARIABLE} can name another folder",
                root.display()
            ));
            return None;
        }
        let mut names = Vec::new();
        walk(&root, "", &mut names);
        names.sort();
        let files = names
            .into_iter()
            .map(|name| {
                let bytes = fs::read(root.join(&name))
                    .unwrap_or_else(|error| panic!("{name}: cannot be opened: {error}"));
                let read = formats::read(&bytes);
                CorpusFile { name, bytes, read }
            })
            .collect();
        Some(Self { root, files })
    }

    /// Files that must be read.
    pub(crate) fn well_formed(&self) -> impl Iterator<Item = &CorpusFile> {
        self.files.iter().filter(|file| !file.must_be_refused())
    }

    /// Files that must be read, with their reports; those that are not are another test's failure.
    pub(crate) fn reports(&self) -> impl Iterator<Item = (&CorpusFile, &ScannerReport)> {
        self.well_formed()
            .filter_map(|file| Some((file, file.read.as_ref().ok()?)))
    }

    /// Files that must be refused.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &CorpusFile> {
        self.files.iter().filter(|file| file.must_be_refused())
    }

    /// The reports of every same-image case, by case.
    pub(crate) fn cases(&self) -> BTreeMap<&str, Vec<(&CorpusFile, &ScannerReport)>> {
        let mut cases: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (file, report) in self.reports() {
            if let Some(case) = file.case() {
                cases.entry(case).or_default().push((file, report));
            }
        }
        cases
    }

    /// Counts of entries by file as `SOURCES.tsv` gives them, where it gives a number.
    pub(crate) fn listed_counts(&self) -> BTreeMap<String, usize> {
        let Ok(text) = fs::read_to_string(self.root.join("SOURCES.tsv")) else {
            return BTreeMap::new();
        };
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let column = |name: &str| header.iter().position(|title| *title == name);
        let (Some(file), Some(count)) = (column("file"), column("vuln_entries")) else {
            return BTreeMap::new();
        };
        lines
            .filter_map(|line| {
                let cells: Vec<&str> = line.split('\t').collect();
                // `-1` and words mean that whoever made the list did not count.
                Some((
                    (*cells.get(file)?).to_owned(),
                    cells.get(count)?.parse().ok()?,
                ))
            })
            .collect()
    }
}

/// Names of all files below `folder` but hidden ones, the list of sources and other documentation.
fn walk(root: &Path, folder: &str, names: &mut Vec<String>) {
    let entries = fs::read_dir(root.join(folder))
        .unwrap_or_else(|error| panic!("{folder}: cannot be listed: {error}"));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{folder}: cannot be listed: {error}"));
        let Ok(base) = entry.file_name().into_string() else {
            panic!("{folder}: {} is not a UTF-8 name", entry.path().display());
        };
        let name = if folder.is_empty() {
            base.clone()
        } else {
            format!("{folder}/{base}")
        };
        if base.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            walk(root, &name, names);
        } else if !is_documentation(folder, &base) {
            names.push(name);
        }
    }
}

fn is_documentation(folder: &str, base: &str) -> bool {
    let stem = base.split('.').next().unwrap_or_default();
    let extension = Path::new(base).extension().and_then(|e| e.to_str());
    matches!(extension, Some("tsv" | "md"))
        || matches!(stem, "README" | "LICENSE" | "NOTICE" | "SOURCES")
        || (folder.is_empty() && extension.is_none())
}

/// Tells the person who runs the tests, whether the harness captures output or not.
pub(crate) fn notice(text: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(io::stderr(), "corpus: {text}");
}
