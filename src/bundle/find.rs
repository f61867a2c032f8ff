//! The images that a set of paths stands for: runs, reports that crosscheck wrote, and scanners'
//! report files, found in folders of any shape.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{INCOMPLETE, RUN, written};

/// How deep folders of runs may lie in each other.
const MAX_DEPTH: usize = 8;

/// One image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// The directory of a run, finished or not.
    Run(PathBuf),
    /// A report that crosscheck wrote.
    Written(PathBuf),
    /// Scanners' reports on one image, and package lists that go with them.
    Reports(Vec<PathBuf>),
}

impl Found {
    /// The path that names it to a person.
    pub fn path(&self) -> &Path {
        match self {
            Self::Run(path) | Self::Written(path) => path,
            Self::Reports(files) => match files.as_slice() {
                [only] => only,
                [first, ..] => first.parent().unwrap_or(first),
                [] => Path::new(""),
            },
        }
    }
}

/// What was found, and what could not be looked at.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The images, in the order of the paths, then of the names in them. Each run and each file is here
    /// once, by however many paths it is reached.
    pub found: Vec<Found>,
    /// What could not be looked at, one line each with the path and the remedy.
    pub problems: Vec<String>,
    /// What was passed over on purpose, one line each.
    pub notes: Vec<String>,
    /// Where the search was, by the paths that lead there without links.
    seen: HashSet<PathBuf>,
}

/// Finds images. A run's directory and a report of crosscheck stand for one image each; scanners'
/// report files that are given themselves stand for one image together; a folder stands for the runs
/// in it, at whatever depth, or, where it holds report files itself, for the image that they are
/// about.
pub fn find(paths: &[PathBuf]) -> Search {
    let mut search = Search::default();
    let mut files = Vec::new();
    for path in paths {
        if !search.is_new(path) {
            search
                .notes
                .push(format!("{}: given twice, counted once", path.display()));
        } else if path.is_dir() {
            let before = search.found.len() + search.problems.len() + search.notes.len();
            search.folder(path, MAX_DEPTH);
            if search.found.len() + search.problems.len() + search.notes.len() == before {
                search.problems.push(format!(
                    "{}: holds no run, which has a run.json, and no report files (*.json, *.sarif); give \
                     what `crosscheck scan --out` wrote",
                    path.display()
                ));
            }
        } else if written::is_ours(path) {
            search.found.push(Found::Written(path.clone()));
        } else {
            // Whether it is there and can be read shows when it is read.
            files.push(path.clone());
        }
    }
    if !files.is_empty() {
        search.found.push(Found::Reports(files));
    }
    search
}

impl Search {
    /// True the first time that a path leads to this place. What cannot be followed is new: it is told
    /// when it is read.
    fn is_new(&mut self, path: &Path) -> bool {
        match path.canonicalize() {
            Ok(place) => self.seen.insert(place),
            Err(_) => true,
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        if path.join(RUN).exists() || path.join(INCOMPLETE).exists() {
            self.found.push(Found::Run(path.to_owned()));
            return;
        }
        let entries = match entries(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.problems.push(format!(
                    "{}: cannot be read: {error}; check the permissions",
                    path.display()
                ));
                return;
            }
        };
        let new: Vec<PathBuf> = entries
            .into_iter()
            .filter(|entry| {
                let is_new = self.is_new(entry);
                if !is_new {
                    let note = format!("{}: reached twice, counted once", entry.display());
                    self.notes.push(note);
                }
                is_new
            })
            .collect();
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
            new.into_iter().partition(|entry| entry.is_dir());
        let reports: Vec<PathBuf> = files.into_iter().filter(|file| is_report(file)).collect();
        let (written, reports): (Vec<PathBuf>, Vec<PathBuf>) =
            reports.into_iter().partition(|file| written::is_ours(file));
        if reports.is_empty() {
            self.found.extend(written.into_iter().map(Found::Written));
        } else {
            self.found.push(Found::Reports(reports));
            let beside = |file: PathBuf| {
                let file = file.display();
                format!(
                    "{file}: left out: scanners' reports, from which it may be made, lie beside it"
                )
            };
            self.notes.extend(written.into_iter().map(beside));
        }
        for folder in folders {
            if depth == 0 {
                self.problems.push(format!(
                    "{}: lies too deep; give the folder itself",
                    folder.display()
                ));
            } else {
                self.folder(&folder, depth - 1);
            }
        }
    }
}

/// The entries of a folder by name, hidden ones left out.
fn entries(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// True for the names that report files have.
pub fn is_report(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json" || extension == "sarif")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    /// What is found below a root, in words.
    fn words(search: &Search, root: &Path) -> Vec<String> {
        let short = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        search
            .found
            .iter()
            .map(|found| match found {
                Found::Run(path) => format!("run {}", short(path)),
                Found::Written(path) => format!("written {}", short(path)),
                Found::Reports(files) => {
                    let names: Vec<String> = files.iter().map(|file| short(file)).collect();
                    format!("reports {}", names.join(" "))
                }
            })
            .collect()
    }

    const OURS: &str =
        r#"{ "schema_version": "1", "tool": { "name": "crosscheck", "version": "9" }"#;

    #[test]
    fn a_folder_stands_for_the_images_in_it() {
        let root = tree(&[
            ("b/run.json", "{}"),
            ("b/raw/trivy.json", "{}"),
            ("a/deep/.incomplete", ""),
            ("c/trivy.json", "{}"),
            ("c/grype.json", "{}"),
            ("c/notes.txt", ""),
            ("d/one.json", OURS),
            (".hidden/run.json", "{}"),
        ]);
        let search = find(&[root.path().to_owned()]);
        assert_eq!(
            words(&search, root.path()),
            [
                "run a/deep",
                "run b",
                "reports c/grype.json c/trivy.json",
                "written d/one.json"
            ]
        );
        assert!(search.problems.is_empty(), "{:?}", search.problems);
    }

    #[test]
    fn files_that_are_given_are_about_one_image() {
        let root = tree(&[
            ("trivy.json", "{}"),
            ("grype.json", "{}"),
            ("old.json", OURS),
        ]);
        let paths = ["trivy.json", "old.json", "grype.json", "missing.json"];
        let search = find(&paths.map(|name| root.path().join(name)));
        assert_eq!(
            words(&search, root.path()),
            [
                "written old.json",
                "reports trivy.json grype.json missing.json"
            ]
        );
    }

    #[test]
    fn an_empty_folder_is_a_problem() {
        let root = tree(&[("empty/readme.txt", "")]);
        let search = find(&[root.path().join("empty")]);
        assert!(search.found.is_empty());
        assert!(
            search.problems[0].contains("holds no run"),
            "{:?}",
            search.problems
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_what_they_lead_to_is_counted_once() {
        use std::os::unix::fs::symlink;
        let elsewhere = tree(&[("run.json", "{}")]);
        let root = tree(&[("a/run.json", "{}")]);
        symlink(root.path(), root.path().join("back")).unwrap();
        symlink(root.path().join("a"), root.path().join("same")).unwrap();
        symlink(elsewhere.path(), root.path().join("there")).unwrap();
        let search = find(&[root.path().to_owned(), root.path().join("a")]);
        assert_eq!(words(&search, root.path()), ["run a", "run there"]);
        assert!(search.problems.is_empty(), "{:?}", search.problems);
        assert_eq!(search.notes.len(), 3, "{:?}", search.notes);
    }

    #[test]
    fn a_report_beside_those_that_it_was_made_from_is_no_image_of_its_own() {
        let root = tree(&[("a/trivy.json", "{}"), ("a/report.json", OURS)]);
        let search = find(&[root.path().to_owned()]);
        assert_eq!(words(&search, root.path()), ["reports a/trivy.json"]);
        assert!(
            search.notes[0].contains("report.json: left out"),
            "{:?}",
            search.notes
        );
    }

    #[test]
    fn every_folder_that_lies_too_deep_is_told() {
        let deep = "1/2/3/4/5/6/7/8";
        let root = tree(&[
            (&format!("{deep}/a/run.json"), "{}"),
            (&format!("{deep}/b/run.json"), "{}"),
        ]);
        let search = find(&[root.path().to_owned()]);
        assert!(search.found.is_empty());
        assert_eq!(search.problems.len(), 2, "{:?}", search.problems);
    }
}
