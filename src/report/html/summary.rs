//! The first screen: the answer, what to do first, and whether the scanners can be trusted.

use std::io;

use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::report::{Report, RunOutcome, ScannerSummary};
use crate::model::{Action, Outcome};
use crate::report::phrases::{self, count};
use crate::report::table as text_table;
use crate::report::upgrades::{Upgrade, upgrades};

/// Upgrades on the first screen. With more, the scanners would begin below it.
const FIRST_UPGRADES: usize = 5;

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
        insufficient(html, report)?;
        html.element("dl", &[("class", "facts")], |html| {
            html.element("div", &[], |html| {
                html.leaf("dt", &[], "Scanners")?;
                html.element("dd", &[], |html| results(html, report))
            })?;
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

/// Why the results are not enough to trust, if they are not.
fn insufficient(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let lead = phrases::insufficient(report);
    let mut reasons = report.verdict.insufficient.iter();
    reasons.try_for_each(|reason| {
        html.leaf("p", &[("class", "warning")], &format!("{lead}: {reason}"))
    })
}

/// Each scanner and how it ended.
fn results(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    for (place, scanner) in phrases::by_trust(report).into_iter().enumerate() {
        if place > 0 {
            html.text(", ")?;
        }
        let (class, word) = status(scanner);
        let text = format!("{}: {word}", scanner.title);
        html.leaf("span", &[("class", class)], &text)?;
    }
    Ok(())
}

/// The mark for how a scanner ended, and the word beside it.
fn status(scanner: &ScannerSummary) -> (&'static str, &'static str) {
    let mark = match scanner.outcome {
        Outcome::Completed => "mark good",
        Outcome::Partial { .. } => "mark medium",
        Outcome::Failed(_) => "mark critical",
    };
    (mark, phrases::status(&scanner.outcome))
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

/// What to do: first what makes the results enough to trust, then what resolves most.
pub(super) fn todo(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "todo")], |html| {
        html.leaf("h2", &[], "What to do first")?;
        let upgrades = upgrades(&report.findings);
        let (shown, more) = upgrades.split_at(upgrades.len().min(FIRST_UPGRADES));
        let blocking = report.verdict.blocking;
        let missing = missing(report);
        let unfixed = unfixed(report);
        html.element("ol", &[("class", "steps")], |html| {
            for reason in &report.verdict.insufficient {
                step(html, "make the results enough to trust:", reason)?;
            }
            for upgrade in shown {
                html.element("li", &[], |html| resolving(html, upgrade, blocking))?;
            }
            for (what, how) in &missing {
                step(html, what, how)?;
            }
            if let Some(text) = &unfixed {
                step(html, "replace the package, or ignore with a reason:", text)?;
            }
            let is_done = upgrades.is_empty() && missing.is_empty();
            let verdict = &report.verdict;
            let is_pass = verdict.outcome == RunOutcome::Pass && verdict.insufficient.is_empty();
            if is_done && is_pass {
                let text =
                    "Nothing: no upgrade resolves a finding, and every scanner gave a result.";
                html.leaf("li", &[], text)?;
            }
            Ok(())
        })?;
        if more.is_empty() {
            return Ok(());
        }
        let more = count(more.len(), "more upgrade", "more upgrades");
        let text = format!("and {more}: the HTML page lists all findings with their fixes.");
        html.leaf("p", &[("class", "remark")], &text)
    })
}

fn step(html: &mut Markup<'_>, what: &str, how: &str) -> io::Result<()> {
    html.element("li", &[], |html| {
        html.leaf("strong", &[], what)?;
        html.text(" ")?;
        html.leaf("span", &[], how)
    })
}

/// An upgrade and what it resolves of the findings, `blocking` of which block.
fn resolving(html: &mut Markup<'_>, upgrade: &Upgrade<'_>, blocking: usize) -> io::Result<()> {
    let all = upgrade.findings.len();
    let resolves = match upgrade.blocking {
        0 => {
            let findings = count(all, "finding", "findings");
            format!("resolves {findings}, none of which blocks")
        }
        number => format!(
            "resolves {number} of {} ({all} in all)",
            count(blocking, "blocking finding", "blocking findings")
        ),
    };
    html.leaf("strong", &[], &upgrade.sentence())?;
    html.text(" ")?;
    html.leaf("span", &[], &resolves)?;
    html.text(" ")?;
    let worst = upgrade.worst();
    let class = table::severity_class(worst);
    html.leaf("span", &[("class", class)], &format!("worst: {worst}"))
}

/// The results to get, and how. Required scanners that failed are reasons of the verdict.
fn missing(report: &Report) -> Vec<(String, &str)> {
    let scanners = report.scanners.iter();
    let missing = scanners.filter_map(|scanner| match &scanner.outcome {
        Outcome::Failed(_) if scanner.required => None,
        Outcome::Failed(failure) => {
            let what = format!("get a result of {}:", scanner.title);
            Some((what, failure.remedy.as_str()))
        }
        Outcome::Partial { missing } => {
            let what = format!("get the whole result of {}; missing:", scanner.title);
            Some((what, missing.as_str()))
        }
        Outcome::Completed => None,
    });
    missing.collect()
}

/// How many blocking findings no upgrade resolves, if any.
fn unfixed(report: &Report) -> Option<String> {
    let blocking = report.with_action(Action::Block);
    let unfixed = blocking.filter(|finding| finding.fix.recommended.is_none());
    let unfixed = unfixed.count();
    let has = if unfixed == 1 { "has" } else { "have" };
    let all = count(
        report.verdict.blocking,
        "blocking finding",
        "blocking findings",
    );
    (unfixed > 0).then(|| format!("{unfixed} of {all} {has} no version to upgrade to"))
}

/// Every scanner and whether it can be trusted; missing and failed ones first.
pub(super) fn scanners(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    html.element("section", &[("id", "scanners")], |html| {
        html.leaf("h2", &[], "Scanners")?;
        insufficient(html, report)?;
        let caption = phrases::trusted(report);
        let head = ["Status", "Scanner", "Result", "Version", "Database"];
        let missing = report.policy.missing_scanners.iter().map(|scanner| {
            vec![
                Cell::Mark("mark critical", phrases::MISSING.to_owned()),
                phrases::missing(scanner).into(),
                Cell::Lines(phrases::NOT_RUN.map(str::to_owned).to_vec()),
                "not known".into(),
                "not known".into(),
            ]
        });
        let ended = phrases::by_trust(report).into_iter().map(|scanner| {
            let (class, word) = status(scanner);
            let built = scanner.database_built.as_deref();
            let database = built.map(|built| phrases::database(built, &report.evaluated_at));
            vec![
                Cell::Mark(class, word.to_owned()),
                phrases::scanner(scanner).into(),
                Cell::Lines(text_table::scanner_result(scanner)),
                scanner.version.as_deref().unwrap_or("not known").into(),
                database.unwrap_or_else(|| "not known".to_owned()).into(),
            ]
        });
        table::write(html, &caption, &head, missing.chain(ended))
    })
}
