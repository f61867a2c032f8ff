//! `crosscheck schema`: the published JSON Schemas.

use clap::{Args, ValueEnum};

use super::common::print_text;
use super::error::Error;
use super::exit;
use crate::scanners::Manifest;
use crate::{policy, report};

/// What a schema describes.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Subject {
    /// The unified report, report.json.
    Report,
    /// What `crosscheck explain --json` writes.
    Explanation,
    /// What `crosscheck compare` writes as JSON.
    Comparison,
    /// What `crosscheck diff --format json` writes.
    Diff,
    /// The policy, policy.yaml.
    Policy,
    /// Cases that test a policy, policy.test.yaml.
    PolicyCases,
    /// An adapter manifest, adapters/*.yaml.
    Adapter,
}

/// Print a JSON Schema
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// What to describe
    #[arg(value_enum)]
    subject: Subject,
}

/// Runs the subcommand.
pub(super) fn run(args: &SchemaArgs) -> Result<u8, Error> {
    let text = match args.subject {
        Subject::Report => report::schema(),
        Subject::Explanation => report::explanation_schema(),
        Subject::Comparison => report::comparison_schema(),
        Subject::Diff => report::changes_schema(),
        Subject::Policy => format!("{:#}\n", policy::schema().as_value()),
        Subject::PolicyCases => format!("{:#}\n", policy::cases_schema().as_value()),
        Subject::Adapter => format!("{:#}\n", schemars::schema_for!(Manifest).as_value()),
    };
    print_text(&text)?;
    Ok(exit::PASS)
}
