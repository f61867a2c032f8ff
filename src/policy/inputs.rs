//! What a policy draws on besides the scanners' reports: files as they were given, and what they say.
//!
//! Everything arrives as a file, also what was found out (the driver of this machine, the layers of a
//! base image, when a finding was first seen), so that a run can keep it and be judged again without
//! asking anybody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::report::{CudaSummary, FeedSummary, PolicySummary, VexSummary};
use crate::model::{Diagnostic, DiagnosticLevel, Finding};

use super::cuda::{Bulletins, Host, HostDriver, Hosts};
use super::document::{Day, GraceStart};
use super::enrichment::{self, Edition, EpssScores, Kev};
use super::resolve::ResolvedPolicy;
use super::vex::{self, VexDocument};

/// CISA's catalogue changes weekly, the scores daily; older ones lack what happened since.
const FEED_STALE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// NVIDIA publishes three or four times a year; a list older than this lacks a bulletin.
const BULLETINS_STALE: SignedDuration = SignedDuration::from_hours(120 * 24);

/// What a file is to a policy.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// A VEX document.
    Vex,
    /// CISA's catalogue of Known Exploited Vulnerabilities.
    Kev,
    /// FIRST's EPSS scores.
    Epss,
    /// NVIDIA's bulletins, on top of the built-in list.
    Bulletins,
    /// Hosts' drivers: a [`HostsRecord`], JSON. What a cluster's nodes tell besides is not kept.
    Hosts,
    /// When findings were first seen: their keys with moments (RFC 3339), a JSON object.
    FirstSeen,
    /// Digests of the base image's layers, a JSON list.
    BaseLayers,
}

impl InputKind {
    /// Its name in a run.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vex => "vex",
            Self::Kev => "kev",
            Self::Epss => "epss",
            Self::Bulletins => "bulletins",
            Self::Hosts => "hosts",
            Self::FirstSeen => "first-seen",
            Self::BaseLayers => "base-layers",
        }
    }

    /// The ending of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Bulletins => "yaml",
            // Plain or compressed; the content tells.
            Self::Epss => "csv",
            _ => "json",
        }
    }
}

/// A file that a policy draws on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// What it is.
    pub kind: InputKind,
    /// Its path or address, for messages.
    pub name: String,
    /// True when the policy names it, false when the command line does.
    pub by_policy: bool,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Hosts, as a run keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsRecord {
    /// Those that count.
    pub hosts: Vec<HostRecord>,
    /// Those that do not, and why, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skipped: Vec<String>,
}

impl From<&Hosts> for HostsRecord {
    fn from(hosts: &Hosts) -> Self {
        Self {
            hosts: hosts.iter().map(HostRecord::from).collect(),
            skipped: hosts.skipped().to_vec(),
        }
    }
}

/// A host's driver, as a run keeps it: known with a version, not known without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    /// The driver's version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Why nothing can be said of this host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub excluded: Option<String>,
    /// Where that comes from.
    pub origin: String,
}

impl From<&Host> for HostRecord {
    fn from(host: &Host) -> Self {
        let (version, excluded) = match &host.driver {
            HostDriver::Known(version) => (Some(version.to_string()), None),
            HostDriver::Malformed(malformed) => (None, Some(malformed.to_string())),
            HostDriver::Unknown => (None, None),
            HostDriver::Excluded(why) => (None, Some(why.clone())),
        };
        Self {
            version,
            excluded,
            origin: host.origin.clone(),
        }
    }
}

impl HostRecord {
    fn into_host(self) -> Host {
        match (self.excluded, self.version) {
            (Some(why), _) => Host::excluded(why, self.origin),
            (None, Some(version)) => Host::new(&version, self.origin),
            (None, None) => Host {
                driver: HostDriver::Unknown,
                origin: self.origin,
            },
        }
    }
}

/// Scores as they came: which of them are wanted is known with the findings.
#[derive(Clone, Debug)]
struct EpssFile {
    name: String,
    edition: Edition,
    bytes: Vec<u8>,
}

/// What the files say.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The hosts that the image may run on.
    pub hosts: Hosts,
    skipped_hosts: Vec<String>,
    /// NVIDIA's bulletins.
    pub bulletins: Bulletins,
    /// Where the bulletins come from.
    bulletins_source: String,
    /// VEX documents.
    pub vex: Vec<VexDocument>,
    kev: Option<(String, Kev)>,
    epss: Option<EpssFile>,
    first_seen: Option<BTreeMap<String, Timestamp>>,
    /// Digests of the base image's layers.
    pub base_layers: Option<BTreeSet<String>>,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            hosts: Hosts::default(),
            skipped_hosts: Vec::new(),
            bulletins: Bulletins::shipped().clone(),
            bulletins_source: "built-in".to_owned(),
            vex: Vec::new(),
            kev: None,
            epss: None,
            first_seen: None,
            base_layers: None,
        }
    }
}

impl Inputs {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with each file that cannot be read, with its place and what to do.
    pub fn read(files: &[InputFile]) -> Result<Self, Vec<String>> {
        let mut inputs = Self::default();
        let mut problems = Vec::new();
        for file in files {
            if let Err(problem) = inputs.add(file) {
                problems.push(problem);
            }
        }
        if problems.is_empty() {
            Ok(inputs)
        } else {
            Err(problems)
        }
    }

    fn add(&mut self, file: &InputFile) -> Result<(), String> {
        let InputFile { name, bytes, .. } = file;
        match file.kind {
            InputKind::Vex => {
                let document = vex::read(bytes, name).map_err(|error| error.to_string())?;
                self.vex.push(document);
            }
            InputKind::Kev => {
                let kev = Kev::read(bytes, name).map_err(|error| error.to_string())?;
                self.kev = Some((name.clone(), kev));
            }
            InputKind::Epss => {
                let scores = EpssScores::read(bytes, name, &BTreeSet::new())
                    .map_err(|error| error.to_string())?;
                self.epss = Some(EpssFile {
                    name: name.clone(),
                    edition: scores.edition().clone(),
                    bytes: bytes.clone(),
                });
            }
            InputKind::Bulletins => {
                let text = str::from_utf8(bytes).map_err(|error| {
                    format!("{name}: not UTF-8 at byte {}", error.valid_up_to())
                })?;
                let own = Bulletins::parse(text, name).map_err(|errors| errors.to_string())?;
                self.bulletins = self.bulletins.extended_with(&own);
                self.bulletins_source = format!("built-in and {name}");
            }
            InputKind::Hosts => {
                let record: HostsRecord = json(file)?;
                for host in record.hosts {
                    self.hosts.push(host.into_host());
                }
                self.skipped_hosts.extend(record.skipped);
            }
            InputKind::FirstSeen => {
                let seen: BTreeMap<String, Timestamp> = json(file)?;
                let known = self.first_seen.get_or_insert_default();
                for (key, moment) in seen {
                    let earliest = known.entry(key).or_insert(moment);
                    *earliest = moment.min(*earliest);
                }
            }
            InputKind::BaseLayers => self.base_layers = Some(json(file)?),
        }
        Ok(())
    }

    /// Puts into each finding what is known besides the reports: exploitation, and when it was first
    /// seen, at `seen` unless an earlier report has it. Gives the scores' own complaints.
    pub fn enrich(&self, findings: &mut [Finding], seen: Timestamp) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let kev = self.kev.as_ref().map(|(_, kev)| kev);
        diagnostics.extend(kev.iter().flat_map(|kev| kev.diagnostics()).cloned());
        // It was read once already, so that an unreadable file is told before the scan.
        let epss = self.epss.as_ref().and_then(|file| {
            EpssScores::read(&file.bytes, &file.name, &enrichment::cves(findings)).ok()
        });
        diagnostics.extend(epss.iter().flat_map(EpssScores::diagnostics).cloned());
        enrichment::apply(findings, kev, epss.as_ref());
        if let Some(first_seen) = &self.first_seen {
            for finding in findings.iter_mut() {
                let earlier = first_seen.get(&finding.key).copied();
                finding.first_seen = Some(earlier.unwrap_or(seen).min(seen).to_string());
            }
        }
        diagnostics
    }

    /// Writes into the summary what was taken into account.
    pub fn summarise(&self, summary: &mut PolicySummary) {
        summary.vex = self
            .vex
            .iter()
            .map(|document| VexSummary {
                document: document.name.clone(),
                format: document.format.title().to_owned(),
                author: document.author.clone(),
                statements: document.statements.len(),
                skipped: document.skipped,
            })
            .collect();
        summary.vex.sort();
        summary
            .feeds
            .extend(self.kev.as_ref().map(|(name, kev)| FeedSummary {
                feed: "CISA KEV".to_owned(),
                source: name.clone(),
                date: kev.edition().day(),
            }));
        summary
            .feeds
            .extend(self.epss.as_ref().map(|file| FeedSummary {
                feed: "EPSS".to_owned(),
                source: file.name.clone(),
                date: file.edition.day(),
            }));
        summary.cuda = Some(CudaSummary {
            bulletins: self.bulletins_source.clone(),
            data_date: self.bulletins.data_date().to_string(),
            hosts: self.hosts.iter().map(host_words).collect(),
            skipped: self.skipped_hosts.clone(),
        });
    }

    /// What a person should know about the inputs, and about those that the policy lacks.
    pub fn notes(&self, policy: &ResolvedPolicy, now: Timestamp) -> Vec<Diagnostic> {
        let warning = |message: String| Diagnostic {
            level: DiagnosticLevel::Warning,
            origin: "policy".to_owned(),
            pointer: None,
            message,
        };
        let mut notes: Vec<Diagnostic> = Vec::new();
        notes.extend(
            self.vex
                .iter()
                .flat_map(|document| document.diagnostics_at(now)),
        );
        let editions = (self.kev.iter().map(|(name, kev)| (name, kev.edition())))
            .chain(self.epss.iter().map(|file| (&file.name, &file.edition)));
        for (name, edition) in editions.filter(|(_, edition)| edition.is_stale(now, FEED_STALE)) {
            let date = edition.day();
            let age = match (date, edition.age(now)) {
                (Some(day), Some(age)) => format!("of {day}, {} days old", age.as_hours() / 24),
                _ => "without a date".to_owned(),
            };
            notes.push(warning(format!(
                "{name} is {age}; what became known of exploitation since is not taken into account"
            )));
        }
        let date = self.bulletins.data_date();
        // The built-in list may well be newer than the moment of an old run.
        let is_own = date > Bulletins::shipped().data_date();
        if is_own && date > Day::of(now) {
            notes.push(warning(format!(
                "the list of NVIDIA's driver bulletins ({}) claims to be complete up to {date}, which is in \
                 the future; check its `data-date` and the clock",
                self.bulletins_source
            )));
        }
        let start = date.start();
        let age = start
            .map(|start| now.duration_since(start))
            .unwrap_or_default();
        if age > BULLETINS_STALE {
            notes.push(warning(
                format!(
                    "the list of NVIDIA's driver bulletins ends on {date}, {} days ago; a later bulletin may \
                     raise what a host needs: update crosscheck, or add it with `cuda.bulletins`",
                    age.as_hours() / 24
                ),
            ));
        }
        let unpassable = self
            .hosts
            .iter()
            .filter(|host| !matches!(host.driver, HostDriver::Known(_)));
        for host in unpassable {
            notes.push(warning(format!(
                "no driver mitigates anything while this host counts: {}",
                host_words(host)
            )));
        }
        let first_sight = policy
            .grace
            .as_ref()
            .is_some_and(|(grace, _)| grace.from == Some(GraceStart::FirstSight));
        if first_sight && self.first_seen.is_none() {
            notes.push(warning(
                "the grace period counts from publication, because no earlier report tells what was seen \
                 before: give one with --previous"
                    .to_owned(),
            ));
        }
        if policy
            .rules
            .iter()
            .any(|rule| rule.rule.when.layer.is_some())
            && self.base_layers.is_none()
        {
            notes.push(warning(
                "rules with `layer` do not apply, because the base image is not known: name it with \
                 --base-image"
                    .to_owned(),
            ));
        }
        notes
    }
}

/// A host in a few words: its driver and where that comes from, or what is wrong with it.
fn host_words(host: &Host) -> String {
    let record = HostRecord::from(host);
    match (record.version, record.excluded) {
        (Some(version), _) => format!("{version} ({})", record.origin),
        (None, why) => {
            let why = why.unwrap_or_else(|| "its driver is not known".to_owned());
            format!("{} ({why})", record.origin)
        }
    }
}

fn json<T: serde::de::DeserializeOwned>(file: &InputFile) -> Result<T, String> {
    serde_json::from_slice(&file.bytes).map_err(|error| {
        format!(
            "{}: line {}, column {}: {error}; the file was altered",
            file.name,
            error.line(),
            error.column()
        )
    })
}
