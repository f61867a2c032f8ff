//! `crosscheck ignore list`.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::FileArgs;
use super::file::PolicyFile;
use crate::cli::common::{PageArgs, print_text};
use crate::cli::error::Error;
use crate::cli::exit;
use crate::policy::{Day, IgnoreRule};
use crate::report::grid::{Cell, Grid};

/// Days before its end from which a rule is shown as about to end.
const SOON: i32 = 30;

/// List the ignore rules of a policy file, and which of them hold
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    file: FileArgs,

    #[command(flatten)]
    page: PageArgs,
}

/// A rule in the list.
#[derive(Serialize)]
struct Row<'r> {
    /// Its place in the file, from 0: the N in `ignore[N]`.
    number: usize,
    state: State,
    /// Days from today to its last day; negative when it is past.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i32>,
    rule: &'r IgnoreRule,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Holds,
    /// Its last day is near.
    Ending,
    Expired,
    /// It has no last day and ends with a fix.
    UntilFixed,
}

/// Runs the subcommand.
pub(super) fn run(args: &ListArgs) -> Result<u8, Error> {
    let file = PolicyFile::read(&args.file)?;
    let now = args.file.moment();
    let rows: Vec<Row<'_>> = file
        .rules()
        .iter()
        .enumerate()
        .map(|(number, rule)| row(number, rule, now))
        .collect();
    if args.json {
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|error| Error::usage(format!("cannot write the list as JSON: {error}")))?;
        print_text(&(text + "\n"))?;
    } else if rows.is_empty() {
        print_text(&format!("{} has no ignore rules\n", file.name()))?;
    } else {
        print_text(&table(&rows, args.page.options().width))?;
    }
    Ok(exit::PASS)
}

fn row(number: usize, rule: &IgnoreRule, now: Timestamp) -> Row<'_> {
    let days_left = rule
        .expires
        .and_then(|last| Some(Day::of(now).0.until(last.0).ok()?.get_days()));
    let is_expired = rule.expires.is_some_and(|last| last.is_over(now));
    let state = match days_left {
        _ if is_expired => State::Expired,
        Some(days) if days <= SOON => State::Ending,
        None if rule.until_fixed => State::UntilFixed,
        _ => State::Holds,
    };
    Row {
        number,
        state,
        days_left,
        rule,
    }
}

fn table(rows: &[Row<'_>], width: u16) -> String {
    let mut grid = Grid::new(width);
    grid.header(&["", "ENDS", "RULE"]);
    for row in rows {
        let rule = row.rule;
        let since = rule
            .created
            .map_or_else(String::new, |day| format!(", since {day}"));
        grid.row([
            row.number.into(),
            Cell::lines(ends(row)),
            Cell::lines([
                format!("{}{}", rule.id, scope(rule)),
                rule.reason.clone(),
                format!("{}{since}", rule.owner),
            ]),
        ]);
    }
    grid.keep_whole(&[4, 15]);
    let lines = grid.into_lines();
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The conditions of a rule on packages.
fn scope(rule: &IgnoreRule) -> String {
    let conditions = [
        ("", &rule.package),
        ("version ", &rule.version),
        ("", &rule.purl),
        ("", &rule.path),
        ("", &rule.ecosystem),
    ];
    let parts: Vec<String> = conditions
        .into_iter()
        .filter_map(|(label, value)| Some(format!("{label}{}", value.as_ref()?)))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" in {}", parts.join(", "))
    }
}

/// The end of a rule, a line each: its day, how near that is, and whether a fix ends it too.
fn ends(row: &Row<'_>) -> Vec<String> {
    let mut lines: Vec<String> = row.rule.expires.iter().map(Day::to_string).collect();
    lines.extend(match (row.state, row.days_left) {
        (State::Expired, _) => Some("expired".to_owned()),
        (State::Ending, Some(0)) => Some("today".to_owned()),
        (State::Ending, Some(1)) => Some("tomorrow".to_owned()),
        (State::Ending, days) => Some(format!("in {} days", days.unwrap_or_default())),
        (State::UntilFixed | State::Holds, _) => None,
    });
    if row.rule.until_fixed && row.state != State::Expired {
        lines.push("or until fixed".to_owned());
    }
    if let [only] = lines.as_mut_slice()
        && row.state == State::UntilFixed
    {
        "until fixed".clone_into(only);
    }
    lines
}
