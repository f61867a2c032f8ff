//! SARIF 2.1.0 for GitHub's code scanning.
//!
//! One run, with crosscheck as its tool and the scanners as the tool's extensions. A rule is a
//! vulnerability, a result a finding. GitHub reads the security severity from the rule and not from
//! the result, so that of several packages with different severities the worst one counts there.
//!
//! A result's level is the policy's decision: `error` for what blocks, `warning` for what is warned
//! of, `note` for what is only tracked; GitHub can require a branch to have no `error`. Where no
//! policy decided, the severity stands for it.
//!
//! Ignored findings are left out unless asked for ([`Options::include_ignored`]): GitHub shows
//! suppressed results as open alerts. When they are written, they have `suppressions`.
//!
//! GitHub knows an alert again by `partialFingerprints` alone (`identity::fingerprints`), and keeps
//! apart what different categories say: `automationDetails.id` names the image's repository and the
//! platform, so that two images in one GitHub repository do not close each other's alerts. Neither
//! holds a tag or a digest, or each build would open all alerts anew.
//!
//! What GitHub takes is limited (see `limits`). What does not fit is left out in this order: help
//! texts, descriptions, the mildest findings. A notification of the run, its properties and
//! [`warnings`](super::warnings) say so.

mod document;
mod limits;
mod place;
mod result;
mod rule;
mod run;
mod score;
mod text;

use std::io;

use super::json::write_json;
use super::{Description, Options, identity};
use crate::model::report::Report;

/// For code scanning.
pub(super) const FORMAT: Description = Description {
    name: "sarif",
    title: "SARIF 2.1.0 for GitHub code scanning",
    file_name: "report.sarif",
    is_page: false,
    write,
    warnings,
};

/// Writes the report.
///
/// # Errors
///
/// Only those of `out`.
fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let (document, _) = limits::fitting(report, options);
    write_json(&document, out)
}

/// What is not in the file because there is no room for it, and whose alerts may be mixed up.
fn warnings(report: &Report, options: &Options) -> Vec<String> {
    let (_, cut) = limits::fitting(report, options);
    let mut warnings = cut.sentences();
    warnings.extend(identity::name_warning(&report.target, "SARIF"));
    warnings
}
