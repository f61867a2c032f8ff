//! What a decision depends on besides the policy and the finding.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// What a decision depends on besides the policy and the finding.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The moment for which rules are in force or expired, and up to which ages are counted.
    pub now: Timestamp,
    /// Names of all installed packages; `None` when no report or SBOM lists all of them.
    pub installed: Option<&'a BTreeSet<String>>,
    /// Digests of the base image's layers; `None` when the base image is not known.
    pub base_layers: Option<&'a BTreeSet<String>>,
}

impl Circumstances<'_> {
    /// A moment and nothing else.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            installed: None,
            base_layers: None,
        }
    }
}
