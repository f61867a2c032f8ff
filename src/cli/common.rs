//! Arguments that several subcommands share, and what they stand for.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::{Timestamp, Unit};

use super::error::Error;
use super::inputs::InputArgs;
use crate::bundle::{FileError, MAX_REPORT_BYTES, read_limited};
use crate::formats;
use crate::model::ScannerReport;
use crate::policy::{self, Policy, ResolvedPolicy};
use crate::report::{self, Options, TextFormat};

/// A policy is a page or ten; what is larger is something else.
const MAX_POLICY: u64 = 1 << 20;

/// Which policy applies.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArgs {
    /// Policy file [default: policy.yaml in the working directory if there is one, else built in]
    #[arg(long, value_name = "FILE", env = "CROSSCHECK_POLICY")]
    pub(super) policy: Option<PathBuf>,

    /// Profile of the policy [default: the policy's own default; of a recorded run the recorded one,
    /// unless another policy is given]
    #[arg(long, value_name = "NAME", env = "CROSSCHECK_PROFILE")]
    pub(super) profile: Option<String>,

    /// Moment that expiry and ages are counted from, RFC 3339 [default: now; of a recorded run the
    /// recorded moment]
    #[arg(long, value_name = "TIME", env = "CROSSCHECK_NOW")]
    pub(super) now: Option<Timestamp>,

    #[command(flatten)]
    pub(super) inputs: InputArgs,
}

/// A policy, read.
#[derive(Clone, Debug)]
pub(super) struct LoadedPolicy {
    /// The policy.
    pub(super) policy: Policy,
    /// The profile that the user, or the record of a run, names.
    pub(super) profile: Option<String>,
    /// The file's text, to be kept in the bundle.
    pub(super) text: String,
}

/// The policy that a replayed run recorded.
pub(super) struct RecordedPolicy {
    /// The file in the run.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Where the text came from when it was recorded.
    pub(super) source: String,
    /// The profile that was applied.
    pub(super) profile: Option<String>,
}

impl PolicyArgs {
    /// The same with this file, where one is given.
    pub(super) fn with_file(&self, file: Option<&PathBuf>) -> Self {
        Self {
            policy: file.or(self.policy.as_ref()).cloned(),
            ..self.clone()
        }
    }

    /// The moment given, or now to the second.
    pub(super) fn moment(&self) -> Timestamp {
        let now = || {
            let precise = Timestamp::now();
            precise.round(Unit::Second).unwrap_or(precise)
        };
        self.now.unwrap_or_else(now)
    }

    /// Reads the policy. The recorded one stands before a file in the working
    /// directory and the built-in one.
    pub(super) fn load(&self, recorded: Option<RecordedPolicy>) -> Result<LoadedPolicy, Error> {
        let file = self.policy.clone().or_else(|| {
            let local = PathBuf::from("policy.yaml");
            (recorded.is_none() && local.is_file()).then_some(local)
        });
        let mut profile = self.profile.clone();
        let (policy, text) = match (file, recorded) {
            (Some(path), _) => {
                let text = read_text(&path).map_err(Error::usage)?;
                (
                    policy::parse(&text, &path.display().to_string()).map_err(Error::usage)?,
                    text,
                )
            }
            (None, Some(recorded)) => {
                // The report names the policy as it did when it was applied, an error the file
                // that somebody can open.
                let parsed = policy::parse(&recorded.text, &recorded.source);
                let policy = parsed.map_err(|mut errors| {
                    errors.source = recorded.path.display().to_string();
                    Error::usage(errors)
                })?;
                profile = profile.or(recorded.profile);
                (policy, recorded.text)
            }
            (None, None) => (Policy::built_in(), Policy::built_in_text().to_owned()),
        };
        let loaded = LoadedPolicy {
            policy,
            profile,
            text,
        };
        // An unknown profile is told now, not after minutes of scanning.
        loaded.resolve(None)?;
        Ok(loaded)
    }
}

impl LoadedPolicy {
    /// The policy as it applies to an image: under the profile that was named, else under the one
    /// that the policy has for the image's reference.
    pub(super) fn resolve(&self, image: Option<&str>) -> Result<ResolvedPolicy, Error> {
        let profile = self.profile.as_deref();
        let profile = profile.unwrap_or_else(|| self.policy.profile_of(image));
        self.policy.resolve(Some(profile)).map_err(Error::usage)
    }
}

/// Reads a file that a person wrote: a policy, or what goes with it.
pub(in crate::cli) fn read_text(path: &Path) -> Result<String, String> {
    let bytes = read_limited(path, MAX_POLICY).map_err(|error| match error {
        FileError::TooLarge { path, max } => format!(
            "{}: larger than {max} bytes, which no such file is; check its name",
            path.display()
        ),
        error => error.to_string(),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!(
            "{}: not UTF-8 at byte {at}; save it as UTF-8",
            path.display()
        )
    })
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// When an id is a link to its page.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Hyperlinks {
    /// On a terminal that is known to show links, where colours are shown.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Hyperlinks {
    /// Whether standard output gets links; `color` says whether it gets colours. What wants no
    /// escape sequences for these wants none at all.
    pub(super) fn are_shown(self, color: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // The library takes FORCE_HYPERLINK for an order to write them to files as well.
            Self::Auto => {
                color
                    && io::stdout().is_terminal()
                    && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
            }
        }
    }
}

/// How a page of text is laid out.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(super) struct PageArgs {
    /// Columns of the text [default: those of the terminal, else 100]
    #[arg(long, value_name = "COLUMNS")]
    pub(super) width: Option<u16>,

    /// When to colour
    #[arg(long, value_enum, default_value_t)]
    pub(super) color: Color,
}

impl PageArgs {
    /// The layout for standard output.
    pub(super) fn options(&self) -> Options {
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        };
        // Through a pager standard output is no terminal, but standard error still is.
        let columns =
            terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| columns);
        let default = Options::default();
        Options {
            width: self.width.or(columns).unwrap_or(default.width),
            color,
            ..default
        }
    }
}

/// How a comparison is shown.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct TextOutputArgs {
    /// Format on standard output: table, json (see crosscheck schema) or markdown
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_text_format)]
    pub(super) format: TextFormat,

    /// Show every row of every list
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    page: PageArgs,
}

impl TextOutputArgs {
    /// The layout for standard output.
    pub(super) fn options(&self) -> Options {
        Options {
            rows: (!self.all).then_some(Options::DEFAULT_ROWS),
            ..self.page.options()
        }
    }
}

/// Lets `write` fill standard output. A reader that goes away early (`| head`) is no error; the exit
/// code still tells the verdict.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::usage(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Reads the name of a format in which comparisons and changes are written.
pub(super) fn parse_text_format(name: &str) -> Result<TextFormat, String> {
    TextFormat::from_name(name)
        .ok_or_else(|| no_such_format(&TextFormat::ALL.map(TextFormat::name)))
}

pub(super) fn no_such_format(known: &[&str]) -> String {
    format!("no such format; there are {}", known.join(", "))
}

/// A line of talk on standard error, harmless for terminals.
pub(super) fn say(line: &str) {
    let text = report::escape::terminal(line);
    // Standard error may be closed; there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// True when progress may be drawn over itself.
pub(super) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Reads the package lists given with `--sbom`, and checks that they are some.
pub(super) fn read_inventory_files(
    paths: &[PathBuf],
) -> Result<Vec<(formats::Format, Vec<u8>)>, Error> {
    Ok(read_inventories_with_bytes(paths)?
        .into_iter()
        .map(|(format, bytes, _)| (format, bytes))
        .collect())
}

/// Reads the package lists given with `--sbom`.
pub(super) fn read_inventories(paths: &[PathBuf]) -> Result<Vec<ScannerReport>, Error> {
    Ok(read_inventories_with_bytes(paths)?
        .into_iter()
        .map(|(_, _, report)| report)
        .collect())
}

type InventoryFile = (formats::Format, Vec<u8>, ScannerReport);

fn read_inventories_with_bytes(paths: &[PathBuf]) -> Result<Vec<InventoryFile>, Error> {
    let mut inventories = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match read_inventory(path) {
            Ok(inventory) => inventories.push(inventory),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(inventories)
    } else {
        Err(Error::usages(problems))
    }
}

fn read_inventory(path: &Path) -> Result<InventoryFile, String> {
    let bytes = read_limited(path, MAX_REPORT_BYTES).map_err(|error| error.to_string())?;
    let located = |error: formats::ReadError| format!("{}: {error}", path.display());
    let report = formats::read(&bytes).map_err(located)?;
    if report.scanner.is_own() {
        // It lists what the scanners list, and would pass for a list of somebody else.
        return Err(format!(
            "{}: written by {} from scanners' reports, so it adds no packages; give an SBOM of \
             another tool (Syft, SPDX or CycloneDX JSON)",
            path.display(),
            report.scanner
        ));
    }
    let format = formats::decode(&bytes)
        .and_then(|text| formats::detect(&text))
        .map_err(located)?;
    if report.packages.is_empty() {
        return Err(format!(
            "{}: holds no packages; give an SBOM (Syft, SPDX or CycloneDX JSON)",
            path.display()
        ));
    }
    Ok((format, bytes, report))
}

/// The runtime for the floors that run processes.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::usage(format!("cannot start: {error}")))
}

/// Writes text to standard output.
pub(super) fn print_text(text: &str) -> Result<(), Error> {
    print(|out| out.write_all(text.as_bytes()))
}
