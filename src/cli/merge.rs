//! `crosscheck merge`: one answer from reports that other jobs made.

use std::path::PathBuf;

use clap::Args;

use super::common::{OutputArgs, PolicyArgs, read_inventories, say};
use super::error::Error;
use crate::analysis::{self, Input};
use crate::bundle::imports::{self, Imports};
use crate::model::Outcome;
use crate::scanners::Adapters;

/// Merge reports that scanners wrote earlier
#[derive(Args, Debug)]
#[command(
    after_help = "A report's format is recognised from its content. Formats read: Trivy, Grype, Snyk, \
                        Docker Scout (SBOM, SARIF, GitLab), OSV-Scanner, SARIF, CycloneDX, Syft, SPDX."
)]
pub(super) struct MergeArgs {
    /// Report files, one a scanner
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Package list of the image (Syft, SPDX or CycloneDX JSON): tells which binary package comes
    /// from which source
    #[arg(long, value_name = "FILE")]
    sbom: Vec<PathBuf>,

    /// Go on when a report seems to be about another image, with a warning
    #[arg(long)]
    allow_mixed_targets: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &MergeArgs) -> Result<u8, Error> {
    let policy = args.policy.load(None)?;
    let adapters = Adapters::load(None).map_err(Error::usage)?;
    let Imports {
        runs,
        mut inventories,
        diagnostics,
    } = imports::read(&args.files, args.allow_mixed_targets, &adapters).map_err(Error::usages)?;
    inventories.extend(read_inventories(&args.sbom)?);
    for diagnostic in &diagnostics {
        say(&format!(
            "warning: {}: {}",
            diagnostic.origin, diagnostic.message
        ));
    }
    for run in &runs {
        if let Outcome::Failed(failure) = &run.outcome {
            say(&format!(
                "warning: {}: no trustworthy result: {}; {}",
                run.source, failure.cause, failure.remedy
            ));
        }
    }
    let report = analysis::analyse(
        runs,
        &Input {
            inventories: &inventories,
            policy: &policy.resolved,
            evaluated_at: args.policy.moment(),
            target: None,
            diagnostics: &diagnostics,
        },
    );
    args.output.print(&report, None)?;
    Ok(report.verdict.exit_code)
}
