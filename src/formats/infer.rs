//! What reduced formats leave out and spelling gives away: the kind of a package, the distribution,
//! whether a rule's name is an advisory id.
//!
//! Every rule here reads a mark that only one ecosystem writes (a version's `-r3`, `.el9`,
//! `+deb12u1`; a file's name). Without a mark the answer is *none*, never a likely guess.

use std::str::FromStr;

use crate::model::{AdvisoryId, Distro, Ecosystem, IdRole, Package};

/// Finds the operating system's package manager from how the versions of its packages are spelled.
///
/// All packages of one image belong to one package manager, so a version with a mark speaks for
/// those without.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OsSpelling {
    deb: usize,
    rpm: usize,
    apk: usize,
    /// `upstream-revision` without further mark: Debian's plain form. Counts only when nothing
    /// else does.
    plain: usize,
}

impl OsSpelling {
    /// Takes one package version into account.
    pub(crate) fn see(&mut self, version: &str) {
        if has_apk_release(version) {
            self.apk += 1;
        } else if has_rpm_release(version) {
            self.rpm += 1;
        } else if has_debian_mark(version) {
            self.deb += 1;
        } else if version
            .rsplit_once('-')
            .is_some_and(|(_, revision)| revision.starts_with(|c: char| c.is_ascii_digit()))
        {
            self.plain += 1;
        }
    }

    /// The package manager with most marks; none on a tie or without any.
    pub(crate) fn ecosystem(&self) -> Option<Ecosystem> {
        let Self {
            deb,
            rpm,
            apk,
            plain,
        } = *self;
        if deb > rpm && deb > apk {
            Some(Ecosystem::Deb)
        } else if rpm > deb && rpm > apk {
            Some(Ecosystem::Rpm)
        } else if apk > deb && apk > rpm {
            Some(Ecosystem::Apk)
        } else if deb + rpm + apk == 0 && plain > 0 {
            Some(Ecosystem::Deb)
        } else {
            None
        }
    }
}

/// `1.2.3-r4` (apk-package(5): the release is `-r` and a number).
fn has_apk_release(version: &str) -> bool {
    version
        .rsplit_once("-r")
        .is_some_and(|(_, release)| all_digits(release))
}

/// A distribution tag of an rpm release (`.el9_2`, `.amzn2023`, `.fc38`), or SUSE's
/// `-150400.7.28.1`, whose first part names the product.
fn has_rpm_release(version: &str) -> bool {
    const TAGS: &[&str] = &[
        "el", "amzn", "fc", "ph", "cm", "azl", "oe", "mga", "lp", "ubi",
    ];
    let tagged = version
        .split(['.', '-', '_', '+'])
        .skip(1)
        .any(|part| TAGS.iter().any(|tag| followed_by_digit(part, tag)));
    let suse = version.rsplit_once('-').is_some_and(|(_, release)| {
        let mut parts = release.split('.');
        parts
            .next()
            .is_some_and(|product| product.len() == 6 && all_digits(product))
            && parts.clone().count() >= 2
            && parts.all(all_digits)
    });
    tagged || suse
}

/// Debian's and Ubuntu's own marks (Debian Policy §3.2.2 and its conventions).
fn has_debian_mark(version: &str) -> bool {
    ["~", "ubuntu", "dfsg", "+ds", "+nmu"]
        .iter()
        .any(|mark| version.contains(mark))
        || ["+b", "deb", "build"].iter().any(|mark| {
            version
                .match_indices(mark)
                .any(|(at, _)| followed_by_digit(version.get(at..).unwrap_or_default(), mark))
        })
}

fn followed_by_digit(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The language ecosystem of a package from the file that lists it, else from the form of its name.
pub(crate) fn language(name: &str, path: Option<&str>) -> Option<Ecosystem> {
    path.and_then(language_of_file)
        .or_else(|| language_of_name(name))
}

fn language_of_file(path: &str) -> Option<Ecosystem> {
    let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(match file.as_str() {
        "package.json"
        | "package-lock.json"
        | "yarn.lock"
        | "pnpm-lock.yaml"
        | "bun.lock"
        | "npm-shrinkwrap.json"
        | "node.js" => Ecosystem::Npm,
        "metadata" | "pkg-info" | "record" | "pipfile.lock" | "poetry.lock" | "uv.lock"
        | "pylock.toml" | "python" => Ecosystem::PyPi,
        "go.mod" | "go.sum" => Ecosystem::Golang,
        "pom.xml" | "pom.properties" | "gradle.lockfile" | "java" => Ecosystem::Maven,
        "gemfile.lock" | "ruby" => Ecosystem::Gem,
        "cargo.lock" => Ecosystem::Cargo,
        "composer.lock" | "installed.json" => Ecosystem::Composer,
        "packages.lock.json" | "packages.config" => Ecosystem::NuGet,
        _ if file.starts_with("requirements") && extension == "txt" => Ecosystem::PyPi,
        _ if file.ends_with(".deps.json") => Ecosystem::NuGet,
        _ if path.contains("conda-meta/") && extension == "json" => Ecosystem::Conda,
        _ => match extension {
            "jar" | "war" | "ear" | "par" | "hpi" | "jpi" => Ecosystem::Maven,
            "whl" | "egg" | "egg-info" => Ecosystem::PyPi,
            "gemspec" => Ecosystem::Gem,
            _ => return None,
        },
    })
}

fn language_of_name(name: &str) -> Option<Ecosystem> {
    if name == "stdlib" {
        return Some(Ecosystem::Golang);
    }
    let (head, rest) = name.split_once('/').unwrap_or((name, ""));
    if head.starts_with('@') && !rest.is_empty() {
        Some(Ecosystem::Npm)
    } else if !rest.is_empty() && head.contains('.') {
        Some(Ecosystem::Golang)
    } else if rest.is_empty()
        && name
            .split_once(':')
            .is_some_and(|(group, artifact)| group.contains('.') && !artifact.is_empty())
    {
        Some(Ecosystem::Maven)
    } else {
        None
    }
}

/// The distribution in texts like `debian 10.9`, `alpine:v3.19`, `Debian GNU/Linux 12 (bookworm)`.
pub(crate) fn operating_system(text: &str) -> Option<Distro> {
    let mut words = text
        .trim()
        .split([' ', ':'])
        .filter(|word| !word.is_empty());
    let family = words.next()?.to_ascii_lowercase();
    if !Ecosystem::from_name(&family).is_os() {
        return None;
    }
    let version = words
        .map(|word| word.strip_prefix('v').unwrap_or(word))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default();
    Some(Distro {
        family,
        version: version.to_owned(),
        end_of_life: false,
    })
}

/// The distribution that a purl's qualifiers name: `os_name` and `os_version` (Docker Scout) or
/// `distro=debian-12` (most others).
pub(crate) fn distro_of_purl(purl: &str) -> Option<Distro> {
    let purl = packageurl::PackageUrl::from_str(purl.trim()).ok()?;
    let qualifier = |key: &str| {
        purl.qualifiers()
            .get(key)
            .map(ToString::to_string)
            .filter(|value| !value.is_empty())
    };
    match (qualifier("os_name"), qualifier("os_version")) {
        (Some(name), version) => {
            operating_system(&format!("{name} {}", version.unwrap_or_default()))
        }
        (None, _) => operating_system(&qualifier("distro")?.replacen('-', " ", 1)),
    }
}

/// The distribution that the second part of a Snyk id names: `SNYK-DEBIAN12-APT-1541449`,
/// `SNYK-UBUNTU2404-…`, `SNYK-ALPINE319-…`. None for `SNYK-LINUX-…` and for languages.
pub(crate) fn distro_of_snyk_id(id: &str) -> Option<Distro> {
    let part = id.split('-').nth(1)?.to_ascii_lowercase();
    let digits_at = part.find(|c: char| c.is_ascii_digit())?;
    let (family, digits) = part.split_at_checked(digits_at)?;
    if !Ecosystem::from_name(family).is_os() || !all_digits(digits) {
        return None;
    }
    // The dot is not written: 2404 is 24.04, 319 is 3.19, 154 is 15.4.
    let dot = match family {
        "ubuntu" | "sles" => Some(2),
        "alpine" => Some(1),
        _ => None,
    };
    let version = match dot.and_then(|at| digits.split_at_checked(at)) {
        Some((major, minor)) if !minor.is_empty() => format!("{major}.{minor}"),
        _ => digits.to_owned(),
    };
    Some(Distro {
        family: family.to_owned(),
        version,
        end_of_life: false,
    })
}

/// The ecosystem that a Snyk id's second part names; none for `SNYK-LINUX-…`.
pub(crate) fn ecosystem_of_snyk_id(id: &str) -> Option<Ecosystem> {
    if id.starts_with("npm:") {
        return Some(Ecosystem::Npm);
    }
    let part = id.split('-').nth(1)?;
    let word = part
        .split(|c: char| c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let word = word
        .strip_suffix("LATEST")
        .or_else(|| word.strip_suffix("UNSTABLE"))
        .unwrap_or(word);
    match Ecosystem::from_name(word) {
        Ecosystem::Other(_) | Ecosystem::Generic => None,
        known => Some(known),
    }
}

/// True for ids of schemes that number vulnerabilities. Scanners' own rule names (`CIS-DI-0001`,
/// `js/sql-injection`) are none.
pub(crate) fn has_advisory_scheme(id: &AdvisoryId) -> bool {
    const SCHEMES: &[&str] = &[
        "SNYK-", "PYSEC-", "GO-", "RUSTSEC-", "GMS-", "OSV-", "MAL-", "TEMP-", "BIT-", "CGA-",
        "HSEC-", "RSEC-", "JLSEC-", "PSF-", "NSWG-", "WS-", "GSD-", "CURL-", "ECHO-", "MINI-",
        "EUVD-", "npm:",
    ];
    let text = id.as_str();
    id.is_plausible()
        && (ghsa(text).is_some()
            || id.cve().is_some()
            || (text.bytes().any(|b| b.is_ascii_digit())
                && (id.role() == IdRole::Umbrella
                    || SCHEMES.iter().any(|scheme| text.starts_with(scheme)))))
}

/// The advisory id at the start of a rule name: all of it (`CVE-2024-1000`), or what stands before
/// a package name (`CVE-2024-1000-openssl`), or after a severity in brackets
/// (`[HIGH] CVE-2024-1000`, an old template of Trivy's).
pub(crate) fn leading_advisory(rule: &str) -> Option<AdvisoryId> {
    let rule = rule.trim();
    let rule = rule
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(rule, |(_, rest)| rest.trim_start());
    if let Some(id) = cve(rule).or_else(|| ghsa(rule)) {
        return Some(AdvisoryId::new(id));
    }
    let id = AdvisoryId::new(rule);
    has_advisory_scheme(&id).then_some(id)
}

/// The CVE id that `text` starts with.
fn cve(text: &str) -> Option<&str> {
    let prefix = text.get(..4)?;
    let rest = text.get(4..)?;
    if !prefix.eq_ignore_ascii_case("CVE-") {
        return None;
    }
    let (year, number) = rest.split_once('-')?;
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    if year.len() == 4 && all_digits(year) && digits >= 4 {
        text.get(..4 + 5 + digits)
    } else {
        None
    }
}

/// The GHSA id that `text` starts with: three groups of four after the prefix.
fn ghsa(text: &str) -> Option<&str> {
    const LENGTH: usize = "GHSA-xxxx-xxxx-xxxx".len();
    let id = text.get(..LENGTH)?;
    let mut groups = id.split('-');
    let well_formed = groups
        .next()
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("GHSA"))
        && groups.clone().count() == 3
        && groups.all(|group| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric()));
    let ends = text
        .get(LENGTH..)
        .is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    (well_formed && ends).then_some(id)
}

/// The package of an entry that names none: called after what was scanned.
pub(crate) fn unnamed_package(target: Option<&str>) -> Package {
    Package::new(
        Ecosystem::Generic,
        target
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or("unknown"),
        "",
    )
}

/// `name@sha256:…` when an image reference is pinned by digest.
pub(crate) fn repo_digest(reference: &str) -> Option<&str> {
    let (_, digest) = reference.rsplit_once('@')?;
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then_some(reference)
}

/// Undoes percent encoding in a URI; text that is not valid after that is left as it was.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                out.push(hex_value(*high) * 16 + hex_value(*low));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::any;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// Reads damaged copies of a report: each of them must give a report or an error. Values are
    /// replaced one after the other by values of other types, and the text is cut and altered at
    /// many places.
    pub(crate) fn survives_damage(report: &str) {
        let document: serde_json::Value = serde_json::from_str(report).unwrap();
        let count = count_values(&document);
        for nth in 0..count {
            for replacement in [
                serde_json::json!(null),
                serde_json::json!(-1.5e300),
                serde_json::json!("@:/-%\u{1F600}"),
                serde_json::json!([]),
                serde_json::json!([[null], {}]),
                serde_json::json!({"a": {}}),
            ] {
                let mut damaged = document.clone();
                replace_nth(&mut damaged, &mut { nth }, &replacement);
                let _ = crate::formats::read(damaged.to_string().as_bytes());
            }
        }
        for cut in (0..report.len()).step_by(1 + report.len() / 400) {
            let _ = crate::formats::read(report.as_bytes().get(..cut).unwrap());
        }
        let mut runner = TestRunner::deterministic();
        let places = (0..report.len(), 0_usize..12, any::<u8>());
        runner
            .run(&places, |(at, length, byte)| {
                let mut bytes = report.as_bytes().to_vec();
                bytes.splice(at..(at + length).min(report.len()), [byte]);
                let _ = crate::formats::read(&bytes);
                Ok(())
            })
            .unwrap();
    }

    fn count_values(value: &serde_json::Value) -> usize {
        1 + match value {
            serde_json::Value::Array(members) => members.iter().map(count_values).sum(),
            serde_json::Value::Object(members) => members.values().map(count_values).sum(),
            _ => 0,
        }
    }

    fn replace_nth(
        value: &mut serde_json::Value,
        left: &mut usize,
        replacement: &serde_json::Value,
    ) -> bool {
        if *left == 0 {
            *value = replacement.clone();
            return true;
        }
        *left -= 1;
        match value {
            serde_json::Value::Array(members) => members
                .iter_mut()
                .any(|member| replace_nth(member, left, replacement)),
            serde_json::Value::Object(members) => members
                .values_mut()
                .any(|member| replace_nth(member, left, replacement)),
            _ => false,
        }
    }

    fn os(versions: &[&str]) -> Option<Ecosystem> {
        let mut spelling = OsSpelling::default();
        for version in versions {
            spelling.see(version);
        }
        spelling.ecosystem()
    }

    #[test]
    fn versions_with_a_mark_speak_for_those_without() {
        assert_eq!(
            os(&["2.6.1", "9.1-1", "2.36-9+deb12u1"]),
            Some(Ecosystem::Deb)
        );
        assert_eq!(os(&["5.36.0-7"]), Some(Ecosystem::Deb));
        assert_eq!(os(&["1.2.4-r2"]), Some(Ecosystem::Apk));
        assert_eq!(
            os(&["7.76.1-23.el9_2.1", "20181225-23.6.1"]),
            Some(Ecosystem::Rpm)
        );
        assert_eq!(os(&["1.1.1l-150400.7.28.1"]), Some(Ecosystem::Rpm));
        assert_eq!(os(&["1.0.2", "v3"]), None);
        assert_eq!(os(&["1.0-r1", "1.0.el9"]), None);
    }

    #[test]
    fn languages_show_in_file_or_name() {
        for (name, path, expected) in [
            ("Pillow", Some("requirements.txt"), Some(Ecosystem::PyPi)),
            (
                "tar",
                Some("app/node_modules/tar/package.json"),
                Some(Ecosystem::Npm),
            ),
            (
                "jackson-databind",
                Some("opt/a.jar"),
                Some(Ecosystem::Maven),
            ),
            (
                "golang.org/x/net",
                Some("usr/bin/tool"),
                Some(Ecosystem::Golang),
            ),
            ("@babel/core", None, Some(Ecosystem::Npm)),
            ("org.a.b:c", None, Some(Ecosystem::Maven)),
            ("lodash", None, None),
            ("gcc-12/libgcc-s1", None, None),
        ] {
            assert_eq!(language(name, path), expected, "{name}");
        }
    }

    #[test]
    fn distributions_read_from_every_spelling() {
        let is = |distro: Option<Distro>, family: &str, version: &str| {
            let distro = distro.unwrap();
            assert_eq!(
                (distro.family.as_str(), distro.version.as_str()),
                (family, version)
            );
        };
        is(operating_system("debian 10.9"), "debian", "10.9");
        is(operating_system("alpine:v3.19"), "alpine", "3.19");
        is(
            operating_system("Debian GNU/Linux 12 (bookworm)"),
            "debian",
            "12",
        );
        is(
            distro_of_purl("pkg:deb/ubuntu/tar@1?os_distro=noble&os_name=ubuntu&os_version=24.04"),
            "ubuntu",
            "24.04",
        );
        is(
            distro_of_snyk_id("SNYK-UBUNTU2404-GLIBC-1"),
            "ubuntu",
            "24.04",
        );
        is(distro_of_snyk_id("SNYK-ALPINE319-MUSL-1"), "alpine", "3.19");
        is(distro_of_snyk_id("SNYK-DEBIAN12-APT-1"), "debian", "12");
        assert!(distro_of_snyk_id("SNYK-LINUX-BZIP2-1").is_none());
        assert!(distro_of_snyk_id("SNYK-JS-LODASH-590103").is_none());
        assert!(operating_system("Unknown").is_none());
        assert_eq!(
            ecosystem_of_snyk_id("SNYK-JS-LODASH-590103"),
            Some(Ecosystem::Npm)
        );
        assert_eq!(
            ecosystem_of_snyk_id("SNYK-CHAINGUARDLATEST-X-1"),
            Some(Ecosystem::Apk)
        );
    }

    #[test]
    fn rule_names_are_advisories_or_not() {
        let id = |rule: &str| leading_advisory(rule).map(|id| id.as_str().to_owned());
        assert_eq!(id("CVE-2007-5686-login").as_deref(), Some("CVE-2007-5686"));
        assert_eq!(
            id("[HIGH] CVE-2020-10001").as_deref(),
            Some("CVE-2020-10001")
        );
        assert_eq!(
            id("ghsa-cx63-2mw6-8hw5-setuptools").as_deref(),
            Some("GHSA-cx63-2mw6-8hw5")
        );
        assert_eq!(
            id("RUSTSEC-2020-0014").as_deref(),
            Some("RUSTSEC-2020-0014")
        );
        for lint in [
            "CIS-DI-0010",
            "js/sql-injection",
            "DS002",
            "CVE-20",
            "",
            "GO-fmt",
            "\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(id(lint), None, "{lint}");
        }
    }

    #[test]
    fn percent_encoding_is_undone_where_it_is_one() {
        assert_eq!(percent_decoded("a%20b%2Fc%"), "a b/c%");
        assert_eq!(percent_decoded("%FF"), "%FF");
    }
}
