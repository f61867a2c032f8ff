//! Which scanners are here, how old they and their databases are, whether they are logged in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

use super::adapters::Adapters;
use super::classify::{Classified, recognise};
use super::environment::{Host, Sandbox};
use super::files::read_limited;
use super::interrupt::Interrupt;
use super::manifest::{Companion, Manifest, Probe, Version, VersionProbe, fill};
use super::process::{self, Ended, Invocation};
use crate::model::{Failure, FailureKind, ScannerId};

/// Time for a command that only tells a version or a date.
const PROBE_TIME: Duration = Duration::from_secs(30);
const PROBE_GRACE: Duration = Duration::from_secs(1);
/// Most output of such a command that is kept.
const PROBE_BYTES: u64 = 1 << 20;

/// What is known of a scanner on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScannerStatus {
    /// The scanner.
    pub id: ScannerId,
    /// Name for people.
    pub title: String,
    /// True when it runs unless the user chooses others.
    pub default: bool,
    /// Where it is.
    pub path: Option<PathBuf>,
    /// Its version.
    pub version: Option<String>,
    /// Oldest version that will do.
    pub minimum: Option<String>,
    /// When its database was built, as it says itself.
    pub database_built: Option<String>,
    /// Whether it is logged in.
    pub login: LoginState,
    /// Why it cannot be used, with the remedy.
    pub problem: Option<Failure>,
    /// What to do, one line: the remedy of the problem, or the login's. `None` when all is well.
    pub remedy: Option<String>,
}

/// Whether a scanner is logged in, as far as can be told without asking its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginState {
    /// It needs no login.
    NotNeeded,
    /// There is a token or a login file.
    Present,
    /// Nothing was found.
    Missing,
}

/// Looks at every scanner, all at a time.
///
/// # Errors
/// No temporary directory can be made.
pub async fn survey(adapters: &Adapters, host: &Host) -> io::Result<Vec<ScannerStatus>> {
    let root = Arc::new(tempfile::Builder::new().prefix("crosscheck-").tempdir()?);
    let host = Arc::new(host.clone());
    let mut tasks = JoinSet::new();
    for (index, manifest) in adapters.iter().cloned().enumerate() {
        let (root, host) = (Arc::clone(&root), Arc::clone(&host));
        tasks.spawn(async move {
            let directory = root.path().join(index.to_string());
            (index, examine(&manifest, &host, &directory).await)
        });
    }
    let mut found = Vec::new();
    while let Some(task) = tasks.join_next().await {
        found.push(task.map_err(io::Error::other)?);
    }
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, status)| status).collect())
}

async fn examine(manifest: &Manifest, host: &Host, directory: &Path) -> ScannerStatus {
    let mut status = ScannerStatus {
        id: manifest.name.clone(),
        title: manifest.title.clone(),
        default: manifest.default,
        path: host.find(&manifest.executable),
        version: None,
        minimum: manifest.version.minimum.clone(),
        database_built: None,
        login: login_state(manifest, host),
        problem: None,
        remedy: None,
    };
    let interrupt = Interrupt::never();
    match Sandbox::create(directory, manifest, host) {
        Err(error) => status.problem = Some(no_sandbox(&error).failure),
        Ok(sandbox) => match programs(manifest, host, &sandbox, &interrupt).await {
            Err((version, classified)) => {
                status.version = version;
                status.problem = Some(classified.failure);
            }
            Ok(programs) => {
                status.database_built = database(manifest, &programs, &sandbox, &interrupt).await;
                status.version = programs.main.version;
            }
        },
    }
    status.remedy = status
        .problem
        .as_ref()
        .map(|problem| problem.remedy.clone())
        .or_else(|| {
            let login = manifest.login.as_ref()?;
            (status.login == LoginState::Missing).then(|| login.hint.clone())
        });
    status
}

/// The failure to make a scanner's private directories.
pub(super) fn no_sandbox(error: &io::Error) -> Classified {
    Classified::new(
        FailureKind::Other,
        format!("its private directory cannot be made: {error}"),
        "check the permissions and the free space where the results are written",
    )
}

/// A program that was found.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) version: Option<String>,
}

/// All programs that a scanner needs.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) main: Program,
    /// In the order of the manifest's companions.
    pub(super) companions: Vec<(String, Program)>,
}

impl Programs {
    /// The program of a step.
    pub(super) fn of(&self, executable: Option<&str>) -> &Program {
        executable
            .and_then(|wanted| self.companions.iter().find(|(name, _)| name == wanted))
            .map_or(&self.main, |(_, program)| program)
    }
}

/// Finds a scanner's programs and checks their versions. An error carries the version, as far as
/// one was read.
pub(super) async fn programs(
    manifest: &Manifest,
    host: &Host,
    sandbox: &Sandbox,
    interrupt: &Interrupt,
) -> Result<Programs, (Option<String>, Classified)> {
    let find = |executable: &str, install: &str| {
        host.find(executable).ok_or_else(|| {
            let cause = format!("`{executable}` is not on PATH");
            (
                None,
                Classified::new(FailureKind::NotInstalled, cause, install),
            )
        })
    };
    let main = find(&manifest.executable, &manifest.install)?;
    let mut companions = Vec::new();
    for companion in &manifest.companions {
        companions.push((companion, find(&companion.executable, &companion.install)?));
    }
    let main = versioned(manifest, None, main, sandbox, interrupt).await?;
    let mut found = Vec::new();
    for (companion, path) in companions {
        let program = versioned(manifest, Some(companion), path, sandbox, interrupt).await?;
        found.push((companion.executable.clone(), program));
    }
    Ok(Programs {
        main,
        companions: found,
    })
}

async fn versioned(
    manifest: &Manifest,
    companion: Option<&Companion>,
    path: PathBuf,
    sandbox: &Sandbox,
    interrupt: &Interrupt,
) -> Result<Program, (Option<String>, Classified)> {
    let (probe, subcommand, install): (&VersionProbe, &[String], &str) = match companion {
        Some(companion) => (&companion.version, &[], &companion.install),
        None => (&manifest.version, &manifest.subcommand, &manifest.install),
    };
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let args: Vec<&String> = subcommand.iter().chain(&probe.args).collect();
    let said = match ask(&path, &args, sandbox, interrupt).await {
        Ok(said) => said,
        Err(error) => {
            let cause = format!("{} cannot be started: {error}", path.display());
            let classified = Classified::new(
                FailureKind::Other,
                cause,
                format!("check that it is a program for this machine, or {install}"),
            );
            return Err((None, classified));
        }
    };
    if said.ended != Ended::Exited(0) {
        let known = recognise(manifest, &said.stderr)
            .filter(|known| known.failure.kind == FailureKind::NotInstalled);
        if let Some(known) = known {
            return Err((None, known));
        }
        if !subcommand.is_empty() && matches!(said.ended, Ended::Exited(_)) {
            let cause = format!(
                "`{name} {}` does not work: {}",
                subcommand.join(" "),
                said.stderr
            );
            let classified = Classified::new(FailureKind::NotInstalled, cause, install);
            return Err((None, classified));
        }
    }
    let version = extract(
        &said.stdout,
        probe.json.as_deref(),
        probe.line_prefix.as_deref(),
    )
    .map(|version| version.trim_start_matches('v').to_owned());
    let minimum = probe.minimum.as_deref();
    let too_old = version
        .as_deref()
        .and_then(Version::parse)
        .zip(minimum.and_then(Version::parse))
        .is_some_and(|(version, minimum)| version < minimum);
    if too_old {
        let cause = format!(
            "{name} {} is older than {}, the oldest version that is supported",
            version.as_deref().unwrap_or_default(),
            minimum.unwrap_or_default()
        );
        let remedy = format!("update {name} to {} or newer", minimum.unwrap_or_default());
        return Err((version, Classified::new(FailureKind::TooOld, cause, remedy)));
    }
    Ok(Program { path, version })
}

/// When the scanner's database was built, as the scanner says.
pub(super) async fn database(
    manifest: &Manifest,
    programs: &Programs,
    sandbox: &Sandbox,
    interrupt: &Interrupt,
) -> Option<String> {
    let probe: &Probe = manifest.database.as_ref()?;
    let args: Vec<&String> = manifest.subcommand.iter().chain(&probe.args).collect();
    let said = ask(&programs.main.path, &args, sandbox, interrupt)
        .await
        .ok()?;
    // The exit code does not matter: Grype prints the date of an outdated database and fails.
    extract(
        &said.stdout,
        probe.json.as_deref(),
        probe.line_prefix.as_deref(),
    )
}

struct Said {
    ended: Ended,
    stdout: String,
    stderr: String,
}

async fn ask(
    program: &Path,
    args: &[&String],
    sandbox: &Sandbox,
    interrupt: &Interrupt,
) -> io::Result<Said> {
    let cache = sandbox.cache.to_string_lossy();
    let args: Vec<OsString> = args
        .iter()
        .map(|arg| {
            fill(arg, |name| {
                (name == "cache").then(|| cache.clone().into_owned())
            })
            .into()
        })
        .collect();
    let mut said = listen(
        program,
        &args,
        &sandbox.directory,
        &sandbox.variables,
        PROBE_TIME,
        interrupt,
    )
    .await?;
    said.stdout = sandbox.secrets.redact(&said.stdout);
    said.stderr = sandbox.secrets.redact(&said.stderr);
    Ok(said)
}

/// Runs a program that only tells something, in an empty directory.
async fn listen(
    program: &Path,
    args: &[OsString],
    directory: &Path,
    variables: &BTreeMap<String, OsString>,
    time: Duration,
    interrupt: &Interrupt,
) -> io::Result<Said> {
    let (stdout, stderr) = (directory.join("probe.out"), directory.join("probe.err"));
    let ending = process::run(
        &Invocation {
            program,
            args,
            directory,
            variables,
            stdout: &stdout,
            stderr: &stderr,
            output: None,
            max_report: PROBE_BYTES,
            max_stderr: PROBE_BYTES,
            deadline: Instant::now() + time,
            grace: PROBE_GRACE,
        },
        &mut interrupt.clone(),
    )
    .await?;
    let text = |path: &Path| {
        let bytes = read_limited(path, PROBE_BYTES).unwrap_or_default();
        // The scan starts in an empty directory. What cannot be removed is in a private one anyway.
        let _ = std::fs::remove_file(path);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Said {
        ended: ending.ended,
        stdout: text(&stdout),
        stderr: text(&stderr),
    })
}

/// What a program that is no scanner prints within `time`. It sees no variables.
///
/// # Errors
/// It cannot be started, does not end in time, or ends with an error; then with what it says.
pub(crate) async fn output(program: &Path, args: &[&str], time: Duration) -> io::Result<String> {
    let directory = tempfile::Builder::new().prefix("crosscheck-").tempdir()?;
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let variables = BTreeMap::new();
    let said = listen(
        program,
        &args,
        directory.path(),
        &variables,
        time,
        &Interrupt::never(),
    )
    .await?;
    match said.ended {
        Ended::Exited(0) => Ok(said.stdout),
        Ended::Exited(code) => Err(io::Error::other(format!(
            "ended with code {code}: {}{}",
            said.stderr, said.stdout
        ))),
        Ended::TimedOut => Err(io::Error::other(format!(
            "gave no answer within {} seconds",
            time.as_secs()
        ))),
        Ended::Signalled(_) | Ended::Oversize(_) | Ended::Interrupted => {
            Err(io::Error::other("was stopped"))
        }
    }
}

/// The value that a manifest describes, in a command's output.
fn extract(text: &str, json: Option<&str>, line_prefix: Option<&str>) -> Option<String> {
    let word = |text: &str| text.split_whitespace().next().map(str::to_owned);
    let value = match (json, line_prefix) {
        (Some(pointer), _) => {
            // A small document of a shape that only the manifest knows.
            let document: serde_json::Value = serde_json::from_str(text).ok()?;
            let value = document.pointer(pointer)?;
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        }
        (None, Some(prefix)) => text
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(prefix))
            .and_then(word)?,
        (None, None) => word(text)?,
    };
    let value: String = value
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();
    (!value.is_empty() && value != "null").then_some(value)
}

fn login_state(manifest: &Manifest, host: &Host) -> LoginState {
    let Some(login) = &manifest.login else {
        return LoginState::NotNeeded;
    };
    let by_variable = login
        .variables
        .iter()
        .any(|name| host.variable(name).is_some());
    let by_file = login.files.iter().any(|file| {
        let document = host
            .login_path(&file.path)
            .and_then(|path| read_limited(&path, PROBE_BYTES).ok());
        let Some(document) = document else {
            return false;
        };
        let Ok(document) = serde_json::from_slice::<serde_json::Value>(&document) else {
            return file.json.is_empty();
        };
        file.json.is_empty()
            || file.json.iter().any(|pointer| {
                document
                    .pointer(pointer)
                    .is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
            })
    });
    if by_variable || by_file {
        LoginState::Present
    } else {
        LoginState::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_the_three_ways_that_scanners_print_them() {
        assert_eq!(
            extract(r#"{"Version":"0.69.3"}"#, Some("/Version"), None).as_deref(),
            Some("0.69.3")
        );
        assert_eq!(
            extract(
                "art\n\nversion: v1.18.3 (go1.24 - linux/amd64)\n",
                None,
                Some("version:")
            )
            .as_deref(),
            Some("v1.18.3")
        );
        assert_eq!(
            extract("1.1307.4 (standalone)\n", None, None).as_deref(),
            Some("1.1307.4")
        );
        assert_eq!(extract("{}", Some("/Version"), None), None);
        assert_eq!(extract(r#"{"built":null}"#, Some("/built"), None), None);
        assert_eq!(extract("", None, None), None);
    }
}
