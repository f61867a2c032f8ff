//! What a decision depends on besides the policy and the finding.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::cuda::{Bulletins, Hosts, Image};
use super::document::Day;
use super::vex::Statements;

/// What a decision depends on besides the policy and the finding.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The moment for which rules are in force or expired, and up to which ages are counted.
    pub now: Timestamp,
    /// Names of all installed packages; `None` when no report or SBOM lists all of them.
    pub installed: Option<&'a BTreeSet<String>>,
    /// Digests of the base image's layers; `None` when the base image is not known.
    pub base_layers: Option<&'a BTreeSet<String>>,
    /// The VEX statements about the image.
    pub vex: Option<&'a Statements>,
    /// The drivers of the hosts that the image may run on.
    pub drivers: Option<Drivers<'a>>,
}

/// The drivers of the hosts, and what they are held against.
#[derive(Clone, Copy, Debug)]
pub struct Drivers<'a> {
    /// The hosts.
    pub hosts: &'a Hosts,
    /// What of the driver the image contains.
    pub image: &'a Image,
    /// What NVIDIA has published.
    pub bulletins: &'a Bulletins,
}

impl Circumstances<'_> {
    /// The day of [`Circumstances::now`] in UTC.
    pub(super) fn today(&self) -> Day {
        Day::of(self.now)
    }

    /// A moment and nothing else.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            installed: None,
            base_layers: None,
            vex: None,
            drivers: None,
        }
    }
}
