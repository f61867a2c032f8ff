//! Whose advisory an entry rests on, by each format's own word for it. A word that is not known, or
//! that names a place and not a database, gives nothing.

use super::infer;
use crate::model::{AdvisoryId, AdvisorySource, Ecosystem, IdRole, RatingSource};

/// Trivy's `DataSource.ID` (trivy-db, `pkg/vulnsrc/vulnerability/const.go`).
pub(super) fn trivy(id: &str) -> Option<AdvisorySource> {
    match id.trim().to_ascii_lowercase().as_str() {
        // The Go vulnerability database, by both of Trivy's names for it.
        "go-vulndb" => Some(AdvisorySource::Ecosystem),
        // The scanner's maker.
        "aqua" => Some(AdvisorySource::Scanner),
        id => of_rating_source(&RatingSource::from_name(id)),
    }
}

/// Grype's namespace: `PROVIDER:distro:FAMILY:RELEASE`, `github:language:LANGUAGE`, `nvd:cpe`,
/// `bitnami`; before database schema 5 `FAMILY:RELEASE`, `github:LANGUAGE`, `nvd`.
pub(super) fn grype(namespace: &str) -> Option<AdvisorySource> {
    let namespace = namespace.trim().to_ascii_lowercase();
    let parts: Vec<&str> = namespace.split(':').collect();
    match parts.as_slice() {
        ["nvd", ..] => Some(AdvisorySource::Nvd),
        ["github", ..] => Some(AdvisorySource::Github),
        ["bitnami", ..] | [_, "language", ..] => Some(AdvisorySource::Ecosystem),
        // Windows too: Microsoft is to it what a distribution is to its packages.
        [_, "distro", ..] => Some(AdvisorySource::Distribution),
        [family, _] if Ecosystem::from_name(family).is_os() => Some(AdvisorySource::Distribution),
        _ => None,
    }
}

/// The id of an OSV record, whose prefix names the database that it is kept in (OSV schema, "id").
pub(super) fn osv(id: &AdvisoryId) -> Option<AdvisorySource> {
    let text = id.as_str();
    let scheme = text.split('-').next().unwrap_or_default();
    match scheme {
        // OSV makes its records of bare CVEs from the National Vulnerability Database.
        "CVE" => Some(AdvisorySource::Nvd),
        "GHSA" => Some(AdvisorySource::Github),
        // Ids of distributions that number no notices over several flaws.
        "DEBIAN" | "UBUNTU" | "ALPINE" | "CGA" | "MINI" | "ECHO" | "AZL" | "BELL" => {
            Some(AdvisorySource::Distribution)
        }
        "GO" | "PYSEC" | "PSF" | "RUSTSEC" | "RSEC" | "HSEC" | "JLSEC" | "EEF" | "BIT" | "GMS"
        | "MAL" | "OSV" | "CURL" | "DRUPAL" => Some(AdvisorySource::Ecosystem),
        _ if id.role() == IdRole::Umbrella => Some(AdvisorySource::Distribution),
        _ => None,
    }
}

/// A Snyk id: `SNYK-DEBIAN12-…` comes from the distribution's data, `SNYK-PYTHON-…`,
/// `SNYK-UPSTREAM-…` and the older `npm:…` are Snyk's own research. `SNYK-LINUX-…`, which is no
/// longer written, names no source.
pub(super) fn snyk(id: &AdvisoryId) -> Option<AdvisorySource> {
    let text = id.as_str();
    let is_old = text.starts_with("npm:");
    if !is_old && (!text.starts_with("SNYK-") || text.starts_with("SNYK-LINUX-")) {
        return None;
    }
    let of_distribution =
        infer::ecosystem_of_snyk_id(text).is_some_and(|ecosystem| ecosystem.is_os());
    Some(if of_distribution {
        AdvisorySource::Distribution
    } else {
        AdvisorySource::Scanner
    })
}

/// Docker Scout's `source`, and `s=` in links to its pages.
pub(super) fn scout(name: &str) -> Option<AdvisorySource> {
    match name.trim().to_ascii_lowercase().as_str() {
        "nist" => Some(AdvisorySource::Nvd),
        "docker" => Some(AdvisorySource::Scanner),
        "gitlab" | "golang" | "pypa" => Some(AdvisorySource::Ecosystem),
        name => of_rating_source(&RatingSource::from_name(name)),
    }
}

/// `source.name` of a CycloneDX vulnerability, where each tool writes its own word: Trivy its data
/// source, Grype its namespace, of a distribution with hyphens for colons.
pub(super) fn cyclonedx(name: &str) -> Option<AdvisorySource> {
    let lower = name.trim().to_ascii_lowercase();
    if lower.starts_with("github") {
        return Some(AdvisorySource::Github);
    }
    let is_namespace = lower.split(['-', ':']).nth(1) == Some("distro");
    if is_namespace {
        return Some(AdvisorySource::Distribution);
    }
    grype(&lower).or_else(|| trivy(&lower))
}

/// For names that ratings are classified by too.
fn of_rating_source(source: &RatingSource) -> Option<AdvisorySource> {
    match source {
        RatingSource::Distro(_) => Some(AdvisorySource::Distribution),
        RatingSource::Nvd => Some(AdvisorySource::Nvd),
        RatingSource::EcosystemDatabase(name) if matches!(name.as_str(), "ghsa" | "github") => {
            Some(AdvisorySource::Github)
        }
        RatingSource::EcosystemDatabase(_) => Some(AdvisorySource::Ecosystem),
        RatingSource::Scanner(_) => Some(AdvisorySource::Scanner),
        RatingSource::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AdvisorySource::{Distribution, Ecosystem as OfEcosystem, Github, Nvd, Scanner};

    type Case<'a> = (&'a str, Option<AdvisorySource>);

    fn assert_all(map: impl Fn(&str) -> Option<AdvisorySource>, cases: &[Case<'_>]) {
        for (word, expected) in cases {
            assert_eq!(map(word), *expected, "{word}");
        }
    }

    /// What no database is called.
    const ODD: [Case<'_>; 6] = [
        ("", None),
        (" ", None),
        (":", None),
        ("-:-:", None),
        ("OSS Index", None),
        ("données\u{202e}", None),
    ];

    #[test]
    fn every_data_source_of_trivy_is_somebodys() {
        let of_distributions = [
            "redhat",
            "redhat-oval",
            "redhat-csaf-vex",
            "debian",
            "ubuntu",
            "centos",
            "rocky",
            "fedora",
            "amazon",
            "oracle-oval",
            "suse-cvrf",
            "alpine",
            "arch-linux",
            "alma",
            "azure",
            "cbl-mariner",
            "photon",
            "wolfi",
            "chainguard",
            "bottlerocket",
            "echo",
            "minimos",
        ];
        let of_ecosystems = [
            "ruby-advisory-db",
            "php-security-advisories",
            "nodejs-security-wg",
            "glad",
            "osv",
            "bitnami",
            "k8s",
            "govulndb",
            "go-vulndb",
            "julia",
        ];
        assert_all(trivy, &of_distributions.map(|id| (id, Some(Distribution))));
        assert_all(trivy, &of_ecosystems.map(|id| (id, Some(OfEcosystem))));
        let others = [
            ("nvd", Some(Nvd)),
            ("GHSA", Some(Github)),
            ("aqua", Some(Scanner)),
            // They rebuild packages of distributions and of languages alike.
            ("seal", None),
        ];
        assert_all(trivy, &others);
        assert_all(trivy, &ODD);
    }

    #[test]
    fn namespaces_of_grype_name_the_provider() {
        let cases = [
            ("debian:distro:debian:12", Some(Distribution)),
            ("wolfi:distro:wolfi:rolling", Some(Distribution)),
            ("msrc:distro:windows:10855", Some(Distribution)),
            ("debian:11", Some(Distribution)),
            ("rhel:8", Some(Distribution)),
            ("ubuntu:18.04", Some(Distribution)),
            ("amzn:2", Some(Distribution)),
            ("alpine:3.15", Some(Distribution)),
            ("github:language:java", Some(Github)),
            ("github:npm", Some(Github)),
            ("nvd:cpe", Some(Nvd)),
            ("nvd", Some(Nvd)),
            ("bitnami", Some(OfEcosystem)),
            ("govulndb:language:go", Some(OfEcosystem)),
            ("debian", None),
            ("debian:12:extra", None),
        ];
        assert_all(grype, &cases);
        assert_all(grype, &ODD);
    }

    #[test]
    fn ids_of_osv_name_the_database() {
        let cases = [
            ("GHSA-jfh8-c2jp-5v3q", Some(Github)),
            ("DEBIAN-CVE-2024-1000", Some(Distribution)),
            ("DSA-5532-1", Some(Distribution)),
            ("ALAS2023-2023-001", Some(Distribution)),
            ("openSUSE-SU-2020:0062-1", Some(Distribution)),
            ("GO-2024-1000", Some(OfEcosystem)),
            ("PYSEC-2024-1", Some(OfEcosystem)),
            ("CVE-2024-1000", Some(Nvd)),
            ("GOBLIN-1", None),
        ];
        let map = |id: &str| osv(&AdvisoryId::new(id));
        assert_all(map, &cases);
        assert_all(map, &ODD);
    }

    #[test]
    fn ids_of_snyk_tell_derived_from_own() {
        let cases = [
            ("SNYK-DEBIAN12-OPENSSL-1", Some(Distribution)),
            ("SNYK-DEBIANUNSTABLE-TAR-1", Some(Distribution)),
            ("SNYK-ALPINE319-BUSYBOX-1", Some(Distribution)),
            ("SNYK-RHEL9-CURL-1", Some(Distribution)),
            ("SNYK-WOLFILATEST-CURL-1", Some(Distribution)),
            ("SNYK-AMZN2023-CURL-1", Some(Distribution)),
            ("SNYK-UPSTREAM-NODE-1", Some(Scanner)),
            ("SNYK-PYTHON-JINJA2-1", Some(Scanner)),
            ("npm:ms:20151024", Some(Scanner)),
            ("SNYK-LINUX-GLIBC-1", None),
            ("CVE-2024-1000", None),
        ];
        let map = |id: &str| snyk(&AdvisoryId::new(id));
        assert_all(map, &cases);
        assert_all(map, &ODD);
    }

    #[test]
    fn words_of_scout_and_in_cyclonedx_are_read() {
        let in_scout = [
            ("github", Some(Github)),
            ("nist", Some(Nvd)),
            ("docker", Some(Scanner)),
            ("golang", Some(OfEcosystem)),
            ("gitlab", Some(OfEcosystem)),
            ("ubuntu", Some(Distribution)),
        ];
        assert_all(scout, &in_scout);
        assert_all(scout, &ODD);
        let in_cyclonedx = [
            ("ubuntu-distro-ubuntu-22.04", Some(Distribution)),
            ("debian:distro:debian:12", Some(Distribution)),
            ("github:language:java", Some(Github)),
            ("GitHub Advisories", Some(Github)),
            ("nvd:cpe", Some(Nvd)),
            ("NVD", Some(Nvd)),
            ("ghsa", Some(Github)),
            ("go-vulndb", Some(OfEcosystem)),
        ];
        assert_all(cyclonedx, &in_cyclonedx);
        assert_all(cyclonedx, &ODD);
    }
}
