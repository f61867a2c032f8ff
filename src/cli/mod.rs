//! Floor 8: the command line. One file a subcommand; parsing, wiring and exit codes, no logic.

mod common;
mod compare;
mod diff;
mod error;
pub mod exit;
mod explain;
mod ignore;
mod inputs;
mod merge;
mod opened;
mod output;
mod policy;
mod progress;
mod report;
mod scan;
mod scanners;
mod schema;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs several container vulnerability scanners on one image and gives one finding list, one
/// verdict and one comparison of the scanners.
#[derive(Parser, Debug)]
#[command(
    name = "crosscheck",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 pass · 1 the policy blocks · 2 usage or configuration error · \
                  3 not enough trustworthy results · 130 interrupted"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Scan(scan::ScanArgs),
    Merge(merge::MergeArgs),
    Compare(compare::CompareArgs),
    Explain(explain::ExplainArgs),
    Report(report::ReportArgs),
    Diff(diff::DiffArgs),
    Ignore(ignore::IgnoreArgs),
    Policy(policy::PolicyCommand),
    Scanners(scanners::ScannersArgs),
    Schema(schema::SchemaArgs),
}

/// Parses the command line, runs the subcommand, prints its error. The exit code is that of
/// [`exit`].
pub fn main() -> ExitCode {
    // clap itself exits with 2 on a wrong command line and 0 after help.
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Scan(args) => scan::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Report(args) => report::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Ignore(args) => ignore::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Scanners(args) => scanners::run(args),
        Command::Schema(args) => schema::run(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = std::io::stderr().write_all(error.render().as_bytes());
            ExitCode::from(error.code())
        }
    }
}
