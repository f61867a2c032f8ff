//! The answer, why it is that one, and what it is about.

use std::collections::BTreeMap;
use std::io;

use super::Page;
use crate::model::report::{Report, RunOutcome, Summary};
use crate::model::{Action, Distro, Severity};
use crate::report::grid::Grid;
use crate::report::phrases::{self, count};
use crate::report::theme::Tone;

impl Page<'_> {
    /// The answer, and what stands in its way.
    pub(super) fn answer(&mut self) -> io::Result<()> {
        let verdict = &self.report.verdict;
        let (sentence, tone) = answer(self.report);
        self.sheet.paragraph(sentence, Some(tone))?;
        for reason in &verdict.insufficient {
            let lead = phrases::insufficient(self.report);
            self.sheet
                .paragraph(format!("{lead}: {reason}"), Some(Tone::Attention))?;
        }
        Ok(())
    }

    /// The answer, and what it is about.
    pub(super) fn verdict(&mut self) -> io::Result<()> {
        self.answer()?;
        let mut facts = Grid::new(self.sheet.width);
        facts.row(["Image".into(), self.image().into()]);
        let target = &self.report.target;
        if let Some(digest) = target
            .manifest_digest
            .as_ref()
            .or(target.config_digest.as_ref())
        {
            facts.row(["Digest".into(), digest.as_str().into()]);
        }
        facts.row(["Policy".into(), self.policy().into()]);
        for (name, text) in drawn_on(self.report) {
            facts.row([name.into(), text.into()]);
        }
        facts.row(["Counts".into(), counts(&self.report.summary).into()]);
        facts.keep_whole(&[7]);
        for line in facts.into_lines() {
            writeln!(self.sheet.out, "{line}")?;
        }
        Ok(())
    }

    pub(super) fn image(&self) -> String {
        let target = &self.report.target;
        [
            Some(target.reference.clone()),
            target.platform.clone(),
            target.distro.as_ref().map(distro),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    fn policy(&self) -> String {
        let policy = &self.report.policy;
        format!(
            "{}, profile {}, severity by {}",
            policy.source, policy.profile, policy.severity
        )
    }
}

/// The answer in one sentence, and its tone.
pub(in crate::report) fn answer(report: &Report) -> (String, Tone) {
    let verdict = &report.verdict;
    let exit = verdict.exit_code;
    match verdict.outcome {
        RunOutcome::Block => {
            let blocking = report.with_action(Action::Block).collect::<Vec<_>>();
            let fixable = blocking
                .iter()
                .filter(|finding| phrases::is_fixable(finding))
                .count();
            let severities = phrases::severities(blocking);
            let verb = if verdict.blocking == 1 {
                "blocks"
            } else {
                "block"
            };
            let detail = if severities.is_empty() {
                String::new()
            } else {
                format!(" ({severities}), {fixable} with a fix")
            };
            (
                format!(
                    "BLOCKED: {} {verb}{detail}. Exit code {exit}.",
                    count(verdict.blocking, "finding", "findings")
                ),
                Tone::Worst,
            )
        }
        RunOutcome::Insufficient => (
            format!(
                "INSUFFICIENT: no finding blocks, but too few results can be trusted to pass. \
                 Exit code {exit}."
            ),
            Tone::Attention,
        ),
        RunOutcome::Pass => (
            match report.with_action(Action::Warn).collect::<Vec<_>>() {
                warnings if warnings.is_empty() => {
                    format!("PASS: no finding blocks. Exit code {exit}.")
                }
                warnings => format!(
                    "PASS: no finding blocks, {} ({}). Exit code {exit}.",
                    count(warnings.len(), "warns", "warn"),
                    phrases::severities(warnings)
                ),
            },
            Tone::Good,
        ),
    }
}

/// The distribution, and whether it still gets security updates.
pub(in crate::report) fn distro(distro: &Distro) -> String {
    let support = if distro.end_of_life {
        " (out of support: gets no more security updates)"
    } else {
        ""
    };
    format!("{} {}{support}", distro.family, distro.version)
}

/// What the policy drew on besides the scanners.
pub(in crate::report) fn drawn_on(report: &Report) -> Vec<(&'static str, String)> {
    let policy = &report.policy;
    let mut rows = Vec::new();
    for vex in &policy.vex {
        let statements = count(vex.statements, "statement", "statements");
        let author = vex.author.as_ref();
        let author = author.map_or_else(String::new, |author| format!(" by {author}"));
        let text = format!("{}: {statements}{author} ({})", vex.document, vex.format);
        rows.push(("VEX", text));
    }
    for feed in &policy.feeds {
        let date = feed.date.as_ref().map_or_else(String::new, |day| {
            let moment = format!("{day}T00:00:00Z");
            format!(" of {}", phrases::database(&moment, &report.evaluated_at))
        });
        rows.push(("Feed", format!("{}{date}, from {}", feed.feed, feed.source)));
    }
    if let Some(cuda) = &policy.cuda {
        let hosts = match cuda.hosts.as_slice() {
            [] => "no host named".to_owned(),
            hosts => format!("hosts {}", hosts.join(", ")),
        };
        rows.push((
            "Drivers",
            format!(
                "NVIDIA's bulletins up to {} ({}); {hosts}",
                cuda.data_date, cuda.bulletins
            ),
        ));
    }
    rows
}

/// The counts in one sentence.
pub(in crate::report) fn counts(summary: &Summary) -> String {
    if summary.findings == 0 {
        return "no findings".to_owned();
    }
    let listed = |counts: &BTreeMap<String, usize>, names: &[&str]| {
        let parts: Vec<String> = names
            .iter()
            .filter_map(|name| Some((counts.get(*name).filter(|n| **n > 0)?, name)))
            .map(|(number, name)| format!("{number} {name}"))
            .collect();
        parts.join(", ")
    };
    let actions = [Action::Block, Action::Warn, Action::Track, Action::Ignore].map(Action::as_str);
    let severities = Severity::WORST_FIRST.map(Severity::as_str);
    format!(
        "{}: {}; {}; {} in {}, {} with a fix",
        count(summary.findings, "finding", "findings"),
        listed(&summary.by_action, &actions),
        listed(&summary.by_severity, &severities),
        count(summary.vulnerabilities, "vulnerability", "vulnerabilities"),
        count(summary.packages, "package", "packages"),
        summary.fixable,
    )
}
