//! `crosscheck ignore prune`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::FileArgs;
use super::file::PolicyFile;
use crate::cli::common::{print_text, say};
use crate::cli::error::Error;
use crate::cli::exit;
use crate::cli::opened::Opened;
use crate::model::report::Report;
use crate::model::{Action, Finding, Outcome};
use crate::policy::edit::{self, number_of};

/// Remove ignore rules that are past their last day, and with --run those that ignore nothing there
#[derive(Args, Debug)]
pub(super) struct PruneArgs {
    /// Run directory, or a directory with scanners' report files: remove rules that ignore nothing
    /// in it too
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,

    /// Show the change and leave the file as it is
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    file: FileArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &PruneArgs) -> Result<u8, Error> {
    let file = PolicyFile::read(&args.file)?;
    let now = args.file.moment();
    let used = match &args.run {
        Some(run) => {
            let Opened { report, .. } = args.file.open_run(run, &file)?;
            let name = run.display();
            for scanner in &report.scanners {
                if matches!(scanner.outcome, Outcome::Failed(_)) {
                    say(&format!(
                        "warning: {}: {} gave no result; rules that only its findings need count as \
                         unused",
                        name, scanner.title
                    ));
                }
            }
            if let Some(why) = too_little(&report) {
                say(&format!(
                    "warning: {name}: it does not tell which rules are unused, and only expired \
                     ones go: {why}"
                ));
                None
            } else {
                Some((name.to_string(), used_rules(&report.findings)))
            }
        }
        None => None,
    };
    let mut numbers = Vec::new();
    for (number, rule) in file.rules().iter().enumerate() {
        let title = format!("ignore[{number}] ({})", rule.id);
        match (&used, rule.expires) {
            (_, Some(last)) if last.is_over(now) => {
                say(&format!("{title}: expired on {last}"));
            }
            (Some((run, used)), _) if !used.contains(&number) => {
                let what = if rule.until_fixed {
                    "nothing that still has no fix"
                } else {
                    "nothing"
                };
                say(&format!("{title}: ignores {what} in {run}"));
            }
            _ => continue,
        }
        numbers.push(number);
    }
    if numbers.is_empty() {
        say(&format!("{}: no rule has to go", file.name()));
        return Ok(exit::PASS);
    }
    let text = edit::remove(&file.text, &file.name(), &numbers).map_err(Error::usage)?;
    let diff = file.diff(&text);
    let verb = if args.dry_run {
        "would remove"
    } else {
        file.replace(&text)?;
        "removed"
    };
    print_text(&diff)?;
    say(&format!(
        "{verb} {} of {} rules from {}",
        numbers.len(),
        file.rules().len(),
        file.name()
    ));
    Ok(exit::PASS)
}

/// Why a run did not see enough for a rule to be called unused; `None` when it did.
fn too_little(report: &Report) -> Option<String> {
    if !report.verdict.insufficient.is_empty() {
        return Some(report.verdict.insufficient.join("; "));
    }
    let saw_nothing = report.findings.is_empty() && report.scanners.iter().all(|s| s.packages == 0);
    saw_nothing.then(|| "no report has a package".to_owned())
}

/// The rules that a decision names, be it for a part of a finding.
fn used_rules(findings: &[Finding]) -> BTreeSet<usize> {
    findings
        .iter()
        .filter_map(|finding| finding.decision.as_ref())
        .flat_map(|decision| std::iter::once(&decision.rule).chain(&decision.also))
        .filter(|rule| rule.action == Action::Ignore)
        .filter_map(number_of)
        .collect()
}
