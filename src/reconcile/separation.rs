//! Why two findings are two: which rule kept them apart, and who said what the rule is about.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::identifiers::{Class, ClassIndex, Classes};
use super::{classes, trusted_reports};
use crate::model::{
    AdvisoryId, Ecosystem, Finding, IdRelation, IdRole, Observation, PackageRule, ScannerId,
    ScannerReport, ScannerRun,
};

/// A rule that keeps things apart (`docs/decisions/0001-package-identity.md`,
/// `docs/decisions/0002-alias-classes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Nothing keeps them apart: they are one finding.
    SameFinding,
    /// Packages of different ecosystems are never one package.
    Ecosystem,
    /// Different source packages, or different names by the ecosystem's rules.
    PackageName,
    /// One package in two versions.
    PackageVersion,
    /// Each side has a CVE of its own, and two CVEs are one only when a report states that one was
    /// rejected or withdrawn as a duplicate of the other.
    TwoCves,
    /// An advisory that lists several CVEs never joins them.
    Hub,
    /// A distribution's notice never joins what it covers.
    Umbrella,
    /// *Related* is no alias.
    RelatedOnly,
    /// A statement that is weaker than another one, which ties the id to another CVE.
    WeakClaim,
    /// No report names an id of the one together with an id of the other.
    NoStatement,
}

impl Guard {
    /// The name as in the JSON form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameFinding => "same-finding",
            Self::Ecosystem => "ecosystem",
            Self::PackageName => "package-name",
            Self::PackageVersion => "package-version",
            Self::TwoCves => "two-cves",
            Self::Hub => "hub",
            Self::Umbrella => "umbrella",
            Self::RelatedOnly => "related-only",
            Self::WeakClaim => "weak-claim",
            Self::NoStatement => "no-statement",
        }
    }
}

/// One reason why two findings are not one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Separation {
    /// The rule.
    pub guard: Guard,
    /// What it is about here, in one sentence.
    pub reason: String,
    /// The statement that the rule overrules, where there is one: who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanner: Option<ScannerId>,
    /// The report's field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// JSON pointer of the first entry that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Separation {
    fn new(guard: Guard, reason: String) -> Self {
        Self {
            guard,
            reason,
            scanner: None,
            field: None,
            pointer: None,
        }
    }
}

/// All reasons why two findings of [`super::reconcile`] are two, from the same runs.
pub fn separation(runs: &[ScannerRun], a: &Finding, b: &Finding) -> Vec<Separation> {
    if a.key == b.key {
        let reason = format!("both are the finding {}", a.key);
        return vec![Separation::new(Guard::SameFinding, reason)];
    }
    let mut reasons = Vec::new();
    if a.package != b.package {
        reasons.push(packages(a, b));
    }
    if a.vulnerability.id != b.vulnerability.id {
        let reports = trusted_reports(runs);
        let classes = classes(&reports);
        reasons.extend(vulnerabilities(&reports, &classes, a, b));
    }
    reasons
}

fn packages(a: &Finding, b: &Finding) -> Separation {
    let (one, other) = (&a.package, &b.package);
    if one.ecosystem != other.ecosystem {
        let reason = format!(
            "{} and {} are packages of different ecosystems, with different remedies",
            one.ecosystem, other.ecosystem
        );
        return Separation::new(Guard::Ecosystem, reason);
    }
    if one.name == other.name {
        let version = |version: &Option<String>| match version {
            Some(version) => version.clone(),
            None => "no known version".to_owned(),
        };
        let reason = format!(
            "{} is there in two versions: {} and {}",
            one.name,
            version(&one.version),
            version(&other.version)
        );
        return Separation::new(Guard::PackageVersion, reason);
    }
    let rule = |finding: &Finding| {
        let rules: BTreeSet<PackageRule> = finding
            .observations
            .iter()
            .map(|o| o.package_rule)
            .collect();
        let rules: Vec<&str> = rules.into_iter().map(PackageRule::describe).collect();
        format!("{} ({})", finding.package.name, rules.join("; "))
    };
    let mut reason = format!("{} and {} have different names", rule(a), rule(b));
    if one.ecosystem.is_os() {
        reason = format!("{} and {} are different source packages", rule(a), rule(b));
        let unstated = [a, b].iter().any(|finding| {
            finding
                .observations
                .iter()
                .any(|o| o.package_rule == PackageRule::OwnName)
        });
        if unstated {
            reason.push_str("; a package list (--sbom) may tell the source");
        }
    } else if one.ecosystem == Ecosystem::Maven {
        reason.push_str("; no report gives a file that carries both");
    }
    Separation::new(Guard::PackageName, reason)
}

fn vulnerabilities(
    reports: &[(&ScannerId, &ScannerReport)],
    classes: &Classes<'_>,
    a: &Finding,
    b: &Finding,
) -> Vec<Separation> {
    let class_of = |finding: &Finding| {
        let index = classes.class(&finding.vulnerability.id)?;
        Some((index, classes.get(index)?))
    };
    let (Some(one), Some(other)) = (class_of(a), class_of(b)) else {
        return Vec::new();
    };
    let sides = Sides {
        classes,
        one,
        other,
    };
    let mut said: BTreeMap<Saying<'_>, &str> = BTreeMap::new();
    for (scanner, report) in reports {
        let withheld = report.suppressed.iter().map(|s| &s.observation);
        for observation in report.observations.iter().chain(withheld) {
            for (guard, reason, field) in sides.overruled(observation) {
                let pointer = observation.pointer.as_str();
                let first = said
                    .entry((guard, reason, scanner, field))
                    .or_insert(pointer);
                if (pointer.len(), pointer) < (first.len(), *first) {
                    *first = pointer;
                }
            }
        }
    }
    let mut reasons: Vec<Separation> = said
        .into_iter()
        .map(|((guard, reason, scanner, field), pointer)| Separation {
            guard,
            reason,
            scanner: Some(scanner.clone()),
            field: Some(field.to_owned()),
            pointer: Some(pointer.to_owned()),
        })
        .collect();
    let cve = |class: &Class<'_>| {
        class
            .ids
            .first()
            .filter(|id| id.role() == IdRole::Cve)
            .cloned()
    };
    if let (Some(x), Some(y)) = (cve(one.1), cve(other.1)) {
        let reason = format!(
            "{x} and {y} are different CVEs, and no report states that one was rejected or withdrawn \
             as a duplicate of the other"
        );
        reasons.insert(0, Separation::new(Guard::TwoCves, reason));
    }
    if reasons.is_empty() {
        let reason = format!(
            "no report names an id of {} together with an id of {}",
            a.vulnerability.id, b.vulnerability.id
        );
        reasons.push(Separation::new(Guard::NoStatement, reason));
    }
    reasons
}

/// What makes two overruled statements one: rule, sentence, scanner and field.
type Saying<'a> = (Guard, String, &'a ScannerId, &'a str);

type Side<'c, 'r> = (ClassIndex, &'c Class<'r>);

struct Sides<'c, 'r> {
    classes: &'c Classes<'r>,
    one: Side<'c, 'r>,
    other: Side<'c, 'r>,
}

impl Sides<'_, '_> {
    /// Which side an id belongs to: its class, or a class that covers it.
    fn side(&self, id: &AdvisoryId) -> Option<bool> {
        let class = self.classes.class(id)?;
        (class == self.one.0)
            .then_some(true)
            .or((class == self.other.0).then_some(false))
    }

    /// Statements of one entry that tie the sides together and were overruled: rule, sentence and
    /// field.
    fn overruled(&self, observation: &Observation) -> Vec<(Guard, String, &'static str)> {
        let own = self.side(&observation.id);
        let mut found = Vec::new();
        let mut linked: [Option<(&AdvisoryId, &'static str)>; 2] = [None, None];
        for link in &observation.links {
            let Some(side) = self.side(&link.id) else {
                continue;
            };
            if link.relation == IdRelation::Related {
                if own.is_some_and(|own| own != side) {
                    let reason = format!("lists {} as related to {}", link.id, observation.id);
                    found.push((Guard::RelatedOnly, reason, link.field));
                }
                continue;
            }
            if let Some(slot) = linked.get_mut(usize::from(side)) {
                slot.get_or_insert((&link.id, link.field));
            }
            if own.is_some_and(|own| own != side) {
                let guard = self.guard(&observation.id, &link.id);
                let reason = format!(
                    "lists {} beside {}, {}",
                    link.id,
                    observation.id,
                    self.because(guard, &observation.id, &link.id)
                );
                found.push((guard, reason, link.field));
            }
        }
        // An entry under a third id that names both.
        if let (None, [Some((x, field)), Some((y, _))]) = (own, linked) {
            let guard = match observation.id.role() {
                IdRole::Umbrella => Guard::Umbrella,
                IdRole::Cve | IdRole::Advisory => Guard::Hub,
            };
            let reason = format!(
                "lists {y} and {x} under {}, {}",
                observation.id,
                self.because(guard, &observation.id, x)
            );
            found.push((guard, reason, field));
        }
        found
    }

    fn covers_several(&self, id: &AdvisoryId) -> Option<usize> {
        let class = self.classes.get(self.classes.class(id)?)?;
        Some(class.covers.len()).filter(|covered| *covered > 0)
    }

    fn guard(&self, id: &AdvisoryId, link: &AdvisoryId) -> Guard {
        let ids = [id, link];
        if ids.iter().any(|id| id.role() == IdRole::Umbrella) {
            Guard::Umbrella
        } else if ids.iter().any(|id| self.covers_several(id).is_some()) {
            Guard::Hub
        } else if ids.iter().all(|id| id.role() == IdRole::Cve) {
            Guard::TwoCves
        } else {
            Guard::WeakClaim
        }
    }

    fn because(&self, guard: Guard, id: &AdvisoryId, link: &AdvisoryId) -> String {
        match guard {
            Guard::Umbrella => "which is a distribution's notice over several flaws".to_owned(),
            Guard::Hub => {
                let hub = [id, link]
                    .into_iter()
                    .find_map(|id| Some((id, self.covers_several(id)?)));
                match hub {
                    Some((hub, covered)) => {
                        format!("but {hub} covers {covered} CVEs and joins none of them")
                    }
                    None => "but an advisory over several flaws joins none of them".to_owned(),
                }
            }
            Guard::TwoCves => "but both are CVEs".to_owned(),
            _ => "but other entries tie one of them to another CVE more clearly".to_owned(),
        }
    }
}
