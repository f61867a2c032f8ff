//! `crosscheck ignore import`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::file::PolicyFile;
use super::{FileArgs, InForce, parse_day};
use crate::cli::common::read_text;
use crate::cli::common::{print_text, say};
use crate::cli::error::Error;
use crate::cli::exit;
use crate::policy::edit;
use crate::policy::foreign::{self, Defaults, Format};
use crate::policy::{Day, IgnoreRule};

/// Take over the ignore files of other tools: .trivyignore, .trivyignore.yaml, .grype.yaml, .snyk
///
/// What would ignore more than in its own tool is left out; what is left out or differs is said.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// Files to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Format of the files [default: by their names]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    from: Option<Format>,

    /// Who answers for the rules: a person or a team
    #[arg(long, value_name = "NAME")]
    owner: String,

    /// Last day of rules that have none, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    expires: Day,

    /// Reason of rules that have none [default: which file they come from]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Show the change and leave the file as it is
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    file: FileArgs,
}

/// Reads a format from the command line.
pub(super) fn parse_format(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| {
        let known = Format::ALL.map(Format::name);
        format!("no such format; there are {}", known.join(", "))
    })
}

/// Runs the subcommand.
pub(super) fn run(args: &ImportArgs) -> Result<u8, Error> {
    let file = PolicyFile::read(&args.file)?;
    let now = args.file.moment();
    if args.expires.is_over(now) {
        return Err(Error::usage(format!(
            "--expires {}: the day is past; give the last day on which the rules shall hold",
            args.expires
        )));
    }
    let defaults = Defaults {
        owner: args.owner.clone(),
        expires: args.expires,
        reason: args.reason.clone(),
    };
    let mut in_force = InForce::of(file.rules(), now);
    let mut new: Vec<IgnoreRule> = Vec::new();
    let mut problems = Vec::new();
    for path in &args.files {
        let import = match read(path, args.from, &defaults) {
            Ok(import) => import,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for note in &import.notes {
            say(&format!("note: {note}"));
        }
        for rule in import.rules {
            if let Some(same) = in_force.same(&rule) {
                say(&format!(
                    "note: {}: {}: not imported: ignore[{same}] says the same",
                    path.display(),
                    rule.id
                ));
            } else {
                in_force.insert(file.rules().len() + new.len(), &rule);
                new.push(rule);
            }
        }
    }
    if !problems.is_empty() {
        return Err(Error::usages(problems));
    }
    let text = edit::add(&file.text, &file.name(), &new).map_err(Error::usage)?;
    let verb = if args.dry_run {
        "would add"
    } else {
        if !new.is_empty() {
            file.replace(&text)?;
        }
        "added"
    };
    print_text(&file.diff(&text))?;
    say(&format!("{verb} {} rules to {}", new.len(), file.name()));
    Ok(exit::PASS)
}

fn read(
    path: &Path,
    format: Option<Format>,
    defaults: &Defaults,
) -> Result<foreign::Import, String> {
    let name = path.display().to_string();
    let format = format
        .or_else(|| Format::of_file_name(&name))
        .ok_or_else(|| {
            let known = Format::ALL.map(Format::name);
            format!(
                "{name}: its name tells no format; name one with --from: {}",
                known.join(", ")
            )
        })?;
    let text = read_text(path)?;
    foreign::import(&text, &name, format, defaults).map_err(|errors| errors.to_string())
}
