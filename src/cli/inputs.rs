//! What a policy draws on besides the reports: gathered from the command line, the policy and, for a
//! recorded run, its record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::common::{runtime, say};
use super::error::Error;
use crate::bundle::read_limited;
use crate::feeds::{DEFAULT_MAX_AGE, Feed, FeedSource, FeedUrl, Fetcher, cache_folder};
use crate::host::Machine;
use crate::image::{Source, inspect};
use crate::model::{Diagnostic, DiagnosticLevel};
use crate::policy::cuda::{DriverVersion, Host, Hosts, MAX_NODES_BYTES};
use crate::policy::{self, HostsRecord, InputFile, InputKind, ResolvedPolicy};
use crate::scanners;

/// Largest VEX document, list of bulletins or earlier report, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// The word for the driver of this machine.
const AUTO: &str = "auto";

/// What else is taken into account.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Taken into account")]
pub(super) struct InputArgs {
    /// VEX document (OpenVEX, CycloneDX, CSAF), besides those of the policy
    #[arg(long, value_name = "FILE")]
    vex: Vec<PathBuf>,

    /// CISA's catalogue of Known Exploited Vulnerabilities: a file or an address
    #[arg(long, value_name = "FILE|URL")]
    kev: Option<String>,

    /// FIRST's EPSS scores, plain or gzip: a file or an address
    #[arg(long, value_name = "FILE|URL")]
    epss: Option<String>,

    /// Fetch nothing: use the copies of KEV and EPSS that are there
    #[arg(long)]
    offline: bool,

    /// NVIDIA driver of a host that the image may run on, as 580.178.04; `auto` for this machine's.
    /// Once for each different host: all of them have to have a fix
    #[arg(long, value_name = "VERSION", value_parser = parse_driver)]
    host_driver: Vec<String>,

    /// Nodes of a cluster (kubectl get nodes -o json) that the image may run on
    #[arg(long, value_name = "FILE")]
    host_drivers_from: Option<PathBuf>,

    /// NVIDIA bulletins that replace or add entries of the built-in list
    #[arg(long, value_name = "FILE")]
    cuda_bulletins: Option<PathBuf>,

    /// Earlier run of this image, or its report.json: tells when findings were first seen. Several
    /// bridge a run in which a scanner failed
    #[arg(long, value_name = "RUN")]
    previous: Vec<PathBuf>,

    /// The base image, as an archive or an OCI layout: tells its layers
    #[arg(long, value_name = "IMAGE")]
    base_image: Option<String>,
}

fn parse_driver(text: &str) -> Result<String, String> {
    if text == AUTO {
        return Ok(text.to_owned());
    }
    DriverVersion::parse(text)
        .map(|version| version.to_string())
        .map_err(|error| error.to_string())
}

impl InputArgs {
    /// True when the command line names nothing.
    pub(super) fn is_empty(&self) -> bool {
        Self {
            offline: false,
            ..self.clone()
        } == Self::default()
    }

    /// What applies, by its kind: of the command line; else what the command line of the recorded run
    /// gave; else what the policy names; else, where the recorded policy applies again, what that one
    /// drew on. VEX documents add up instead.
    pub(super) fn collect(
        &self,
        policy: &ResolvedPolicy,
        recorded: Option<Recorded>,
    ) -> Result<Collected, Error> {
        let mut gathered = self.given()?;
        let Recorded {
            files,
            warnings,
            keeps_policy,
        } = recorded.unwrap_or_default();
        let (by_policy, by_hand): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.by_policy);
        gathered.add_missing(by_hand);
        if keeps_policy {
            gathered.add_missing(by_policy);
            gathered.warnings.extend(warnings);
        } else {
            let mut named = Gathered::default();
            Self::of_policy(policy, &gathered, &mut named);
            self.feeds_of_policy(policy, &gathered, &mut named);
            gathered.problems.append(&mut named.problems);
            gathered.warnings.append(&mut named.warnings);
            gathered.files.append(&mut named.files);
        }
        gathered.finish()
    }

    /// The files that a policy names itself, without what is known of exploitation.
    pub(super) fn files_of(policy: &ResolvedPolicy) -> Result<Collected, Error> {
        let mut gathered = Gathered::default();
        Self::of_policy(policy, &Gathered::default(), &mut gathered);
        gathered.finish()
    }

    /// What the command line gives.
    fn given(&self) -> Result<Gathered, Error> {
        let mut gathered = Gathered::default();
        for path in &self.vex {
            gathered.take(file(InputKind::Vex, path, false));
        }
        if let Some(path) = &self.cuda_bulletins {
            gathered.take(file(InputKind::Bulletins, path, false));
        }
        for (feed, given) in [(Feed::Kev, &self.kev), (Feed::Epss, &self.epss)] {
            if let Some(given) = given {
                // Asked for by name: its absence is an error.
                let fetched = feed_source(given)
                    .and_then(|source| self.fetch(feed, &source, DEFAULT_MAX_AGE, &mut gathered));
                gathered.take(fetched);
            }
        }
        if !self.host_driver.is_empty() {
            let mut hosts = Vec::new();
            for text in &self.host_driver {
                hosts.push(if text == AUTO {
                    Self::this_machine()?
                } else {
                    Host::new(text, "the host given with --host-driver")
                });
            }
            let hosts: Hosts = hosts.into_iter().collect();
            gathered.take(hosts_file(&hosts, "--host-driver", false));
        }
        if let Some(path) = &self.host_drivers_from {
            gathered.take(nodes_file(path, false));
        }
        for previous in &self.previous {
            gathered.take(first_seen(previous));
        }
        if let Some(image) = &self.base_image {
            gathered.take(base_layers(image));
        }
        Ok(gathered)
    }

    fn this_machine() -> Result<Host, Error> {
        let machine = Machine::this(&scanners::Host::current());
        runtime()?.block_on(machine.driver()).map_err(Error::usage)
    }

    fn fetch(
        &self,
        feed: Feed,
        source: &FeedSource,
        max_age: SignedDuration,
        gathered: &mut Gathered,
    ) -> Result<InputFile, String> {
        let folder = cache_folder(&scanners::Host::current());
        // The age of a copy is a matter of the clock on the wall, whatever moment is judged at.
        let fetcher = Fetcher::new(folder, Timestamp::now(), self.offline);
        let fetched = fetcher
            .fetch(feed, source, max_age)
            .map_err(|error| error.to_string())?;
        gathered.warnings.extend(fetched.warning);
        Ok(InputFile {
            kind: kind_of(feed),
            name: fetched.name,
            by_policy: false,
            bytes: fetched.bytes,
        })
    }

    /// What the policy names and what is given does not replace.
    fn of_policy(policy: &ResolvedPolicy, given: &Gathered, named: &mut Gathered) {
        let folder = folder_of(policy);
        for name in policy.vex() {
            named.take(file(InputKind::Vex, &folder.join(name), true));
        }
        let cuda = policy.cuda();
        if let Some(name) = cuda
            .bulletins
            .as_ref()
            .filter(|_| !given.has(InputKind::Bulletins))
        {
            named.take(file(InputKind::Bulletins, &folder.join(name), true));
        }
        if given.has(InputKind::Hosts) {
            return;
        }
        if !cuda.host_drivers.is_empty() {
            let hosts = cuda.host_drivers.iter();
            let hosts: Hosts = hosts
                .map(|text| Host::new(text, "a host that the policy names"))
                .collect();
            named.take(hosts_file(&hosts, "cuda.host-drivers", true));
        }
        if let Some(name) = &cuda.host_drivers_from {
            named.take(nodes_file(&folder.join(name), true));
        }
    }

    /// What the policy wants to know of exploitation and what is given does not replace.
    fn feeds_of_policy(&self, policy: &ResolvedPolicy, given: &Gathered, named: &mut Gathered) {
        let folder = folder_of(policy);
        let enrichment = policy.enrichment();
        for (feed, wanted) in [(Feed::Kev, &enrichment.kev), (Feed::Epss, &enrichment.epss)] {
            let Some(wanted) = wanted.as_ref().filter(|_| !given.has(kind_of(feed))) else {
                continue;
            };
            let source = match (&wanted.file, &wanted.url) {
                (Some(name), _) => Ok(FeedSource::File(folder.join(name))),
                (None, url) => FeedUrl::parse(url.as_deref().unwrap_or_default())
                    .map(FeedSource::Url)
                    .map_err(|error| error.to_string()),
            };
            let max_age = wanted.max_age.map_or(DEFAULT_MAX_AGE, |age| {
                SignedDuration::from_hours(age.hours().into())
            });
            match source.and_then(|source| self.fetch(feed, &source, max_age, named)) {
                Ok(fetched) => named.files.push(InputFile {
                    by_policy: true,
                    ..fetched
                }),
                Err(problem) if wanted.required => named.problems.push(problem),
                Err(problem) => named
                    .warnings
                    .push(format!("{problem}; it is left out of account")),
            }
        }
    }
}

/// What applies besides the reports.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    /// The files.
    pub(super) files: Vec<InputFile>,
    /// What could not be had, or only in part. A reader of the report has to know.
    pub(super) warnings: Vec<String>,
}

impl Collected {
    /// Reads the files.
    pub(super) fn read(&self) -> Result<policy::Inputs, Error> {
        policy::Inputs::read(&self.files).map_err(Error::usages)
    }

    /// The warnings, for the report.
    pub(super) fn diagnostics(&self) -> impl Iterator<Item = Diagnostic> {
        self.warnings.iter().map(|message| Diagnostic {
            level: DiagnosticLevel::Warning,
            origin: "policy".to_owned(),
            pointer: None,
            message: message.clone(),
        })
    }
}

/// What a recorded run drew on.
#[derive(Default)]
pub(super) struct Recorded {
    /// The files.
    pub(super) files: Vec<InputFile>,
    /// What could not be had then.
    pub(super) warnings: Vec<String>,
    /// True when the recorded policy applies again, and so what it drew on.
    pub(super) keeps_policy: bool,
}

#[derive(Default)]
struct Gathered {
    files: Vec<InputFile>,
    warnings: Vec<String>,
    problems: Vec<String>,
}

impl Gathered {
    fn has(&self, kind: InputKind) -> bool {
        self.files.iter().any(|file| file.kind == kind)
    }

    /// Adds the files whose kind nothing that is here replaces. VEX documents replace none, but the
    /// same document is taken once.
    fn add_missing(&mut self, files: Vec<InputFile>) {
        let missing = |file: &InputFile| match file.kind {
            InputKind::Vex => !self.files.iter().any(|here| here.bytes == file.bytes),
            kind => !self.has(kind),
        };
        let mut missing: Vec<InputFile> = files.into_iter().filter(missing).collect();
        self.files.append(&mut missing);
    }

    fn take(&mut self, file: Result<InputFile, String>) {
        match file {
            Ok(file) => self.files.push(file),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn finish(mut self) -> Result<Collected, Error> {
        if !self.problems.is_empty() {
            return Err(Error::usages(self.problems));
        }
        // Whatever the order in which they were gathered, a run keeps them in one.
        self.files
            .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        for warning in &self.warnings {
            say(&format!("warning: {warning}"));
        }
        Ok(Collected {
            files: self.files,
            warnings: self.warnings,
        })
    }
}

/// The directory from which a policy names files.
fn folder_of(policy: &ResolvedPolicy) -> &Path {
    Path::new(policy.source()).parent().unwrap_or(Path::new(""))
}

fn kind_of(feed: Feed) -> InputKind {
    match feed {
        Feed::Kev => InputKind::Kev,
        Feed::Epss => InputKind::Epss,
    }
}

fn file(kind: InputKind, path: &Path, by_policy: bool) -> Result<InputFile, String> {
    Ok(InputFile {
        kind,
        name: path.display().to_string(),
        by_policy,
        bytes: read_limited(path, MAX_FILE).map_err(|error| error.to_string())?,
    })
}

fn feed_source(given: &str) -> Result<FeedSource, String> {
    if given.contains("://") {
        let url = FeedUrl::parse(given).map_err(|error| error.to_string())?;
        Ok(FeedSource::Url(url))
    } else {
        Ok(FeedSource::File(PathBuf::from(given)))
    }
}

/// The hosts that a cluster's nodes are. Of the nodes nothing else is kept: their annotations are
/// nobody's business.
fn nodes_file(path: &Path, by_policy: bool) -> Result<InputFile, String> {
    let bytes = read_limited(path, MAX_NODES_BYTES as u64).map_err(|error| error.to_string())?;
    let name = path.display().to_string();
    let hosts = Hosts::from_nodes(&bytes, &name).map_err(|error| error.to_string())?;
    hosts_file(&hosts, &name, by_policy)
}

fn hosts_file(hosts: &Hosts, name: &str, by_policy: bool) -> Result<InputFile, String> {
    json_file(InputKind::Hosts, name, by_policy, &HostsRecord::from(hosts))
}

fn json_file<T: Serialize>(
    kind: InputKind,
    name: &str,
    by_policy: bool,
    content: &T,
) -> Result<InputFile, String> {
    let bytes =
        serde_json::to_vec(content).map_err(|error| format!("{name}: cannot be kept: {error}"))?;
    Ok(InputFile {
        kind,
        name: name.to_owned(),
        by_policy,
        bytes,
    })
}

/// When the findings of an earlier report were first seen: its own word where it has one, else the
/// moment that it was made for.
fn first_seen(previous: &Path) -> Result<InputFile, String> {
    /// Of a report no more than is needed.
    #[derive(Deserialize)]
    struct Earlier {
        evaluated_at: Timestamp,
        findings: Vec<EarlierFinding>,
    }
    #[derive(Deserialize)]
    struct EarlierFinding {
        key: String,
        #[serde(default)]
        first_seen: Option<Timestamp>,
    }
    let path = if previous.is_dir() {
        previous.join("report.json")
    } else {
        previous.to_owned()
    };
    let bytes = read_limited(&path, MAX_FILE)
        .map_err(|error| format!("{error}; --previous takes a run directory or its report.json"))?;
    let earlier: Earlier = serde_json::from_slice(&bytes).map_err(|error| {
        format!(
            "{}: line {}, column {}: not a report of crosscheck: {error}; give a run directory or its \
             report.json",
            path.display(),
            error.line(),
            error.column()
        )
    })?;
    let mut seen: BTreeMap<String, Timestamp> = BTreeMap::new();
    for finding in earlier.findings {
        let since = finding.first_seen.unwrap_or(earlier.evaluated_at);
        seen.insert(finding.key, since);
    }
    let name = previous.display().to_string();
    json_file(InputKind::FirstSeen, &name, false, &seen)
}

fn base_layers(image: &str) -> Result<InputFile, String> {
    let source = Source::parse(image).map_err(|error| error.to_string())?;
    let identity = inspect(&source, None).map_err(|error| error.to_string())?;
    if identity.diff_ids.is_empty() {
        return Err(format!(
            "{image}: its layers are not known; give the base image as an archive or an OCI layout"
        ));
    }
    json_file(InputKind::BaseLayers, image, false, &identity.diff_ids)
}
