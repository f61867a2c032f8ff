//! Invented reports of any size, the same for the same size.
//!
//! Four scanners see one image. A tenth as many vulnerabilities as observations are spread over
//! operating system and language packages; each scanner reports nine in ten of what there is, in its
//! own way: Trivy by CVE with the other ids beside it, Grype by GHSA for languages, Snyk by its own ids
//! with CVE and GHSA, Docker Scout by CVE on the source package.

use crosscheck::model::{
    AdvisoryId, Ecosystem, FixClaim, FixState, IdLink, IdRelation, Location, Observation, Package,
    PackageIndex, ScannerId, ScannerReport, ScannerRun, Severity, SourcePackage,
};

/// Knuth's linear congruential generator (MMIX): repeatable, and no dependency.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }
}

/// One scanner's report under construction.
struct Writer {
    report: ScannerReport,
}

impl Writer {
    fn new(scanner: &str) -> Self {
        Self {
            report: ScannerReport::new(ScannerId::new(scanner), "synthetic"),
        }
    }

    fn package(&mut self, package: Package) -> PackageIndex {
        let index = PackageIndex(u32::try_from(self.report.packages.len()).unwrap_or(u32::MAX));
        self.report.packages.push(package);
        index
    }

    fn observe(&mut self, id: &str, aliases: &[&str], package: PackageIndex, fix: &str) {
        let links = aliases.iter().map(|alias| IdLink {
            id: AdvisoryId::new(alias),
            relation: IdRelation::Alias,
            field: "aliases",
        });
        let number = self.report.observations.len();
        self.report.observations.push(Observation {
            id: AdvisoryId::new(id),
            links: links.collect(),
            package,
            severity: Severity::WORST_FIRST
                .get(number % 5)
                .copied()
                .unwrap_or_default(),
            ratings: Vec::new(),
            fix: FixClaim::from_versions([fix], FixState::NotFixed),
            advisory_source: None,
            pointer: format!("/{number}"),
        });
    }
}

fn finish(writers: impl IntoIterator<Item = Writer>) -> Vec<ScannerRun> {
    writers
        .into_iter()
        .map(|writer| ScannerRun::of(writer.report, "synthetic"))
        .collect()
}

/// Reports of four scanners with about `observations` observations together.
pub(crate) fn runs(observations: usize) -> Vec<ScannerRun> {
    let mut random = Random(2_026);
    let mut writers = ["trivy", "grype", "snyk", "docker-scout"].map(Writer::new);
    // Each of four scanners reports nine in ten, operating system packages twice, as two binaries.
    let places = observations * 10 / 9 / 6;
    let per_package = 12;
    let mut indices: [Vec<PackageIndex>; 4] = Default::default();
    for number in 0..places {
        if number % per_package == 0 {
            let package = number / per_package;
            for (scanner, (writer, known)) in writers.iter_mut().zip(&mut indices).enumerate() {
                known.clear();
                for package in packages(scanner, package) {
                    known.push(writer.package(package));
                }
            }
        }
        let vulnerability = random.below(places / 2);
        let cve = format!(
            "CVE-{}-{}",
            2000 + vulnerability % 26,
            10_000 + vulnerability
        );
        let ghsa = format!("GHSA-{vulnerability:04x}-aaaa-bbbb");
        let snyk = format!("SNYK-SYNTHETIC-{vulnerability}");
        let fix = format!("{}.{}-1", 2 + vulnerability % 7, vulnerability % 13);
        let is_language = number / per_package % 2 == 1;
        for (scanner, (writer, known)) in writers.iter_mut().zip(&indices).enumerate() {
            if random.below(10) == 0 {
                continue;
            }
            for package in known {
                match (scanner, is_language) {
                    (0, true) => writer.observe(&cve, &[&ghsa], *package, &fix),
                    (1, true) => writer.observe(&ghsa, &[&cve], *package, &fix),
                    (2, _) => writer.observe(&snyk, &[&cve, &ghsa], *package, &fix),
                    _ => writer.observe(&cve, &[], *package, &fix),
                }
            }
        }
    }
    finish(writers)
}

/// How each scanner names package number `number`.
fn packages(scanner: usize, number: usize) -> Vec<Package> {
    let version = format!("1.{}-1+deb12u{}", number % 50, number % 4);
    if number % 2 == 1 {
        let (ecosystem, name) = match number % 5 {
            0 => (Ecosystem::Npm, format!("@scope/package-{number}")),
            1 => (Ecosystem::Golang, format!("example.org/module/{number}")),
            2 => (Ecosystem::Maven, format!("org.example:artifact-{number}")),
            _ => (Ecosystem::PyPi, format!("Package_{number}")),
        };
        let mut package = Package::new(ecosystem, name, format!("1.{}.0", number % 50));
        let path = format!("/app/lib/{number}/METADATA");
        package.locations.extend(Location::new(Some(&path), None));
        return vec![package];
    }
    let source = || SourcePackage {
        name: format!("source-{number}"),
        version: Some(version.clone()),
    };
    if scanner == 3 {
        let mut package = Package::new(Ecosystem::Deb, source().name, version.clone());
        package.source = Some(source());
        package.source_level = true;
        return vec![package];
    }
    ["lib", "tools"]
        .map(|part| {
            let name = format!("{part}{number}");
            let mut package = Package::new(Ecosystem::Deb, name, version.clone());
            // One scanner leaves the source to the others.
            package.source = (scanner != 1).then(source);
            package
        })
        .into()
}

/// Input made to hurt, each with its name. `size` is the number of observations, or nearly.
pub(crate) fn attacks(size: usize) -> Vec<(&'static str, Vec<ScannerRun>)> {
    let package =
        |writer: &mut Writer| writer.package(Package::new(Ecosystem::PyPi, "attacked", "1.0"));

    // Every advisory is an alias of the next one: one class with a long path.
    let mut chain = Writer::new("trivy");
    let place = package(&mut chain);
    for number in 0..size {
        let next = format!("GHSA-{:04x}-aaaa-aaaa", number + 1);
        chain.observe(
            &format!("GHSA-{number:04x}-aaaa-aaaa"),
            &[&next],
            place,
            "2",
        );
    }

    // One class: every advisory is an alias of one CVE, from both sides.
    let mut star = Writer::new("trivy");
    let place = package(&mut star);
    for number in 0..size / 2 {
        let id = format!("GHSA-{number:04x}-aaaa-aaaa");
        star.observe(&id, &["CVE-2024-10000"], place, "2");
        star.observe("CVE-2024-10000", &[&id], place, "2");
    }

    // One entry with all other ids as its aliases.
    let mut crowd = Writer::new("trivy");
    let place = package(&mut crowd);
    let ids: Vec<String> = (0..size)
        .map(|n| format!("GHSA-{n:04x}-aaaa-aaaa"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    crowd.observe("PYSEC-2024-1", &ids, place, "2");
    for id in &ids {
        crowd.observe(id, &[], place, "2");
    }

    // A notice over as many CVEs as there are, on each of them.
    let mut notice = Writer::new("trivy");
    let place = package(&mut notice);
    let cves: Vec<String> = (0..size)
        .map(|n| format!("CVE-2024-{}", 10_000 + n))
        .collect();
    for cve in &cves {
        notice.observe(cve, &["DSA-1-1"], place, "2");
    }
    notice.observe("DSA-1-1", &[], place, "2");

    // One vulnerability in one artifact under a new group id each time, all in one file.
    let mut jars = Writer::new("trivy");
    for number in 0..size {
        let mut jar = Package::new(Ecosystem::Maven, format!("g{number}:artifact"), "1.0");
        jar.locations.extend(Location::new(Some("/app.jar"), None));
        let place = jars.package(jar);
        jars.observe("CVE-2024-10000", &[], place, "2");
    }

    // A name of a hundred elements, each of them perhaps the module.
    let mut paths = Writer::new("trivy");
    for number in 0..size / 100 {
        let mut name = format!("example.org/{number}");
        for depth in 0..100 {
            name.push_str(if depth % 2 == 0 { "/a" } else { "/b" });
            let place = paths.package(Package::new(Ecosystem::Golang, name.clone(), "1.0.0"));
            paths.observe("CVE-2024-10000", &[], place, "2");
        }
    }

    vec![
        ("chain", finish([chain])),
        ("star", finish([star])),
        ("crowd", finish([crowd])),
        ("notice", finish([notice])),
        ("jars", finish([jars])),
        ("paths", finish([paths])),
    ]
}
