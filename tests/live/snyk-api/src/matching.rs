//! Which advisories concern which package of a dependency graph.

use std::cmp::Ordering;
use std::str::FromStr;

use crate::facts::Advisory;

/// The kinds of projects that the facts know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// Debian packages.
    Deb,
    /// Python distributions.
    PyPi,
    /// Node.js packages.
    Npm,
    /// Go modules.
    Golang,
}

impl Ecosystem {
    /// By the name of a dependency graph's package manager.
    pub fn of_manager(name: &str) -> Option<Self> {
        match name {
            "deb" => Some(Self::Deb),
            "pip" => Some(Self::PyPi),
            "npm" => Some(Self::Npm),
            "gomodules" => Some(Self::Golang),
            _ => None,
        }
    }

    /// The word for it in the facts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::PyPi => "pypi",
            Self::Npm => "npm",
            Self::Golang => "golang",
        }
    }

    /// Whether a package of the graph is the one of an advisory.
    ///
    /// Debian packages are named `source/binary`, or just the name when both are equal. Go packages
    /// are named by import path, so an advisory on a module concerns all paths in it.
    fn is_named(self, posted: &str, advisory: &str) -> bool {
        match self {
            Self::Deb => posted.split('/').next() == Some(advisory),
            Self::PyPi => normal_python_name(posted) == normal_python_name(advisory),
            Self::Npm => posted == advisory,
            Self::Golang => posted
                .strip_prefix(advisory)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// The order of two versions; `None` when one is no version of this ecosystem.
    fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        match self {
            Self::Deb => Some(deb_version::compare_versions(a, b)),
            Self::PyPi => {
                let parse = |version| pep440_rs::Version::from_str(version).ok();
                Some(parse(a)?.cmp(&parse(b)?))
            }
            Self::Npm | Self::Golang => Some(semantic(a)?.cmp_precedence(&semantic(b)?)),
        }
    }
}

/// A name in the form that makes all spellings of it equal (PEP 503).
fn normal_python_name(name: &str) -> String {
    let mut normal = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_ascii_lowercase());
    }
    normal
}

/// Go writes `v1.2.3` for modules and `go1.2` for itself; the last number may be missing.
fn semantic(version: &str) -> Option<semver::Version> {
    let version = version.strip_prefix("go").unwrap_or(version);
    let version = version.strip_prefix('v').unwrap_or(version);
    let mut padded = version.to_owned();
    let core = version.split(['-', '+']).next().unwrap_or(version);
    if core == version {
        for _ in core.split('.').count()..3 {
            padded.push_str(".0");
        }
    }
    semver::Version::parse(&padded).ok()
}

/// Whether the installed version of a package has the flaw.
pub fn is_affected(ecosystem: Ecosystem, name: &str, version: &str, advisory: &Advisory) -> bool {
    let below = |bound: &str| {
        ecosystem
            .compare(version, bound)
            .is_some_and(Ordering::is_lt)
    };
    advisory.ecosystem == ecosystem.word()
        && ecosystem.is_named(name, &advisory.package)
        && advisory.fixed.as_deref().is_none_or(below)
        && !advisory.introduced.as_deref().is_some_and(below)
}

/// The version that Debian's advisories are about: that of the source package, which the purl names
/// where it differs, without the suffix of a binary rebuild.
pub fn debian_source_version(version: &str, purl: Option<&str>) -> String {
    let upstream = purl
        .and_then(|purl| purl.split_once("upstream="))
        .map(|(_, rest)| percent_decoded(rest.split('&').next().unwrap_or(rest)));
    let stated = upstream
        .as_deref()
        .and_then(|upstream| upstream.split_once('@'));
    let version = stated.map_or(version, |(_, version)| version);
    let rebuild = version
        .rsplit_once("+b")
        .filter(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    rebuild.map_or(version, |(before, _)| before).to_owned()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    fn advisory(ecosystem: &str, package: &str, introduced: &str, fixed: &str) -> Advisory {
        let text = format!(
            r#"[{{"id":"CVE-1","ecosystem":"{ecosystem}","package":"{package}","introduced":{introduced},"fixed":{fixed},"snyk":"S"}}]"#
        );
        facts::read(&text).unwrap().remove(0)
    }

    #[test]
    fn debian_packages_are_matched_by_their_source() {
        let glibc = advisory("deb", "glibc", "null", r#""2.36-9+deb12u9""#);
        let hit = |name, version| is_affected(Ecosystem::Deb, name, version, &glibc);
        assert!(hit("glibc/libc6", "2.36-9+deb12u8"));
        assert!(!hit("glibc/libc6", "2.36-9+deb12u10"));
        assert!(!hit("glib/libc6", "2.36-9+deb12u8"));
    }

    #[test]
    fn a_go_module_covers_its_packages_and_no_others() {
        let net = advisory("golang", "golang.org/x/net", "null", r#""0.17.0""#);
        let hit = |name, version| is_affected(Ecosystem::Golang, name, version, &net);
        assert!(hit("golang.org/x/net/html/atom", "v0.7.0"));
        assert!(hit("golang.org/x/net", "v0.7.0"));
        assert!(!hit("golang.org/x/network", "v0.7.0"));
        assert!(!hit("golang.org/x/net/html", "v0.17.0"));
    }

    #[test]
    fn a_range_begins_where_the_flaw_came_in() {
        let qs = advisory("npm", "qs", r#""6.7.0""#, r#""6.7.3""#);
        let hit = |version| is_affected(Ecosystem::Npm, "qs", version, &qs);
        assert!(!hit("6.5.2") && hit("6.7.0") && hit("6.7.2") && !hit("6.7.3"));
    }

    #[test]
    fn python_names_and_versions_have_several_spellings() {
        let multipart = advisory("pypi", "python-multipart", "null", r#""0.0.18""#);
        assert!(is_affected(
            Ecosystem::PyPi,
            "Python_Multipart",
            "0.0.6",
            &multipart
        ));
        let certifi = advisory("pypi", "certifi", "null", r#""2022.12.7""#);
        assert!(!is_affected(
            Ecosystem::PyPi,
            "certifi",
            "2022.12.07",
            &certifi
        ));
    }

    #[test]
    fn without_a_fix_all_versions_are_affected_and_nonsense_never_is() {
        let open = advisory("npm", "ip", "null", "null");
        assert!(is_affected(Ecosystem::Npm, "ip", "2.0.0", &open));
        let closed = advisory("npm", "ip", "null", r#""2.0.1""#);
        assert!(!is_affected(Ecosystem::Npm, "ip", "latest", &closed));
    }

    #[test]
    fn the_source_version_comes_from_the_purl_and_loses_the_rebuild_suffix() {
        let purl = "pkg:deb/debian/login@1:4.13%2Bb1?distro=d&upstream=shadow%401%3A4.13%2Bdfsg1-1";
        assert_eq!(
            debian_source_version("1:4.13+b1", Some(purl)),
            "1:4.13+dfsg1-1"
        );
        let same = Some("pkg:deb/debian/libc6@2.36-9?upstream=glibc&arch=amd64");
        assert_eq!(debian_source_version("2.36-9+b12", same), "2.36-9");
        assert_eq!(debian_source_version("1.0+beta", None), "1.0+beta");
    }
}
