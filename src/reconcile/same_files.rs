//! When a package manager's package and a package recognised inside it are the same files.
//!
//! The package manager's own file list proves it. Without one, the naming rules of the
//! distributions and the places where only they install tell: Debian Python Policy 4.3 and 3.1
//! (`python3-NAME`, `dist-packages`), Fedora and Alpine packaging guidelines (`python3-NAME`,
//! `py3-NAME`, `rubygem-NAME`, `ruby-NAME`, `nodejs-NAME`), and the Filesystem Hierarchy Standard 3.0
//! §4.9 and §3.13, which keep `/usr/local` and `/opt` for what distributions do not ship.

use std::collections::BTreeSet;

use super::packages::normal_name;
use crate::model::version::{normal_form, upstream};
use crate::model::{Ecosystem, Location};

/// Ecosystem, name and version of what a package holds, in the form that is compared.
pub(super) type Content = (Ecosystem, String, String);

/// What a package manager's package holds by its name and that of its source.
pub(super) fn contents(
    owner: &Ecosystem,
    name: &str,
    source: Option<&str>,
    version: &str,
) -> BTreeSet<Content> {
    let version = upstream(owner, version).unwrap_or(version);
    [Some(name), source]
        .into_iter()
        .flatten()
        .flat_map(|name| names_inside(owner, name))
        .map(|(ecosystem, name)| {
            let version = normal_form(&ecosystem, version);
            (ecosystem, name, version)
        })
        .collect()
}

/// What a package is where another one holds it; `None` without a version.
pub(super) fn content_of(ecosystem: &Ecosystem, name: &str, version: &str) -> Option<Content> {
    let name = if *ecosystem == Ecosystem::Generic {
        program_name(name)
    } else {
        normal_name(ecosystem, name)
    };
    let version = normal_form(ecosystem, version);
    (!version.is_empty()).then(|| (ecosystem.clone(), name, version))
}

/// True for packages whose manager records which files it installed: the operating system's and
/// conda's.
pub(super) fn owns_files(ecosystem: &Ecosystem) -> bool {
    ecosystem.is_os() || *ecosystem == Ecosystem::Conda
}

/// Names under which the content of a package named `name` may be recognised, by ecosystem.
fn names_inside(owner: &Ecosystem, name: &str) -> Vec<(Ecosystem, String)> {
    let mut names = vec![(Ecosystem::Generic, program_name(name))];
    let language = |ecosystem: Ecosystem, inner: &str| {
        let name = normal_name(&ecosystem, inner);
        (ecosystem, name)
    };
    names.push(language(Ecosystem::PyPi, name));
    if *owner == Ecosystem::Conda {
        return names;
    }
    for (prefix, ecosystem) in [
        ("platform-python", Ecosystem::PyPi),
        ("python", Ecosystem::PyPi),
        ("pypy", Ecosystem::PyPi),
        ("py", Ecosystem::PyPi),
        ("nodejs", Ecosystem::Npm),
        ("node", Ecosystem::Npm),
        ("rubygem", Ecosystem::Gem),
        ("ruby", Ecosystem::Gem),
    ] {
        // `python3.11-NAME`, `python39-NAME`: the interpreter's version stands before the hyphen.
        let inner = name
            .strip_prefix(prefix)
            .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'))
            .and_then(|rest| rest.strip_prefix('-'));
        if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
            names.push(language(ecosystem, inner));
        }
    }
    names
}

/// A program's name without the version that distributions put into package names (`python3.11`,
/// `golang-1.19`), and under the name that classifiers of binaries use.
fn program_name(name: &str) -> String {
    let stem = name
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches('-');
    match stem {
        "" => name.to_owned(),
        "nodejs" => "node".to_owned(),
        "apache" => "httpd".to_owned(),
        "golang" => "go".to_owned(),
        stem => stem.to_owned(),
    }
}

/// True where the owner's manager may have put something of `ecosystem` at `path`.
pub(super) fn is_plausible_place(
    owner: &Ecosystem,
    owner_locations: &[Location],
    ecosystem: &Ecosystem,
    path: &str,
) -> bool {
    if *owner == Ecosystem::Conda {
        let environments: Vec<&str> = owner_locations
            .iter()
            .filter_map(|location| location.path.as_deref()?.split_once("/conda-meta/"))
            .map(|(environment, _)| environment)
            .collect();
        return environments.is_empty()
            || environments.iter().any(|environment| {
                path.strip_prefix(environment)
                    .is_some_and(|rest| rest.starts_with('/'))
            });
    }
    // Applications and environments that people put below `/usr`.
    let by_hand = path.starts_with("/usr/src/")
        || path
            .split('/')
            .any(|folder| matches!(folder, "venv" | ".venv"));
    let in_the_distribution = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        && !path.starts_with("/usr/local/");
    // pip writes to site-packages, and Debian's own packages never do.
    let by_pip = *owner == Ecosystem::Deb
        && *ecosystem == Ecosystem::PyPi
        && path.contains("/site-packages/");
    // npm writes to `/usr/lib/node_modules`; Debian's own packages never do.
    let by_npm = *owner == Ecosystem::Deb
        && *ecosystem == Ecosystem::Npm
        && !only_dpkg_writes(ecosystem, path);
    in_the_distribution && !by_hand && !by_pip && !by_npm
}

/// True where of all installers only Debian's package manager writes packages of `ecosystem`: the
/// directories that Debian's policies for Python (modules of packages), JavaScript, Ruby and Java
/// (Maven repository) give to packages. What people install lands below `/usr/local` there, or in
/// directories of other names.
pub(super) fn only_dpkg_writes(ecosystem: &Ecosystem, path: &str) -> bool {
    let places: &[&str] = match ecosystem {
        Ecosystem::PyPi => &[
            "/usr/lib/python3/dist-packages/",
            "/usr/lib/python2.7/dist-packages/",
        ],
        Ecosystem::Npm => &["/usr/share/nodejs/", "/usr/lib/nodejs/"],
        Ecosystem::Gem => &["/usr/share/rubygems-integration/"],
        Ecosystem::Maven => &["/usr/share/maven-repo/"],
        _ => &[],
    };
    places.iter().any(|place| path.starts_with(place)) && !path.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_keeps_directories_for_its_packages() {
        let only = |path| only_dpkg_writes(&Ecosystem::PyPi, path);
        assert!(only(
            "/usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info"
        ));
        for path in [
            "/usr/local/lib/python3.11/dist-packages/urllib3-2.0.dist-info",
            "/usr/lib/python3/dist-packages",
            "/usr/lib/python3/dist-packages-old/urllib3-2.0.dist-info",
            "/usr/lib/python3/dist-packages/../../../../opt/x-1.dist-info",
            "/usr/lib/python3.11/site-packages/x-1.dist-info",
            "/srv/usr/lib/python3/dist-packages/x-1.dist-info",
            "usr/lib/python3/dist-packages/x-1.dist-info",
            "",
        ] {
            assert!(!only(path), "{path}");
        }
        let semver = "/usr/share/nodejs/semver/package.json";
        assert!(only_dpkg_writes(&Ecosystem::Npm, semver));
        assert!(!only_dpkg_writes(&Ecosystem::PyPi, semver));
    }

    fn inside(owner: &Ecosystem, name: &str, ecosystem: &Ecosystem) -> Vec<String> {
        names_inside(owner, name)
            .into_iter()
            .filter(|(inner, _)| inner == ecosystem)
            .map(|(_, name)| name)
            .collect()
    }

    #[test]
    fn distributions_name_packages_after_what_they_hold() {
        for (owner, name, ecosystem, inner) in [
            (
                Ecosystem::Deb,
                "python3-urllib3",
                Ecosystem::PyPi,
                "urllib3",
            ),
            (Ecosystem::Rpm, "python3.11-pip", Ecosystem::PyPi, "pip"),
            (Ecosystem::Rpm, "python39-numpy", Ecosystem::PyPi, "numpy"),
            (Ecosystem::Apk, "py3-Jinja2", Ecosystem::PyPi, "jinja2"),
            (Ecosystem::Rpm, "rubygem-rack", Ecosystem::Gem, "rack"),
            (Ecosystem::Deb, "node-semver", Ecosystem::Npm, "semver"),
            (Ecosystem::Deb, "python3.11", Ecosystem::Generic, "python"),
            (Ecosystem::Deb, "nodejs", Ecosystem::Generic, "node"),
            (
                Ecosystem::Conda,
                "ruamel_yaml",
                Ecosystem::PyPi,
                "ruamel-yaml",
            ),
        ] {
            let names = inside(&owner, name, &ecosystem);
            assert!(names.iter().any(|n| n == inner), "{name}: {names:?}");
        }
        assert!(!inside(&Ecosystem::Deb, "pythonic", &Ecosystem::PyPi).contains(&"ic".to_owned()));
    }

    #[test]
    fn places_outside_the_distribution_are_other_files() {
        let plausible = |path| is_plausible_place(&Ecosystem::Deb, &[], &Ecosystem::PyPi, path);
        assert!(plausible(
            "/usr/lib/python3/dist-packages/urllib3-1.26.12.egg-info/PKG-INFO"
        ));
        for path in [
            "/usr/local/lib/python3.11/dist-packages/urllib3-1.26.12.dist-info/METADATA",
            "/usr/lib/python3.11/site-packages/urllib3-1.26.12.dist-info/METADATA",
            "/opt/venv/lib/python3.11/site-packages/urllib3-1.26.12.dist-info/METADATA",
            "/usr/share/app/venv/lib/python3/dist-packages/urllib3-1.26.12.dist-info/METADATA",
            "/usr/lib/app/.venv/lib/python3/dist-packages/urllib3-1.26.12.dist-info/METADATA",
            "/usr/src/app/urllib3-1.26.12.egg-info/PKG-INFO",
        ] {
            assert!(!plausible(path), "{path}");
        }
        let npm = |path| is_plausible_place(&Ecosystem::Deb, &[], &Ecosystem::Npm, path);
        assert!(npm("/usr/share/nodejs/semver/package.json"));
        for path in [
            "/usr/src/app/node_modules/semver/package.json",
            "/usr/lib/node_modules/npm/node_modules/semver/package.json",
            "/usr/share/app/node_modules/semver/package.json",
        ] {
            assert!(!npm(path), "{path}");
        }
        let conda = Location::new(Some("/opt/conda/conda-meta/urllib3-1.26.4-0.json"), None);
        let in_conda = |path| {
            let places: Vec<Location> = conda.iter().cloned().collect();
            is_plausible_place(&Ecosystem::Conda, &places, &Ecosystem::PyPi, path)
        };
        assert!(in_conda(
            "/opt/conda/lib/python3.9/site-packages/urllib3-1.26.4.dist-info/METADATA"
        ));
        assert!(!in_conda(
            "/opt/conda2/lib/python3.9/site-packages/urllib3-1.26.4.dist-info/METADATA"
        ));
    }
}
