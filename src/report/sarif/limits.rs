//! What fits into a file that GitHub takes, and what is left out of one that does not.
//!
//! The limits are those of GitHub's documentation, "SARIF support for code scanning": 10 MB compressed
//! by gzip, 25,000 results and rules a run of which 5,000 results are kept, 1,000 locations a result of
//! which 100 are kept, 20 tags a rule of which 10 are kept, 100 extensions. What GitHub would not keep
//! is not written, because it says nowhere what it dropped.

use std::cmp::Reverse;
use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::document::Document;
use super::run;
use crate::model::report::Report;
use crate::model::{Action, Finding};
use crate::report::json::write_json;
use crate::report::{Options, identity, phrases};

/// Results of a run.
const RESULTS: usize = 5_000;
/// Bytes of the file compressed by gzip, a little below the limit: another gzip may give more.
const COMPRESSED: u64 = 9_500_000;
/// Locations of a result, and members of lists in its properties.
pub(super) const PLACES: usize = 100;
/// Tags of a rule.
pub(super) const TAGS: usize = 10;
/// Extensions of the tool.
pub(super) const EXTENSIONS: usize = 100;
/// Notifications of the run.
pub(super) const NOTIFICATIONS: usize = 200;
/// Characters of a rule's short and full description.
pub(super) const DESCRIPTION: usize = 1_024;
/// Packages in a rule's help.
pub(super) const HELP_PACKAGES: usize = 25;
/// Characters of any other text.
pub(super) const TEXT: usize = 500;

/// How much is told of a vulnerability; each step leaves more out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    Full,
    WithoutHelp,
    WithoutDescriptions,
}

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Findings that the policy ignores; no lack of room.
    pub(super) ignored: usize,
    /// Findings.
    pub(super) results: usize,
    /// Findings to write, were there room for all.
    all: usize,
    detail: Detail,
    /// Scanners that are not among the extensions.
    scanners: usize,
}

impl Cut {
    /// One sentence for each kind of thing that there is no room for.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.results > 0 {
            sentences.push(format!(
                "SARIF: {} of {} findings are left out, the mildest, because GitHub keeps no more \
                 than {RESULTS} results and {} MB; the JSON report has all",
                self.results,
                self.all,
                COMPRESSED.div_ceil(1_000_000),
            ));
        }
        if self.detail > Detail::Full {
            sentences.push(format!(
                "SARIF: the {} of vulnerabilities are left out, because GitHub takes no more than {} MB; \
                 the JSON report has them",
                self.texts().join(" and "),
                COMPRESSED.div_ceil(1_000_000),
            ));
        }
        if self.scanners > 0 {
            sentences.push(format!(
                "SARIF: {} of more than {EXTENSIONS} are not named",
                phrases::count(self.scanners, "scanner", "scanners"),
            ));
        }
        sentences
    }

    /// The texts that are left out.
    pub(super) fn texts(&self) -> Vec<&'static str> {
        match self.detail {
            Detail::Full => vec![],
            Detail::WithoutHelp => vec!["help texts"],
            Detail::WithoutDescriptions => vec!["help texts", "descriptions"],
        }
    }
}

/// A finding that is written.
pub(super) struct Listed<'a> {
    pub(super) finding: &'a Finding,
    /// See [`identity::fingerprints`].
    pub(super) fingerprint: String,
}

/// The document that fits, and what is not in it.
pub(super) fn fitting(report: &Report, options: &Options) -> (Document, Cut) {
    fitting_in(report, options, RESULTS, COMPRESSED)
}

fn fitting_in(report: &Report, options: &Options, most: usize, compressed: u64) -> (Document, Cut) {
    let listed = worst_first(report, options);
    let make = |number: usize, detail: Detail| {
        let number = number.min(listed.len());
        let cut = Cut {
            ignored: report.findings.len() - listed.len(),
            results: listed.len() - number,
            all: listed.len(),
            detail,
            scanners: report.scanners.len().saturating_sub(EXTENSIONS),
        };
        let listed = listed.get(..number).unwrap_or_default();
        (run::document(report, options, listed, detail, &cut), cut)
    };
    for detail in [Detail::Full, Detail::WithoutHelp] {
        let made = make(most, detail);
        if fits(&made.0, compressed) {
            return made;
        }
    }
    let mut number = most.min(listed.len());
    loop {
        let made = make(number, Detail::WithoutDescriptions);
        if number == 0 || fits(&made.0, compressed) {
            return made;
        }
        number = number * 3 / 4;
    }
}

/// The findings to write: what the policy makes most of first, then the worse, then in the report's order.
fn worst_first<'a>(report: &'a Report, options: &Options) -> Vec<Listed<'a>> {
    let action = |finding: &Finding| finding.decision.as_ref().map(|decision| decision.action);
    let fingerprints = identity::fingerprints(report);
    let all = report.findings.iter().zip(fingerprints);
    let mut listed: Vec<Listed<'a>> = all
        .filter(|(finding, _)| options.include_ignored || action(finding) != Some(Action::Ignore))
        .map(|(finding, fingerprint)| Listed {
            finding,
            fingerprint,
        })
        .collect();
    listed.sort_by_key(|listed| {
        let action = action(listed.finding).unwrap_or(Action::Track);
        Reverse((action, listed.finding.severity.level))
    });
    listed
}

/// Whether a document has no more than that many bytes when it is compressed.
fn fits(document: &Document, compressed: u64) -> bool {
    let mut plain = Counter(0);
    let mut packed = GzEncoder::new(Counter(0), Compression::fast());
    // A counter takes everything.
    if write_json(document, &mut plain).is_err() {
        return false;
    }
    // What does not shrink grows by five bytes in 16 KiB (RFC 1951 §3.2.4) and the header.
    if plain.0 + plain.0 / 1_000 + 100 <= compressed {
        return true;
    }
    let written = write_json(document, &mut packed).and_then(|()| packed.finish());
    written.is_ok_and(|counter| counter.0 <= compressed)
}

/// Counts bytes.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::image::digest::sha256;

    /// A report of so many findings whose texts hardly shrink.
    fn report(findings: usize) -> Report {
        let findings: Vec<_> = (0..findings)
            .map(|number| {
                let id = format!("CVE-2026-{number:05}");
                let text = |seed: &str| sha256(format!("{seed}{number}").as_bytes());
                json!({
                    "key": format!("{id}@deb/x"),
                    "vulnerability": {
                        "id": id, "aliases": [], "state": "active", "known_exploited": false,
                        "title": text("title"),
                        "description": (0..20).map(|part| text(&format!("{part} "))).collect::<String>(),
                    },
                    "package": {"ecosystem": "deb", "name": format!("x{number}")},
                    "instances": [], "ratings": [], "observations": [], "verdicts": {},
                    "severity": {
                        "level": "high", "rule": "", "lowest": "high", "highest": "high",
                        "disputed": false,
                    },
                    "fix": {"state": "unknown"},
                })
            })
            .collect();
        serde_json::from_value(json!({
            "schema_version": "1",
            "tool": {"name": "crosscheck", "version": "0.1.0"},
            "evaluated_at": "2026-11-24T09:30:00Z",
            "target": {"reference": "nginx"},
            "verdict": {"outcome": "pass", "exit_code": 0, "blocking": 0},
            "scanners": [], "findings": findings, "unchecked": [], "suppressed": [],
            "policy": {"source": "", "profile": "", "severity": ""},
            "summary": {
                "findings": 0, "vulnerabilities": 0, "packages": 0, "instances": 0,
                "by_severity": {}, "by_action": {}, "fixable": 0,
            },
            "coverage": {"scanners": [], "pairs": [], "shared_by_all": 0},
            "accounting": [], "diagnostics": [],
        }))
        .unwrap()
    }

    #[test]
    fn help_texts_go_first_then_descriptions_then_the_mildest_findings() {
        let report = report(20);
        let mut steps: Vec<(Detail, usize)> = Vec::new();
        let mut limit = 200_000;
        while limit > 0 {
            let (document, cut) = fitting_in(&report, &Options::default(), 15, limit);
            let [run] = &document.runs;
            assert_eq!(run.results.len() + cut.results, 20);
            assert!(fits(&document, limit) || run.results.is_empty());
            steps.push((cut.detail, cut.results));
            limit = limit * 9 / 10;
        }
        assert!(steps.is_sorted(), "{steps:?}");
        assert_eq!(steps.first(), Some(&(Detail::Full, 5)));
        assert!(steps.contains(&(Detail::WithoutHelp, 5)), "{steps:?}");
        assert!(
            steps.contains(&(Detail::WithoutDescriptions, 5)),
            "{steps:?}"
        );
        assert_eq!(steps.last(), Some(&(Detail::WithoutDescriptions, 20)));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let (document, cut) = fitting_in(&report(20), &Options::default(), 15, 6_000);
        let sentences = cut.sentences();
        assert_eq!(sentences.len(), 2, "{sentences:?}");
        assert!(
            sentences[0].contains("of 20 findings are left out"),
            "{sentences:?}"
        );
        assert!(
            sentences[1].contains("help texts and descriptions"),
            "{sentences:?}"
        );
        let [run] = &document.runs;
        let [invocation] = &run.invocations;
        let told = invocation.tool_execution_notifications.iter();
        let told: Vec<&str> = told.map(|note| note.message.text.as_str()).collect();
        assert_eq!(told, sentences);
        assert_eq!(run.properties.results_left_out, cut.results);
    }

    #[test]
    fn nothing_is_said_where_everything_fits() {
        let (_, cut) = fitting(&report(3), &Options::default());
        assert_eq!(cut.sentences(), Vec::<String>::new());
    }
}
