//! `crosscheck diff`: what changed between two runs.

use std::path::{Path, PathBuf};

use clap::Args;

use super::common::{PolicyArgs, TextOutputArgs, print};
use super::error::Error;
use super::exit;
use super::opened::{self, Opened};
use crate::bundle::Bundle;
use crate::coverage::changes::{Side, changes};
use crate::model::changes::Changes;
use crate::model::report::Report;
use crate::report;

/// Tell what changed between two runs: what is new, what is fixed, what is gone for another reason
#[derive(Args, Debug)]
#[command(
    after_help = "A run is a directory made by scan --out, a directory with scanners' report files, or \
                  a report.json. The last holds no package lists, so that nothing tells whether a \
                  package was removed or updated.\n\n\
                  A finding that is gone counts as fixed only in another image for the same platform, \
                  where a scanner that reported it looked again and a whole package list says that \
                  the package was removed, or updated to a version that is not below every named \
                  fix.\n\n\
                  Exit codes: 0 compared · with --fail-on-new 1 when a finding blocks in B that did \
                  not block in A, else 3 when B does not have enough trustworthy results to show \
                  such findings · 2 usage or configuration error\n\n\
                  Examples:\n  crosscheck diff runs/monday runs/tuesday\n  crosscheck diff \
                  runs/main runs/branch --fail-on-new --format markdown"
)]
pub(super) struct DiffArgs {
    /// The first run, the earlier one
    #[arg(value_name = "A")]
    a: PathBuf,

    /// The second run
    #[arg(value_name = "B")]
    b: PathBuf,

    /// Fail when a finding blocks in B that did not block in A
    #[arg(long)]
    fail_on_new: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    output: TextOutputArgs,
}

/// Runs the subcommand.
pub(super) fn run(args: &DiffArgs) -> Result<u8, Error> {
    let a = Subject::open(&args.a, &args.policy)?;
    let b = Subject::open(&args.b, &args.policy)?;
    let changes = changes(&a.side(), &b.side());
    let options = args.output.options();
    print(|out| report::write_changes(args.output.format, &changes, &options, out))?;
    Ok(if args.fail_on_new {
        verdict(&changes)
    } else {
        exit::PASS
    })
}

/// What a run that must not get worse comes to.
fn verdict(changes: &Changes) -> u8 {
    if changes.counts.newly_blocking() > 0 {
        exit::BLOCKED
    } else if changes.runs.b.verdict.insufficient.is_empty() {
        exit::PASS
    } else {
        exit::INSUFFICIENT
    }
}

/// One of the two things that are compared.
struct Subject {
    source: String,
    made: Made,
    /// The text of the policy that the run keeps.
    policy: Option<String>,
}

/// How there came to be a report.
enum Made {
    /// From runs, by this program, now.
    Now(Box<Opened>),
    /// Read as it was written.
    Before(Box<Report>),
}

impl Subject {
    fn open(path: &Path, args: &PolicyArgs) -> Result<Self, Error> {
        let source = path.display().to_string();
        if path.is_file() {
            return Ok(Self {
                source,
                made: Made::Before(Box::new(opened::written(path, args)?)),
                policy: None,
            });
        }
        let opened = opened::open(path, args)?;
        // A run whose own policy cannot be read was refused above, unless another one is given.
        let policy = Bundle::open(path).and_then(|bundle| bundle.policy());
        Ok(Self {
            source,
            made: Made::Now(Box::new(opened)),
            policy: policy.ok().flatten().map(|(_, text)| text),
        })
    }

    fn side(&self) -> Side<'_> {
        let (report, inventories) = match &self.made {
            Made::Now(opened) => (&opened.report, Some(&opened.inventories)),
            Made::Before(report) => (&**report, None),
        };
        Side {
            source: &self.source,
            report,
            inventories,
            policy: self.policy.as_deref(),
        }
    }
}
