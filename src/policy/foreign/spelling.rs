//! How Trivy and Syft, which Grype reads, spell the package URL of one package.
//!
//! Both tools compare package URLs by their parts and know no other spelling than their own
//! (Trivy `pkg/purl/purl.go`, Syft `syft/pkg/cataloger`). What is said of a package has to name
//! every spelling.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use packageurl::PackageUrl;

use crate::model::{Ecosystem, Package};

/// Distributions by the word of Trivy and by that of Syft, which takes it from `/etc/os-release`.
const DISTRIBUTIONS: [(&str, &str); 5] = [
    ("alma", "almalinux"),
    ("amazon", "amzn"),
    ("cbl-mariner", "mariner"),
    ("oracle", "ol"),
    ("suse", "sles"),
];

/// The family of a distribution by the word of Trivy and by that of Syft, whichever of them `family`
/// is.
pub fn distribution_words(family: &str) -> (&str, &str) {
    // In package URLs they agree on Red Hat; SUSE is Trivy's word there and for nothing else.
    let known = DISTRIBUTIONS.iter().chain(&[("redhat", "rhel")]);
    let mut known = known.filter(|(trivy, _)| *trivy != "suse");
    let words = known.find(|(trivy, syft)| family == *trivy || family == *syft);
    words.copied().unwrap_or((family, family))
}

/// Every package URL that Trivy or Syft may write for the package, in text order and without
/// qualifiers except `epoch`. Empty when the text is no package URL.
///
/// They agree on most packages. Not on an epoch of Debian, which Trivy writes as a qualifier and
/// Syft as part of the version; not on the names of some distributions; and not on letter case and
/// the `v` of Go's versions.
pub fn package_urls(text: &str) -> Vec<PackageUrl<'static>> {
    let all = |package: &Package| {
        let mut spellings = of_trivy(package);
        spellings.push(of_syft(package));
        spellings
    };
    spelled(text, all).into_values().collect()
}

/// The package URLs that Trivy may write for the package, in text order and without qualifiers
/// except `epoch`. Empty when the text is no package URL.
pub(super) fn trivy_purls(text: &str) -> Vec<String> {
    spelled(text, of_trivy).into_keys().collect()
}

/// [`trivy_purls`] out of kind, full name and version; `None` for operating system packages, whose
/// distribution is not known.
pub(super) fn language_purls(
    ecosystem: &Ecosystem,
    name: &str,
    version: Option<&str>,
) -> Option<Vec<String>> {
    if ecosystem.is_os() || *ecosystem == Ecosystem::Generic {
        return None;
    }
    let (namespace, name) = match name.rsplit_once(['/', ':']) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    };
    let mut purl = PackageUrl::new(ecosystem.as_str().to_owned(), name.to_owned()).ok()?;
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if let Some(version) = version {
        purl.with_version(version.to_owned()).ok()?;
    }
    Some(trivy_purls(&purl.to_string()))
}

/// What differs between the spellings of one package, apart from the distribution.
#[derive(Clone, Debug)]
struct Spelling {
    /// True for names in lower case, and with `-` for `_` where that is the same to PyPI.
    lower: bool,
    version: String,
    epoch: Option<String>,
}

fn of_trivy(package: &Package) -> Vec<Spelling> {
    let (epoch, version) = split_epoch(package);
    let mut versions = vec![version.to_owned()];
    // Tools differ on the `v`, and Trivy itself between modules and the standard library.
    if package.ecosystem == Ecosystem::Golang && !version.is_empty() {
        versions.push(match version.strip_prefix('v') {
            Some(bare) => bare.to_owned(),
            None => format!("v{version}"),
        });
    }
    let spelling = |version| Spelling {
        lower: matches!(
            package.ecosystem,
            Ecosystem::Golang | Ecosystem::Npm | Ecosystem::PyPi
        ),
        version,
        epoch: epoch.map(str::to_owned),
    };
    versions.into_iter().map(spelling).collect()
}

fn of_syft(package: &Package) -> Spelling {
    let (epoch, version) = match package.ecosystem {
        Ecosystem::Rpm => split_epoch(package),
        _ => (None, package.version.as_str()),
    };
    Spelling {
        lower: false,
        version: version.to_owned(),
        epoch: epoch.map(str::to_owned),
    }
}

/// The epoch of an operating system package, unless it is 0, and the rest of the version.
fn split_epoch(package: &Package) -> (Option<&str>, &str) {
    match package.version.split_once(':') {
        Some((epoch, version)) if package.ecosystem.is_os() => {
            (Some(epoch).filter(|epoch| *epoch != "0"), version)
        }
        _ => (None, &package.version),
    }
}

/// The spellings of a package URL under each name of its distribution, by their text.
fn spelled(
    text: &str,
    spellings: impl Fn(&Package) -> Vec<Spelling>,
) -> BTreeMap<String, PackageUrl<'static>> {
    let (Some(package), Ok(purl)) = (Package::from_purl(text), PackageUrl::from_str(text.trim()))
    else {
        return BTreeMap::new();
    };
    let namespace = purl.namespace().filter(|namespace| !namespace.is_empty());
    let mut namespaces = vec![namespace];
    if package.ecosystem == Ecosystem::Rpm {
        for (trivy, syft) in DISTRIBUTIONS {
            if namespace.is_some_and(|own| own == trivy || own == syft) {
                namespaces = vec![Some(trivy), Some(syft)];
            }
        }
    }
    let mut urls = BTreeMap::new();
    for spelling in spellings(&package) {
        for namespace in &namespaces {
            if let Some(url) = write(&package, purl.ty(), *namespace, purl.name(), &spelling) {
                urls.insert(url.to_string(), url);
            }
        }
    }
    urls
}

fn write(
    package: &Package,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    spelling: &Spelling,
) -> Option<PackageUrl<'static>> {
    let cased = |name: &str| {
        let name = if spelling.lower {
            name.to_lowercase()
        } else {
            name.to_owned()
        };
        match package.ecosystem {
            Ecosystem::PyPi if spelling.lower => name.replace('_', "-"),
            _ => name,
        }
    };
    let mut url = PackageUrl::new(kind.to_owned(), cased(name)).ok()?;
    if let Some(namespace) = namespace {
        url.with_namespace(cased(namespace)).ok()?;
    }
    if !spelling.version.is_empty() {
        url.with_version(spelling.version.clone()).ok()?;
    }
    if let Some(epoch) = &spelling.epoch {
        url.add_qualifier("epoch", epoch.clone()).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_has_the_word_of_each_tool() {
        for (family, words) in [
            ("debian", ("debian", "debian")),
            ("rhel", ("redhat", "rhel")),
            ("amazon", ("amazon", "amzn")),
            ("ol", ("oracle", "ol")),
            ("sles", ("sles", "sles")),
        ] {
            assert_eq!(distribution_words(family), words);
        }
    }

    #[test]
    fn package_urls_are_spelled_as_trivy_does() {
        for (purl, expected) in [
            (
                "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64&distro=debian-12",
                &["pkg:deb/debian/zlib1g@1.2.13.dfsg-1?epoch=1"][..],
            ),
            (
                "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&epoch=1",
                &["pkg:deb/debian/zlib1g@1.2.13.dfsg-1?epoch=1"],
            ),
            (
                "pkg:golang/github.com/NVIDIA/x@1.0",
                &[
                    "pkg:golang/github.com/nvidia/x@1.0",
                    "pkg:golang/github.com/nvidia/x@v1.0",
                ],
            ),
            (
                "pkg:golang/golang.org/x/net",
                &["pkg:golang/golang.org/x/net"],
            ),
            (
                "pkg:pypi/Typing_Extensions@4.0",
                &["pkg:pypi/typing-extensions@4.0"],
            ),
            ("nonsense", &[]),
        ] {
            assert_eq!(trivy_purls(purl), expected);
        }
        let babel = language_purls(&Ecosystem::Npm, "@babel/core", None);
        assert_eq!(
            babel.as_deref(),
            Some(&["pkg:npm/%40babel/core".to_owned()][..])
        );
        assert_eq!(language_purls(&Ecosystem::Deb, "zlib1g", None), None);
    }

    #[test]
    fn package_urls_are_spelled_as_both_do() {
        for (purl, expected) in [
            (
                "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&epoch=1",
                &[
                    "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?epoch=1",
                    "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1",
                ][..],
            ),
            (
                "pkg:rpm/ol/bind-libs@9.16.23-1.el9?arch=x86_64&epoch=32&upstream=bind",
                &[
                    "pkg:rpm/ol/bind-libs@9.16.23-1.el9?epoch=32",
                    "pkg:rpm/oracle/bind-libs@9.16.23-1.el9?epoch=32",
                ],
            ),
            (
                "pkg:rpm/rocky/bash@5.1.8-6.el9?epoch=0",
                &["pkg:rpm/rocky/bash@5.1.8-6.el9"],
            ),
            (
                "pkg:golang/stdlib@1.22.1",
                &["pkg:golang/stdlib@1.22.1", "pkg:golang/stdlib@v1.22.1"],
            ),
            ("pkg:npm/braces@3.0.2", &["pkg:npm/braces@3.0.2"]),
            ("nonsense", &[]),
        ] {
            let urls = package_urls(purl);
            let urls: Vec<String> = urls.iter().map(ToString::to_string).collect();
            assert_eq!(urls, expected);
        }
    }
}
