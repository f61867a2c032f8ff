//! `crosscheck scanners`: which scanners are here, and what to do about the rest.

use std::path::PathBuf;

use super::common::{print_text, runtime};
use super::error::Error;
use super::exit;
use crate::report::escape;
use crate::report::grid::{Cell, Grid};
use crate::scanners::{Adapters, Host, LoginState, ScannerStatus, survey};
use clap::Args;

/// List the scanners: installed, version, database date, login, and how to mend what is missing
#[derive(Args, Debug)]
pub(super) struct ScannersArgs {
    /// Directory with further adapter manifests
    #[arg(long, value_name = "DIR", env = "CROSSCHECK_ADAPTERS")]
    adapters: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand. It tells, it does not judge: missing scanners are no error.
pub(super) fn run(args: &ScannersArgs) -> Result<u8, Error> {
    let adapters = Adapters::load(args.adapters.as_deref()).map_err(Error::usage)?;
    let found = runtime()?
        .block_on(survey(&adapters, &Host::current()))
        .map_err(|error| Error::usage(format!("cannot look for scanners: {error}")))?;
    let text = if args.json {
        let mut text = serde_json::to_string_pretty(&found)
            .map_err(|error| Error::usage(format!("cannot write the list as JSON: {error}")))?;
        text.push('\n');
        text
    } else {
        table(&found)
    };
    print_text(&text)?;
    Ok(exit::PASS)
}

fn table(found: &[ScannerStatus]) -> String {
    let mut grid = Grid::new(u16::MAX);
    grid.header(&["SCANNER", "STATE", "VERSION", "DATABASE", "LOGIN"]);
    for status in found {
        let state = status
            .problem
            .as_ref()
            .map_or("ready", |problem| problem.kind.as_str());
        let login = match status.login {
            LoginState::NotNeeded => "not needed",
            LoginState::Present => "present",
            LoginState::Missing => "missing",
        };
        let date = status
            .database_built
            .as_deref()
            .and_then(|text| text.split('T').next());
        let cells = [
            &status.title,
            state,
            status.version.as_deref().unwrap_or("-"),
            date.unwrap_or("-"),
            login,
        ];
        grid.row(cells.map(Cell::from));
    }
    let mut text = String::new();
    for line in grid.into_lines() {
        text.push_str(&line);
        text.push('\n');
    }
    let remedies = found
        .iter()
        .filter_map(|status| Some((status, status.remedy.as_ref()?)));
    for (index, (status, remedy)) in remedies.enumerate() {
        if index == 0 {
            text.push_str("\nTO DO\n");
        }
        let (title, remedy) = (escape::terminal(&status.title), escape::terminal(remedy));
        text.extend(["  ", &title, ": ", &remedy, "\n"]);
    }
    text
}
