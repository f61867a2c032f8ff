//! The scan: who, when, of what, and whether it can be trusted.

use std::str::FromStr as _;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::document::{Message, Named, Scan, ScanOption, Tool};
use super::entry::{TEXT, named};
use crate::image::ImageReference;
use crate::model::report::{ImageName, Report, RunOutcome, TargetSummary};
use crate::report::escape::line;
use crate::report::{identity, phrases};

/// Messages of a scan.
const MESSAGES: usize = 200;

/// The scan. Of its time one moment is known, that for which the policy was applied.
pub(super) fn scan(report: &Report) -> Scan {
    let name = named(&report.tool.name, "crosscheck");
    let tool = Tool {
        id: name.clone(),
        name: name.clone(),
        version: named(&report.tool.version, "unknown"),
        vendor: Named { name },
    };
    let time = time(&report.evaluated_at);
    Scan {
        analyzer: tool.clone(),
        scanner: tool,
        start_time: time.clone(),
        end_time: time,
        status: match report.verdict.outcome {
            RunOutcome::Insufficient => "failure",
            RunOutcome::Pass | RunOutcome::Block => "success",
        },
        kind: "container_scanning",
        messages: messages(report),
        options: vec![
            option("image", &report.target.reference, "argument"),
            option("policy", &report.policy.source, "file"),
            option("profile", &report.policy.profile, "other"),
        ],
    }
}

fn option(name: &'static str, value: &str, source: &'static str) -> ScanOption {
    ScanOption {
        name,
        value: line(value, TEXT),
        source,
    }
}

/// In UTC without offset and fraction, as the schema wants it. A report that somebody wrote may have
/// no such moment.
fn time(moment: &str) -> String {
    let moment: Timestamp = moment.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let moment = Offset::UTC.to_datetime(moment);
    moment.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn messages(report: &Report) -> Vec<Message> {
    let insufficient = report.verdict.insufficient.iter();
    let insufficient = insufficient.map(|why| ("fatal", why.clone()));
    let scanners = report.scanners.iter().filter_map(|scanner| {
        let text = phrases::shortcoming(&scanner.title, &scanner.outcome)?;
        Some(("warn", text))
    });
    insufficient
        .chain(scanners)
        .take(MESSAGES)
        .map(|(level, value)| Message {
            level,
            value: named(&value, "no reason is given"),
        })
        .collect()
}

/// The image with its tag, which GitLab leaves out where it looks like a hash. A digest would make each
/// build another image to it; the scan's options name it.
pub(super) fn image(target: &TargetSummary) -> String {
    let repository = identity::repository(target);
    let tag = match target.name() {
        ImageName::Registry(name) => ImageReference::from_str(name)
            .ok()
            .and_then(|reference| reference.tag().map(str::to_owned)),
        ImageName::Path(_) => None,
    };
    let name = match tag {
        Some(tag) => format!("{repository}:{tag}"),
        None => repository,
    };
    named(&name, "image")
}

/// `debian 12.5`; never empty, by the schema.
pub(super) fn operating_system(target: &TargetSummary) -> String {
    let distro = target.distro.as_ref();
    let distro = distro.map(|distro| format!("{} {}", distro.family, distro.version));
    named(&distro.unwrap_or_default(), "unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_tag_and_no_digest() {
        let digest = format!("@sha256:{}", "a".repeat(64));
        for (reference, expected) in [
            ("nginx:1.25", "nginx:1.25"),
            (&format!("ghcr.io/a/b{digest}"), "ghcr.io/a/b"),
            (
                &format!("localhost:5000/a/b:1{digest}"),
                "localhost:5000/a/b:1",
            ),
            ("docker-archive:/tmp/x/app.tar", "app.tar"),
        ] {
            let target = TargetSummary {
                reference: reference.to_owned(),
                ..TargetSummary::default()
            };
            assert_eq!(image(&target), expected, "{reference}");
        }
        assert_eq!(operating_system(&TargetSummary::default()), "unknown");
    }

    #[test]
    fn a_time_has_neither_offset_nor_fraction() {
        assert_eq!(time("2026-11-24T10:30:00.25+01:00"), "2026-11-24T09:30:00");
        assert_eq!(time("yesterday"), "1970-01-01T00:00:00");
    }
}
