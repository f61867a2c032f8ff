//! The image of a run as the product of statements.

use std::collections::BTreeSet;

use crate::model::Distro;
use crate::model::report::{ImageName, TargetSummary};

use super::component::{Component, VersionTest, digest};
use super::purl::PurlPattern;

/// The image that a run is about, by what statements call an image.
///
/// A component names the image when
/// * one of its digests, wherever it is written, is that of the manifest, of the configuration, of
///   the reference or one under which a registry has the image; or
/// * it states no digest, and an image reference equals that of the run, or a package URL of type
///   `oci` or `docker` fits it: the name, and where stated the repository and the tag.
///
/// A digest that differs is decisive: the same name and tag may lead to another image tomorrow.
/// Spellings of Docker Hub are equal, and a reference without tag means `latest`. The package URL's
/// `repository_url` may end with the name or stop before it, both are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    reference: Reference,
    digests: BTreeSet<String>,
    architecture: Option<String>,
    distro: Option<Distro>,
}

/// An image reference in its parts, `docker.io/library/` filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    /// Registry and path.
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Product {
    /// The image of a report.
    pub fn new(target: &TargetSummary) -> Self {
        let (ImageName::Registry(name) | ImageName::Path(name)) = target.name();
        let reference = Reference::parse(name);
        let in_registries = target.repo_digests.iter();
        let in_registries = in_registries.filter_map(|text| Some(text.rsplit_once('@')?.1));
        let digests = [&target.config_digest, &target.manifest_digest]
            .into_iter()
            .flatten()
            .chain(&reference.digest)
            .map(String::as_str)
            .chain(in_registries)
            .filter_map(digest)
            .collect();
        let architecture = target
            .platform
            .as_deref()
            .and_then(|platform| platform.split('/').nth(1));
        Self {
            reference,
            digests,
            architecture: architecture.map(str::to_owned),
            distro: target.distro.clone(),
        }
    }

    /// The distribution in the image.
    pub(super) fn distro(&self) -> Option<&Distro> {
        self.distro.as_ref()
    }

    /// True when the component is this image.
    pub(super) fn is(&self, component: &Component) -> bool {
        let stated = |other: &str| self.architecture.as_deref() == Some(other);
        if component
            .architecture
            .as_deref()
            .is_some_and(|other| !stated(other))
        {
            return false;
        }
        let version_fits = component.versions.as_ref().is_none_or(|tests| {
            tests.iter().any(|test| match test {
                VersionTest::Exact(version) => {
                    self.reference.tag.as_deref() == Some(version)
                        || digest(version).is_some_and(|stated| self.digests.contains(&stated))
                }
                VersionTest::Range(_) => false,
            })
        });
        if !version_fits {
            return false;
        }
        if !component.digests.is_empty() {
            return component
                .digests
                .iter()
                .any(|stated| self.digests.contains(stated));
        }
        component.names.iter().any(|name| self.has_name(name))
            || component.purls.iter().any(|purl| self.fits(purl))
    }

    fn has_name(&self, name: &str) -> bool {
        let other = Reference::parse(name);
        other.repository == self.reference.repository
            && other.tag.is_some()
            && other.tag == self.reference.tag
    }

    fn fits(&self, purl: &PurlPattern) -> bool {
        if !purl.is_image() {
            return false;
        }
        let qualifier = |key: &str| purl.qualifiers.get(key).map(String::as_str);
        let tags = [qualifier("tag"), purl.stated_version.as_deref()];
        let tag_fits = tags
            .into_iter()
            .flatten()
            .all(|tag| self.reference.tag.as_deref() == Some(tag));
        let architecture_fits =
            qualifier("arch").is_none_or(|stated| self.architecture.as_deref() == Some(stated));
        let name = &purl.key.name;
        let repository = &self.reference.repository;
        let repository_fits = match (purl.key.ecosystem.as_str(), qualifier("repository_url")) {
            ("docker", registry) => {
                let path = match registry {
                    Some(registry) => format!("{}/{name}", without_protocol(registry)),
                    None => name.clone(),
                };
                Reference::parse(&path).repository == *repository
            }
            (_, Some(url)) => {
                let url = without_protocol(url);
                let ends_with_name = url.rsplit('/').next() == Some(name.as_str());
                (ends_with_name && Reference::parse(url).repository == *repository)
                    || Reference::parse(&format!("{url}/{name}")).repository == *repository
            }
            (_, None) => repository.rsplit('/').next() == Some(name.as_str()),
        };
        tag_fits && architecture_fits && repository_fits
    }
}

fn without_protocol(url: &str) -> &str {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.trim_end_matches('/')
}

impl Reference {
    /// Splits a reference. Any text has a result: one that is no reference equals only itself.
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_ascii_lowercase())),
            None => (text, None),
        };
        // A colon before a slash belongs to a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        let name = name.to_ascii_lowercase();
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
                (first, path)
            }
            _ => ("docker.io", name.as_str()),
        };
        let repository = match registry {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
                if path.contains('/') {
                    format!("docker.io/{path}")
                } else {
                    format!("docker.io/library/{path}")
                }
            }
            registry => format!("{registry}/{path}"),
        };
        Self {
            repository,
            tag,
            digest,
        }
    }
}
