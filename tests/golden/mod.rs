//! Golden cases kept as JSON lines: one line is one case and one test, named by its id.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// The texts of a list; none for anything else.
#[allow(
    dead_code,
    reason = "each test target compiles its own copy and uses part of it"
)]
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The `*.jsonl` files of a folder below `tests` and of the one that the variable names.
fn files(folder: &str, variable: &str) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut files = Vec::new();
    for folder in std::iter::once(own).chain(std::env::var_os(variable).map(PathBuf::from)) {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        files.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|e| e == "jsonl")),
        );
    }
    files.sort();
    files
}

/// Runs every case of `tests/FOLDER` and of the folder that the variable names. Lines without `key`
/// are cases of another kind, which may stand in the same foreign folder.
pub(crate) fn run(
    folder: &str,
    variable: &str,
    key: &str,
    check: fn(&Value) -> Result<(), Failed>,
) -> ! {
    let mut tests = Vec::new();
    let mut names = BTreeSet::new();
    for file in files(folder, variable) {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            if case[key].is_null() {
                continue;
            }
            let id = case["id"].as_str().unwrap().to_owned();
            assert!(
                names.insert(id.clone()),
                "{}: {id} is there twice",
                file.display()
            );
            tests.push(Trial::test(id, move || check(&case)));
        }
    }
    assert!(!tests.is_empty(), "no cases found");
    libtest_mimic::run(&Arguments::from_args(), tests).exit()
}
