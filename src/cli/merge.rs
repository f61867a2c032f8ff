//! `crosscheck merge`: one answer from reports that other jobs made.

use std::path::PathBuf;

use clap::Args;

use super::common::PolicyArgs;
use super::error::Error;
use super::opened::{self, Opened};
use super::output::{OutputArgs, Sources};

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
    let plan = args
        .output
        .plan(&Sources::files(args.files.iter().chain(&args.sbom)))?;
    let Opened { report, .. } = opened::import(
        &args.files,
        &args.sbom,
        args.allow_mixed_targets,
        &args.policy,
    )?;
    args.output.write(&plan, &report, None)?;
    Ok(report.verdict.exit_code)
}
