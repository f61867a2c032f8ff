//! The drivers of the hosts that an image may run on.

use std::collections::BTreeMap;

use super::version::{DriverVersion, MalformedVersion};

/// A host that the image may run on, or several with the same driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its driver, as far as it is known.
    pub driver: HostDriver,
    /// Where that comes from, for a person: `--host-driver`, `node gpu-1 of nodes.json`.
    pub origin: String,
}

/// What is known of a host's driver. Only [`HostDriver::Known`] can ever mitigate anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostDriver {
    /// The version of the loaded driver.
    Known(DriverVersion),
    /// Something that is no version of the Linux driver.
    Malformed(MalformedVersion),
    /// Nobody says.
    Unknown,
    /// A kind of host whose driver is not in the list of bulletins; which, in one clause.
    Excluded(String),
}

impl Host {
    /// A host whose driver has the version that `text` states. A text that is none is kept: nothing
    /// may be mitigated then.
    pub fn new(text: &str, origin: impl Into<String>) -> Self {
        let driver = match DriverVersion::parse(text) {
            Ok(version) => HostDriver::Known(version),
            Err(malformed) => HostDriver::Malformed(malformed),
        };
        Self {
            driver,
            origin: origin.into(),
        }
    }

    /// A host that can never mitigate anything, because it is of a kind that the list of bulletins
    /// does not cover.
    pub fn excluded(why: impl Into<String>, origin: impl Into<String>) -> Self {
        Self {
            driver: HostDriver::Excluded(why.into()),
            origin: origin.into(),
        }
    }
}

/// Every host that the image may run on. All of them have to have a fix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    hosts: Vec<Host>,
    skipped: Vec<String>,
}

impl Hosts {
    /// The hosts, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }

    /// True when no host is known at all.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Hosts that do not count, one sentence each: cordoned nodes.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// One host more.
    pub fn push(&mut self, host: Host) {
        self.hosts.push(host);
    }

    /// Records a host that does not count.
    pub(super) fn skip(&mut self, why: String) {
        self.skipped.push(why);
    }

    /// These hosts and all of another list.
    pub fn append(&mut self, other: Self) {
        self.hosts.extend(other.hosts);
        self.skipped.extend(other.skipped);
    }
}

impl FromIterator<Host> for Hosts {
    fn from_iter<I: IntoIterator<Item = Host>>(hosts: I) -> Self {
        Self {
            hosts: hosts.into_iter().collect(),
            skipped: Vec::new(),
        }
    }
}

/// Collects hosts by their driver's version, so that a fleet of a thousand equal nodes is one host
/// with a short origin.
#[derive(Default)]
pub(super) struct ByVersion(BTreeMap<DriverVersion, Vec<String>>);

/// Most names that an origin spells out.
const NAMES_SHOWN: usize = 3;

impl ByVersion {
    pub(super) fn add(&mut self, version: DriverVersion, name: String) {
        self.0.entry(version).or_default().push(name);
    }

    /// One host for each version; `source` is the file that the names come from.
    pub(super) fn finish(self, source: &str) -> impl Iterator<Item = Host> {
        self.0.into_iter().map(move |(version, mut names)| {
            names.sort_unstable();
            let more = names.len().saturating_sub(NAMES_SHOWN);
            names.truncate(NAMES_SHOWN);
            let word = if names.len() == 1 { "node" } else { "nodes" };
            let names = names.join(", ");
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            Host {
                driver: HostDriver::Known(version),
                origin: format!("{word} {names}{rest} of {source}"),
            }
        })
    }
}
