//! The drivers of the hosts that an image may run on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

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

    /// Hosts that do not count, and why: cordoned nodes.
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

/// What a node says of its driver.
#[derive(Clone, Debug)]
pub(super) enum NodeDriver {
    /// Not in the list of bulletins; why, in one clause.
    Excluded(&'static str),
    /// Nothing.
    Unknown,
    /// Two versions; which.
    Contradictory(String),
    /// Something that is no version.
    Malformed(MalformedVersion),
    /// Its version.
    Known(DriverVersion),
}

/// What nodes that are one host have in common. What they say that is wrong may differ in any number
/// of ways. The order is that of the hosts: those that forbid every mitigation come first, because
/// they are what a person has to mend.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Excluded(&'static str),
    Unknown,
    Contradictory,
    Malformed(&'static str),
    Known(DriverVersion),
}

impl NodeDriver {
    fn group(&self) -> Group {
        match self {
            Self::Excluded(why) => Group::Excluded(why),
            Self::Unknown => Group::Unknown,
            Self::Contradictory(_) => Group::Contradictory,
            Self::Malformed(malformed) => Group::Malformed(malformed.reason),
            Self::Known(version) => Group::Known(version.clone()),
        }
    }
}

/// Collects nodes by what they say of their drivers, so that a fleet of a thousand equal nodes is one
/// host with a short origin.
#[derive(Default)]
pub(super) struct ByDriver(BTreeMap<Group, Vec<(String, NodeDriver)>>);

/// Most names that an origin spells out.
const NAMES_SHOWN: usize = 3;

impl ByDriver {
    pub(super) fn add(&mut self, name: String, driver: NodeDriver) {
        self.0
            .entry(driver.group())
            .or_default()
            .push((name, driver));
    }

    /// One host for each group; `source` is the file that the names come from.
    pub(super) fn finish(self, source: &str) -> impl Iterator<Item = Host> {
        self.0.into_values().filter_map(move |nodes| {
            // The first node stands for the others.
            let (_, driver) = nodes.iter().min_by_key(|(name, _)| name)?;
            let driver = driver.clone();
            let names = nodes.into_iter().map(|(name, _)| name).collect();
            let mut origin = origin(names, source);
            let driver = match driver {
                NodeDriver::Excluded(why) => HostDriver::Excluded(why.to_owned()),
                NodeDriver::Unknown => HostDriver::Unknown,
                NodeDriver::Contradictory(versions) => {
                    let _ = write!(origin, " (its labels contradict each other: {versions})");
                    HostDriver::Unknown
                }
                NodeDriver::Malformed(malformed) => HostDriver::Malformed(malformed),
                NodeDriver::Known(version) => HostDriver::Known(version),
            };
            Some(Host { driver, origin })
        })
    }
}

/// `nodes a, b, c and 4 more of nodes.json`.
pub(super) fn origin(mut names: Vec<String>, source: &str) -> String {
    names.sort_unstable();
    let word = if names.len() == 1 { "node" } else { "nodes" };
    let more = names.len().saturating_sub(NAMES_SHOWN);
    names.truncate(NAMES_SHOWN);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{word} {}{rest} of {source}", names.join(", "))
}
