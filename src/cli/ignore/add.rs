//! `crosscheck ignore add`.

use clap::{ArgGroup, Args};

use super::file::PolicyFile;
use super::{FileArgs, InForce, parse_day};
use crate::cli::common::{print_text, say};
use crate::cli::error::Error;
use crate::cli::exit;
use crate::model::Justification;
use crate::policy::edit::{self, rule_text};
use crate::policy::{self, Day, IgnoreRule};
use crate::report::escape;

/// Add an ignore rule to a policy file; comments and layout of the file stay
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("end").args(["expires", "until_fixed"]).multiple(true).required(true),
    after_help = "Example:\n  crosscheck ignore add CVE-2024-6345 --package setuptools --path '/opt/conda/**' \\\n    --reason 'used at build time only' --owner ml-platform --expires 2026-06-30"
)]
pub(super) struct AddArgs {
    /// Vulnerability by any of its ids, or * for every one
    #[arg(value_name = "ID")]
    id: String,

    /// Why it does not count here
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Who answers for the rule: a person or a team
    #[arg(long, value_name = "NAME")]
    owner: String,

    /// Last day on which it holds, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    expires: Option<Day>,

    /// It holds while no fix is known
    #[arg(long)]
    until_fixed: bool,

    /// Only in packages of this installed or source name; * and ? stand for any text
    #[arg(long, value_name = "PATTERN")]
    package: Option<String>,

    /// Only in packages of this package URL
    #[arg(long, value_name = "PATTERN")]
    purl: Option<String>,

    /// Only in packages below this path in the image: '/opt/conda/**'
    #[arg(long, value_name = "PATTERN")]
    path: Option<String>,

    /// Only in this installed version
    #[arg(long, value_name = "PATTERN")]
    version: Option<String>,

    /// Only in packages of this kind: deb, pypi, npm, …
    #[arg(long, value_name = "NAME")]
    ecosystem: Option<String>,

    /// Page or ticket with more about it
    #[arg(long, value_name = "URL")]
    reference: Option<String>,

    /// The reason in VEX's words: component_not_present, vulnerable_code_not_present, …
    #[arg(long, value_name = "WORD", value_parser = parse_justification)]
    justification: Option<Justification>,

    /// When the rule was made [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    created: Option<Day>,

    /// Say that a rule for every id (*) is meant
    #[arg(long)]
    acknowledge_broad: bool,

    #[command(flatten)]
    file: FileArgs,
}

fn parse_justification(word: &str) -> Result<Justification, String> {
    Justification::from_name(word).ok_or_else(|| {
        let known = Justification::ALL.map(Justification::as_str);
        format!("expected one of {}", known.join(", "))
    })
}

/// Runs the subcommand.
pub(super) fn run(args: &AddArgs) -> Result<u8, Error> {
    let file = PolicyFile::read(&args.file)?;
    let now = args.file.moment();
    let rule = IgnoreRule {
        id: args.id.clone(),
        package: args.package.clone(),
        purl: args.purl.clone(),
        path: args.path.clone(),
        version: args.version.clone(),
        ecosystem: args.ecosystem.clone(),
        reason: args.reason.clone(),
        owner: args.owner.clone(),
        reference: args.reference.clone(),
        justification: args.justification,
        created: args.created.or(Some(Day::of(now))),
        expires: args.expires,
        until_fixed: args.until_fixed,
        acknowledge_broad: args.acknowledge_broad,
    };
    let text = edit::add(&file.text, &file.name(), &[rule]).map_err(Error::usage)?;
    let changed = policy::parse(&text, &file.name()).map_err(Error::usage)?;
    let number = file.rules().len();
    let Some(added) = changed.document().ignore.get(number) else {
        return Err(Error::usage(format!(
            "{}: the rule was not added",
            file.name()
        )));
    };
    if let Some(same) = InForce::of(file.rules(), now).same(added) {
        return Err(Error::usage(format!(
            "{} has this rule already: ignore[{same}] names the same id and conditions; change its \
             reason or its end there",
            file.name()
        )));
    }
    file.replace(&text)?;
    say(&format!("added ignore[{number}] to {}:", file.name()));
    let lines = rule_text(added);
    let lines = lines
        .lines()
        .map(|line| format!("  {}\n", escape::terminal(line)));
    print_text(&lines.collect::<String>())?;
    Ok(exit::PASS)
}
