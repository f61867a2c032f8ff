//! `crosscheck explain`: why a finding is what it is, and why two findings are two.

use std::path::PathBuf;

use clap::Args;

use super::common::{PageArgs, PolicyArgs, print};
use super::error::Error;
use super::exit;
use super::opened::{self, Opened};
use crate::explanation::{self, Question};
use crate::report;

/// Explain a finding: who joined its ids and packages, every rating, every fix, what each scanner says,
/// and the decision
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  crosscheck explain RUN CVE-2024-6345\n  crosscheck explain RUN CVE-2024-6345 --package setuptools --json\n  crosscheck explain RUN CVE-2023-4863 CVE-2023-5129    why these two are not one finding"
)]
pub(super) struct ExplainArgs {
    /// Run directory made by scan --out, or a directory with scanners' report files
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Advisory id (CVE-…, GHSA-…, SNYK-…, DSA-…), or the key of a finding as in the JSON report
    #[arg(value_name = "ID")]
    what: String,

    /// Another one: tell which rule keeps the two apart
    #[arg(value_name = "OTHER")]
    other: Option<String>,

    /// Only findings on this package
    #[arg(long, value_name = "NAME")]
    package: Option<String>,

    /// Write JSON (see crosscheck schema explanation)
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    page: PageArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Error> {
    let Opened { runs, report, .. } = opened::open(&args.run, &args.policy)?;
    let question = Question {
        what: args.what.clone(),
        other: args.other.clone(),
        package: args.package.clone(),
    };
    let explanation = explanation::explain(&report, &runs, &question)
        .map_err(|error| Error::usage(format!("{}: {error}", args.run.display())))?;
    let options = args.page.options();
    print(|out| {
        if args.json {
            report::write_json(&explanation, out)
        } else {
            report::write_explanation(&explanation, &options, out)
        }
    })?;
    Ok(exit::PASS)
}
