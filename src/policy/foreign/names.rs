//! How packages are named on both sides: patterns, package URLs, kinds of packages.

use std::str::FromStr;

use packageurl::PackageUrl;

use crate::model::{Ecosystem, Package};

/// Grype's package types that are the only one of their kind, with the purl type of that kind
/// (Syft, `syft/pkg/type.go`).
const GRYPE_TYPES: [(&str, &str); 24] = [
    ("alpm", "alpm"),
    ("apk", "apk"),
    ("binary", "generic"),
    ("bitnami", "bitnami"),
    ("conan", "conan"),
    ("conda", "conda"),
    ("cpan", "cpan"),
    ("dart-pub", "pub"),
    ("deb", "deb"),
    ("dotnet", "nuget"),
    ("erlang-otp", "otp"),
    ("gem", "gem"),
    ("go-module", "golang"),
    ("hackage", "hackage"),
    ("hex", "hex"),
    ("java-archive", "maven"),
    ("lua-rocks", "luarocks"),
    ("npm", "npm"),
    ("php-composer", "composer"),
    ("pod", "cocoapods"),
    ("python", "pypi"),
    ("rpm", "rpm"),
    ("rust-crate", "cargo"),
    ("swift", "swift"),
];

/// Grype's word for a kind of package.
pub(super) fn grype_type(ecosystem: &Ecosystem) -> Option<&'static str> {
    GRYPE_TYPES
        .iter()
        .find(|(_, purl)| *purl == ecosystem.as_str())
        .map(|(word, _)| *word)
}

/// The kind of package behind Grype's word. `None` for words that mean a part of a kind.
pub(super) fn from_grype_type(word: &str) -> Option<Ecosystem> {
    GRYPE_TYPES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, purl)| Ecosystem::from_name(purl))
}

/// The kind of package that one of Snyk's ids is about: `SNYK-DEBIAN12-OPENSSL-1` is about Debian
/// packages. `npm:…` is Snyk's old form for npm.
pub(super) fn from_snyk_id(id: &str) -> Option<Ecosystem> {
    if id.starts_with("npm:") {
        return Some(Ecosystem::Npm);
    }
    let word = id.strip_prefix("SNYK-")?.split('-').next()?;
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    Some(match word {
        "DEBIAN" | "UBUNTU" | "DEBIANUNSTABLE" => Ecosystem::Deb,
        "ALPINE" | "WOLFI" | "WOLFILATEST" | "CHAINGUARD" | "CHAINGUARDLATEST" => Ecosystem::Apk,
        "RHEL" | "CENTOS" | "AMZN" | "ORACLE" | "SLES" | "ROCKYLINUX" | "ALMALINUX" | "FEDORA" => {
            Ecosystem::Rpm
        }
        "JS" => Ecosystem::Npm,
        "PYTHON" => Ecosystem::PyPi,
        "JAVA" => Ecosystem::Maven,
        "GOLANG" => Ecosystem::Golang,
        "RUBY" => Ecosystem::Gem,
        "PHP" => Ecosystem::Composer,
        "DOTNET" => Ecosystem::NuGet,
        "RUST" => Ecosystem::Cargo,
        _ => return None,
    })
}

/// A pattern that matches this text alone.
pub(super) fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if "*?[]{}\\".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Beginnings of a version in a policy that is a range and no pattern.
const RANGE: [char; 6] = ['<', '>', '=', '!', '~', '^'];

/// The `version` of a rule that means this version alone.
pub(super) fn exact_version(version: &str) -> Result<String, String> {
    if version.starts_with(RANGE) {
        return Err(format!("`{version}` is a range of versions"));
    }
    Ok(literal(version))
}

/// The one version that a rule's `version` means; `None` when it means several.
pub(super) fn as_version(pattern: &str) -> Option<String> {
    (!pattern.starts_with(RANGE))
        .then(|| as_literal(pattern))
        .flatten()
}

/// The one text that a pattern matches; `None` when it matches several.
pub(super) fn as_literal(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?),
            '*' | '?' | '[' | '{' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

/// A pattern over package URLs of packages whose installed name matches a pattern. The `package` of
/// a rule also means source packages; with this pattern beside it, it does not.
///
/// Characters that package URLs write as `%…`, or that scanners do not agree on, are left open; the
/// name itself is checked by `package`.
pub(super) fn purl_with_name(ecosystem: Option<&Ecosystem>, name: &str) -> String {
    let mut pattern = format!("pkg:{}/", ecosystem.map_or("*", |e| e.as_str()));
    if ecosystem.is_some_and(Ecosystem::is_os) {
        // The distribution comes between.
        pattern.push_str("*/");
    }
    for c in name.chars() {
        let kept = c.is_ascii_alphanumeric() || "-._/*?".contains(c);
        match c {
            // What it escapes is left open.
            '\\' => {}
            c if kept => pattern.push(c),
            _ => pattern.push('*'),
        }
    }
    pattern.push_str("@*");
    pattern
}

/// The package URLs that Trivy may write for the same package: names in its spelling, an epoch as a
/// qualifier, nothing else. Scanners differ on the `v` of Go's versions, so that there are two with
/// one. Empty when the text is no package URL.
pub(super) fn trivy_purls(text: &str) -> Vec<String> {
    let Some(package) = Package::from_purl(text) else {
        return Vec::new();
    };
    let mut versions = vec![package.version.clone()];
    if package.ecosystem == Ecosystem::Golang && !package.version.is_empty() {
        versions.push(match package.version.strip_prefix('v') {
            Some(bare) => bare.to_owned(),
            None => format!("v{}", package.version),
        });
    }
    versions
        .iter()
        .filter_map(|version| trivy_purl(text, &package, version))
        .collect()
}

fn trivy_purl(text: &str, package: &Package, version: &str) -> Option<String> {
    let purl = PackageUrl::from_str(text.trim()).ok()?;
    let lower = matches!(
        package.ecosystem,
        Ecosystem::Golang | Ecosystem::Npm | Ecosystem::PyPi
    );
    let spelled = |name: &str| {
        let name = if lower {
            name.to_lowercase()
        } else {
            name.to_owned()
        };
        match package.ecosystem {
            Ecosystem::PyPi => name.replace('_', "-"),
            _ => name,
        }
    };
    let mut result = PackageUrl::new(purl.ty().to_owned(), spelled(purl.name())).ok()?;
    if let Some(namespace) = purl.namespace().filter(|n| !n.is_empty()) {
        result.with_namespace(spelled(namespace)).ok()?;
    }
    let (epoch, version) = match version.split_once(':') {
        Some((epoch, version)) if package.ecosystem.is_os() => (Some(epoch), version),
        _ => (None, version),
    };
    if !version.is_empty() {
        result.with_version(version.to_owned()).ok()?;
    }
    if let Some(epoch) = epoch {
        result.add_qualifier("epoch", epoch.to_owned()).ok()?;
    }
    Some(result.to_string())
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

/// True when two scanners mean one package by these names.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    let normal = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    a == b || normal(a) == normal(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_in_both_directions() {
        for (word, purl) in GRYPE_TYPES {
            let ecosystem = from_grype_type(word).unwrap();
            assert_eq!(ecosystem.as_str(), purl);
            assert_eq!(grype_type(&ecosystem), Some(word));
        }
        assert_eq!(from_grype_type("jenkins-plugin"), None);
    }

    #[test]
    fn snyk_ids_tell_the_kind_of_package() {
        for (id, kind) in [
            ("SNYK-DEBIAN12-OPENSSL-1", Some(Ecosystem::Deb)),
            ("SNYK-JS-AXIOS-5520286", Some(Ecosystem::Npm)),
            ("npm:debug:20170905", Some(Ecosystem::Npm)),
            ("SNYK-NEW-THING-1", None),
            ("CVE-2024-1000", None),
        ] {
            assert_eq!(from_snyk_id(id), kind, "{id}");
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
    fn a_literal_is_a_pattern_for_itself() {
        for text in ["a[1]*?", "C:\\x{y}", "libstdc++6"] {
            assert_eq!(as_literal(&literal(text)).as_deref(), Some(text));
            let glob = super::super::super::pattern::exact_pattern(&literal(text)).unwrap();
            assert!(glob.compile_matcher().is_match(text), "{text}");
        }
        assert_eq!(as_literal("nvidia-*"), None);
    }
}
