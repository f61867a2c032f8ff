//! The three kinds of patterns in ignore rules.

use globset::{Glob, GlobBuilder};

/// A pattern over names: `*` crosses `/` (npm scopes, Go paths), case does not matter.
pub(super) fn name_pattern(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text)
        .case_insensitive(true)
        .backslash_escape(true)
        .build()
}

/// A pattern over versions and package URLs: `*` crosses `/`, case matters.
pub(super) fn exact_pattern(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).backslash_escape(true).build()
}

/// A pattern over paths: `*` stays within a directory, `**` does not.
pub(super) fn path_pattern(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
}
