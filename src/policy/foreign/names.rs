//! How packages are named on both sides: patterns, package URLs, kinds of packages.

use crate::model::Ecosystem;

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

/// Characters that package URLs write as they are.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._/".contains(c)
}

/// True when [`purl_with_name`] matches packages of this name alone, without `package` beside it.
pub(super) fn is_whole_in_purl(name: &str) -> bool {
    name.chars().all(is_plain)
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
        match c {
            // What it escapes is left open.
            '\\' => {}
            c if is_plain(c) || "*?".contains(c) => pattern.push(c),
            _ => pattern.push('*'),
        }
    }
    pattern.push_str("@*");
    pattern
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
    fn a_literal_is_a_pattern_for_itself() {
        for text in ["a[1]*?", "C:\\x{y}", "libstdc++6"] {
            assert_eq!(as_literal(&literal(text)).as_deref(), Some(text));
            let glob = super::super::super::pattern::exact_pattern(&literal(text)).unwrap();
            assert!(glob.compile_matcher().is_match(text), "{text}");
        }
        assert_eq!(as_literal("nvidia-*"), None);
    }
}
