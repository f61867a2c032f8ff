//! Package URLs of the image and of what is installed in it, by which other tools know them.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use packageurl::PackageUrl;

use super::identity;
use crate::image::ImageReference;
use crate::model::report::{ImageName, TargetSummary};
use crate::model::{Distro, Ecosystem, Finding, Instance};
use crate::policy::foreign::package_urls;

/// The repository, as [`identity::repository`] writes it, with each digest that registries have the
/// image under: that of the index, by which a scanner knows an image of several platforms, and that of
/// the manifest. Empty for an archive and a layout directory.
pub(super) fn registry_digests(target: &TargetSummary) -> BTreeSet<(String, String)> {
    let in_registries = target.repo_digests.iter();
    let mut digests: BTreeSet<(String, String)> = in_registries
        .filter_map(|text| ImageReference::from_str(text).ok())
        .chain(reference(target))
        .filter_map(|reference| {
            let digest = reference.digest()?.to_owned();
            Some((identity::repository_of(&reference), digest))
        })
        .collect();
    if let Some(manifest) = &target.manifest_digest {
        let repositories: Vec<String> = digests.iter().map(|(name, _)| name.clone()).collect();
        digests.extend(
            repositories
                .into_iter()
                .map(|name| (name, manifest.clone())),
        );
    }
    digests
}

/// The reference of an image that is not named by a path.
fn reference(target: &TargetSummary) -> Option<ImageReference> {
    match target.name() {
        ImageName::Registry(name) => ImageReference::from_str(name).ok(),
        ImageName::Path(_) => None,
    }
}

/// The image by its package URLs.
pub(super) struct NamedImage {
    /// Every package URL that it is known by, with the digest that goes with it.
    pub(super) names: Vec<(PackageUrl<'static>, Option<String>)>,
    /// True when it is named by a digest that a registry has. Trivy knows an image by nothing else,
    /// and Grype by nothing else that stays true.
    pub(super) is_pinned: bool,
}

impl NamedImage {
    /// The image as `pkg:oci/NAME@DIGEST` by each of its [`registry_digests`].
    ///
    /// A digest says which image is meant, so that the URL has no qualifiers: go-vex, the library of
    /// Trivy and Grype, wants all of them to be equal, and the image may lie in a mirror.
    ///
    /// Without such a digest it is the tag, or the name of the archive, and beside it the digest of
    /// the configuration.
    pub(super) fn new(target: &TargetSummary) -> Self {
        let pinned: BTreeSet<(String, String)> = registry_digests(target)
            .into_iter()
            .map(|(repository, digest)| (last_part(&repository), digest))
            .collect();
        let names: Vec<_> = pinned
            .into_iter()
            .filter_map(|(name, digest)| {
                let mut purl = PackageUrl::new("oci", name).ok()?;
                purl.with_version(digest.clone()).ok()?;
                Some((purl, Some(digest)))
            })
            .collect();
        if !names.is_empty() {
            return Self {
                names,
                is_pinned: true,
            };
        }
        let purl = match reference(target) {
            Some(reference) => tagged(&reference),
            None => file(target),
        };
        let digest = target.config_digest.as_ref();
        let digest = digest.or(target.manifest_digest.as_ref());
        Self {
            names: purl
                .map(|purl| (purl, digest.cloned()))
                .into_iter()
                .collect(),
            is_pinned: false,
        }
    }
}

/// The name in a package URL of type `oci`.
fn last_part(path: &str) -> String {
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
    let mut purl = PackageUrl::new("oci", last_part(path)).ok()?;
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

/// The package URLs of an installed package; made from its name where no scanner gave one. Of the
/// qualifiers only the architecture stays, which tells packages apart and which all tools write:
/// one that a tool lacks would keep it from knowing the package.
pub(super) fn spellings(
    finding: &Finding,
    instance: &Instance,
    distro: Option<&Distro>,
) -> Vec<PackageUrl<'static>> {
    let ecosystem = &finding.package.ecosystem;
    let given = instance.purl.as_deref();
    let Some(purl) = package_url(given, ecosystem, &instance.name, &instance.version, distro)
    else {
        return Vec::new();
    };
    let architecture = purl.qualifiers().get("arch");
    let architecture = architecture.filter(|_| ecosystem.is_os());
    let mut urls = package_urls(&purl.to_string());
    if let Some(architecture) = architecture {
        for url in &mut urls {
            // Its text was a qualifier before.
            let _ = url.add_qualifier("arch", architecture.to_string());
        }
    }
    urls
}

/// The package URL that a report gives, else one made of the name as installed.
pub(super) fn package_url(
    given: Option<&str>,
    ecosystem: &Ecosystem,
    name: &str,
    version: &str,
    distro: Option<&Distro>,
) -> Option<PackageUrl<'static>> {
    let given = given.and_then(|text| PackageUrl::from_str(text).ok());
    given.or_else(|| made_url(ecosystem, name, version, distro))
}

fn made_url(
    ecosystem: &Ecosystem,
    installed: &str,
    version: &str,
    distro: Option<&Distro>,
) -> Option<PackageUrl<'static>> {
    let (namespace, name) = match ecosystem {
        Ecosystem::Maven => split(installed, ':'),
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer => split(installed, '/'),
        os if os.is_os() => (distro.map(|distro| distro.family.as_str()), installed),
        _ => (None, installed),
    };
    let mut purl = PackageUrl::new(ecosystem.as_str().to_owned(), name.to_owned())
        .or_else(|_| PackageUrl::new("generic", name.to_owned()))
        .ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if !version.is_empty() {
        purl.with_version(version.to_owned()).ok()?;
    }
    Some(purl)
}

/// The part before the last separator, and the rest.
pub(super) fn split(name: &str, separator: char) -> (Option<&str>, &str) {
    match name.rsplit_once(separator) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    }
}
