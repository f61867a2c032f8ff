//! Golden cases of reconciling: a few observations in, the expected findings out.
//!
//! Runs every `*.jsonl` file under `tests/reconcile/` and in the folder that `CROSSCHECK_CASES`
//! names. One line is one case and one test, named by its id: `findings` are observations,
//! `expected_clusters` lists which of them belong to one finding (an observation of a hub or umbrella
//! may stand in several), and `expected_relations`, where given, all relations of those findings.
//! `expected_gaps` says why a scanner does not report a finding: `scanner`, `cluster` (an ordinal in
//! `expected_clusters`), `reason` and `strength`, in words that [`cause`] and [`check_gaps`] explain.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod golden;

use std::collections::{BTreeMap, BTreeSet};

use crosscheck::coverage;
use crosscheck::model::{
    Advisory, AdvisoryId, AdvisoryState, Cause, Ecosystem, Finding, FixClaim, FixState, IdLink,
    IdRelation, InventoryScope, Location, Observation, Package, PackageIndex, ScannerId,
    ScannerReport, ScannerRun, Severity, SourcePackage, Strength,
};
use crosscheck::reconcile::reconcile;
use crosscheck::reconcile::severity::SeverityRule;
use crosscheck::scanners::Adapters;
use golden::texts;
use libtest_mimic::Failed;
use serde_json::Value;

fn package(row: &Value) -> Package {
    let name = row["package"].as_str().unwrap();
    let version = row["version"].as_str().unwrap_or_default();
    let mut package = row["purl"]
        .as_str()
        .and_then(Package::from_purl)
        .unwrap_or_else(|| {
            Package::new(
                Ecosystem::from_name(row["ecosystem"].as_str().unwrap()),
                name,
                version,
            )
        });
    // The purl tells the ecosystem and, for Maven, the group; the scanner's own name counts
    // otherwise, as in the readers.
    if package.ecosystem != Ecosystem::Maven {
        name.clone_into(&mut package.name);
    }
    version.clone_into(&mut package.version);
    if let Some(source) = row["source_package"].as_str() {
        let version = row["source_version"].as_str().map(str::to_owned);
        let version = version.or_else(|| package.source.and_then(|s| s.version));
        package.source = Some(SourcePackage {
            name: source.to_owned(),
            version,
        });
    }
    // Snyk's `source/binary`, as its reader splits it.
    if package.ecosystem.is_os()
        && let Some((source, binary)) = package.name.clone().rsplit_once('/')
    {
        binary.clone_into(&mut package.name);
        package.source.get_or_insert_with(|| SourcePackage {
            name: source.to_owned(),
            version: None,
        });
    }
    package
        .locations
        .extend(Location::new(row["path"].as_str(), None));
    package
}

fn observation(row: &Value, index: usize) -> Observation {
    let link = |relation| {
        move |id: &str| IdLink {
            id: AdvisoryId::new(id),
            relation,
            // Where Grype puts what `--by-cve` replaced.
            field: "relatedVulnerabilities",
        }
    };
    let mut links: Vec<IdLink> = texts(&row["aliases"])
        .into_iter()
        .map(link(IdRelation::Alias))
        .collect();
    links.extend(
        texts(&row["upstream"])
            .into_iter()
            .map(link(IdRelation::Upstream)),
    );
    links.extend(
        texts(&row["related"])
            .into_iter()
            .map(link(IdRelation::Related)),
    );
    Observation {
        id: AdvisoryId::new(row["vuln_id"].as_str().unwrap()),
        links,
        package: PackageIndex(0),
        severity: row["severity"]
            .as_str()
            .and_then(Severity::from_label)
            .unwrap_or_default(),
        ratings: Vec::new(),
        fix: FixClaim::from_versions(
            row["fix"].as_str().unwrap_or_default().split(", "),
            FixState::Unknown,
        ),
        advisory_source: None,
        pointer: format!("/{index}"),
    }
}

/// One report a scanner; a case's index is kept in the pointer.
fn runs(case: &Value) -> (Vec<ScannerRun>, Vec<ScannerReport>) {
    let mut reports: Vec<ScannerReport> = Vec::new();
    for (index, row) in case["findings"].as_array().unwrap().iter().enumerate() {
        let scanner = ScannerId::new(row["scanner"].as_str().unwrap());
        let at = reports
            .iter()
            .position(|r| r.scanner == scanner)
            .unwrap_or_else(|| {
                reports.push(ScannerReport::new(scanner, "case"));
                reports.len() - 1
            });
        let report = &mut reports[at];
        let mut observation = observation(row, index);
        observation.package = PackageIndex(u32::try_from(report.packages.len()).unwrap());
        report.packages.push(package(row));
        report.observations.push(observation);
    }
    for (id, status) in case["context"]["cve_status"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let state = match status["state"].as_str() {
            Some("rejected") => AdvisoryState::Rejected,
            Some("withdrawn") => AdvisoryState::Withdrawn,
            _ => AdvisoryState::Disputed,
        };
        let duplicate_of = status["duplicate_of"].as_str().map(AdvisoryId::new);
        let advisory = Advisory {
            state,
            duplicate_of,
            ..Advisory::default()
        };
        reports[0].advisories.insert(AdvisoryId::new(id), advisory);
    }
    let mut inventory = ScannerReport::new(ScannerId::new("sbom"), "case");
    for (binary, source) in case["context"]["source_of"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let mut package = Package::new(Ecosystem::Deb, binary, "");
        package.source = Some(SourcePackage {
            name: source.as_str().unwrap().to_owned(),
            version: None,
        });
        inventory.packages.push(package);
    }
    (
        reports
            .into_iter()
            .map(|report| ScannerRun::of(report, "case"))
            .collect(),
        vec![inventory],
    )
}

type Cluster = BTreeSet<usize>;

/// Two related findings, in order, and what relates them.
type Related = (Cluster, Cluster, String);

/// What reconciling makes of a case: which observations each finding holds, and its relations.
#[derive(Debug, PartialEq)]
struct Outcome {
    clusters: BTreeSet<Cluster>,
    relations: BTreeSet<Related>,
}

fn related(a: &Cluster, b: &Cluster, kind: &str) -> Related {
    (a.min(b).clone(), a.max(b).clone(), kind.to_owned())
}

/// The observations of a finding, by their ordinals in the case.
fn cluster(finding: &Finding) -> Cluster {
    let pointers = finding.observations.iter().map(|o| &o.pointer[1..]);
    pointers.map(|index| index.parse().unwrap()).collect()
}

fn outcome(runs: &[ScannerRun], inventories: &[ScannerReport]) -> Outcome {
    let findings = reconcile(runs, inventories, &SeverityRule::Vendor).findings;
    let by_key: BTreeMap<&str, Cluster> = findings
        .iter()
        .map(|finding| (finding.key.as_str(), cluster(finding)))
        .collect();
    let relations = findings.iter().flat_map(|finding| {
        let by_key = &by_key;
        finding.relations.iter().map(move |relation| {
            related(
                &by_key[finding.key.as_str()],
                &by_key[relation.finding.as_str()],
                relation.kind.as_str(),
            )
        })
    });
    Outcome {
        relations: relations.collect(),
        clusters: by_key.values().cloned().collect(),
    }
}

/// What a case expects; `None` where it leaves the relations open.
fn expected(case: &Value) -> (BTreeSet<Cluster>, Option<BTreeSet<Related>>) {
    let clusters: Vec<Cluster> = serde_json::from_value(case["expected_clusters"].clone()).unwrap();
    let relations = case["expected_relations"].as_array().map(|relations| {
        let cluster = |value: &Value| &clusters[usize::try_from(value.as_u64().unwrap()).unwrap()];
        relations
            .iter()
            .map(|relation| {
                related(
                    cluster(&relation["a"]),
                    cluster(&relation["b"]),
                    relation["type"].as_str().unwrap(),
                )
            })
            .collect()
    });
    (clusters.into_iter().collect(), relations)
}

fn check(case: &Value) -> Result<(), Failed> {
    let (mut runs, inventories) = runs(case);
    let found = outcome(&runs, &inventories);
    runs.reverse();
    if found != outcome(&runs, &inventories) {
        return Err("the order of reports shows".into());
    }
    let (clusters, relations) = expected(case);
    let about = format!("{}\n  {}", case["description"], case["why"]);
    if found.clusters != clusters {
        let (found, about) = (&found.clusters, &about);
        return Err(format!("{about}\n  expected {clusters:?}\n  got      {found:?}").into());
    }
    match relations {
        Some(relations) if relations != found.relations => {
            let found = &found.relations;
            Err(format!("{about}\n  expected {relations:?}\n  got      {found:?}").into())
        }
        _ => check_gaps(case),
    }
}

/// The cause behind a case's word for a gap.
fn cause(reason: &str) -> Cause {
    match reason {
        "covered-by-umbrella" => Cause::CoveringAdvisory,
        "vulnerability-rejected" => Cause::Rejected,
        "filtered:severity-threshold" => Cause::SeverityFloor,
        "not-catalogued:owned-by-os-package" => Cause::OwnedByOsPackage,
        "distro-fixed:owned-by-os-package" => Cause::DistributionFixed,
        // What follows names the rule.
        _ if reason.starts_with("filtered:hard-coded-rule:") => Cause::BuiltInRule,
        _ => panic!("{reason}: a word for a gap that is not known"),
    }
}

/// Every expected gap has its cause, and its strength: `proven`, `inferred`, or
/// `proven-if-ownership-known`, which is as strong as what reconciling knows of the owner.
///
/// A scanner that the case names in its gaps only took part and lists nothing. All scanners have the
/// capabilities of their adapters.
fn check_gaps(case: &Value) -> Result<(), Failed> {
    let Some(gaps) = case["expected_gaps"].as_array() else {
        return Ok(());
    };
    let (mut runs, inventories) = runs(case);
    for gap in gaps {
        let scanner = ScannerId::new(gap["scanner"].as_str().unwrap());
        if !runs.iter().any(|run| run.scanner == scanner) {
            runs.push(ScannerRun::of(ScannerReport::new(scanner, "case"), "case"));
        }
    }
    let adapters = Adapters::load(None)?;
    for run in &mut runs {
        if let Some(manifest) = adapters.get(&run.scanner) {
            run.capabilities = manifest.capabilities.clone();
        }
    }
    for gap in gaps {
        let scanner = ScannerId::new(gap["scanner"].as_str().unwrap());
        let reason = gap["reason"].as_str().unwrap();
        let mut runs = runs.clone();
        if cause(reason) == Cause::SeverityFloor {
            show_a_floor(&mut runs, &scanner);
        }
        if cause(reason) == Cause::DistributionFixed {
            list_the_owner(&mut runs, &scanner);
        }
        let mut reconciled = reconcile(&runs, &inventories, &SeverityRule::Vendor);
        coverage::compare(&mut reconciled, &runs);
        let number = usize::try_from(gap["cluster"].as_u64().unwrap()).unwrap();
        let due: Cluster =
            serde_json::from_value(case["expected_clusters"][number].clone()).unwrap();
        let mut findings = reconciled.findings.iter();
        let finding = findings.find(|finding| cluster(finding) == due).unwrap();
        let owner = reconciled.owned.get(&finding.key);
        let strength = match gap["strength"].as_str().unwrap() {
            "proven" => Some(Strength::Proven),
            "inferred" => Some(Strength::Inferred),
            "proven-if-ownership-known" => owner.map(|owner| owner.strength),
            other => panic!("{other}: a strength that is not known"),
        };
        let verdict = &finding.verdicts[&scanner];
        if verdict.cause != cause(reason) || Some(verdict.strength) != strength {
            let about = format!("{}\n  {}", case["description"], case["why"]);
            let due = (cause(reason), strength);
            return Err(format!("{about}\n  {scanner}: expected {due:?}, got {verdict:?}").into());
        }
    }
    Ok(())
}

/// What a case on a severity threshold tells in prose alone: the scanner has all packages of the case
/// in its list and shows twenty high findings; the others list twenty on that package that are low.
fn show_a_floor(runs: &mut [ScannerRun], scanner: &ScannerId) {
    let packages: Vec<Package> = (runs.iter().filter_map(|run| run.report.as_ref()))
        .flat_map(|report| report.packages.clone())
        .collect();
    let common = Package::new(packages[0].ecosystem.clone(), "in-both-lists", "1.0");
    for run in runs {
        let report = run.report.as_mut().unwrap();
        let (severity, count) = if run.scanner == *scanner {
            report.inventory = InventoryScope::Complete;
            report.packages.extend(packages.iter().cloned());
            ("high", 20)
        } else {
            ("low", 20)
        };
        let place = PackageIndex(u32::try_from(report.packages.len()).unwrap());
        report.packages.push(common.clone());
        for number in 0..count {
            let row = serde_json::json!({
                "vuln_id": format!("ADVISORY-{severity}-{number}"),
                "severity": severity,
            });
            // Beyond the observations of the case.
            let observation = observation(&row, 1000 + number);
            report.observations.push(Observation {
                package: place,
                ..observation
            });
        }
    }
}

/// What a case on a fix that was carried back tells in prose alone: the scanner has the distribution's
/// packages of the same content in its list.
fn list_the_owner(runs: &mut [ScannerRun], scanner: &ScannerId) {
    let modules: Vec<Package> = (runs.iter().filter_map(|run| run.report.as_ref()))
        .flat_map(|report| report.packages.clone())
        .filter(|package| package.ecosystem == Ecosystem::PyPi)
        .collect();
    let run = runs.iter_mut().find(|run| run.scanner == *scanner).unwrap();
    let report = run.report.as_mut().unwrap();
    for Package { name, version, .. } in modules {
        let (name, version) = (format!("python3-{name}"), format!("{version}-1"));
        let package = Package::new(Ecosystem::Deb, name, version);
        report.packages.push(package);
    }
}

fn main() {
    golden::run("reconcile", "CROSSCHECK_CASES", "expected_clusters", check);
}
