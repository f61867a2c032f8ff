//! The parts of CycloneDX that are read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::cyclonedx::analysis::{Affected, Analysis, Reference};
use crate::formats::entries::{Entries, Lenient, Text};

/// The version of a BOM that states none (CycloneDX, `version`).
const DEFAULT_VERSION: u64 = 1;

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, default, rename = "specVersion")]
    pub(super) spec_version: Text<'a>,
    #[serde(borrow, default, rename = "serialNumber")]
    pub(super) serial_number: Lenient<Text<'a>>,
    #[serde(default)]
    pub(super) version: Lenient<u64>,
    #[serde(borrow, default)]
    pub(super) metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    pub(super) components: Option<Vec<RawComponent<'a>>>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Entries<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow, default)]
    pub(super) timestamp: Lenient<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) component: Option<RawComponent<'a>>,
    #[serde(borrow, default)]
    pub(super) authors: Lenient<Vec<Contact<'a>>>,
    #[serde(borrow, default)]
    pub(super) supplier: Lenient<Contact<'a>>,
    #[serde(borrow, default)]
    pub(super) manufacturer: Lenient<Contact<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Contact<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct RawComponent<'a> {
    #[serde(borrow, default, rename = "bom-ref")]
    pub(super) bom_ref: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
    #[serde(borrow, default)]
    pub(super) hashes: Lenient<Vec<Hash<'a>>>,
    #[serde(borrow, default)]
    pub(super) components: Option<Vec<RawComponent<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Hash<'a> {
    #[serde(borrow, default)]
    pub(super) alg: Text<'a>,
    #[serde(borrow, default)]
    pub(super) content: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) references: Entries<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) analysis: Option<Analysis<'a>>,
    #[serde(borrow, default)]
    pub(super) affects: Entries<Affected<'a>>,
}

impl Document<'_> {
    /// What BOM-Links to this BOM begin with, after `urn:cdx:`: `SERIAL/VERSION`. `None` where it has
    /// no serial number.
    pub(super) fn own_link(&self) -> Option<String> {
        let serial = self.serial_number.get()?.get()?.trim();
        let serial = serial.strip_prefix("urn:uuid:").unwrap_or(serial);
        let version = self.version.get().copied().unwrap_or(DEFAULT_VERSION);
        Some(format!("{serial}/{version}"))
    }
}
