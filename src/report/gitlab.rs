//! GitLab's container scanning report, version 15.0.7 of its schema: the newest that all supported
//! GitLab versions take.
//!
//! One entry a finding. GitLab knows a vulnerability again by the image without its tag, the name of
//! the package and the first identifier, so that names have to be the same in every run: the package
//! is the group (the source package for operating system packages), the first identifier the
//! vulnerability's own id. The version is no part of it: of entries for one vulnerability in two
//! versions of a package GitLab keeps one. Each entry of such names the other versions too, whichever
//! is kept.
//!
//! GitLab has no severity below low and calls negligible low. It has nothing for findings that a
//! policy ignores: they are left out unless asked for ([`Options::include_ignored`]), and then say
//! first that they are ignored. Its only flag, *likely false positive*, stands on those that a VEX
//! document calls not affected and on no others.
//!
//! The scan's `status` is `failure` when the verdict is that the results are not enough; scanners that
//! gave none are in its `messages` in any case.

mod document;
mod entry;
mod scan;

use std::io;

use serde::{Serialize, Serializer};

use self::entry::{Entries, copies};
use super::json::write_json;
use super::{Description, Options, identity};
use crate::model::Action;
use crate::model::report::Report;

/// For the security pages of a GitLab project.
pub(super) const FORMAT: Description = Description {
    name: "gitlab",
    title: "GitLab's container scanning report",
    file_name: "gl-container-scanning-report.json",
    is_page: false,
    write,
    warnings: |report, _| {
        let warning = identity::name_warning(&report.target, "GitLab");
        warning.into_iter().collect()
    },
};

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scan: document::Scan,
    vulnerabilities: Vulnerabilities<'a>,
}

/// Made one by one while they are written: there may be a hundred thousand.
struct Vulnerabilities<'a> {
    report: &'a Report,
    include_ignored: bool,
}

impl Serialize for Vulnerabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = Entries {
            report: self.report,
            image: scan::image(&self.report.target),
            operating_system: scan::operating_system(&self.report.target),
            copies: copies(self.report),
        };
        let fingerprints = identity::fingerprints(self.report);
        let findings = self.report.findings.iter().zip(fingerprints);
        serializer.collect_seq(
            findings
                .filter(|(finding, _)| {
                    let action = finding.decision.as_ref().map(|decision| decision.action);
                    self.include_ignored || action != Some(Action::Ignore)
                })
                .map(|(finding, fingerprint)| entries.entry(finding, &fingerprint)),
        )
    }
}

/// Writes the report.
///
/// # Errors
///
/// Only those of `out`.
fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        version: "15.0.7",
        scan: scan::scan(report),
        vulnerabilities: Vulnerabilities {
            report,
            include_ignored: options.include_ignored,
        },
    };
    write_json(&document, out)
}
