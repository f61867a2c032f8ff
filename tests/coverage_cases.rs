//! Golden cases of verdicts: a few scanners' reports in, and why one of them does not report a finding.
//!
//! Runs every `*.jsonl` file under `tests/coverage/` and in the folder that `CROSSCHECK_GAPS` names. One
//! line is one case and one test, named by its id; the fields are those of [`Case`]. Every cause has a
//! case, and where a little less would not do, a case of that as well.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod golden;

use std::collections::BTreeMap;

use crosscheck::coverage;
use crosscheck::formats::Format;
use crosscheck::model::{
    Advisory, AdvisoryId, AdvisorySource, AdvisoryState, Capabilities, Cause, Distro, Ecosystem,
    Failure, FailureKind, Filters, FixClaim, FixState, IdLink, IdRelation, InventoryScope,
    Location, Observation, Outcome, Package, PackageGroup, PackageIndex, ScannerId, ScannerReport,
    ScannerRun, Severity, SourcePackage, Strength, Suppressed, Verdict,
};
use crosscheck::reconcile::severity::SeverityRule;
use crosscheck::reconcile::{Owner, reconcile};
use libtest_mimic::Failed;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "id")]
    _id: String,
    description: String,
    scanners: Vec<Scanner>,
    /// What is known of ids as such.
    #[serde(default)]
    advisories: BTreeMap<String, About>,
    /// By finding: the operating system's package that installed it.
    #[serde(default)]
    owned: BTreeMap<String, OwnedBy>,
    expected: Expected,
}

/// A scanner's part. Without `complete` its report lists only packages with findings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanner {
    name: String,
    version: Option<String>,
    #[serde(default)]
    complete: bool,
    /// Why it gave no result.
    failed: Option<String>,
    database: Option<String>,
    /// Its report states the release to be out of support.
    #[serde(default)]
    out_of_support: bool,
    /// The severity below which it shows nothing, by its report's word.
    floor: Option<String>,
    /// The format of its report.
    #[serde(default = "a_format")]
    format: String,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    packages: Vec<Installed>,
    #[serde(default)]
    findings: Vec<Row>,
    #[serde(default)]
    withheld: Vec<Row>,
}

fn a_format() -> String {
    "case".to_owned()
}

/// A package: `ecosystem/name@version`, and what else is known of it.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Installed {
    Plain(String),
    Described(Described),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    is: String,
    /// `name` or `name@version`.
    source: Option<String>,
    path: Option<String>,
    maintainer: Option<String>,
    #[serde(default)]
    third_party: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(rename = "in")]
    package: Installed,
    #[serde(default)]
    aliases: Vec<String>,
    /// Notices that the row names as references.
    #[serde(default)]
    references: Vec<String>,
    severity: Option<String>,
    #[serde(default)]
    fix: Vec<String>,
    /// Whose advisory it is.
    source: Option<AdvisorySource>,
    /// So many rows of this kind, with `-1`, `-2`, … behind the id.
    times: Option<usize>,
    /// Of a withheld one: true for a rule that ships with the scanner.
    #[serde(default)]
    shipped: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    #[serde(default)]
    state: AdvisoryState,
    published: Option<String>,
}

/// The groups that may be the owner without version, `ecosystem/name`, each with its version as installed;
/// none where only the place tells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnedBy {
    #[serde(default)]
    packages: BTreeMap<String, String>,
    strength: Strength,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The finding's key.
    finding: String,
    scanner: String,
    verdict: Verdict,
    cause: Cause,
    strength: Strength,
    /// What the reason has to contain.
    #[serde(default)]
    says: String,
}

impl Installed {
    fn package(&self) -> Package {
        let described = match self {
            Self::Plain(text) => &Described {
                is: text.clone(),
                source: None,
                path: None,
                maintainer: None,
                third_party: false,
            },
            Self::Described(described) => described,
        };
        let (ecosystem, rest) = described.is.split_once('/').unwrap();
        let (name, version) = rest.rsplit_once('@').unwrap();
        let mut package = Package::new(Ecosystem::from_name(ecosystem), name, version);
        package.source = described.source.as_deref().map(|source| {
            let (name, version) = match source.split_once('@') {
                Some((name, version)) => (name, Some(version.to_owned())),
                None => (source, None),
            };
            SourcePackage {
                name: name.to_owned(),
                version,
            }
        });
        let place = Location::new(described.path.as_deref(), None);
        package.locations.extend(place);
        package.maintainer.clone_from(&described.maintainer);
        package.third_party = described.third_party;
        package
    }
}

impl Row {
    fn observations(&self, report: &mut ScannerReport) -> Vec<Observation> {
        report.packages.push(self.package.package());
        let package = PackageIndex(u32::try_from(report.packages.len() - 1).unwrap());
        let ids = match self.times {
            None => vec![self.id.clone()],
            Some(times) => (1..=times).map(|n| format!("{}-{n}", self.id)).collect(),
        };
        let link = |field| {
            move |id: &String| IdLink {
                id: AdvisoryId::new(id),
                relation: IdRelation::Alias,
                field,
            }
        };
        let links = || {
            let aliases = self.aliases.iter().map(link("relatedVulnerabilities"));
            aliases.chain(self.references.iter().map(link("advisories")))
        };
        let severity = self.severity.as_deref();
        let fixes = self.fix.iter().map(String::as_str);
        ids.into_iter()
            .map(|id| Observation {
                id: AdvisoryId::new(&id),
                links: links().collect(),
                package,
                severity: severity.map_or(Severity::High, severity_of),
                ratings: Vec::new(),
                fix: FixClaim::from_versions(fixes.clone(), FixState::NotFixed),
                advisory_source: self.source,
                pointer: format!("/{}/{id}", package.0),
            })
            .collect()
    }
}

fn severity_of(label: &str) -> Severity {
    Severity::from_label(label).unwrap()
}

impl Scanner {
    fn run(&self) -> ScannerRun {
        let format = Format::from_title(&self.format).map_or("case", Format::title);
        let mut report = ScannerReport::new(ScannerId::new(&self.name), format);
        report.scanner_version.clone_from(&self.version);
        if self.complete {
            report.inventory = InventoryScope::Complete;
        }
        report.filters = Filters {
            severity_floor: self.floor.as_deref().map(severity_of),
        };
        report.target.distro = self.out_of_support.then(|| Distro {
            family: "debian".to_owned(),
            version: "10".to_owned(),
            end_of_life: true,
        });
        report
            .packages
            .extend(self.packages.iter().map(Installed::package));
        for row in &self.findings {
            let observations = row.observations(&mut report);
            report.observations.extend(observations);
        }
        for row in &self.withheld {
            let observations = row.observations(&mut report).into_iter();
            let suppressed = observations.map(|observation| Suppressed {
                observation,
                reason: "a rule".to_owned(),
                by_default_rule: row.shipped,
            });
            report.suppressed.extend(suppressed);
        }
        let mut run = ScannerRun::of(report, "case");
        run.database_built.clone_from(&self.database);
        run.capabilities = self.capabilities.clone();
        if let Some(cause) = &self.failed {
            run.report = None;
            run.outcome = Outcome::Failed(Failure {
                kind: FailureKind::Other,
                cause: cause.clone(),
                remedy: "a remedy".to_owned(),
            });
        }
        run
    }
}

impl OwnedBy {
    fn owner(&self) -> Owner {
        let packages = self.packages.iter().map(|(group, version)| {
            let (ecosystem, name) = group.split_once('/').unwrap();
            let group = PackageGroup {
                ecosystem: Ecosystem::from_name(ecosystem),
                name: name.to_owned(),
                version: None,
            };
            (group, version.clone())
        });
        Owner {
            packages: packages.collect(),
            strength: self.strength,
            path: "/a/path".to_owned(),
        }
    }
}

fn check(case: &Value) -> Result<(), Failed> {
    let case: Case = serde_json::from_value(case.clone())?;
    let mut runs: Vec<ScannerRun> = case.scanners.iter().map(Scanner::run).collect();
    let about = case.advisories.iter().map(|(id, about)| {
        let published = about.published.as_deref();
        let advisory = Advisory {
            state: about.state,
            published: published.map(|moment| moment.parse().unwrap()),
            ..Advisory::default()
        };
        (AdvisoryId::new(id), advisory)
    });
    let reports = runs.iter_mut().filter_map(|run| run.report.as_mut());
    if let Some(report) = reports.into_iter().next() {
        report.advisories.extend(about);
    }
    let forward = verdict(&case, &runs)?;
    runs.reverse();
    if forward != verdict(&case, &runs)? {
        return Err("the order of reports shows".into());
    }
    let Expected {
        verdict,
        cause,
        strength,
        says,
        ..
    } = &case.expected;
    let due = (*verdict, *cause, *strength);
    if due != (forward.verdict, forward.cause, forward.strength) || !forward.reason.contains(says) {
        let about = &case.description;
        return Err(format!("{about}\n  expected {due:?} {says}\n  got      {forward:?}").into());
    }
    Ok(())
}

fn verdict(case: &Case, runs: &[ScannerRun]) -> Result<crosscheck::model::ScannerVerdict, Failed> {
    let mut reconciled = reconcile(runs, &[], &SeverityRule::Vendor);
    let keys: Vec<String> = (reconciled.findings.iter().map(|f| f.key.clone())).collect();
    for (key, owned) in &case.owned {
        if !keys.contains(key) {
            return Err(format!("{key} is not among {keys:?}").into());
        }
        reconciled.owned.insert(key.clone(), owned.owner());
    }
    coverage::compare(&mut reconciled, runs);
    let finding = (reconciled.findings.iter()).find(|f| f.key == case.expected.finding);
    let finding =
        finding.ok_or_else(|| format!("{} is not among {keys:?}", case.expected.finding))?;
    Ok(finding.verdicts[&ScannerId::new(&case.expected.scanner)].clone())
}

fn main() {
    let own = include_str!("coverage/gaps.jsonl");
    for cause in Cause::ALL {
        let named = format!("\"cause\": \"{}\"", cause.as_str());
        assert!(own.contains(&named), "no case has {named}");
    }
    golden::run("coverage", "CROSSCHECK_GAPS", "expected", check);
}
