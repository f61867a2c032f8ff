//! The house has floors (`CONTRIBUTING.md`): a module may use its own floor's helpers and lower
//! floors, never a higher one.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::path::{Path, PathBuf};

/// Modules from the ground up; those in one row may not use each other.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["formats", "nvidia"],
    &["reconcile"],
    &["policy", "coverage"],
    &["analysis", "explanation"],
    &["scanners", "image", "host", "feeds"],
    &["bundle"],
    &["report"],
    &["cli"],
];

/// Neighbours on one floor that may use each other.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("scanners", "image"),
    ("host", "scanners"),
    ("feeds", "scanners"),
    ("feeds", "image"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|row| row.contains(&module))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Names right after `crate::` or `crosscheck::` in a source text.
fn used_modules(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("crate::")
        .chain(text.match_indices("crosscheck::"))
        .flat_map(|(at, found)| {
            let rest = text[at + found.len()..].trim_start_matches('{');
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            std::iter::once(&rest[..end])
        })
}

#[test]
fn no_floor_imports_a_higher_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        let Some(own) = floor(module) else { continue };
        checked += 1;
        let text = std::fs::read_to_string(file).unwrap();
        for used in used_modules(&text) {
            let Some(theirs) = floor(used) else { continue };
            let neighbour = NEIGHBOURS.contains(&(module, used));
            if theirs > own || (theirs == own && used != module && !neighbour) {
                wrong.push(format!("{} uses crate::{used}", relative.display()));
            }
        }
    }
    assert!(
        checked > 20,
        "only {checked} files found: did the layout change?"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
