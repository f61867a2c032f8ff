//! `crosscheck ignore export`.

use std::path::PathBuf;

use clap::Args;

use super::FileArgs;
use super::file::PolicyFile;
use super::import::parse_format;
use crate::cli::common::{print_text, say};
use crate::cli::error::Error;
use crate::cli::exit;
use crate::policy::foreign::{self, Format};

/// Write the ignore rules as another tool's ignore file, on standard output
///
/// Nothing is written that would ignore more than the rules do; what is left out is said. With --run
/// patterns become the packages that they ignore there.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  crosscheck ignore export --to grype --run RUN > .grype.yaml")]
pub(super) struct ExportArgs {
    /// Format: trivyignore, trivyignore-yaml, grype or snyk
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    to: Format,

    /// Run directory, or a directory with scanners' report files: write what the rules ignore in it
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,

    #[command(flatten)]
    file: FileArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &ExportArgs) -> Result<u8, Error> {
    let file = PolicyFile::read(&args.file)?;
    let report = match &args.run {
        Some(run) => Some(args.file.open_run(run, &file)?.report),
        None => None,
    };
    let findings = report.as_ref().map(|report| report.findings.as_slice());
    let export = foreign::export(file.rules(), findings, args.to, args.file.moment());
    for note in &export.notes {
        say(&format!("note: {note}"));
    }
    print_text(&export.text)?;
    Ok(exit::PASS)
}
