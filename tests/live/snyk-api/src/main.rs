//! `fake-snyk --facts FILE --port-file FILE [--log FILE] [--token TOKEN] [--expired-token] [--delay SECONDS]`
//!
//! Listens on a free port of the loopback address, writes its number to the port file and answers
//! until it is ended. The client needs
//! `SNYK_API=http://127.0.0.1:PORT/api SNYK_HTTP_PROTOCOL_UPGRADE=0 SNYK_TOKEN=TOKEN`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use fake_snyk::facts;
use fake_snyk::server::Server;

/// Snyk's clients take only tokens that look like this.
const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

const USAGE: &str = "usage: fake-snyk --facts FILE --port-file FILE [--log FILE] [--token TOKEN] \
                     [--expired-token] [--delay SECONDS]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("fake-snyk: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut facts, mut port_file, mut log) = (None, None, None);
    let (mut token, mut expired, mut delay) = (TOKEN.to_owned(), false, Duration::ZERO);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value\n{USAGE}"))
        };
        match argument.as_str() {
            "--facts" => facts = Some(PathBuf::from(value()?)),
            "--port-file" => port_file = Some(PathBuf::from(value()?)),
            "--log" => log = Some(PathBuf::from(value()?)),
            "--token" => token = value()?,
            "--expired-token" => expired = true,
            "--delay" => {
                let seconds = value()?
                    .parse()
                    .map_err(|_| format!("--delay takes seconds\n{USAGE}"))?;
                delay = Duration::from_secs(seconds);
            }
            _ => return Err(format!("unknown argument {argument}\n{USAGE}")),
        }
    }
    let (Some(facts), Some(port_file)) = (facts, port_file) else {
        return Err(USAGE.to_owned());
    };
    let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&facts).map_err(|error| at(&facts, &error))?;
    let advisories = facts::read(&text).map_err(|error| at(&facts, &error))?;
    let log = match &log {
        Some(path) => Some(Mutex::new(
            File::create(path).map_err(|error| at(path, &error))?,
        )),
        None => None,
    };
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    let port = listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    // Renamed into place: whoever waits for the file never reads half a number.
    let unfinished = port_file.with_extension("tmp");
    fs::write(&unfinished, format!("{port}\n"))
        .and_then(|()| fs::rename(&unfinished, &port_file))
        .map_err(|error| at(&port_file, &error))?;
    Server {
        advisories,
        token,
        expired,
        delay,
        log,
    }
    .run(&listener);
    Ok(())
}
