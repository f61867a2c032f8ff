//! How a document names the image and its packages, so that other tools know them.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use packageurl::PackageUrl;
use serde::Serialize;

use crate::image::ImageReference;
use crate::model::report::{ImageName, TargetSummary};
use crate::model::{Distro, Ecosystem, Finding, Instance};
use crate::policy::foreign::package_urls;

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
    /// True when it is named by a digest that a registry has. Trivy knows an image by nothing else,
    /// and Grype by nothing else that stays true.
    pub(super) is_pinned: bool,
}

impl Image {
    /// The image as `pkg:oci/NAME@DIGEST` by each digest that registries have it under: that of the
    /// index, by which a scanner knows an image of several platforms, and that of the manifest.
    ///
    /// A digest says which image is meant, so that the URL has no qualifiers: go-vex, the library of
    /// Trivy and Grype, wants all of them to be equal, and the image may lie in a mirror.
    ///
    /// Without such a digest it is the tag, or the name of the archive, and beside it the digest of
    /// the configuration.
    pub(super) fn new(target: &TargetSummary) -> Self {
        let reference = match target.name() {
            ImageName::Registry(name) => ImageReference::from_str(name).ok(),
            ImageName::Path(_) => None,
        };
        let in_registries = target.repo_digests.iter();
        let mut pinned: BTreeSet<(String, String)> = in_registries
            .filter_map(|text| ImageReference::from_str(text).ok())
            .chain(reference.clone())
            .filter_map(|reference| Some((last_part(&reference), reference.digest()?.to_owned())))
            .collect();
        if let Some(manifest) = &target.manifest_digest {
            let names: Vec<String> = pinned.iter().map(|(name, _)| name.clone()).collect();
            pinned.extend(names.into_iter().map(|name| (name, manifest.clone())));
        }
        let names: Vec<Component> = pinned
            .iter()
            .filter_map(|(name, digest)| {
                let mut purl = PackageUrl::new("oci", name.clone()).ok()?;
                purl.with_version(digest.clone()).ok()?;
                Some(Component::new(&purl).with_hash(Some(digest)))
            })
            .collect();
        if !names.is_empty() {
            return Self {
                names,
                is_pinned: true,
            };
        }
        let purl = match &reference {
            Some(reference) => tagged(reference),
            None => file(target),
        };
        let digest = target.config_digest.as_deref();
        let digest = digest.or(target.manifest_digest.as_deref());
        Self {
            names: purl
                .map(|purl| Component::new(&purl).with_hash(digest))
                .into_iter()
                .collect(),
            is_pinned: false,
        }
    }
}

/// The name in a package URL of type `oci`.
fn last_part(reference: &ImageReference) -> String {
    let path = reference.path();
    path.rsplit('/').next().unwrap_or(path).to_lowercase()
}

/// `pkg:oci/NAME?repository_url=REGISTRY/PATH/NAME&tag=TAG`, a spelling that Grype looks for.
fn tagged(reference: &ImageReference) -> Option<PackageUrl<'static>> {
    let path = reference.path();
    let repository = match reference.domain() {
        Some(domain) if domain != "docker.io" => format!("{domain}/{path}"),
        _ if path.contains('/') => format!("index.docker.io/{path}"),
        _ => format!("index.docker.io/library/{path}"),
    };
    let mut purl = PackageUrl::new("oci", last_part(reference)).ok()?;
    purl.add_qualifier("repository_url", repository).ok()?;
    if let Some(tag) = reference.or_latest().tag() {
        purl.add_qualifier("tag", tag.to_owned()).ok()?;
    }
    Some(purl)
}

/// A package URL for what has only the name of a file.
fn file(target: &TargetSummary) -> Option<PackageUrl<'static>> {
    let (ImageName::Registry(path) | ImageName::Path(path)) = target.name();
    let file = path.rsplit('/').find(|part| !part.is_empty());
    PackageUrl::new("generic", file.unwrap_or("image").to_owned()).ok()
}

/// The installed packages of a finding, each with its ordinal in [`Finding::instances`] and by each
/// name that tools know it by.
pub(super) fn packages(
    finding: &Finding,
    distro: Option<&Distro>,
) -> impl Iterator<Item = (usize, Component)> {
    let instances = finding.instances.iter().enumerate();
    instances.flat_map(move |(ordinal, instance)| {
        let urls = instance_urls(finding, instance, distro);
        urls.into_iter()
            .map(move |purl| (ordinal, Component::new(&purl)))
    })
}

/// The package URLs of an installed package; made from its name where no scanner gave one. Of the
/// qualifiers only the architecture stays, which tells packages apart and which all tools write:
/// one that a tool lacks would keep it from knowing the package.
fn instance_urls(
    finding: &Finding,
    instance: &Instance,
    distro: Option<&Distro>,
) -> Vec<PackageUrl<'static>> {
    let given = instance.purl.as_deref();
    let given = given.and_then(|text| PackageUrl::from_str(text).ok());
    let Some(purl) = given.or_else(|| made_url(finding, instance, distro)) else {
        return Vec::new();
    };
    let architecture = purl.qualifiers().get("arch");
    let architecture = architecture.filter(|_| finding.package.ecosystem.is_os());
    let mut urls = package_urls(&purl.to_string());
    if let Some(architecture) = architecture {
        for url in &mut urls {
            // Its text was a qualifier before.
            let _ = url.add_qualifier("arch", architecture.to_string());
        }
    }
    urls
}

/// A package URL out of the name as installed.
fn made_url(
    finding: &Finding,
    instance: &Instance,
    distro: Option<&Distro>,
) -> Option<PackageUrl<'static>> {
    let ecosystem = &finding.package.ecosystem;
    let (namespace, name) = match ecosystem {
        Ecosystem::Maven => split(&instance.name, ':'),
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer => split(&instance.name, '/'),
        os if os.is_os() => (
            distro.map(|distro| distro.family.as_str()),
            instance.name.as_str(),
        ),
        _ => (None, instance.name.as_str()),
    };
    let mut purl = PackageUrl::new(ecosystem.as_str().to_owned(), name.to_owned())
        .or_else(|_| PackageUrl::new("generic", name.to_owned()))
        .ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if !instance.version.is_empty() {
        purl.with_version(instance.version.clone()).ok()?;
    }
    Some(purl)
}

/// The part before the last separator, and the rest.
fn split(name: &str, separator: char) -> (Option<&str>, &str) {
    match name.rsplit_once(separator) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    }
}
