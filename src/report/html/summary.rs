//! The first screen: the answer, what to do first, and whether the scanners can be trusted.

use std::io;

use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::report::{Report, RunOutcome, ScannerSummary};
use crate::model::{Action, Finding, Outcome};
use crate::report::phrases::{self, count};
use crate::report::table as text_table;
use crate::report::upgrades::upgrades;

/// Upgrades on the first screen.
const FIRST_UPGRADES: usize = 8;

/// The answer, and what it is about.
pub(super) fn verdict(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let verdict = &report.verdict;
    let (class, word) = match verdict.outcome {
        RunOutcome::Pass => ("outcome pass", "Pass"),
        RunOutcome::Block => ("outcome block", "Blocked"),
        RunOutcome::Insufficient => ("outcome insufficient", "Insufficient"),
    };
    html.element("section", &[("id", "verdict"), ("class", class)], |html| {
        html.leaf("h2", &[], &format!("Verdict: {word}"))?;
        html.leaf(
            "p",
            &[("class", "sentence")],
            &crate::report::sentence(report),
        )?;
        for reason in &verdict.insufficient {
            let lead = match verdict.outcome {
                RunOutcome::Block => "Also not enough to trust:",
                RunOutcome::Pass | RunOutcome::Insufficient => "Not enough:",
            };
            html.leaf("p", &[("class", "warning")], &format!("{lead} {reason}"))?;
        }
        html.element("dl", &[("class", "facts")], |html| {
            for (name, value) in facts(report) {
                html.element("div", &[], |html| {
                    html.leaf("dt", &[], name)?;
                    html.leaf("dd", &[], &value)
                })?;
            }
            Ok(())
        })
    })
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let target = &report.target;
    let digest = target
        .manifest_digest
        .as_ref()
        .or(target.config_digest.as_ref());
    let distro = target.distro.as_ref().map(text_table::distro);
    let platform: Vec<String> = target.platform.clone().into_iter().chain(distro).collect();
    let policy = &report.policy;
    let policy = format!(
        "{}, profile {}, severity by {}",
        policy.source, policy.profile, policy.severity
    );
    let facts = [
        ("Image", Some(target.reference.clone())),
        ("Digest", digest.cloned()),
        ("Platform", Some(platform.join(", "))),
        ("Policy", Some(policy)),
        ("Exit code", Some(report.verdict.exit_code.to_string())),
        ("Evaluated at", Some(report.evaluated_at.clone())),
        ("Counts", Some(text_table::counts(&report.summary))),
    ];
    let facts = facts.into_iter();
    facts
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

/// What to do, what helps most first.
pub(super) fn todo(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "todo")], |html| {
        html.leaf("h2", &[], "What to do first")?;
        let upgrades = upgrades(&report.findings);
        let blocking: Vec<&Finding> = report.with_action(Action::Block).collect();
        let failed = report
            .scanners
            .iter()
            .filter_map(|scanner| match &scanner.outcome {
                Outcome::Failed(failure) => Some((scanner, failure)),
                _ => None,
            });
        let mut is_empty = true;
        html.element("ol", &[("class", "steps")], |html| {
            for upgrade in upgrades.iter().take(FIRST_UPGRADES) {
                is_empty = false;
                let all = upgrade.findings.len();
                let resolves = match upgrade.blocking {
                    0 => {
                        let findings = count(all, "finding", "findings");
                        format!("resolves {findings}, none of which blocks")
                    }
                    number => format!(
                        "resolves {number} of {} ({all} in all)",
                        count(blocking.len(), "blocking finding", "blocking findings")
                    ),
                };
                html.element("li", &[], |html| {
                    html.leaf("strong", &[], &upgrade.sentence())?;
                    html.text(" ")?;
                    html.leaf("span", &[], &resolves)?;
                    html.text(" ")?;
                    let worst = upgrade.worst();
                    let class = table::severity_class(worst);
                    html.leaf("span", &[("class", class)], &format!("worst: {worst}"))
                })?;
            }
            for (scanner, failure) in failed {
                is_empty = false;
                html.element("li", &[], |html| {
                    html.leaf("strong", &[], &format!("get a result of {}", scanner.title))?;
                    html.text(" ")?;
                    html.leaf("span", &[], &failure.remedy)
                })?;
            }
            if is_empty {
                html.leaf(
                    "li",
                    &[],
                    "Nothing: no upgrade resolves a finding, and every scanner gave a result.",
                )?;
            }
            Ok(())
        })?;
        remarks(html, upgrades.len(), &blocking)
    })
}

fn remarks(html: &mut Markup<'_>, upgrades: usize, blocking: &[&Finding]) -> io::Result<()> {
    if upgrades > FIRST_UPGRADES {
        let more = count(upgrades - FIRST_UPGRADES, "more upgrade", "more upgrades");
        let text = format!("and {more}: filter the findings by their fix.");
        html.leaf("p", &[("class", "remark")], &text)?;
    }
    let unfixed = blocking
        .iter()
        .filter(|finding| finding.fix.recommended.is_none())
        .count();
    if unfixed > 0 {
        let text = format!(
            "{} of {} {} no version to upgrade to: replace the package, or give the policy a \
             reason to ignore it.",
            unfixed,
            count(blocking.len(), "blocking finding", "blocking findings"),
            if unfixed == 1 { "has" } else { "have" },
        );
        html.leaf("p", &[("class", "remark")], &text)?;
    }
    Ok(())
}

/// Every scanner and whether it can be trusted; failed ones first.
pub(super) fn scanners(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let mut scanners: Vec<&ScannerSummary> = report.scanners.iter().collect();
    scanners.sort_by_key(|scanner| match scanner.outcome {
        Outcome::Failed(_) => 0,
        Outcome::Partial { .. } => 1,
        Outcome::Completed => 2,
    });
    let trusted = scanners
        .iter()
        .filter(|scanner| scanner.outcome.is_trustworthy())
        .count();
    html.element("section", &[("id", "scanners")], |html| {
        html.leaf("h2", &[], "Scanners")?;
        let caption = format!("{trusted} of {} gave a result", scanners.len());
        let head = ["Status", "Scanner", "Result", "Version", "Database"];
        let rows = scanners.iter().map(|scanner| {
            let (class, word) = match scanner.outcome {
                Outcome::Completed => ("mark good", "ok"),
                Outcome::Partial { .. } => ("mark medium", "partial"),
                Outcome::Failed(_) => ("mark critical", "failed"),
            };
            let title = if scanner.required {
                format!("{} (required)", scanner.title)
            } else {
                scanner.title.clone()
            };
            let built = scanner.database_built.as_deref();
            let database = built.map(|built| phrases::database(built, &report.evaluated_at));
            vec![
                Cell::Mark(class, word.to_owned()),
                title.into(),
                Cell::Lines(text_table::scanner_result(scanner)),
                scanner.version.as_deref().unwrap_or("not known").into(),
                database.unwrap_or_else(|| "not known".to_owned()).into(),
            ]
        });
        table::write(html, &caption, &head, rows)
    })
}
