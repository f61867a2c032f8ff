//! `crosscheck compare`: which scanner misses what, and why, on one image or over many.

use std::path::PathBuf;

use clap::Args;

use super::common::{LoadedPolicy, PolicyArgs, TextOutputArgs, print, say};
use super::error::Error;
use super::exit;
use super::opened::{self, Opened};
use crate::bundle::find::{Found, find};
use crate::coverage::{Comparisons, ImageInput, InventoryTally};
use crate::model::ScannerRun;
use crate::model::comparison::UnreadInput;
use crate::report;

/// Compare the scanners: what each misses and why, how far they agree, which of them to choose
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  crosscheck compare run/\n  crosscheck compare trivy.json grype.json snyk.json\n  crosscheck compare runs/ --format markdown      every run in the folder: a fleet\n\nExit codes: 0 compared · 2 nothing could be read · 3 some of the images could not be read"
)]
pub(super) struct CompareArgs {
    /// Run directories, folders of them, reports that crosscheck wrote as JSON, or scanners' report files,
    /// which together are about one image
    #[arg(required = true, value_name = "RUN")]
    paths: Vec<PathBuf>,

    /// Package list of the image that scanners' report files are about
    #[arg(long, value_name = "FILE")]
    sbom: Vec<PathBuf>,

    /// Go on when a report file seems to be about another image, with a warning
    #[arg(long)]
    allow_mixed_targets: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    output: TextOutputArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &CompareArgs) -> Result<u8, Error> {
    // A policy that cannot be read is told once, not for every image.
    let policy = args.policy.policy.as_ref();
    let policy = policy.map(|_| args.policy.load(None)).transpose()?;
    let search = find(&args.paths);
    for note in &search.notes {
        say(&format!("note: {note}"));
    }
    let mut problems: Vec<(String, String)> = search
        .problems
        .into_iter()
        .map(|problem| (String::new(), problem))
        .collect();
    let mut comparisons = Comparisons::default();
    let mut inventories = InventoryTally::default();
    let mut read = 0;
    for found in &search.found {
        // One image at a time: a fleet's reports together need not fit into memory.
        match add(
            found,
            args,
            policy.clone(),
            &mut comparisons,
            &mut inventories,
        ) {
            Ok(()) => read += 1,
            Err(error) => {
                let source = found.path().display().to_string();
                problems.extend(
                    error
                        .into_lines()
                        .into_iter()
                        .map(|line| (source.clone(), line)),
                );
            }
        }
    }
    if read == 0 {
        return Err(Error::usages(
            problems.into_iter().map(|(_, line)| line).collect(),
        ));
    }
    for (_, problem) in &problems {
        say(&format!("warning: {problem}"));
    }
    let mut comparison = comparisons.finish();
    comparison.inventories = inventories.finish();
    comparison.unread = problems
        .into_iter()
        .map(|(source, problem)| UnreadInput { source, problem })
        .collect();
    comparison.unread.sort();
    let options = args.output.options();
    print(|out| report::write_comparison(args.output.format, &comparison, &options, out))?;
    Ok(if comparison.unread.is_empty() {
        exit::PASS
    } else {
        exit::INSUFFICIENT
    })
}

fn add(
    found: &Found,
    args: &CompareArgs,
    policy: Option<LoadedPolicy>,
    comparisons: &mut Comparisons,
    inventories: &mut InventoryTally,
) -> Result<(), Error> {
    let source = found.path().display().to_string();
    let opened = match found {
        Found::Written(path) => {
            let report = opened::written(path, &args.policy)?;
            comparisons.add(&ImageInput {
                report: &report,
                source: &source,
                layers: &[],
            });
            return Ok(());
        }
        Found::Run(directory) => opened::open_under(directory, policy, &args.policy)?,
        Found::Reports(files) => opened::import_under(
            files,
            &args.sbom,
            args.allow_mixed_targets,
            policy,
            &args.policy,
        )?,
    };
    let Opened {
        runs,
        report,
        inventories: lists,
    } = opened;
    comparisons.add(&ImageInput {
        report: &report,
        source: &source,
        layers: layers(&runs),
    });
    inventories.add(&lists);
    Ok(())
}

/// The image's layers, bottom first, as the report has them that lists most.
fn layers(runs: &[ScannerRun]) -> &[String] {
    let reports = runs.iter().filter_map(|run| run.report.as_ref());
    let lists = reports.map(|report| report.target.diff_ids.as_slice());
    lists.max_by_key(|layers| layers.len()).unwrap_or(&[])
}
