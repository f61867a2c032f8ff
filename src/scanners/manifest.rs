//! The adapter manifest: everything that crosscheck knows of a scanner, as one YAML document.
//!
//! Arguments are lists and no shell is involved. A `{placeholder}` inside an argument is replaced
//! by its value and stays inside that one argument; an argument that is `{source}` or `{platform}`
//! and nothing else is replaced by the manifest's list of that name.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::formats::{self, Format};
use crate::image::SourceKind;
use crate::model::{Capabilities, Failure, FailureKind, ScannerId, ScannerReport};

/// A scanner's manifest, checked.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// Short name, lower case.
    pub name: ScannerId,
    /// Name for people.
    pub title: String,
    /// True when the scanner runs unless the user chooses others.
    #[serde(default)]
    pub default: bool,
    /// Program to look for on PATH, or an absolute path.
    pub executable: String,
    /// Arguments before all others, for a plugin (`docker scout`).
    #[serde(default)]
    pub subcommand: Vec<String>,
    /// How to read its version.
    pub version: VersionProbe,
    /// How to read the date of its database, where it has one that can be dated.
    #[serde(default)]
    pub database: Option<Probe>,
    /// Other programs that its steps run.
    #[serde(default)]
    pub companions: Vec<Companion>,
    /// Where its cache lies.
    #[serde(default)]
    pub cache: Option<Cache>,
    /// For each kind of source that it can read, the arguments that name the image.
    pub sources: BTreeMap<SourceKind, Vec<String>>,
    /// Arguments that choose a platform; used for sources that hold several.
    #[serde(default)]
    pub platform: Vec<String>,
    /// What to run, in order.
    pub steps: Vec<Step>,
    /// What its exit codes mean. A code that is not listed means failure.
    pub exit_codes: BTreeMap<i32, ExitMeaning>,
    /// What it sees of the environment.
    pub environment: Environment,
    /// How to tell whether it is logged in, where it has to be.
    #[serde(default)]
    pub login: Option<Login>,
    /// False when two instances of the executable must not run at the same time.
    pub concurrent: bool,
    /// Time that it has for all its steps, unless the user says otherwise.
    pub timeout: Timeout,
    /// What it assesses.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Texts by which its failures are recognised, the first that occurs wins.
    #[serde(default)]
    pub failures: Vec<FailurePattern>,
    /// Given when a report without a single finding cannot be told from a failure.
    #[serde(default)]
    pub empty_result: Option<EmptyResult>,
    /// How to get it, one line.
    pub install: String,
}

/// A command whose output tells something.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Arguments.
    pub args: Vec<String>,
    /// JSON pointer (RFC 6901) to the value, when the output is JSON.
    #[serde(default)]
    pub json: Option<String>,
    /// Start of the line whose next word is the value.
    #[serde(default)]
    pub line_prefix: Option<String>,
}

/// A [`Probe`] for a version, with the oldest that will do.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VersionProbe {
    /// Arguments.
    pub args: Vec<String>,
    /// As in [`Probe`].
    #[serde(default)]
    pub json: Option<String>,
    /// As in [`Probe`]. Without `json` and `line-prefix` the value is the first word.
    #[serde(default)]
    pub line_prefix: Option<String>,
    /// Oldest version that the arguments in this manifest work with.
    #[serde(default)]
    pub minimum: Option<String>,
}

/// A further program that a scanner needs.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Companion {
    /// Program to look for on PATH, or an absolute path.
    pub executable: String,
    /// How to read its version.
    pub version: VersionProbe,
    /// How to get it, one line.
    pub install: String,
}

/// A cache that outlives the run: databases, above all.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// Variable by which a user names another place.
    pub variable: String,
    /// Directory below the user's cache directory.
    pub directory: String,
}

/// One program run.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Name, for messages and files.
    pub name: String,
    /// A companion's executable; without it the scanner's own with its subcommand.
    #[serde(default)]
    pub executable: Option<String>,
    /// Arguments.
    pub args: Vec<String>,
    /// What comes out.
    pub produces: Produces,
    /// Format of what comes out.
    pub format: FormatName,
    /// Where it comes out.
    #[serde(default)]
    pub output: OutputPlace,
    /// Key that the document must have at its top level. Where it is missing, the fallback is
    /// tried, and this document counts only if the fallback has no findings.
    #[serde(default)]
    pub requires_key: Option<String>,
    /// For a fallback: what its result lacks, one line.
    #[serde(default)]
    pub missing: Option<String>,
}

/// What a [`Step`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Produces {
    /// The list of all packages, kept beside the report and merged into it.
    Inventory,
    /// The report.
    Findings,
    /// The report in a poorer form, for when the step before gave none.
    Fallback,
}

/// Where a step writes its document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputPlace {
    /// To the file that the placeholder `{output}` names.
    #[default]
    File,
    /// To standard output.
    Stdout,
}

/// A [`Format`] by its name in manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct FormatName(pub Format);

impl TryFrom<String> for FormatName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Format::from_name(&name).map(Self).ok_or_else(|| {
            let known = Format::ALL.map(Format::name).join(", ");
            format!("there is no report format `{name}`; known: {known}")
        })
    }
}

/// What an exit code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExitMeaning {
    /// The scan is done; there may or may not be findings.
    Clean,
    /// The scan is done and there are findings.
    Findings,
    /// It failed.
    Failure,
    /// It failed for want of a login.
    Authentication,
    /// It did not understand its arguments.
    Usage,
    /// It found nothing that it can assess.
    Unsupported,
}

/// What a scanner sees of the environment, beside the search path, proxies, certificates and the
/// container engine's address.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Its own settings that the user may make. They say where data comes from, not what counts.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Its own secrets. Their values are removed from everything that is stored.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Fixed settings.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// How to tell whether a scanner is logged in. A hint: only running it shows for sure.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Login {
    /// Variables of which one is enough.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Files of which one is enough. Those below the home directory are shown to the scanner in
    /// its private one.
    #[serde(default)]
    pub files: Vec<LoginFile>,
    /// What to do when there is none, one line.
    pub hint: String,
}

/// A file that holds a login.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginFile {
    /// Path with the placeholders `{home}` and `{docker-config}`.
    pub path: String,
    /// JSON pointers of which one must lead to something.
    #[serde(default)]
    pub json: Vec<String>,
    /// True when a text that they lead to is itself the secret, and must not be stored.
    #[serde(default)]
    pub secret: bool,
}

/// Text by which a failure is recognised.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FailurePattern {
    /// Any of these, in any case.
    pub contains: Vec<String>,
    /// What it is.
    pub kind: FailureKind,
    /// What to do, one line.
    pub remedy: String,
    /// True when trying again can help.
    #[serde(default)]
    pub retry: bool,
    /// True when the text means failure even beside an exit code that promises a result.
    #[serde(default)]
    pub despite_exit_code: bool,
}

/// Why finding nothing at all is no result of a scanner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EmptyResult {
    /// What else it can mean, one line.
    pub cause: String,
    /// How to find out, one line.
    pub remedy: String,
}

/// A span of time, as in `15m` or `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Timeout(pub Duration);

impl TryFrom<String> for Timeout {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span: Option<jiff::SignedDuration> = text.parse().ok();
        span.and_then(|span| Duration::try_from(span).ok())
            .filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a span of time; write it as in `15m` or `90s`"))
    }
}

impl Manifest {
    /// Why a report of this scanner cannot be trusted to say what is in the image; `None` when it
    /// can.
    pub fn doubt(&self, report: &ScannerReport) -> Option<Failure> {
        let empty = self
            .empty_result
            .as_ref()
            .filter(|_| report.failure.is_none() && report.entries == 0);
        match empty {
            Some(EmptyResult { cause, remedy }) => Some(Failure {
                kind: FailureKind::Other,
                cause: cause.clone(),
                remedy: remedy.clone(),
            }),
            None => formats::doubt(report),
        }
    }

    /// What an exit code of the scanner's own executable means.
    pub(super) fn exit_meaning(&self, code: i32) -> ExitMeaning {
        self.exit_codes
            .get(&code)
            .copied()
            .unwrap_or(ExitMeaning::Failure)
    }
}

/// `text` with the placeholders replaced, in one pass: a value that looks like a placeholder stays
/// as it is.
pub(super) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let filled = after
            .split_once('}')
            .and_then(|(name, tail)| Some((value(name)?, tail)));
        if let Some((value, tail)) = filled {
            out.push_str(&value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// A version as scanners print it, for comparing: up to three numbers, the rest left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u64; 3]);

impl Version {
    /// Reads `0.69.3`, `v1.18.3`, `1.1307.4 (standalone)`; `None` for a build without a version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let mut numbers = [0; 3];
        for (index, (slot, part)) in numbers.iter_mut().zip(text.split('.')).enumerate() {
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            match part.get(..digits).and_then(|digits| digits.parse().ok()) {
                Some(number) => *slot = number,
                None if index == 0 => return None,
                None => break,
            }
            if digits < part.len() {
                break;
            }
        }
        Some(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("0.9.0") < version("0.63.0"));
        assert!(version("v1.1307.4 (standalone)") > version("1.1292"));
        assert_eq!(version("2.0.0-rc1"), version("2"));
        assert!(Version::parse("dev").is_none());
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_not_filled_again() {
        let filled = fill("a={path},{x", |name| {
            (name == "path").then(|| "{path}".to_owned())
        });
        assert_eq!(filled, "a={path},{x");
    }

    #[test]
    fn spans_of_time_are_read() {
        assert_eq!("15m".parse::<Timeout>().unwrap().0.as_secs(), 900);
        for bad in ["", "0s", "-5m", "soon"] {
            assert!(bad.parse::<Timeout>().is_err(), "{bad}");
        }
    }
}
