//! `crosscheck ignore`: the ignore rules of a policy file, seen, changed, and shared with other
//! tools.

mod add;
mod export;
mod file;
mod import;
mod list;
mod prune;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::common::PolicyArgs;
use super::error::Error;
use super::inputs::InputArgs;
use super::opened::{self, Opened};
use crate::model::AdvisoryId;
use crate::policy::edit::rule_text;
use crate::policy::{Day, IgnoreRule};

/// List, add and remove the ignore rules of a policy file, and share them with other tools
#[derive(Args, Debug)]
pub(super) struct IgnoreArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    List(list::ListArgs),
    Add(add::AddArgs),
    Prune(prune::PruneArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
}

/// Runs the subcommand.
pub(super) fn run(args: &IgnoreArgs) -> Result<u8, Error> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Add(args) => add::run(args),
        Command::Prune(args) => prune::run(args),
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
    }
}

/// Which file, and what day it is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Policy")]
struct FileArgs {
    /// Policy file [default: policy.yaml in the working directory]
    #[arg(long, value_name = "FILE", env = "CROSSCHECK_POLICY")]
    policy: Option<PathBuf>,

    /// Moment that ends of rules are counted from, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", env = "CROSSCHECK_NOW")]
    now: Option<Timestamp>,
}

impl FileArgs {
    fn moment(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// A run as the policy file decides on it, at the moment given.
    fn open_run(&self, run: &Path, file: &file::PolicyFile) -> Result<Opened, Error> {
        let policy = PolicyArgs {
            policy: Some(file.path.clone()),
            profile: None,
            now: Some(self.moment()),
            inputs: InputArgs::default(),
        };
        opened::open(run, &policy)
    }
}

/// Reads a day from the command line.
fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "expected an existing day in the form YYYY-MM-DD".to_owned())
}

/// Rules that are in force, by what they are about: id and conditions. Reason, owner and dates may
/// differ.
struct InForce(BTreeMap<String, usize>);

impl InForce {
    fn of(rules: &[IgnoreRule], now: Timestamp) -> Self {
        let mut all = Self(BTreeMap::new());
        for (number, rule) in rules.iter().enumerate() {
            if rule.expires.is_none_or(|last| !last.is_over(now)) {
                all.insert(number, rule);
            }
        }
        all
    }

    /// Of several rules about the same the first counts.
    fn insert(&mut self, number: usize, rule: &IgnoreRule) {
        self.0.entry(Self::key(rule)).or_insert(number);
    }

    /// The number of the rule about the same as this one.
    fn same(&self, rule: &IgnoreRule) -> Option<usize> {
        self.0.get(&Self::key(rule)).copied()
    }

    fn key(rule: &IgnoreRule) -> String {
        rule_text(&IgnoreRule {
            id: AdvisoryId::new(&rule.id).unwrapped().as_str().to_owned(),
            reason: String::new(),
            owner: String::new(),
            reference: None,
            justification: None,
            created: None,
            expires: None,
            ..rule.clone()
        })
    }
}
