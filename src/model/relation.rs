//! How findings that were not joined belong together all the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::Strength;

/// What two findings have to do with each other.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// One vulnerability in one set of files that two package managers know: the Debian package
    /// `python3-urllib3` and the PyPI distribution `urllib3` that it installs. Two remedies, so two
    /// findings; counted once in [`super::report::Summary::physical_findings`].
    SameFiles,
    /// Perhaps one flaw or one package under two names, but no report says so. For display: a wrong
    /// join hides a flaw, a missing one only costs a second look.
    SuspectedSame,
    /// A report lists the other vulnerability as related, which does not make it the same.
    Related,
}

impl RelationKind {
    /// The name as in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameFiles => "same-files",
            Self::SuspectedSame => "suspected-same",
            Self::Related => "related",
        }
    }
}

/// A finding's relation to another finding of the report. The other one has its mirror image.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Relation {
    /// What they have to do with each other.
    pub kind: RelationKind,
    /// Key of the other finding.
    pub finding: String,
    /// *Proven* where a record says so, such as the package manager's file list; *inferred* where
    /// names and versions do.
    pub strength: Strength,
    /// What says so, in one sentence.
    pub evidence: String,
}
