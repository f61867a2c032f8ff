//! Where opinions on severity differ, what the policy ignores and on whose word, and what of the policy
//! wants a person's attention.

use std::collections::BTreeMap;
use std::io;

use super::detail::evidence_lines;
use super::markup::Markup;
use super::table::{self, Cell};
use crate::model::report::{PolicySummary, Report};
use crate::model::{Action, Evidence, Finding, Severity};
use crate::report::phrases::{self, count};

/// Findings whose ratings are far apart.
pub(super) fn severities(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let disputed: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity.disputed)
        .collect();
    html.element("section", &[("id", "severities")], |html| {
        html.leaf("h2", &[], "Severity disagreements")?;
        let text = match disputed.len() {
            0 => "No finding is rated two bands or more apart.".to_owned(),
            number => format!(
                "{} rated two bands or more apart. Severity is resolved by {}.",
                count(number, "finding is", "findings are"),
                report.policy.severity
            ),
        };
        html.leaf("p", &[], &text)?;
        let head = ["Vulnerability", "Package", "Counts as", "Range", "Ratings"];
        let rows = disputed.iter().map(|finding| {
            let severity = &finding.severity;
            vec![
                Cell::Finding(finding),
                phrases::package(finding).into(),
                severity.level.into(),
                phrases::disputed_range(severity).unwrap_or_default().into(),
                ratings(finding).into(),
            ]
        });
        table::write(html, "Ratings far apart", &head, rows)
    })
}

/// Who rates it how, worst first: `critical: nvd, snyk; low: debian`.
fn ratings(finding: &Finding) -> String {
    let mut by_severity: BTreeMap<Severity, Vec<&str>> = BTreeMap::new();
    for rating in &finding.ratings {
        by_severity
            .entry(rating.severity)
            .or_default()
            .push(rating.source.name());
    }
    let parts: Vec<String> = by_severity
        .into_iter()
        .rev()
        .map(|(severity, sources)| format!("{severity}: {}", phrases::names(sources)))
        .collect();
    parts.join("; ")
}

/// What the policy leaves out of account, and on whose word.
pub(super) fn ignored(html: &mut Markup<'_>, report: &Report) -> io::Result<()> {
    let ignored: Vec<&Finding> = report.with_action(Action::Ignore).collect();
    html.element("section", &[("id", "ignored")], |html| {
        html.leaf("h2", &[], "Ignored and mitigated")?;
        let (mitigated, accepted): (Vec<&Finding>, Vec<&Finding>) = ignored
            .into_iter()
            .partition(|finding| is_mitigated(finding));
        if mitigated.is_empty() && accepted.is_empty() {
            html.leaf("p", &[], "The policy ignores nothing.")?;
        }
        list(html, report, "Mitigated by the hosts' drivers", &mitigated)?;
        list(
            html,
            report,
            "Ignored by a rule or a VEX statement",
            &accepted,
        )?;
        attention(html, &report.policy)
    })
}

fn is_mitigated(finding: &Finding) -> bool {
    let decision = finding.decision.as_ref();
    let evidence = decision.and_then(|decision| decision.rule.evidence.as_ref());
    matches!(evidence, Some(Evidence::HostDriver(_)))
}

fn list(
    html: &mut Markup<'_>,
    report: &Report,
    title: &str,
    findings: &[&Finding],
) -> io::Result<()> {
    let severities = phrases::severities(findings.iter().copied());
    let caption = format!("{title} ({}: {severities})", findings.len());
    let head = [
        "Severity",
        "Vulnerability",
        "Package",
        "Reason",
        "Owner",
        "Expires",
        "Rule and evidence",
    ];
    let rows = findings.iter().filter_map(|finding| {
        let rule = &finding.decision.as_ref()?.rule;
        let evidence = rule.evidence.iter().flat_map(evidence_lines);
        Some(vec![
            finding.severity.level.into(),
            Cell::Finding(finding),
            phrases::package(finding).into(),
            rule.reason.as_str().into(),
            rule.owner.as_deref().unwrap_or("no owner").into(),
            phrases::expiry(rule.expires.as_deref(), &report.evaluated_at).into(),
            Cell::Lines(std::iter::once(rule.rule.clone()).chain(evidence).collect()),
        ])
    });
    table::write(html, &caption, &head, rows)
}

/// Rules and statements that no longer do what somebody wanted.
fn attention(html: &mut Markup<'_>, policy: &PolicySummary) -> io::Result<()> {
    for (title, lines) in [
        (
            "Expired ignore rules: they no longer ignore",
            &policy.expired_rules,
        ),
        (
            "Unused ignore rules: they match nothing here",
            &policy.unused_rules,
        ),
        (
            "Overlapping ignore rules: one of them may go",
            &policy.overlapping_rules,
        ),
        (
            "VEX statements that contradict each other",
            &policy.vex_conflicts,
        ),
        (
            "Unused VEX statements: they are about nothing here",
            &policy.vex_unmatched,
        ),
    ] {
        let caption = format!("{title} ({})", lines.len());
        let rows = lines.iter().map(|line| vec![line.as_str().into()]);
        table::write(html, &caption, &["Rule or statement"], rows)?;
    }
    Ok(())
}
