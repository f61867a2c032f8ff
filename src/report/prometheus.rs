//! Gauges for Prometheus: a file for the textfile collector of its node exporter, in the text format
//! 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! Every sample carries `image`, `platform` and `profile`, so that files of several images and profiles
//! lie side by side: the collector refuses two samples of one name with the same labels. The image is
//! named by its repository and tag. No label holds a digest or a vulnerability, of which there are new
//! ones every day. There are no timestamps beside the samples, with which the collector drops a file.
//!
//! Samples whose labels do not depend on the findings are always there, zeros too, so that alerts find
//! them. One for a thing that nobody knows, such as the day of a database, is left out.

use std::collections::BTreeMap;
use std::io;
use std::str::FromStr as _;

use jiff::Timestamp;

use super::{Description, escape, identity, no_warnings, phrases};
use crate::image::ImageReference;
use crate::model::report::{ImageName, Report, RunOutcome, ScannerSummary, TargetSummary};
use crate::model::{Action, Finding, Severity};

/// Gauges for a dashboard.
pub(super) const FORMAT: Description = Description {
    name: "prometheus",
    title: "gauges for Prometheus' textfile collector",
    file_name: "report.prom",
    is_page: false,
    write: |report, _, out| write(report, out),
    warnings: no_warnings,
};

/// Characters of a label's value.
const LIMIT: usize = 300;

/// Every action, the one that weighs most first.
const ACTIONS: [Action; 4] = [Action::Block, Action::Warn, Action::Track, Action::Ignore];

/// Writes the gauges.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let target = &report.target;
    let platform = target.platform.as_deref().unwrap_or_default();
    let mut out = Gauges {
        common: [
            ("image", &*image(target)),
            ("platform", platform),
            ("profile", &report.policy.profile),
        ]
        .map(|(name, value)| label(name, value))
        .join(","),
        out,
    };
    let verdict = &report.verdict;
    out.one(
        "policy_pass",
        "1 if the policy lets the image pass, 0 if a finding blocks or too few results can be trusted.",
        u8::from(verdict.outcome == RunOutcome::Pass),
    )?;
    out.one(
        "exit_code",
        "Exit code of the verdict: 0 pass, 1 findings block, 3 too few results can be trusted.",
        verdict.exit_code,
    )?;
    out.findings(&report.findings)?;
    out.one(
        "fixable_findings",
        "Findings that are not ignored and that a newer version resolves.",
        open(report)
            .filter(|finding| phrases::is_fixable(finding))
            .count(),
    )?;
    out.one(
        "known_exploited_findings",
        "Findings that are not ignored and whose vulnerability is known to be exploited.",
        open(report)
            .filter(|finding| finding.vulnerability.known_exploited)
            .count(),
    )?;
    out.one(
        "unchecked_packages",
        "Installed packages that no scanner of the run assesses.",
        report.unchecked.len(),
    )?;
    out.scanners(report)?;
    if let Some(seconds) = seconds(&report.evaluated_at) {
        out.one(
            "evaluated_timestamp_seconds",
            "When the policy was applied, in seconds since 1970.",
            seconds,
        )?;
    }
    out.head(
        "build_info",
        "The version of crosscheck that wrote this file.",
    )?;
    out.sample("build_info", &[("version", &report.tool.version)], 1)
}

/// The image as it was named, without what says where it comes from and without a digest.
fn image(target: &TargetSummary) -> String {
    let repository = identity::repository(target);
    let reference = match target.name() {
        ImageName::Registry(name) => ImageReference::from_str(name).ok(),
        ImageName::Path(_) => None,
    };
    match reference.as_ref().and_then(ImageReference::tag) {
        Some(tag) => format!("{repository}:{tag}"),
        None => repository,
    }
}

/// The findings that count: all but the ignored ones.
fn open(report: &Report) -> impl Iterator<Item = &Finding> {
    let findings = report.findings.iter();
    findings.filter(|finding| {
        let decision = finding.decision.as_ref();
        decision.is_none_or(|decision| decision.action != Action::Ignore)
    })
}

fn seconds(moment: &str) -> Option<i64> {
    let moment: Timestamp = moment.parse().ok()?;
    Some(moment.as_second())
}

/// Where samples go, each with the labels that all have.
struct Gauges<'a> {
    common: String,
    out: &'a mut dyn io::Write,
}

impl Gauges<'_> {
    /// Begins a gauge. The help is the same text in every file, as the collector wants it.
    fn head(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP crosscheck_{name} {help}")?;
        writeln!(self.out, "# TYPE crosscheck_{name} gauge")
    }

    fn sample(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        value: impl std::fmt::Display,
    ) -> io::Result<()> {
        write!(self.out, "crosscheck_{name}{{{}", self.common)?;
        for (name, value) in labels {
            write!(self.out, ",{}", label(name, value))?;
        }
        writeln!(self.out, "}} {value}")
    }

    /// A gauge with one sample.
    fn one(&mut self, name: &str, help: &str, value: impl std::fmt::Display) -> io::Result<()> {
        self.head(name, help)?;
        self.sample(name, &[], value)
    }

    /// How many findings there are of each severity and action.
    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        let mut counts: BTreeMap<(Severity, Option<Action>), usize> = BTreeMap::new();
        for finding in findings {
            let action = finding.decision.as_ref().map(|decision| decision.action);
            *counts.entry((finding.severity.level, action)).or_default() += 1;
        }
        self.head(
            "findings",
            "Findings by severity and by what the policy does with them.",
        )?;
        for severity in Severity::WORST_FIRST {
            for action in ACTIONS {
                let count = counts.get(&(severity, Some(action)));
                let labels = [("severity", severity.as_str()), ("action", action.as_str())];
                self.sample("findings", &labels, count.copied().unwrap_or_default())?;
            }
            if let Some(count) = counts.get(&(severity, None)) {
                let labels = [("severity", severity.as_str()), ("action", "undecided")];
                self.sample("findings", &labels, count)?;
            }
        }
        Ok(())
    }

    fn scanners(&mut self, report: &Report) -> io::Result<()> {
        // One that gave several reports failed if it failed once, took the sum of their times, and
        // is as old as the oldest of its databases.
        let mut by_id: BTreeMap<&str, Vec<&ScannerSummary>> = BTreeMap::new();
        for scanner in &report.scanners {
            by_id.entry(scanner.id.as_str()).or_default().push(scanner);
        }
        // One that the policy demands and that was no part of the run has none.
        for scanner in &report.policy.missing_scanners {
            by_id.entry(scanner.as_str()).or_default();
        }
        self.each(
            &by_id,
            "scanner_success",
            "1 if the scanner gave a result that can be trusted, 0 if it failed or a required one did not run.",
            |runs| {
                let succeeded = runs.iter().all(|run| run.outcome.is_trustworthy());
                Some(u8::from(succeeded && !runs.is_empty()))
            },
        )?;
        self.each(
            &by_id,
            "scan_duration_seconds",
            "Wall time of the scanner.",
            |runs| {
                let times: Option<Vec<u64>> = runs.iter().map(|run| run.duration_ms).collect();
                let times = times.filter(|times| !times.is_empty());
                let milliseconds = times?.into_iter().fold(0, u64::saturating_add);
                Some(phrases::seconds(milliseconds))
            },
        )?;
        self.each(
            &by_id,
            "scanner_database_timestamp_seconds",
            "When the scanner's database was built, in seconds since 1970.",
            |runs| {
                let built = runs.iter().filter_map(|run| run.database_built.as_deref());
                built.filter_map(seconds).min()
            },
        )?;
        let mut unreadable: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &report.accounting {
            *unreadable.entry(row.scanner.as_str()).or_default() += row.unreadable;
        }
        self.head(
            "unreadable_entries",
            "Entries of the scanner's reports that could not be read.",
        )?;
        for (scanner, entries) in unreadable {
            self.sample("unreadable_entries", &[("scanner", scanner)], entries)?;
        }
        Ok(())
    }

    /// A gauge with a sample for each scanner that `value` knows something of.
    fn each<V: std::fmt::Display>(
        &mut self,
        scanners: &BTreeMap<&str, Vec<&ScannerSummary>>,
        name: &str,
        help: &str,
        value: impl Fn(&[&ScannerSummary]) -> Option<V>,
    ) -> io::Result<()> {
        self.head(name, help)?;
        for (scanner, runs) in scanners {
            if let Some(value) = value(runs) {
                self.sample(name, &[("scanner", scanner)], value)?;
            }
        }
        Ok(())
    }
}

/// `name="value"`, on one line.
fn label(name: &str, value: &str) -> String {
    let value = escape::limited(value, LIMIT);
    let value = value.replace('\\', r"\\").replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_tag_and_no_digest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (reference, expected) in [
            ("registry:ghcr.io/a/b:1.2", "ghcr.io/a/b:1.2"),
            (&*format!("ghcr.io/a/b:1.2@{digest}"), "ghcr.io/a/b:1.2"),
            (&*format!("nginx@{digest}"), "nginx"),
            ("docker-archive:/tmp/x/app.tar", "app.tar"),
        ] {
            let target = TargetSummary {
                reference: reference.to_owned(),
                ..TargetSummary::default()
            };
            assert_eq!(image(&target), expected);
        }
    }

    #[test]
    fn a_label_stays_within_its_quotes() {
        assert_eq!(label("a", "x\"} 1\n\\"), r#"a="x\"} 1\\n\\""#);
    }
}
