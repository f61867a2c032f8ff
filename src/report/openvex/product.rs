//! How a document names the image and its packages, so that other tools know them.

use std::collections::BTreeMap;

use packageurl::PackageUrl;
use serde::Serialize;

use crate::model::report::TargetSummary;
use crate::model::{Distro, Finding};
use crate::report::purls::{self, NamedImage};

/// A product, or a part of one.
#[derive(Clone, Serialize)]
pub(super) struct Component {
    #[serde(rename = "@id")]
    pub(super) id: String,
    identifiers: Identifiers,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hashes: BTreeMap<&'static str, String>,
}

#[derive(Clone, Serialize)]
struct Identifiers {
    purl: String,
}

impl Component {
    fn new(purl: &PackageUrl<'_>) -> Self {
        let purl = purl.to_string();
        Self {
            id: purl.clone(),
            identifiers: Identifiers { purl },
            hashes: BTreeMap::new(),
        }
    }

    fn with_hash(mut self, digest: Option<&str>) -> Self {
        let hex = digest.and_then(|digest| digest.strip_prefix("sha256:"));
        self.hashes = hex
            .map(|hex| ("sha-256", hex.to_owned()))
            .into_iter()
            .collect();
        self
    }
}

/// The image.
pub(super) struct Image {
    /// Every name that it is known by.
    pub(super) names: Vec<Component>,
    /// True when it is named by a digest that a registry has.
    pub(super) is_pinned: bool,
}

impl Image {
    pub(super) fn new(target: &TargetSummary) -> Self {
        let image = NamedImage::new(target);
        let names = image.names.iter();
        Self {
            names: names
                .map(|(purl, digest)| Component::new(purl).with_hash(digest.as_deref()))
                .collect(),
            is_pinned: image.is_pinned,
        }
    }
}

/// The installed packages of a finding, each with its ordinal in [`Finding::instances`] and by each
/// name that tools know it by.
pub(super) fn packages(
    finding: &Finding,
    distro: Option<&Distro>,
) -> impl Iterator<Item = (usize, Component)> {
    let instances = finding.instances.iter().enumerate();
    instances.flat_map(move |(ordinal, instance)| {
        let urls = purls::spellings(finding, instance, distro);
        urls.into_iter()
            .map(move |purl| (ordinal, Component::new(&purl)))
    })
}
