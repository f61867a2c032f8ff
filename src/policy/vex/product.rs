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
///   a name or one under which a registry has the image; or
/// * it states no digest, and an image reference equals one of the image's names, or a package URL
///   of type `oci` or `docker` fits one: the name, and where stated the repository and the tag.
///
/// A digest that differs is decisive: the same name and tag may lead to another image tomorrow.
/// Spellings of Docker Hub are equal, and a reference without tag means `latest`. The package URL's
/// `repository_url` may end with the name or stop before it, both are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its names, each once.
    references: Vec<Reference>,
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
    /// The image of a report; `names` are those that it has besides the reference: the tags that an
    /// archive states. The path of an archive is none.
    pub fn new(target: &TargetSummary, names: &[String]) -> Self {
        let typed = match target.name() {
            ImageName::Registry(name) => Some(name),
            ImageName::Path(_) => None,
        };
        let mut references = Vec::new();
        for name in typed.into_iter().chain(names.iter().map(String::as_str)) {
            let reference = Reference::parse(name);
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
        let stated = references.iter().filter_map(|one| one.digest.as_ref());
        let in_registries = target.repo_digests.iter();
        let in_registries = in_registries.filter_map(|text| Some(text.rsplit_once('@')?.1));
        let digests = [&target.config_digest, &target.manifest_digest]
            .into_iter()
            .flatten()
            .chain(stated)
            .map(String::as_str)
            .chain(in_registries)
            .filter_map(digest)
            .collect();
        let architecture = target
            .platform
            .as_deref()
            .and_then(|platform| platform.split('/').nth(1));
        Self {
            references,
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
        if !component.digests.is_empty() {
            let mut stated = component.digests.iter();
            return stated.any(|stated| self.digests.contains(stated))
                && self.has_version(&self.references, component);
        }
        self.references.iter().any(|reference| {
            self.has_version(std::slice::from_ref(reference), component)
                && (component.names.iter().any(|name| reference.is_named(name))
                    || component
                        .purls
                        .iter()
                        .any(|purl| self.fits(reference, purl)))
        })
    }

    /// Whether the image, under one of these names, is of a version that the component means.
    fn has_version(&self, references: &[Reference], component: &Component) -> bool {
        let is = |version: &str| {
            let mut tags = references.iter().filter_map(|one| one.tag.as_deref());
            tags.any(|tag| tag == version)
                || digest(version).is_some_and(|stated| self.digests.contains(&stated))
        };
        component.versions.as_ref().is_none_or(|tests| {
            tests.iter().any(|test| match test {
                VersionTest::Exact(version) => is(version),
                VersionTest::Range(_) => false,
            })
        })
    }

    fn fits(&self, reference: &Reference, purl: &PurlPattern) -> bool {
        if !purl.is_image() {
            return false;
        }
        let qualifier = |key: &str| purl.qualifiers.get(key).map(String::as_str);
        let tags = [qualifier("tag"), purl.stated_version.as_deref()];
        let tag_fits = tags
            .into_iter()
            .flatten()
            .all(|tag| reference.tag.as_deref() == Some(tag));
        let architecture_fits =
            qualifier("arch").is_none_or(|stated| self.architecture.as_deref() == Some(stated));
        let name = &purl.key.name;
        let repository = &reference.repository;
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
    /// True when the text names the same repository and tag.
    fn is_named(&self, name: &str) -> bool {
        let other = Self::parse(name);
        other.repository == self.repository && other.tag.is_some() && other.tag == self.tag
    }

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
