//! What to do first: the upgrades that resolve most, and what is left without one.

use std::io;

use super::Page;
use crate::model::report::{Report, RunOutcome};
use crate::model::{Action, Finding, ScannerId};
use crate::report::grid::Cell;
use crate::report::phrases::{self, count, flow};
use crate::report::sheet::INDENT;
use crate::report::theme::Tone;
use crate::report::upgrades::{Upgrade, upgrades};

/// Steps that are shown unless everything is asked for: more than one reads at once.
const SHOWN: usize = 5;

/// Columns of the mark before a step and the gap after it.
const MARK: usize = 3;

/// Something to do, and what comes of it.
pub(in crate::report) struct Step {
    /// `upgrade openssl 3.0.13 -> 3.0.15`.
    act: String,
    /// `resolves 7 of 16 blocking`.
    effect: String,
}

impl Step {
    /// Both in one line.
    pub(in crate::report) fn sentence(&self) -> String {
        format!("{}: {}", self.act, self.effect)
    }
}

impl Page<'_> {
    /// What to do first, unless there is nothing.
    pub(super) fn todo(&mut self) -> io::Result<()> {
        let steps = steps(self.report, self.options.rows);
        if steps.is_empty() {
            return Ok(());
        }
        self.sheet.heading("WHAT TO DO FIRST")?;
        let room = usize::from(self.sheet.width - INDENT) - MARK;
        let mut grid = self.sheet.list();
        for Step { act, effect } in steps {
            let lines = flow([format!("{act}:"), effect], room);
            grid.row(["-".into(), Cell::lines(lines)]);
        }
        grid.keep_whole(&[1]);
        self.sheet.grid(grid, |_| Tone::Plain)
    }
}

/// What to do: where findings block, so that they no longer do, else so that the results are enough and
/// fewer findings warn. `rows` is how many rows lists have, everything without.
pub(in crate::report) fn steps(report: &Report, rows: Option<usize>) -> Vec<Step> {
    let blocks = report.verdict.outcome == RunOutcome::Block;
    let action = if blocks { Action::Block } else { Action::Warn };
    let all: Vec<Upgrade<'_>> = if blocks {
        upgrades(&report.findings)
    } else {
        upgrades(report.with_action(action))
    };
    let resolved = |upgrade: &Upgrade<'_>| match action {
        Action::Block => upgrade.blocking,
        _ => upgrade.findings.len(),
    };
    let useful: Vec<&Upgrade<'_>> = all.iter().filter(|u| resolved(u) > 0).collect();
    let concerned = report.with_action(action).count();
    let of = |number: usize| match action {
        Action::Block => format!("{number} of {concerned} blocking"),
        _ => format!("{number} of {}", count(concerned, "warning", "warnings")),
    };
    let limit = rows.map_or(useful.len(), |rows| rows.min(SHOWN));
    let (shown, rest) = useful.split_at(limit.min(useful.len()));
    let mut steps: Vec<Step> = shown
        .iter()
        .map(|upgrade| Step {
            act: upgrade.sentence(),
            effect: match upgrade.findings.len() {
                all if all > resolved(upgrade) => {
                    format!("resolves {}, {all} in all", of(resolved(upgrade)))
                }
                _ => format!("resolves {}", of(resolved(upgrade))),
            },
        })
        .collect();
    if !rest.is_empty() {
        let resolved: usize = rest.iter().copied().map(resolved).sum();
        let verb = if rest.len() == 1 {
            "resolves"
        } else {
            "resolve"
        };
        steps.push(Step {
            act: count(rest.len(), "more upgrade", "more upgrades"),
            effect: format!("{verb} {}", of(resolved)),
        });
    }
    let missing = missing_scanners(report);
    if blocks {
        steps.extend(without_upgrade(report));
        steps.extend(missing);
    } else {
        steps.splice(0..0, missing);
    }
    steps
}

/// What to do about scanners that the policy demands and that were no part of the run.
fn missing_scanners(report: &Report) -> Option<Step> {
    let missing = &report.policy.missing_scanners;
    let names = phrases::names(missing.iter().map(ScannerId::as_str));
    let (reports, them, results) = match missing.len() {
        0 => return None,
        1 => ("report", "it", "its result"),
        _ => ("reports", "them", "their results"),
    };
    Some(Step {
        act: format!("add the {reports} of {names}, or let {them} run"),
        effect: format!("the policy requires {results}"),
    })
}

/// What to do about blocking findings that no upgrade resolves.
fn without_upgrade(report: &Report) -> Option<Step> {
    let blocking = report.with_action(Action::Block);
    let stuck: Vec<&Finding> = blocking
        .filter(|finding| finding.fix.recommended.is_none())
        .collect();
    let ids = stuck
        .iter()
        .map(|finding| finding.vulnerability.id.as_str());
    let verb = if stuck.len() == 1 { "has" } else { "have" };
    (!stuck.is_empty()).then(|| Step {
        act: format!(
            "{} {verb} no version to upgrade to ({})",
            count(stuck.len(), "blocking finding", "blocking findings"),
            phrases::names(ids)
        ),
        effect: "see `crosscheck explain RUN ID`; remove the package, or ignore it with reason, owner and \
                 end: `crosscheck ignore add`"
            .to_owned(),
    })
}
