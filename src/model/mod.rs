//! Floor 1: plain types. Nothing here reads a file, a clock or another floor.

pub mod changes;
pub mod comparison;
pub mod cvss;
pub mod finding;
pub mod ids;
pub mod package;
pub mod relation;
pub mod report;
pub mod run;
pub mod scanner;
pub mod severity;
pub mod verdict;
pub mod version;
pub mod vex;

pub use cvss::Cvss;
pub use finding::*;
pub use ids::{AdvisoryId, IdRole};
pub use package::{Ecosystem, Location, Package, SourcePackage};
pub use relation::{Relation, RelationKind};
pub use run::{
    Capabilities, Failure, FailureKind, LeavesOwned, Outcome, ScannerRun, SkippedPackages,
};
pub use scanner::*;
pub use severity::{Rating, RatingSource, Severity};
pub use verdict::{Cause, ScannerVerdict, Strength, Verdict};
pub use vex::{Justification, VexStatus};
