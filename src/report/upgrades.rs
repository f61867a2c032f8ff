//! What to do first: which upgrade of one package resolves how many findings.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::phrases;
use crate::model::version::{compare, sort};
use crate::model::{Action, Finding, PackageGroup, Severity};

/// Bringing one package to one version.
pub(super) struct Upgrade<'a> {
    /// The package.
    pub(super) package: &'a PackageGroup,
    /// The installed versions, each once, in text order.
    pub(super) installed: Vec<&'a str>,
    /// The lowest version that resolves all of `findings`.
    pub(super) to: &'a str,
    /// The findings that it resolves, in report order; never empty.
    pub(super) findings: Vec<&'a Finding>,
    /// How many of them block.
    pub(super) blocking: usize,
}

impl Upgrade<'_> {
    /// `upgrade openssl 3.0.13 -> 3.0.15`.
    pub(super) fn sentence(&self) -> String {
        let installed = phrases::names(self.installed.iter().copied());
        let blank = if installed.is_empty() { "" } else { " " };
        format!(
            "upgrade {}{blank}{installed} -> {}",
            self.package.name, self.to
        )
    }

    /// The worst severity among the findings that it resolves.
    pub(super) fn worst(&self) -> Severity {
        let severities = self.findings.iter().map(|finding| finding.severity.level);
        severities.max().unwrap_or(Severity::Unknown)
    }
}

/// The upgrades that resolve something, those first that resolve most blocking findings, then most
/// findings at all. Ignored findings count in none.
///
/// Of one package there is one upgrade: to the lowest version that resolves all of its blocking
/// findings, or where none blocks all that warn, or else all. What needs a higher version than that is
/// left out: a tracked flaw is no reason for a leap that nobody has to make. Versions that cannot be
/// compared, and fixes on release lines that no one version joins, are upgrades of their own. Cost: near-linear in the number of findings.
pub(super) fn upgrades<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Upgrade<'a>> {
    let mut by_package: BTreeMap<&PackageGroup, Vec<(&str, &Finding)>> = BTreeMap::new();
    for finding in findings {
        if action(finding) == Some(Action::Ignore) {
            continue;
        }
        if let Some(version) = finding.fix.recommended.as_deref() {
            let fixes = by_package.entry(&finding.package).or_default();
            fixes.push((version, finding));
        }
    }
    let mut all: Vec<Upgrade<'a>> = by_package
        .into_iter()
        .flat_map(|(package, fixes)| of_package(package, fixes))
        .collect();
    all.sort_by_key(|upgrade| (Reverse(upgrade.blocking), Reverse(upgrade.findings.len())));
    all
}

fn of_package<'a>(
    package: &'a PackageGroup,
    fixes: Vec<(&'a str, &'a Finding)>,
) -> Vec<Upgrade<'a>> {
    let order = |a: &str, b: &str| compare(&package.ecosystem, a, b);
    let (ordered, unordered): (Vec<_>, Vec<_>) = fixes
        .into_iter()
        .partition(|(version, _)| order(version, version).is_some());
    let worst = ordered.iter().map(|(_, finding)| action(finding)).max();
    let wanted: Vec<_> = ordered
        .iter()
        .copied()
        .filter(|(_, finding)| Some(action(finding)) == worst)
        .collect();
    let mut by_version: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    if let Some(to) = target(package, &wanted) {
        for (version, finding) in ordered {
            if is_fixed_in(package, finding, to) {
                by_version.entry(to).or_default().push(finding);
            } else if Some(action(finding)) == worst {
                by_version.entry(version).or_default().push(finding);
            }
        }
    }
    for (version, finding) in unordered {
        by_version.entry(version).or_default().push(finding);
    }
    by_version
        .into_iter()
        .map(|(to, findings)| upgrade(package, to, findings))
        .collect()
}

/// The lowest version, of those that are stated to fix something, that resolves all of `wanted`.
///
/// That is mostly the highest of the recommended ones. It is a higher one where a fix was made on
/// several release lines: 4.0.2 is above 3.2.18 and still has a flaw that 4.0.10 mends. Where no version
/// resolves all, the highest recommended one is taken; it resolves what recommends it.
fn target<'a>(package: &PackageGroup, wanted: &[(&'a str, &'a Finding)]) -> Option<&'a str> {
    // Each is held against all of `wanted`.
    const CANDIDATES: usize = 16;
    let order = |a: &str, b: &str| compare(&package.ecosystem, a, b);
    let recommended = wanted.iter().map(|(version, _)| *version);
    let highest = recommended.reduce(|a, b| if order(a, b) == Some(Less) { b } else { a })?;
    let stated = wanted.iter().flat_map(|(_, finding)| &finding.fix.versions);
    let mut higher: Vec<&str> = stated
        .map(String::as_str)
        .filter(|version| order(version, highest) == Some(Greater))
        .collect();
    sort(&package.ecosystem, &mut higher);
    higher.dedup();
    let candidates = std::iter::once(highest).chain(higher.into_iter().take(CANDIDATES));
    let mut resolving = candidates.filter(|version| {
        let mut findings = wanted.iter().map(|(_, finding)| finding);
        findings.all(|finding| is_fixed_in(package, finding, version))
    });
    Some(resolving.next().unwrap_or(highest))
}

/// True when the fixes that are stated for a finding say that `version` has one: it is one of them, or
/// above one and not on the release line of a higher one.
fn is_fixed_in(package: &PackageGroup, finding: &Finding, version: &str) -> bool {
    let order = |a: &str| compare(&package.ecosystem, a, version);
    let fix = &finding.fix;
    // The versions are in their own order.
    let stated = || fix.versions.iter().chain(&fix.recommended);
    let mut below = None;
    for fixed in stated() {
        match order(fixed) {
            Some(Equal) => return true,
            Some(Less) => below = Some(fixed),
            _ => {}
        }
    }
    let above = stated().find(|fixed| order(fixed) == Some(Greater));
    match (below, above) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(below), Some(above)) => shared_parts(below, version) > shared_parts(above, version),
    }
}

/// How many leading parts two versions share: two of 4.0.2 and 4.0.10.
fn shared_parts(a: &str, b: &str) -> usize {
    let is_mark = |c: char| !c.is_ascii_alphanumeric();
    let pairs = a.split(is_mark).zip(b.split(is_mark));
    pairs.take_while(|(a, b)| a == b).count()
}

fn upgrade<'a>(package: &'a PackageGroup, to: &'a str, findings: Vec<&'a Finding>) -> Upgrade<'a> {
    let instances = findings.iter().flat_map(|finding| &finding.instances);
    let installed: BTreeSet<&str> = instances
        .map(|instance| instance.version.as_str())
        .filter(|version| !version.is_empty())
        .collect();
    let blocking = findings
        .iter()
        .filter(|finding| action(finding) == Some(Action::Block));
    Upgrade {
        package,
        installed: installed.into_iter().collect(),
        to,
        blocking: blocking.count(),
        findings,
    }
}

fn action(finding: &Finding) -> Option<Action> {
    finding.decision.as_ref().map(|decision| decision.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AdvisoryId, AdvisoryState, Decision, Ecosystem, Fix, FixState, Instance, ResolvedSeverity,
        RuleMatch, Vulnerability,
    };

    fn finding(package: &str, fix: Option<&str>, action: Action) -> Finding {
        let id = AdvisoryId::new("CVE-2026-1");
        Finding {
            key: String::new(),
            vulnerability: Vulnerability {
                id,
                aliases: Vec::new(),
                related: Vec::new(),
                assertions: Vec::new(),
                title: None,
                description: None,
                url: None,
                cwes: Vec::new(),
                published: None,
                state: AdvisoryState::default(),
                known_exploited: false,
                kev: None,
                epss: None,
            },
            package: PackageGroup {
                ecosystem: Ecosystem::Deb,
                name: package.to_owned(),
                version: None,
            },
            instances: vec![Instance {
                name: package.to_owned(),
                version: "3.0.13-1".to_owned(),
                architecture: None,
                source: None,
                purl: None,
                locations: Vec::new(),
                scanners: Vec::new(),
            }],
            severity: ResolvedSeverity {
                level: Severity::High,
                source: None,
                rule: String::new(),
                lowest: Severity::High,
                highest: Severity::High,
                disputed: false,
            },
            ratings: Vec::new(),
            fix: Fix {
                state: FixState::Fixed,
                recommended: fix.map(str::to_owned),
                ..Fix::default()
            },
            observations: Vec::new(),
            relations: Vec::new(),
            first_seen: None,
            labels: Vec::new(),
            verdicts: BTreeMap::new(),
            decision: Some(Decision {
                action,
                rule: RuleMatch::new("", action, ""),
                also: Vec::new(),
                notes: Vec::new(),
            }),
        }
    }

    fn told(findings: &[Finding]) -> Vec<String> {
        let tell = |upgrade: &Upgrade<'_>| {
            let (blocking, all) = (upgrade.blocking, upgrade.findings.len());
            format!("{}: {blocking} of {all}", upgrade.sentence())
        };
        upgrades(findings).iter().map(tell).collect()
    }

    #[test]
    fn one_upgrade_of_a_package_resolves_what_blocks_and_goes_no_further() {
        let findings = [
            finding("curl", Some("8.1-1"), Action::Block),
            finding("openssl", Some("3.0.9-1"), Action::Block),
            finding("openssl", Some("3.0.15-1"), Action::Block),
            finding("openssl", Some("3.0.14-1"), Action::Warn),
            finding("openssl", Some("3.2.0-1"), Action::Track),
            finding("openssl", None, Action::Block),
            finding("zlib", Some("2-1"), Action::Ignore),
        ];
        assert_eq!(
            told(&findings),
            [
                "upgrade openssl 3.0.13-1 -> 3.0.15-1: 2 of 3",
                "upgrade curl 3.0.13-1 -> 8.1-1: 1 of 1",
            ]
        );
    }

    #[test]
    fn a_fix_on_another_release_line_is_none() {
        let on_lines = |fixes: &[&str]| {
            let mut finding = finding("django", fixes.first().copied(), Action::Block);
            finding.fix.versions = fixes.iter().map(|fix| (*fix).to_owned()).collect();
            finding
        };
        // 4.0.2 is above 3.2.18, and not yet mended.
        let findings = [
            on_lines(&["3.2.18", "4.0.10", "4.1.7"]),
            on_lines(&["4.0.2"]),
        ];
        assert_eq!(
            told(&findings),
            ["upgrade django 3.0.13-1 -> 4.0.10: 2 of 2"]
        );
        // A later version of the same line keeps the fix.
        let findings = [on_lines(&["3.2.18", "4.0.10"]), on_lines(&["3.2.25"])];
        assert_eq!(
            told(&findings),
            ["upgrade django 3.0.13-1 -> 3.2.25: 2 of 2"]
        );
        // Two sources that name two versions: either is a fix by somebody's word.
        let findings = [on_lines(&["3.2.18", "3.2.19"])];
        assert_eq!(
            told(&findings),
            ["upgrade django 3.0.13-1 -> 3.2.18: 1 of 1"]
        );
    }

    #[test]
    fn versions_without_an_order_are_upgrades_of_their_own() {
        let findings = [
            finding("x", Some("not a version"), Action::Block),
            finding("x", Some("nor this"), Action::Block),
            finding("x", Some("nor this"), Action::Block),
        ];
        let told = told(&findings);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("nor this: 2 of 2"), "{told:?}");
    }
}
