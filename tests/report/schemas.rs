//! Official schemas: see tests/data/schemas/README.md.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

/// The validator of a schema in this repository.
pub(crate) fn vendored(name: &str) -> Validator {
    validator(&root().join("tests/data/schemas").join(name))
}

/// The validator of a schema that may not be copied here, if this machine has it.
#[expect(clippy::print_stdout, reason = "says which check is left out")]
pub(crate) fn elsewhere(name: &str) -> Option<Validator> {
    let folder = std::env::var_os("CROSSCHECK_SCHEMAS");
    let folder = folder.map_or_else(|| root().join("../shared/reference/schemas"), PathBuf::from);
    let path = folder.join(name);
    if path.is_file() {
        return Some(validator(&path));
    }
    println!("not checked: {} is not there", path.display());
    None
}

/// What is wrong with a document, each with its place.
pub(crate) fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error:.200}", error.instance_path()))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator(path: &Path) -> Validator {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}
