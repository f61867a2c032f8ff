//! `crosscheck policy`: is a policy valid, what does it come to, does it decide as written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::common::{PageArgs, PolicyArgs, print_text, read_text};
use super::error::Error;
use super::exit;
use super::inputs::InputArgs;
use super::opened::{self, Opened};
use crate::policy::{self, CaseResult, Policy, Setting, Warning};
use crate::report::escape;
use crate::report::grid::{Cell, Grid};

/// Show, check and test a policy
#[derive(Args, Debug)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    action: PolicyAction,
}

#[derive(Subcommand, Debug)]
enum PolicyAction {
    Show(ShowArgs),
    Check(CheckArgs),
    Test(TestArgs),
}

/// Print what applies under a profile, and where each value is written
#[derive(Args, Debug)]
struct ShowArgs {
    /// The policy, in place of --policy
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Image for which the policy chooses a profile
    #[arg(long, value_name = "IMAGE", conflicts_with = "profile")]
    image: Option<String>,

    /// Print JSON
    #[arg(long, conflicts_with = "yaml")]
    json: bool,

    /// Print the resolved policy as a policy file
    #[arg(long)]
    yaml: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    page: PageArgs,
}

/// Check a policy, and warn of what is valid and probably not meant
#[derive(Args, Debug)]
struct CheckArgs {
    /// The policy, in place of --policy
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Run directory, or a directory with scanners' report files: also tell which rules match
    /// nothing there
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,

    /// End with exit code 1 when there are warnings
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    policy: PolicyArgs,
}

/// Run the cases that are kept beside policies: given findings, expected decisions
#[derive(Args, Debug)]
#[command(
    after_help = "The cases of policy.yaml stand in policy.test.yaml beside it (see crosscheck schema \
                  policy-cases). Exit codes: 0 all pass · 1 some fail · 2 a file cannot be read."
)]
struct TestArgs {
    /// Policies, files of cases, or directories with both [default: policy.yaml]
    #[arg(value_name = "FILE", default_value = "policy.yaml")]
    files: Vec<PathBuf>,

    /// Show only what fails
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the subcommand.
pub(super) fn run(command: &PolicyCommand) -> Result<u8, Error> {
    match &command.action {
        PolicyAction::Show(args) => show(args),
        PolicyAction::Check(args) => check(args),
        PolicyAction::Test(args) => test(args),
    }
}

fn show(args: &ShowArgs) -> Result<u8, Error> {
    let loaded = args.policy.with_file(args.file.as_ref()).load(None)?;
    let profile = args
        .policy
        .profile
        .as_deref()
        .unwrap_or_else(|| loaded.policy.profile_of(args.image.as_deref()));
    let text = if args.yaml {
        let resolved = loaded.policy.resolve(Some(profile)).map_err(Error::usage)?;
        resolved.to_yaml().map_err(Error::usage)?
    } else {
        let settings = policy::settings(&loaded.policy, Some(profile)).map_err(Error::usage)?;
        if args.json {
            let text = serde_json::to_string_pretty(&settings).map_err(Error::usage)?;
            format!("{text}\n")
        } else {
            table(loaded.policy.source(), &settings, args.page.options().width)
        }
    };
    print_text(&text)?;
    Ok(exit::PASS)
}

/// The settings of a policy. What is written in its file is told by line and column alone, so that
/// the column of origins stays narrow.
fn table(source: &str, settings: &[Setting], width: u16) -> String {
    let mut grid = Grid::new(width);
    grid.header(&["KEY", "VALUE", "WRITTEN AT"]);
    for setting in settings {
        let own = setting.origin.strip_prefix(source);
        let origin = own.map_or(setting.origin.as_str(), |rest| {
            rest.trim_start_matches([':', ' '])
        });
        grid.row([
            Cell::from(setting.key.as_str()),
            Cell::from(setting.value.as_str()),
            Cell::from(origin),
        ]);
    }
    format!("{}\n\n{}", escape::terminal(source), lines(grid))
}

fn lines(grid: Grid) -> String {
    let mut text = String::new();
    for line in grid.into_lines() {
        text.extend([line.as_str(), "\n"]);
    }
    text
}

fn check(args: &CheckArgs) -> Result<u8, Error> {
    let arguments = args.policy.with_file(args.file.as_ref());
    let loaded = arguments.load(None)?;
    let policy = &loaded.policy;
    let mut warnings = policy::review(policy, arguments.moment());
    if let Some(run) = &args.run {
        let Opened { report, .. } = opened::open_under(run, Some(loaded.clone()), &arguments)?;
        let resolved = policy
            .resolve(Some(&report.policy.profile))
            .map_err(Error::usage)?;
        warnings.extend(policy::review_run(&resolved, &report));
    }
    let mut text = String::new();
    for warning in &warnings {
        text.extend([line_of(policy.source(), warning).as_str(), "\n"]);
    }
    let profiles = policy.profiles().len();
    let summary = match warnings.len() {
        0 => format!("valid; {profiles} profiles, no warnings"),
        1 => format!("valid; {profiles} profiles, 1 warning"),
        many => format!("valid; {profiles} profiles, {many} warnings"),
    };
    text.extend([&escape::terminal(policy.source()), ": ", &summary, "\n"]);
    print_text(&text)?;
    Ok(if args.strict && !warnings.is_empty() {
        exit::BLOCKED
    } else {
        exit::PASS
    })
}

fn line_of(source: &str, warning: &Warning) -> String {
    let place = warning
        .position
        .map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    let path = if warning.path.is_empty() {
        String::new()
    } else {
        format!("{}: ", warning.path)
    };
    escape::terminal(&format!(
        "{source}{place}: warning: {path}{}",
        warning.message
    ))
    .into_owned()
}

fn test(args: &TestArgs) -> Result<u8, Error> {
    let mut problems = Vec::new();
    let mut by_file: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for file in &args.files {
        match cases_of(file) {
            Ok(found) => by_file.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    let mut text = String::new();
    let (mut passed, mut failed) = (0, 0);
    for (cases, policy) in &by_file {
        let results = match run_file(cases, policy) {
            Ok(results) => results,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for result in &results {
            if result.failures.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            if !args.quiet || !result.failures.is_empty() {
                text.push_str(&told(cases, result));
            }
        }
    }
    text.extend([format!("{passed} passed, {failed} failed\n")]);
    print_text(&text)?;
    if !problems.is_empty() {
        return Err(Error::usages(problems));
    }
    Ok(if failed > 0 {
        exit::BLOCKED
    } else {
        exit::PASS
    })
}

fn told(cases: &Path, result: &CaseResult) -> String {
    let word = if result.failures.is_empty() {
        "ok    "
    } else {
        "FAILED"
    };
    let mut text =
        escape::terminal(&format!("{word} {}: {}", cases.display(), result.name)).into_owned();
    text.push('\n');
    for failure in &result.failures {
        text.extend(["       ", &escape::terminal(failure), "\n"]);
    }
    text
}

/// The ending of a file of cases.
const CASES: &str = ".test.yaml";

/// The files of cases that an argument stands for, each with its policy where its name tells.
fn cases_of(argument: &Path) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    let name = argument
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if argument.is_dir() {
        let entries = std::fs::read_dir(argument)
            .map_err(|error| format!("{}: cannot be read: {error}", argument.display()))?;
        let mut found: Vec<(PathBuf, PathBuf)> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((path.clone(), policy_of(&path)?)))
            .collect();
        found.sort();
        if found.is_empty() {
            return Err(format!("{}: has no files *{CASES}", argument.display()));
        }
        return Ok(found);
    }
    if let Some(policy) = policy_of(argument) {
        return Ok(vec![(argument.to_owned(), policy)]);
    }
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    let cases = argument.with_file_name(format!("{}{CASES}", stem.unwrap_or(&name)));
    if cases.is_file() {
        Ok(vec![(cases, argument.to_owned())])
    } else {
        Err(format!(
            "{}: has no cases; write them into {}",
            argument.display(),
            cases.display()
        ))
    }
}

/// The policy that a file of cases is about, by its name; `None` for other files.
fn policy_of(cases: &Path) -> Option<PathBuf> {
    let name = cases.file_name()?.to_str()?;
    let stem = name.strip_suffix(CASES)?;
    Some(cases.with_file_name(format!("{stem}.yaml")))
}

fn run_file(cases: &Path, policy: &Path) -> Result<Vec<CaseResult>, String> {
    let text = read_text(cases)?;
    let file = policy::read_cases(&text, &cases.display().to_string())
        .map_err(|errors| errors.to_string())?;
    let policy = match &file.policy {
        Some(named) => cases.with_file_name(named),
        None => policy.to_owned(),
    };
    let text = read_text(&policy)?;
    let policy: Policy =
        policy::parse(&text, &policy.display().to_string()).map_err(|errors| errors.to_string())?;
    let inputs = inputs_of(&policy).map_err(|error| error.render())?;
    let cases = file.cases.iter();
    Ok(cases
        .map(|case| policy::run_case(&policy, &inputs, case))
        .collect())
}

/// What a policy draws on besides reports. Cases say themselves what is known of exploitation, so
/// nothing is fetched.
fn inputs_of(policy: &Policy) -> Result<policy::Inputs, Error> {
    let resolved = policy.resolve(None).map_err(Error::usage)?;
    InputArgs::files_of(&resolved)?.read()
}
