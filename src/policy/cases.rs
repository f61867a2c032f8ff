//! Cases kept beside a policy: given a finding, what is decided. A policy tested as code.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::report::TargetSummary;
use crate::model::{
    Action, AdvisoryId, AdvisoryState, Cvss, Decision, Epss, Finding, Fix, FixState, Instance,
    Location, Package, PackageGroup, Rating, RatingSource, ResolvedSeverity, ScannerId,
    ScannerVerdict, Severity, Strength, Verdict, Vulnerability,
};

use super::circumstances::{Circumstances, Drivers};
use super::cuda::{self, Host, Hosts};
use super::decide::decide;
use super::document::Day;
use super::inputs::Inputs;
use super::problem::{PolicyErrors, Problem};
use super::resolve::Policy;
use super::vex::{Product, Statements};
use super::yaml;

/// The layers that a case may name.
const BASE: &str = "base";
const OWN: &str = "own";

/// A file of cases.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "crosscheck policy cases")]
pub struct CaseFile {
    /// The policy, as a path from this file's directory. Without it the file of the same name
    /// without `.test`: `policy.test.yaml` is about `policy.yaml`.
    #[serde(default)]
    pub policy: Option<String>,
    /// The cases.
    #[schemars(length(min = 1))]
    pub cases: Vec<Case>,
}

/// A finding and what is expected to be decided on it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The profile; without it the one that the policy chooses for `image`.
    #[serde(default)]
    pub profile: Option<String>,
    /// The image's reference.
    #[serde(default)]
    pub image: Option<String>,
    /// The moment, RFC 3339, or a day, of which the first moment in UTC counts.
    pub now: String,
    /// Versions of the hosts' NVIDIA drivers, in place of those that the policy names.
    #[serde(default)]
    pub host_drivers: Option<Vec<String>>,
    /// Package URLs of what else is installed. When the key is left out, the image's package list is
    /// not known.
    #[serde(default)]
    pub installed: Option<Vec<String>>,
    /// The finding.
    pub finding: CaseFinding,
    /// What is expected.
    pub expect: Expectation,
}

/// A finding, as far as a policy looks at it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CaseFinding {
    /// The vulnerability's id.
    pub id: String,
    /// Its other ids.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The installed packages, of one name and ecosystem.
    #[schemars(length(min = 1))]
    pub packages: Vec<CasePackage>,
    /// The severity that counts.
    pub severity: Severity,
    /// A version with the fix; none is known when left out.
    #[serde(default)]
    pub fixed_in: Option<String>,
    /// When it was published: RFC 3339, or a day.
    #[serde(default)]
    pub published: Option<String>,
    /// When it was first seen on the image: RFC 3339, or a day.
    #[serde(default)]
    pub first_seen: Option<String>,
    /// Whether it is known to be exploited.
    #[serde(default)]
    pub known_exploited: bool,
    /// Its EPSS score, 0 to 1.
    #[serde(default)]
    pub epss: Option<f64>,
    /// Its CVSS base score, 0 to 10.
    #[serde(default)]
    pub cvss: Option<f64>,
    /// What became of the advisory.
    #[serde(default)]
    pub state: AdvisoryState,
    /// Scanners that report it.
    #[serde(default)]
    pub reported_by: Vec<String>,
    /// Scanners that saw the package and do not report it.
    #[serde(default)]
    pub silent: Vec<String>,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CasePackage {
    /// Its package URL, with the version: `pkg:pypi/setuptools@65.5.1`.
    pub purl: String,
    /// Its path in the image.
    #[serde(default)]
    pub path: Option<String>,
    /// Its layer: `base` or `own`.
    #[serde(default)]
    pub layer: Option<CaseLayer>,
}

/// A layer in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaseLayer {
    /// One of the base image's.
    Base,
    /// One of the image's own.
    Own,
}

/// What is expected to be decided.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expectation {
    /// The action.
    pub action: Action,
    /// The rule that decides, as a report names it: `ignore[0]`, `profiles.production.severity.high`.
    #[serde(default)]
    pub rule: Option<String>,
    /// The labels, all of them.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// Where expectation and decision differ, one sentence each; empty when the case passes.
    pub failures: Vec<String>,
}

/// Reads a file of cases.
///
/// # Errors
/// The first thing that is wrong with it, with its place.
pub fn read_cases(text: &str, source: &str) -> Result<CaseFile, PolicyErrors> {
    let error = |position, message: String| PolicyErrors {
        source: source.to_owned(),
        problems: vec![Problem {
            position,
            path: String::new(),
            message: format!("not a file of policy cases: {message}"),
            help: Some("its keys are told by `crosscheck schema policy-cases`".to_owned()),
        }],
    };
    let file: CaseFile =
        yaml::typed(text).map_err(|(position, message)| error(position, message))?;
    if file.cases.is_empty() {
        return Err(error(None, "it has no cases".to_owned()));
    }
    Ok(file)
}

/// Decides on a case and compares. `inputs` are what the policy draws on besides reports, as far as
/// the case does not say it itself. A case that cannot be decided on, because of an unknown profile or
/// a value that is none, fails and says why.
pub fn run_case(policy: &Policy, inputs: &Inputs, case: &Case) -> CaseResult {
    let failures = match decided(policy, inputs, case) {
        Ok(finding) => differences(&finding, &case.expect),
        Err(why) => vec![why],
    };
    CaseResult {
        name: case.name.clone(),
        failures,
    }
}

fn differences(finding: &Finding, expected: &Expectation) -> Vec<String> {
    let Some(Decision { action, rule, .. }) = &finding.decision else {
        return vec!["nothing was decided".to_owned()];
    };
    let mut failures = Vec::new();
    if *action != expected.action {
        failures.push(format!(
            "expected {}, decided {}: {} [{}]",
            expected.action.as_str(),
            action.as_str(),
            rule.reason,
            rule.rule
        ));
    }
    if let Some(expected) = expected
        .rule
        .as_ref()
        .filter(|expected| **expected != rule.rule)
    {
        failures.push(format!(
            "expected the rule {expected}, it was {}",
            rule.rule
        ));
    }
    if let Some(expected) = &expected.labels {
        let sorted: BTreeSet<&String> = expected.iter().collect();
        if !sorted.iter().copied().eq(&finding.labels) {
            failures.push(format!(
                "expected the labels [{}], found [{}]",
                expected.join(", "),
                finding.labels.join(", ")
            ));
        }
    }
    failures
}

fn decided(policy: &Policy, inputs: &Inputs, case: &Case) -> Result<Finding, String> {
    let image = case.image.as_deref();
    let profile = case
        .profile
        .as_deref()
        .unwrap_or_else(|| policy.profile_of(image));
    let resolved = policy
        .resolve(Some(profile))
        .map_err(|error| error.to_string())?;
    let finding = finding(&case.finding)?;
    let mut packages = Vec::new();
    for purl in case.installed.iter().flatten() {
        packages.push(package(purl)?);
    }
    let installed = case.installed.as_ref().map(|_| {
        let own = finding
            .instances
            .iter()
            .map(|instance| instance.name.clone());
        own.chain(packages.iter().map(|package| package.name.clone()))
            .collect()
    });
    let base = BTreeSet::from([BASE.to_owned()]);
    for own in &case.finding.packages {
        packages.push(package(&own.purl)?);
    }
    let contents = cuda::Image::new(image, &packages, case.installed.is_some());
    let own_hosts = case.host_drivers.as_ref().map(|drivers| {
        let hosts = drivers
            .iter()
            .map(|text| Host::new(text, "a host of the case"));
        hosts.collect::<Hosts>()
    });
    let product = Product::new(
        &TargetSummary {
            reference: case.image.clone().unwrap_or_default(),
            ..TargetSummary::default()
        },
        &[],
    );
    let now = moment(&case.now)?;
    let statements = Statements::new(inputs.vex.clone(), &product, now);
    let circumstances = Circumstances {
        now,
        installed: installed.as_ref(),
        base_layers: Some(&base),
        vex: Some(&statements),
        drivers: Some(Drivers {
            hosts: own_hosts.as_ref().unwrap_or(&inputs.hosts),
            image: &contents,
            bulletins: &inputs.bulletins,
        }),
    };
    let mut findings = [finding];
    decide(&resolved, &mut findings, &circumstances);
    let [finding] = findings;
    Ok(finding)
}

/// A moment, or the first one of a day.
fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .ok()
        .or_else(|| Day::parse(text).and_then(Day::start))
        .ok_or_else(|| format!("`{text}` is neither a day (2026-01-31) nor an RFC 3339 time"))
}

fn package(purl: &str) -> Result<Package, String> {
    Package::from_purl(purl).ok_or_else(|| format!("`{purl}` is not a package URL"))
}

fn finding(given: &CaseFinding) -> Result<Finding, String> {
    let mut instances = Vec::new();
    let mut group: Option<PackageGroup> = None;
    for installed in &given.packages {
        let package = package(&installed.purl)?;
        let own = PackageGroup {
            name: package
                .source
                .as_ref()
                .map_or(&package.name, |source| &source.name)
                .clone(),
            ecosystem: package.ecosystem.clone(),
            version: None,
        };
        if group.get_or_insert_with(|| own.clone()) != &own {
            return Err(format!(
                "`{}` is not of the same package as the first",
                installed.purl
            ));
        }
        let layer = installed.layer.map(|layer| match layer {
            CaseLayer::Base => BASE,
            CaseLayer::Own => OWN,
        });
        instances.push(Instance {
            name: package.name,
            version: package.version,
            architecture: package.architecture,
            source: package.source,
            purl: Some(installed.purl.clone()),
            locations: Location::new(installed.path.as_deref(), layer)
                .into_iter()
                .collect(),
            scanners: given_scanners(&given.reported_by),
        });
    }
    let package = group.ok_or("the finding names no package")?;
    let id = AdvisoryId::new(&given.id);
    if !id.is_plausible() {
        return Err(format!("`{}` is not a vulnerability id", given.id));
    }
    let time = |text: &Option<String>| {
        let moment = text.as_deref().map(moment).transpose();
        moment.map(|moment| moment.map(|moment| moment.to_string()))
    };
    Ok(Finding {
        key: format!("{id}@{package}"),
        vulnerability: Vulnerability {
            id,
            aliases: given
                .aliases
                .iter()
                .map(|alias| AdvisoryId::new(alias))
                .collect(),
            related: Vec::new(),
            assertions: Vec::new(),
            title: None,
            description: None,
            url: None,
            cwes: Vec::new(),
            published: time(&given.published)?,
            state: given.state,
            known_exploited: given.known_exploited,
            kev: None,
            epss: score(given.epss, 1.0, "epss")?.map(|score| Epss {
                score,
                percentile: None,
                date: None,
            }),
        },
        package,
        instances,
        severity: ResolvedSeverity {
            level: given.severity,
            source: (given.severity != Severity::Unknown).then_some(RatingSource::Nvd),
            rule: "given".to_owned(),
            lowest: given.severity,
            highest: given.severity,
            disputed: false,
        },
        ratings: score(given.cvss, 10.0, "cvss")?
            .map(|score| Rating {
                source: RatingSource::Nvd,
                severity: given.severity,
                label: None,
                cvss: Cvss::new(None, Some(score), "3.1"),
            })
            .into_iter()
            .collect(),
        fix: Fix {
            state: if given.fixed_in.is_some() {
                FixState::Fixed
            } else {
                FixState::NotFixed
            },
            versions: given.fixed_in.iter().cloned().collect(),
            recommended: given.fixed_in.clone(),
            dissent: BTreeMap::new(),
        },
        observations: Vec::new(),
        relations: Vec::new(),
        first_seen: time(&given.first_seen)?,
        labels: Vec::new(),
        verdicts: verdicts(given),
        decision: None,
    })
}

fn score(given: Option<f64>, highest: f64, key: &str) -> Result<Option<f64>, String> {
    match given {
        Some(score) if !(0.0..=highest).contains(&score) => Err(format!(
            "`{key}` is a number from 0 to {highest}, not {score}"
        )),
        other => Ok(other),
    }
}

fn given_scanners(names: &[String]) -> Vec<ScannerId> {
    names.iter().map(|name| ScannerId::new(name)).collect()
}

fn verdicts(given: &CaseFinding) -> BTreeMap<ScannerId, ScannerVerdict> {
    let of = |names: &[String], verdict: Verdict| -> Vec<(ScannerId, ScannerVerdict)> {
        let given = || ScannerVerdict {
            verdict,
            cause: crate::model::Cause::Listed,
            strength: Strength::Proven,
            reason: "given".to_owned(),
        };
        given_scanners(names)
            .into_iter()
            .map(|id| (id, given()))
            .collect()
    };
    let mut verdicts: BTreeMap<_, _> = of(&given.silent, Verdict::NoMatch).into_iter().collect();
    verdicts.extend(of(&given.reported_by, Verdict::Reported));
    verdicts
}
