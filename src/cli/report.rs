//! `crosscheck report`: the report of a recorded run in other formats.

use std::path::PathBuf;

use clap::Args;

use super::common::PolicyArgs;
use super::error::Error;
use super::exit;
use super::opened::{self, Opened};
use super::output::{OutputArgs, Sources};
use crate::bundle::Bundle;
use crate::report::Format;

/// Write the report of a recorded run in other formats
#[derive(Args, Debug)]
#[command(after_help = formats())]
pub(super) struct ReportArgs {
    /// Run directory made by scan --out, a directory with scanners' report files, or a report that
    /// crosscheck wrote as JSON
    #[arg(value_name = "RUN")]
    run: PathBuf,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Every format with what it is for.
fn formats() -> String {
    let widest = Format::ALL.iter().map(|format| format.name().len()).max();
    let width = widest.unwrap_or_default();
    let lines: Vec<String> = Format::ALL
        .iter()
        .map(|format| format!("  {:width$}  {}", format.name(), format.title()))
        .collect();
    format!(
        "Formats:\n{}\n\nThe exit code is 0 when everything was written, whatever the verdict.\n\n\
         Example:\n  crosscheck report run/ --format html,sarif,junit=results/crosscheck.xml",
        lines.join("\n")
    )
}

/// Runs the subcommand.
pub(super) fn run(args: &ReportArgs) -> Result<u8, Error> {
    let sources = if Bundle::open(&args.run).is_ok() {
        Sources::run(&args.run)
    } else {
        Sources::files([&args.run])
    };
    let plan = args.output.plan(&sources)?;
    let report = if args.run.is_file() {
        opened::written(&args.run, &args.policy)?
    } else {
        let Opened { report, .. } = opened::open(&args.run, &args.policy)?;
        report
    };
    args.output.write(&plan, &report, None)?;
    Ok(exit::PASS)
}
