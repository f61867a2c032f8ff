//! Packages as scanners see them: ecosystem, name, version, source package, place in the image.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of package, at the level of a purl type. Packages of different ecosystems are never the
/// same package, even when name and files coincide, because the remedy differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ecosystem {
    /// Debian and derivatives.
    Deb,
    /// Red Hat, SUSE, Amazon and other RPM distributions.
    Rpm,
    /// Alpine, Wolfi, Chainguard.
    Apk,
    /// Arch Linux.
    Alpm,
    /// Python distributions.
    PyPi,
    /// JavaScript packages.
    Npm,
    /// Go modules and the Go standard library.
    Golang,
    /// Java artifacts.
    Maven,
    /// Ruby gems.
    Gem,
    /// .NET packages.
    NuGet,
    /// Rust crates.
    Cargo,
    /// PHP packages.
    Composer,
    /// Conda packages.
    Conda,
    /// A program or library that no package manager knows.
    Generic,
    /// Any other purl type, lower case.
    Other(String),
}

impl Ecosystem {
    /// The ecosystem behind a purl type or behind any name that a scanner uses for one: Trivy's
    /// result types, Syft's package types and languages, Snyk's package managers, OSV's
    /// ecosystems, distribution families. A release after `:` (`debian:12`, `Alpine:v3.19`) is
    /// ignored.
    pub fn from_name(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        let family = name.split(':').next().unwrap_or_default();
        match family {
            "deb" | "debian" | "ubuntu" | "dpkg" | "echo" | "distroless" => Self::Deb,
            "rpm"
            | "redhat"
            | "red hat"
            | "rhel"
            | "centos"
            | "centos-stream"
            | "rocky"
            | "rocky linux"
            | "rockylinux"
            | "alma"
            | "almalinux"
            | "fedora"
            | "amazon"
            | "amzn"
            | "amazonlinux"
            | "amazon linux"
            | "oracle"
            | "oraclelinux"
            | "ol"
            | "suse"
            | "sles"
            | "sled"
            | "slem"
            | "opensuse"
            | "opensuse-leap"
            | "opensuse.leap"
            | "opensuse-tumbleweed"
            | "opensuse.tumbleweed"
            | "suse linux enterprise server"
            | "photon"
            | "photon os"
            | "mariner"
            | "cbl-mariner"
            | "azurelinux"
            | "azure linux"
            | "bottlerocket"
            | "openeuler"
            | "mageia" => Self::Rpm,
            "apk"
            | "alpine"
            | "wolfi"
            | "chainguard"
            | "minimos"
            | "postmarketos"
            | "alpaquita"
            | "bellsoft hardened containers" => Self::Apk,
            "alpm" | "arch" | "archlinux" | "pacman" => Self::Alpm,
            "pypi" | "pip" | "python" | "python-pkg" | "pipenv" | "poetry" | "pylock" | "uv"
            | "egg" | "wheel" => Self::PyPi,
            "npm" | "node-pkg" | "node.js" | "javascript" | "js" | "yarn" | "yarnv1" | "pnpm"
            | "bun" => Self::Npm,
            "golang" | "go" | "gomod" | "gomodules" | "gobinary" | "go-module" | "govendor"
            | "golangdep" => Self::Golang,
            "maven" | "java" | "jar" | "pom" | "gradle" | "sbt" | "java-archive"
            | "jenkins-plugin" => Self::Maven,
            "gem" | "ruby" | "rubygems" | "bundler" | "gemspec" => Self::Gem,
            "nuget" | "dotnet" | "dotnet-core" | "paket" | "packages-props" => Self::NuGet,
            "cargo" | "rust" | "rust-crate" | "rustbinary" | "crates.io" => Self::Cargo,
            "composer" | "php" | "php-composer" | "packagist" | "composer-vendor" => Self::Composer,
            "conda" | "conda-pkg" | "conda-environment" => Self::Conda,
            "generic" | "binary" | "" => Self::Generic,
            other => Self::Other(
                match other {
                    "swifturl" => "swift",
                    "pod" => "cocoapods",
                    "conancenter" => "conan",
                    "dart-pub" | "dart" => "pub",
                    "erlang-otp" => "otp",
                    "elixir" | "mix-lock" => "hex",
                    "r-package" | "r" => "cran",
                    "haskell" => "hackage",
                    "lua-rocks" => "luarocks",
                    "github actions" | "github-action" => "githubactions",
                    other => other,
                }
                .to_owned(),
            ),
        }
    }

    /// The purl type.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Alpm => "alpm",
            Self::PyPi => "pypi",
            Self::Npm => "npm",
            Self::Golang => "golang",
            Self::Maven => "maven",
            Self::Gem => "gem",
            Self::NuGet => "nuget",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Conda => "conda",
            Self::Generic => "generic",
            Self::Other(name) => name,
        }
    }

    /// True for packages of the operating system's own package manager.
    pub fn is_os(&self) -> bool {
        matches!(self, Self::Deb | Self::Rpm | Self::Apk | Self::Alpm)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Ecosystem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Ecosystem {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::from_name(&name))
    }
}

impl JsonSchema for Ecosystem {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ecosystem".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Kind of package, as a purl type: deb, rpm, apk, pypi, npm, golang, maven, ..."
        })
    }
}

/// The source package that an operating system package was built from.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct SourcePackage {
    /// Name of the source package (dpkg `Source`, source rpm, apk `origin`).
    pub name: String,
    /// Its full version with epoch and release, when stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

/// One place of a package in the image.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Location {
    /// Absolute path inside the image, when known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Layer digest as the scanner names it: the diffID where it gives one, else the compressed digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub layer: Option<String>,
}

impl Location {
    /// A place from whatever a report states; empty texts count as missing, and the path gets its
    /// leading `/` (Trivy leaves it out, Syft does not). `None` when nothing is left.
    pub fn new(path: Option<&str>, layer: Option<&str>) -> Option<Self> {
        let clean = |text: Option<&str>| {
            text.map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let path = clean(path).map(|p| absolute(&p));
        let layer = clean(layer);
        (path.is_some() || layer.is_some()).then_some(Self { path, layer })
    }
}

/// A package instance as one scanner describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Package {
    /// Kind of package.
    pub ecosystem: Ecosystem,
    /// Maven group, npm scope with `@`, Go path prefix are part of `name`; this is the purl
    /// namespace of an OS package (`debian`, `redhat`), as the scanner spells it.
    pub namespace: Option<String>,
    /// Name as installed, in the ecosystem's own full form: `@babel/core`,
    /// `org.apache.logging.log4j:log4j-core`, `golang.org/x/net`. Not normalised.
    pub name: String,
    /// Version as installed: epoch and release included for OS packages (`1:2.38.1-5+b1`). Empty
    /// when the scanner does not know it.
    pub version: String,
    /// Processor architecture in the package manager's own word.
    pub architecture: Option<String>,
    /// The source package, when the scanner states it. `None` means *not stated*.
    pub source: Option<SourcePackage>,
    /// The purl exactly as given.
    pub purl: Option<String>,
    /// Places in the image.
    pub locations: Vec<Location>,
    /// Who built it, when the scanner says (dpkg `Maintainer`, rpm vendor).
    pub maintainer: Option<String>,
    /// True when the scanner itself marks the package as not the distribution's own, and so does
    /// not match it against the distribution's advisories.
    pub third_party: bool,
    /// True when the scanner names the source package and not what is installed: it speaks of
    /// everything that was built from it. Such a package is no member of an inventory.
    pub source_level: bool,
    /// Of the files that the package manager records as this package's, those by which scanners
    /// recognise further packages ([`evidence_anchor`]); absolute and sorted.
    pub files: Vec<String>,
}

impl Package {
    /// A package of which nothing but ecosystem, name and version is known.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            ecosystem,
            namespace: None,
            name: name.into(),
            version: version.into(),
            architecture: None,
            source: None,
            purl: None,
            locations: Vec::new(),
            maintainer: None,
            third_party: false,
            source_level: false,
            files: Vec::new(),
        }
    }

    /// Sets [`Package::files`] from the package manager's whole list.
    pub fn record_files<'p>(&mut self, paths: impl Iterator<Item = &'p str>) {
        self.files = paths
            .map(evidence_anchor)
            .filter(|anchor| is_package_evidence(anchor))
            .map(absolute)
            .collect();
        self.files.sort_unstable();
        self.files.dedup();
    }

    /// The package that a purl names; `None` when the text is not a purl with a name.
    ///
    /// Undoes the spellings that scanners use for one thing: an epoch inside the version
    /// (`1%3A…`) or as a qualifier, `upstream=name`, `name@version` or `name-version.src.rpm`.
    pub fn from_purl(text: &str) -> Option<Self> {
        let purl = packageurl::PackageUrl::from_str(text.trim()).ok()?;
        let ecosystem = Ecosystem::from_name(purl.ty());
        let namespace = purl.namespace().filter(|ns| !ns.is_empty());
        let mut package = Self::new(ecosystem, purl.name(), purl.version().unwrap_or_default());
        match (&package.ecosystem, namespace) {
            (Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk | Ecosystem::Alpm, ns) => {
                package.namespace = ns.map(str::to_owned);
            }
            (Ecosystem::Maven, Some(group)) => package.name = format!("{group}:{}", purl.name()),
            (_, Some(ns)) => package.name = format!("{ns}/{}", purl.name()),
            (_, None) => {}
        }
        let qualifier = |key: &str| {
            purl.qualifiers()
                .get(key)
                .map(ToString::to_string)
                .filter(|value| !value.is_empty())
        };
        if package.ecosystem.is_os() {
            if let Some(epoch) = qualifier("epoch").filter(|e| e != "0")
                && !package.version.contains(':')
            {
                package.version = format!("{epoch}:{}", package.version);
            }
            package.source = qualifier("upstream").and_then(|upstream| parse_upstream(&upstream));
        }
        package.architecture = qualifier("arch");
        package.purl = Some(text.trim().to_owned());
        Some(package)
    }
}

/// A path inside an image with its leading `/`, which some scanners leave out.
fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// The file or directory that stands for a package recognised at `path`: the metadata directory of a
/// Python distribution, the outermost of archives inside archives, else the file itself.
pub fn evidence_anchor(path: &str) -> &str {
    let end = |marks: &[&str]| {
        marks
            .iter()
            .flat_map(|mark| path.match_indices(mark))
            .map(|(at, mark)| at + mark.len())
            // Complete as a path component; scanners write what is inside after `/` or `:`.
            .filter(|end| matches!(path.as_bytes().get(*end), None | Some(b'/' | b':')))
            .min()
    };
    let end = end(&[".dist-info", ".egg-info"]).or_else(|| end(&[".jar", ".war", ".ear"]));
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// The driver version in the path of a library of NVIDIA's user-mode driver, whose file names end in
/// it: `550.54.15` in `/usr/local/cuda-12.4/compat/libcuda.so.550.54.15`.
///
/// `None` for everything else: the toolkit's stubs, which are only linked against, the container
/// runtime's library, and links such as `libcuda.so.1`.
pub fn driver_library_version(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (library, version) = name.split_once(".so.")?;
    let of_driver = matches!(library, "libcuda" | "libnvcuvid")
        || (library.starts_with("libnvidia-") && !library.starts_with("libnvidia-container"));
    let numbers = version.split('.');
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_stub = folder.trim_start_matches('/').starts_with("usr/local/cuda")
        && folder.contains("/targets/")
        && folder.ends_with("/lib/stubs");
    (of_driver && !is_stub && numbers.clone().count() > 1 && numbers.clone().all(plain))
        .then_some(version)
}

/// True for the path of NVIDIA's own installer of the driver.
pub fn is_driver_installer(path: &str) -> bool {
    path.rsplit('/').next() == Some("nvidia-installer")
}

/// True for what [`evidence_anchor`] gives where a scanner recognises packages: metadata of Python
/// distributions, npm and gem packages, Java archives, programs, and libraries of NVIDIA's driver.
/// Two packages that have such a file in common are one piece of software under two names.
fn is_package_evidence(anchor: &str) -> bool {
    let (folder, name) = anchor.rsplit_once('/').unwrap_or(("", anchor));
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    name == "package.json"
        || matches!(
            suffix,
            "dist-info" | "egg-info" | "gemspec" | "jar" | "war" | "ear"
        )
        || ["bin", "sbin"].contains(&folder.rsplit('/').next().unwrap_or(folder))
        || driver_library_version(anchor).is_some()
}

/// The purl qualifier `upstream` in its three spellings: `name`, `name@version` and the file name
/// of a source rpm, `name-version-release.src.rpm`.
fn parse_upstream(text: &str) -> Option<SourcePackage> {
    if let Some(nevra) = text
        .strip_suffix(".src.rpm")
        .or_else(|| text.strip_suffix(".nosrc.rpm"))
    {
        return source_rpm(nevra);
    }
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version.to_owned()).filter(|v| !v.is_empty())),
        None => (text, None),
    };
    (!name.is_empty()).then(|| SourcePackage {
        name: name.to_owned(),
        version,
    })
}

/// Splits `name-version-release` (a source rpm's file name without its suffix) at the last two
/// hyphens, which neither version nor release may contain.
pub fn source_rpm(stem: &str) -> Option<SourcePackage> {
    let stem = stem.strip_suffix(".src.rpm").unwrap_or(stem);
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty()).then(|| SourcePackage {
        name: name.to_owned(),
        version: Some(format!("{version}-{release}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purl_spellings_of_an_epoch_agree() {
        let qualifier = Package::from_purl(
            "pkg:deb/debian/login@4.5-1.1?arch=amd64&distro=debian-10.8&epoch=1",
        )
        .unwrap();
        let encoded =
            Package::from_purl("pkg:deb/ubuntu/shadow@1%3A4.13%2Bdfsg1-4ubuntu3?os_name=ubuntu")
                .unwrap();
        assert_eq!(qualifier.version, "1:4.5-1.1");
        assert_eq!(encoded.version, "1:4.13+dfsg1-4ubuntu3");
        assert_eq!(encoded.namespace.as_deref(), Some("ubuntu"));
    }

    #[test]
    fn the_three_upstream_grammars_name_the_source() {
        let source = |purl: &str| Package::from_purl(purl).unwrap().source.unwrap();
        assert_eq!(
            source("pkg:deb/debian/libc6@2.36-9?arch=amd64&upstream=glibc").name,
            "glibc"
        );
        let at =
            source("pkg:rpm/centos/openssl-libs@1:1.0.2k-16.el7?upstream=openssl@1.0.2k-16.el7");
        assert_eq!(
            (at.name.as_str(), at.version.as_deref()),
            ("openssl", Some("1.0.2k-16.el7"))
        );
        let file = source(
            "pkg:rpm/amzn/kpartx@0.8.7?upstream=device-mapper-multipath-0.8.7-15.amzn2023.src.rpm",
        );
        assert_eq!(file.name, "device-mapper-multipath");
        assert_eq!(file.version.as_deref(), Some("0.8.7-15.amzn2023"));
    }

    #[test]
    fn what_stands_for_a_package_is_its_metadata_or_outermost_archive() {
        for (path, anchor) in [
            ("/a/x-1.dist-info/METADATA", "/a/x-1.dist-info"),
            ("/a/x-1.egg-info", "/a/x-1.egg-info"),
            ("/a/app.war/WEB-INF/lib/y.jar", "/a/app.war"),
            ("/a/app.jar:BOOT-INF/lib/y.jar", "/a/app.jar"),
            ("/a/my.jarring/x", "/a/my.jarring/x"),
            ("/usr/bin/node", "/usr/bin/node"),
        ] {
            assert_eq!(evidence_anchor(path), anchor);
        }
    }

    #[test]
    fn a_driver_library_carries_the_drivers_version() {
        for (path, expected) in [
            (
                "/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.03",
                Some("580.159.03"),
            ),
            (
                "/usr/local/cuda-12.4/compat/libcuda.so.550.54.15",
                Some("550.54.15"),
            ),
            ("opt/x/libnvidia-ml.so.390.157", Some("390.157")),
            ("/usr/lib/libnvcuvid.so.580.159.03", Some("580.159.03")),
            ("/usr/lib/libcuda.so.1", None),
            ("/usr/lib/libcuda.so", None),
            ("/usr/lib/libcudart.so.12.4.127", None),
            ("/usr/lib/libnvidia-container.so.1.17.4", None),
            ("/usr/lib/libnvidia-container-go.so.1.17.4", None),
            ("/usr/lib/libnvidia-ml.so.580.x", None),
            (
                "/usr/local/cuda-12.4/targets/x86_64-linux/lib/stubs/libcuda.so.12.4",
                None,
            ),
        ] {
            assert_eq!(driver_library_version(path), expected, "{path}");
        }
        let mut package = Package::new(Ecosystem::Deb, "bundle", "1");
        package.record_files(["/opt/libcuda.so.580.159.03", "/opt/readme"].into_iter());
        assert_eq!(package.files, ["/opt/libcuda.so.580.159.03"]);
    }

    #[test]
    fn language_names_are_whole() {
        let name = |purl: &str| Package::from_purl(purl).unwrap().name;
        assert_eq!(name("pkg:npm/%40babel/core@7.0.0"), "@babel/core");
        assert_eq!(
            name("pkg:maven/com.google.guava/guava@22.0"),
            "com.google.guava:guava"
        );
        assert_eq!(
            name("pkg:golang/golang.org/x/net@v0.1.0"),
            "golang.org/x/net"
        );
        assert!(Package::from_purl("not a purl").is_none());
    }

    #[test]
    fn every_scanners_word_for_an_ecosystem_is_known() {
        for (word, expected) in [
            ("debian:12", Ecosystem::Deb),
            ("Alpine:v3.19", Ecosystem::Apk),
            ("python-pkg", Ecosystem::PyPi),
            ("java-archive", Ecosystem::Maven),
            ("gobinary", Ecosystem::Golang),
            ("crates.io", Ecosystem::Cargo),
            ("Ubuntu:22.04:LTS", Ecosystem::Deb),
        ] {
            assert_eq!(Ecosystem::from_name(word), expected, "{word}");
        }
        assert_eq!(Ecosystem::from_name("swift").as_str(), "swift");
    }
}
