//! Whom to choose: the best scanners, what each adds, and who reports what together.

use std::cmp::Ordering;

use super::words::{Writer, listed, percent, range, together};
use crate::model::ScannerId;
use crate::model::comparison::{BestChoice, Contribution, RunnerUp};
use crate::report::document::{Column, Narrow, Section, Table, Value};
use crate::report::phrases::count;

/// The best one, two, three scanners, what they lose, and how sure that is.
pub(super) fn best(writer: &Writer<'_>) -> Section {
    let comparison = writer.comparison;
    let base = &comparison.base;
    let mut section = Section::open("Which to choose");
    if comparison.best.is_empty() {
        let with_result = writer.with_results().len();
        if comparison.universe.findings > 0 && with_result > 0 {
            section.text(if with_result == 1 {
                "Only one scanner gave a result, so there is nothing to choose from."
            } else if base.scanners.len() < 2 {
                "Too few images have a result of two scanners or more, so no choice can be compared \
                 with another."
            } else {
                "The images with a result of every scanner have no findings, so no choice can be \
                 compared with another."
            });
        }
        return section;
    }
    let findings = count(base.findings, "finding", "findings");
    let scanners = names(&base.scanners);
    section.text(if writer.is_single() {
        format!("Counted: {findings}. Scanners with a result: {scanners}")
    } else {
        let all = count(comparison.images.len(), "image", "images");
        format!(
            "Counted: {findings} on the {} of {all} with a result of each of {scanners}",
            base.images
        )
    });
    if !base.left_out.is_empty() {
        section.text(format!(
            "Left out, with results on too few images: {}",
            names(&base.left_out)
        ));
    }
    let mut table = Table::new(
        1,
        [
            Column::text("choice"),
            Column::text("covered"),
            Column::text("lost").on_new_line(),
            Column::text("next best").on_new_line(),
            Column::text("difference").on_new_line(),
        ],
    );
    for choice in &comparison.best {
        let runner_up = choice.runner_up.as_ref();
        table.row([
            together(&choice.scanners).into(),
            (&choice.covered).into(),
            lost(choice).into(),
            runner_up
                .map(|next| format!("{}: {}", together(&next.scanners), percent(&next.covered)))
                .into(),
            runner_up.map(|next| difference(choice, next)).into(),
        ]);
    }
    section.table(table.without_empty_columns());
    for choice in &comparison.best {
        if choice.equals > 0 {
            section.text(format!(
                "{} of as many scanners {} as much as {}",
                count(choice.equals, "other choice", "other choices"),
                if choice.equals == 1 {
                    "covers"
                } else {
                    "cover"
                },
                together(&choice.scanners)
            ));
        }
    }
    if comparison.best.iter().any(|choice| !choice.exact) {
        section.text(
            "There are too many choices to look at all: scanners are added one at a time, and another \
             choice may cover more.",
        );
    }
    section
}

/// All names, without a limit: the reader has to know what the counts are about.
fn names(scanners: &[ScannerId]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerId::as_str).collect();
    names.join(", ")
}

/// What a choice does not report: `12: 2 critical, 10 low`.
fn lost(choice: &BestChoice) -> String {
    let by_severity = listed(
        choice
            .lost
            .iter()
            .rev()
            .map(|(severity, number)| (*number, severity)),
    );
    match choice.lost.values().sum::<usize>() {
        0 => "none".to_owned(),
        all => format!("{all} ({by_severity})"),
    }
}

/// How far the next best choice is behind, and whether that means anything.
fn difference(choice: &BestChoice, next: &RunnerUp) -> String {
    let of = choice.covered.of;
    let number = choice.covered.count.saturating_sub(next.covered.count);
    let behind = format!("{number} of {}", count(of, "finding", "findings"));
    match next.lead {
        None => behind,
        Some(lead) => {
            let told = if lead.low <= 0.0 && lead.high >= 0.0 {
                "these images do not tell which is better"
            } else {
                "better on images like these"
            };
            // Differences are small where the question is open.
            format!("{behind} ({}): {told}", range(lead, 1))
        }
    }
}

/// Scanners in the order in which each adds most, with its own part.
pub(super) fn order(writer: &Writer<'_>) -> Section {
    let comparison = writer.comparison;
    let mut section = Section::open("What each scanner adds");
    let mut table = Table::new(
        1,
        [
            Column::text("scanner"),
            Column::number("adds"),
            Column::number("covered so far"),
            Column::number("lost without it").on_new_line(),
            Column::number("Shapley's part"),
        ],
    );
    let covered = comparison.curve.last().map_or(0, |step| step.covered.count);
    for step in &comparison.curve {
        let contribution = comparison
            .contributions
            .iter()
            .find(|contribution| contribution.scanner == step.scanner);
        table.row([
            (&step.scanner).into(),
            step.gain.into(),
            (&step.covered).into(),
            contribution.map_or(Value::Missing, |c| (&c.marginal).into()),
            contribution.map(|c| shapley(c, covered)).into(),
        ]);
    }
    section.table(table.without_empty_columns());
    if !section.blocks.is_empty() {
        section.text(
            "In the order in which each adds most to those above it. Shapley's part: each finding is \
             shared evenly by the scanners that report it.",
        );
    }
    section
}

/// Shapley's part with the findings that it is made of: `36 % (23.3/65)`.
fn shapley(contribution: &Contribution, covered: usize) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of findings are far below 2^52"
    )]
    let findings = contribution.shapley * covered as f64;
    format!(
        "{:.0} % ({findings:.1}/{covered})",
        contribution.shapley * 100.0
    )
}

/// Who reports what together with whom.
pub(super) fn sets(writer: &Writer<'_>) -> Section {
    let comparison = writer.comparison;
    let mut sets: Vec<_> = comparison.sets.iter().collect();
    sets.sort_by(|a, b| match b.count.cmp(&a.count) {
        Ordering::Equal => a.scanners.cmp(&b.scanners),
        order => order,
    });
    let mut section = Section::folded("Sets: who reports what, and nobody else does");
    let scanners = &comparison.base.scanners;
    let most = sets.iter().map(|set| set.count).max().unwrap_or_default();
    let mut table = Table::new(
        scanners.len(),
        scanners
            .iter()
            .map(Column::scanner)
            .chain([Column::number("findings"), Column::text("")]),
    );
    let shown = writer.cut.shown(&sets);
    for set in shown {
        let bar = Value::Bar(set.count, most);
        let members = scanners
            .iter()
            .map(|scanner| Value::Member(set.scanners.contains(scanner)));
        let label = match set.scanners.as_slice() {
            [] => "none of these".to_owned(),
            scanners => together(scanners),
        };
        table.row_or(
            members.chain([set.count.into(), bar]),
            Narrow::new(label, vec![vec![count(set.count, "finding", "findings")]]),
        );
    }
    section.table(table);
    let hidden: usize = sets.iter().skip(shown.len()).map(|set| set.count).sum();
    if sets.len() > shown.len() {
        let detail = format!(" with {}", count(hidden, "finding", "findings"));
        section.text(writer.cut.more(sets.len() - shown.len(), &detail));
    }
    section
}
