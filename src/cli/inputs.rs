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
use crate::policy::cuda::{DriverVersion, Host, MAX_NODES_BYTES};
use crate::policy::{self, HostRecord, InputFile, InputKind, ResolvedPolicy};
use crate::scanners;

/// Largest VEX document, list of bulletins or earlier report, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// The word for the driver of this machine.
const AUTO: &str = "auto";

/// What else is taken into account.
#[derive(Args, Clone, Debug, Default)]
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

    /// Earlier run of this image, or its report.json: tells when findings were first seen
    #[arg(long, value_name = "RUN")]
    previous: Option<PathBuf>,

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
    /// All files that apply: those of the command line; of the policy those that the command line does
    /// not replace; `recorded` ones of a kind that neither replaces. With `policy_is_recorded` the
    /// recorded ones stand for what the policy names.
    pub(super) fn collect(
        &self,
        policy: &ResolvedPolicy,
        recorded: Option<Recorded>,
    ) -> Result<Vec<InputFile>, Error> {
        let mut gathered = Gathered {
            files: self.given()?,
            problems: Vec::new(),
        };
        let keeps_policy = recorded
            .as_ref()
            .is_some_and(|recorded| recorded.keeps_policy);
        if !keeps_policy {
            Self::of_policy(policy, &mut gathered);
            self.feeds_of_policy(policy, &mut gathered);
        }
        for file in recorded.into_iter().flat_map(|recorded| recorded.files) {
            if (keeps_policy || !file.by_policy) && !gathered.replaces(file.kind) {
                gathered.files.push(file);
            }
        }
        gathered.finish()
    }

    /// The files that a policy names itself, without what is known of exploitation.
    pub(super) fn files_of(policy: &ResolvedPolicy) -> Result<Vec<InputFile>, Error> {
        let mut gathered = Gathered {
            files: Vec::new(),
            problems: Vec::new(),
        };
        Self::of_policy(policy, &mut gathered);
        gathered.finish()
    }

    /// What the command line gives.
    fn given(&self) -> Result<Vec<InputFile>, Error> {
        let mut files = Vec::new();
        for (kind, paths) in [
            (InputKind::Vex, self.vex.as_slice()),
            (InputKind::Nodes, self.host_drivers_from.as_slice()),
            (InputKind::Bulletins, self.cuda_bulletins.as_slice()),
        ] {
            for path in paths {
                files.push(file(kind, path, false).map_err(Error::usage)?);
            }
        }
        for (feed, given) in [(Feed::Kev, &self.kev), (Feed::Epss, &self.epss)] {
            if let Some(given) = given {
                let source = feed_source(given).map_err(Error::usage)?;
                // Asked for by name: its absence is an error.
                let fetched = self
                    .fetch(feed, &source, DEFAULT_MAX_AGE)
                    .map_err(Error::usage)?;
                files.push(fetched);
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
            files.push(hosts_file(&hosts, "--host-driver", false)?);
        }
        if let Some(previous) = &self.previous {
            files.push(first_seen(previous)?);
        }
        if let Some(image) = &self.base_image {
            files.push(base_layers(image)?);
        }
        Ok(files)
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
    ) -> Result<InputFile, String> {
        let folder = cache_folder(&scanners::Host::current());
        // The age of a copy is a matter of the clock on the wall, whatever moment is judged at.
        let fetcher = Fetcher::new(folder, Timestamp::now(), self.offline);
        let fetched = fetcher
            .fetch(feed, source, max_age)
            .map_err(|error| error.to_string())?;
        if let Some(warning) = &fetched.warning {
            say(&format!("warning: {warning}"));
        }
        Ok(InputFile {
            kind: kind_of(feed),
            name: fetched.name,
            by_policy: false,
            bytes: fetched.bytes,
        })
    }

    /// What the policy names and the command line does not replace.
    fn of_policy(policy: &ResolvedPolicy, gathered: &mut Gathered) {
        let folder = folder_of(policy);
        for name in policy.vex() {
            gathered.take(file(InputKind::Vex, &folder.join(name), true));
        }
        let cuda = policy.cuda();
        if let Some(name) = cuda
            .bulletins
            .as_ref()
            .filter(|_| !gathered.has(InputKind::Bulletins))
        {
            gathered.take(file(InputKind::Bulletins, &folder.join(name), true));
        }
        if !gathered.has(InputKind::Hosts) && !gathered.has(InputKind::Nodes) {
            if !cuda.host_drivers.is_empty() {
                let hosts: Vec<Host> = cuda
                    .host_drivers
                    .iter()
                    .map(|text| Host::new(text, "a host that the policy names"))
                    .collect();
                let written = hosts_file(&hosts, "cuda.host-drivers", true);
                gathered.take(written.map_err(|error| error.render()));
            }
            if let Some(name) = &cuda.host_drivers_from {
                gathered.take(file(InputKind::Nodes, &folder.join(name), true));
            }
        }
    }

    /// What the policy wants to know of exploitation and the command line does not replace.
    fn feeds_of_policy(&self, policy: &ResolvedPolicy, gathered: &mut Gathered) {
        let folder = folder_of(policy);
        let enrichment = policy.enrichment();
        for (feed, wanted) in [(Feed::Kev, &enrichment.kev), (Feed::Epss, &enrichment.epss)] {
            let Some(wanted) = wanted.as_ref().filter(|_| !gathered.has(kind_of(feed))) else {
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
            let fetched = source.and_then(|source| self.fetch(feed, &source, max_age));
            match fetched {
                Ok(fetched) => gathered.files.push(InputFile {
                    by_policy: true,
                    ..fetched
                }),
                Err(problem) if wanted.required => gathered.problems.push(problem),
                Err(problem) => say(&format!("warning: {problem}; going on without it")),
            }
        }
    }
}

/// The files of a recorded run.
pub(super) struct Recorded {
    /// The files.
    pub(super) files: Vec<InputFile>,
    /// True when the recorded policy applies again, and so what it drew on.
    pub(super) keeps_policy: bool,
}

struct Gathered {
    files: Vec<InputFile>,
    problems: Vec<String>,
}

impl Gathered {
    fn has(&self, kind: InputKind) -> bool {
        self.files.iter().any(|file| file.kind == kind)
    }

    /// Whether files that are here replace recorded ones of this kind. Hosts are one thing, in
    /// whatever form they come.
    fn replaces(&self, kind: InputKind) -> bool {
        match kind {
            InputKind::Hosts | InputKind::Nodes => {
                self.has(InputKind::Hosts) || self.has(InputKind::Nodes)
            }
            InputKind::Vex => false,
            other => self.has(other),
        }
    }

    fn finish(mut self) -> Result<Vec<InputFile>, Error> {
        if !self.problems.is_empty() {
            return Err(Error::usages(self.problems));
        }
        // Whatever the order in which they were gathered, a run keeps them in one.
        self.files
            .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(self.files)
    }

    fn take(&mut self, file: Result<InputFile, String>) {
        match file {
            Ok(file) => self.files.push(file),
            Err(problem) => self.problems.push(problem),
        }
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
    let limit = match kind {
        InputKind::Nodes => MAX_NODES_BYTES as u64,
        _ => MAX_FILE,
    };
    Ok(InputFile {
        kind,
        name: path.display().to_string(),
        by_policy,
        bytes: read_limited(path, limit).map_err(|error| error.to_string())?,
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

fn hosts_file(hosts: &[Host], name: &str, by_policy: bool) -> Result<InputFile, Error> {
    let records: Vec<HostRecord> = hosts.iter().map(HostRecord::from).collect();
    json_file(InputKind::Hosts, name, by_policy, &records)
}

fn json_file<T: Serialize>(
    kind: InputKind,
    name: &str,
    by_policy: bool,
    content: &T,
) -> Result<InputFile, Error> {
    let bytes = serde_json::to_vec(content)
        .map_err(|error| Error::usage(format!("{name}: cannot be kept: {error}")))?;
    Ok(InputFile {
        kind,
        name: name.to_owned(),
        by_policy,
        bytes,
    })
}

/// When the findings of an earlier report were first seen: its own word where it has one, else the
/// moment that it was made for.
fn first_seen(previous: &Path) -> Result<InputFile, Error> {
    /// Of a report no more than is needed.
    #[derive(Deserialize)]
    struct Earlier {
        evaluated_at: String,
        findings: Vec<EarlierFinding>,
    }
    #[derive(Deserialize)]
    struct EarlierFinding {
        key: String,
        #[serde(default)]
        first_seen: Option<String>,
    }
    let path = if previous.is_dir() {
        previous.join("report.json")
    } else {
        previous.to_owned()
    };
    let bytes = read_limited(&path, MAX_FILE).map_err(Error::usage)?;
    let earlier: Earlier = serde_json::from_slice(&bytes).map_err(|error| {
        Error::usage(format!(
            "{}: line {}, column {}: not a report of crosscheck: {error}; give a run directory or its \
             report.json",
            path.display(),
            error.line(),
            error.column()
        ))
    })?;
    let seen: BTreeMap<String, String> = earlier
        .findings
        .into_iter()
        .map(|finding| {
            let since = finding
                .first_seen
                .unwrap_or_else(|| earlier.evaluated_at.clone());
            (finding.key, since)
        })
        .collect();
    let name = previous.display().to_string();
    json_file(InputKind::FirstSeen, &name, false, &seen)
}

fn base_layers(image: &str) -> Result<InputFile, Error> {
    let source = Source::parse(image).map_err(Error::usage)?;
    let identity = inspect(&source, None).map_err(Error::usage)?;
    if identity.diff_ids.is_empty() {
        return Err(Error::usage(format!(
            "{image}: its layers are not known; give the base image as an archive or an OCI layout"
        )));
    }
    json_file(InputKind::BaseLayers, image, false, &identity.diff_ids)
}

/// Reads what was gathered.
pub(super) fn read(files: &[InputFile]) -> Result<policy::Inputs, Error> {
    policy::Inputs::read(files).map_err(Error::usages)
}
