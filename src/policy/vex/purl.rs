//! Package URLs in statements, against installed packages.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use crate::model::version::normal_form;
use crate::model::{Distro, Ecosystem, Finding, Instance, Package};
use crate::reconcile::normal_name;

/// A package URL as a statement gives it.
///
/// It fits a package when type, namespace and name are equal by the rules of the type; the version,
/// where it has one, is equal in the ecosystem's normal form; and every qualifier that it has is
/// equal in the package. What it leaves out fits everything; so does what the qualifier `distro`
/// leaves out of a release (`debian-12` fits Debian 12.5).
///
/// With `arch=source` (deb) or `arch=src` (rpm) it names a source package and fits all that is
/// built from it. Any other package URL names what is installed: a binary package is not its
/// source, even where both have one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PurlPattern {
    pub(super) key: PackageKey,
    namespace: Option<String>,
    /// In normal form.
    version: Option<String>,
    /// As written, for images.
    pub(super) stated_version: Option<String>,
    pub(super) qualifiers: BTreeMap<String, String>,
    is_source: bool,
}

/// What two package URLs have in common that can be about one package: the ecosystem and the name
/// in normal form, with its group or scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PackageKey {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: String,
}

impl PackageKey {
    fn new(ecosystem: &Ecosystem, name: &str) -> Self {
        let mut name = normal_name(ecosystem, name);
        if ecosystem.is_os() || matches!(ecosystem.as_str(), "npm" | "oci" | "docker") {
            name.make_ascii_lowercase();
        }
        Self {
            ecosystem: ecosystem.clone(),
            name,
        }
    }
}

impl PurlPattern {
    /// Reads a package URL.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let why = |why: &str| format!("`{}` is not a package URL: {why}", shortened(text));
        let url =
            packageurl::PackageUrl::from_str(text).map_err(|error| why(&error.to_string()))?;
        let package = Package::from_purl(text).ok_or_else(|| why("it has no name"))?;
        let mut qualifiers: BTreeMap<String, String> = url
            .qualifiers()
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            // The epoch is part of the package's version by now.
            .filter(|(key, _)| key != "epoch")
            .collect();
        let is_source = qualifiers
            .get("arch")
            .is_some_and(|arch| arch == "source" || arch == "src");
        if is_source {
            qualifiers.remove("arch");
        }
        Ok(Self {
            key: PackageKey::new(&package.ecosystem, &package.name),
            namespace: package.namespace.map(|ns| ns.to_ascii_lowercase()),
            version: Some(&package.version)
                .filter(|version| !version.is_empty())
                .map(|version| normal_form(&package.ecosystem, version)),
            stated_version: url.version().map(str::to_owned),
            qualifiers,
            is_source,
        })
    }

    /// True when it names an image and not a package.
    pub(super) fn is_image(&self) -> bool {
        matches!(self.key.ecosystem.as_str(), "oci" | "docker")
    }

    /// True when it fits the package, whose key has been compared already.
    pub(super) fn fits(&self, candidate: &Candidate) -> bool {
        let version = candidate.version_of(self.is_source);
        self.namespace == candidate.namespace
            && self
                .version
                .as_ref()
                .is_none_or(|stated| *stated == normal_form(&self.key.ecosystem, version))
            && self
                .qualifiers
                .iter()
                .all(|(key, value)| candidate.has_qualifier(key, value))
    }

    /// True when it is meant for the source package.
    pub(super) fn is_source(&self) -> bool {
        self.is_source
    }
}

/// An installed package, ready for comparison: what statements can tell packages apart by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) key: PackageKey,
    /// The key of the source package, for an operating system's package.
    source_key: Option<PackageKey>,
    namespace: Option<String>,
    pub(super) version: String,
    source_version: String,
    qualifiers: BTreeMap<String, String>,
    /// `debian-12.5`.
    distro: Option<String>,
}

impl Candidate {
    /// An instance of a finding. Its package URL counts where there is one; the report's own fields
    /// and the distribution of the image fill what that leaves out.
    pub(super) fn new(finding: &Finding, instance: &Instance, distro: Option<&Distro>) -> Self {
        let ecosystem = &finding.package.ecosystem;
        let package = instance.purl.as_deref().and_then(Package::from_purl);
        let ecosystem = package
            .as_ref()
            .map_or(ecosystem, |package| &package.ecosystem);
        let mut qualifiers: BTreeMap<String, String> = instance
            .purl
            .as_deref()
            .and_then(|purl| packageurl::PackageUrl::from_str(purl).ok())
            .map(|url| {
                let pairs = url.qualifiers().iter();
                pairs
                    .map(|(key, value)| (key.to_string(), value.to_string()))
                    .collect()
            })
            .unwrap_or_default();
        if let Some(architecture) = &instance.architecture {
            qualifiers
                .entry("arch".to_owned())
                .or_insert_with(|| architecture.clone());
        }
        let namespace = match &package {
            Some(package) => package.namespace.as_deref(),
            None => distro
                .filter(|_| ecosystem.is_os())
                .map(|distro| distro.family.as_str()),
        };
        let source = instance.source.as_ref();
        if let Some(source) = source {
            qualifiers
                .entry("upstream".to_owned())
                .or_insert_with(|| source.name.clone());
        }
        let source_name = source.map_or(finding.package.name.as_str(), |source| &source.name);
        Self {
            source_key: ecosystem
                .is_os()
                .then(|| PackageKey::new(ecosystem, source_name)),
            source_version: source
                .and_then(|source| source.version.clone())
                .unwrap_or_else(|| instance.version.clone()),
            namespace: namespace.map(str::to_ascii_lowercase),
            key: PackageKey::new(
                ecosystem,
                package
                    .as_ref()
                    .map_or(&instance.name, |package| &package.name),
            ),
            version: instance.version.clone(),
            qualifiers,
            distro: distro
                .filter(|_| ecosystem.is_os())
                .map(|distro| format!("{}-{}", distro.family, distro.version)),
        }
    }

    fn has_qualifier(&self, key: &str, value: &str) -> bool {
        let own = self.qualifiers.get(key).map(String::as_str);
        let same_release = |own: &str| {
            own.strip_prefix(value)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if key == "distro" {
            own.is_some_and(same_release) || self.distro.as_deref().is_some_and(same_release)
        } else {
            own == Some(value)
        }
    }

    /// Under what statements can name it: itself, and its source package (marked by `true`).
    pub(super) fn keys(&self) -> Vec<(PackageKey, bool)> {
        let source = self.source_key.clone().map(|key| (key, true));
        std::iter::once((self.key.clone(), false))
            .chain(source)
            .collect()
    }

    /// True when the package is built for that architecture.
    pub(super) fn has_architecture(&self, stated: &str) -> bool {
        self.qualifiers
            .get("arch")
            .is_some_and(|arch| arch == stated)
    }

    /// The version of the package, or of its source.
    pub(super) fn version_of(&self, source: bool) -> &str {
        if source {
            &self.source_version
        } else {
            &self.version
        }
    }
}

/// A text's start, for messages.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
