//! Floor 4: one policy over what all scanners found. Pure: the moment for which rules are in force
//! is a value that is passed in.
//!
//! [`parse`] reads a file, [`Policy::resolve`] picks a profile, [`decide()`] decides on each finding,
//! [`judge()`] on the run.

mod acknowledged;
mod cases;
mod circumstances;
pub mod cuda;
mod decide;
mod document;
pub mod edit;
pub mod enrichment;
pub mod foreign;
mod ignore;
mod inputs;
mod judge;
mod pattern;
mod problem;
mod profiles;
mod read;
mod resolve;
mod review;
mod rules;
mod scalar;
mod scope;
mod show;
mod usage;
mod values;
mod versions;
pub mod vex;
mod yaml;

#[cfg(test)]
mod tests;

pub use cases::{
    Case, CaseFile, CaseFinding, CaseLayer, CasePackage, CaseResult, Expectation, read_cases,
    run_case,
};
pub use circumstances::{Circumstances, Drivers};
pub use decide::decide;
pub use document::*;
pub use inputs::{HostRecord, HostsRecord, InputFile, InputKind, Inputs};
pub use judge::{database_notes, judge, missing_scanners};
pub use problem::{PolicyError, PolicyErrors, Problem};
pub use resolve::{Policy, ResolvedPolicy, ScannerRules, parse};
pub use review::{Warning, review, review_run};
pub use show::{Setting, settings};

/// The JSON Schema (draft 2020-12) of a policy file. Editors use it to complete and check; what
/// only a reader of the whole can see (unknown profiles, circles, a rule without an end) is checked
/// by [`parse`].
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

/// The JSON Schema (draft 2020-12) of a file of cases that test a policy ([`read_cases`]).
pub fn cases_schema() -> schemars::Schema {
    schemars::schema_for!(CaseFile)
}
