//! What a scanner assesses by design, made ready for many questions.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use crate::model::version::compare;
use crate::model::{Capabilities, Ecosystem, Finding, LeavesOwned, Package, ScannerRun, Strength};

/// The statement of one scanner's adapter on what it matches against advisories, as far as it holds
/// for the scanner's version.
#[derive(Debug, Default)]
pub(super) struct Assessor {
    /// Empty when the adapter does not say.
    ecosystems: BTreeSet<Ecosystem>,
    maintainers: Vec<GlobMatcher>,
    /// Inferred where the rule on maintainers has a first version and the scanner's is not known.
    maintainers_strength: Option<Strength>,
    packages: BTreeMap<Ecosystem, Vec<Rule>>,
    owned: Option<Leaves>,
}

/// A rule of the scanner's program that drops findings.
#[derive(Debug)]
struct Rule {
    package: GlobMatcher,
    /// Empty for every vulnerability.
    vulnerabilities: Vec<GlobMatcher>,
    /// True when a report of the scanner lists what it takes out as withheld.
    is_recorded: bool,
    reason: String,
}

impl Rule {
    fn is_about(&self, finding: &Finding) -> bool {
        let patterns = &self.vulnerabilities;
        patterns.is_empty()
            || finding
                .ids()
                .any(|id| patterns.iter().any(|p| p.is_match(id.as_str())))
    }
}

/// The rules without a record that are about one name, by their places among those of its kind of
/// packages. Names with the same rules are told apart by nothing that the rules ask.
pub(super) type RulesOnName = Vec<usize>;

/// That it leaves what the operating system's packages installed.
#[derive(Debug)]
pub(super) struct Leaves {
    ecosystems: BTreeSet<Ecosystem>,
    /// Inferred where the rule has a first version and the scanner's is not known.
    pub(super) strength: Strength,
    pub(super) terms: LeavesOwned,
}

impl Assessor {
    /// From all runs of one scanner, which share one adapter.
    pub(super) fn of(runs: &[&ScannerRun]) -> Self {
        let mut assessor = Self::default();
        let stated: Vec<&Capabilities> = runs.iter().map(|run| &run.capabilities).collect();
        if stated
            .iter()
            .all(|capabilities| !capabilities.ecosystems.is_empty())
        {
            let names = stated
                .iter()
                .flat_map(|capabilities| &capabilities.ecosystems);
            assessor.ecosystems = names.map(|name| Ecosystem::from_name(name)).collect();
        }
        let Some(capabilities) = stated.first() else {
            return assessor;
        };
        assessor.maintainers = matchers(&capabilities.skips_maintainers);
        assessor.maintainers_strength =
            in_force(runs, capabilities.skips_maintainers_since.as_deref(), None);
        let reports = || runs.iter().filter_map(|run| run.report.as_ref());
        for skipped in &capabilities.skips_packages {
            let versions = (skipped.since.as_deref(), skipped.before.as_deref());
            let vulnerabilities = matchers(&skipped.vulnerabilities);
            // A rule on some vulnerabilities must not become one on all because of a bad pattern.
            let is_readable = vulnerabilities.is_empty() == skipped.vulnerabilities.is_empty();
            if in_force(runs, versions.0, versions.1).is_some()
                && is_readable
                && let Some(package) = matcher(&skipped.name)
            {
                let ecosystem = Ecosystem::from_name(&skipped.ecosystem);
                assessor.packages.entry(ecosystem).or_default().push(Rule {
                    package,
                    vulnerabilities,
                    is_recorded: reports().any(|report| {
                        let formats = &skipped.recorded_in;
                        formats.iter().any(|format| format == report.format)
                    }),
                    reason: skipped.reason.clone(),
                });
            }
        }
        assessor.owned = capabilities
            .leaves_owned_packages
            .as_ref()
            .and_then(|leaves| {
                let names = leaves.ecosystems.iter();
                Some(Leaves {
                    ecosystems: names.map(|name| Ecosystem::from_name(name)).collect(),
                    strength: in_force(runs, leaves.since.as_deref(), None)?,
                    terms: leaves.clone(),
                })
            });
        assessor
    }

    /// Why it matches no package of this kind.
    pub(super) fn skips_ecosystem(&self, ecosystem: &Ecosystem) -> Option<String> {
        (!self.ecosystems.is_empty() && !self.ecosystems.contains(ecosystem))
            .then(|| format!("does not match {ecosystem} packages against advisories"))
    }

    /// Why it drops every finding on packages of this name.
    pub(super) fn skips_name(&self, ecosystem: &Ecosystem, name: &str) -> Option<&str> {
        self.rules(ecosystem, name)
            .find(|rule| rule.vulnerabilities.is_empty())
            .map(|rule| rule.reason.as_str())
    }

    /// The rules without a record that are about packages of this name.
    pub(super) fn unrecorded(&self, ecosystem: &Ecosystem, name: &str) -> RulesOnName {
        let rules = self.packages.get(ecosystem).into_iter().flatten();
        rules
            .enumerate()
            .filter(|(_, rule)| !rule.is_recorded && rule.package.is_match(name))
            .map(|(place, _)| place)
            .collect()
    }

    /// Why it drops a finding on its package whose name has these rules.
    pub(super) fn drops(&self, finding: &Finding, rules: &RulesOnName) -> Option<&str> {
        let all = self.packages.get(&finding.package.ecosystem)?;
        rules
            .iter()
            .filter_map(|place| all.get(*place))
            .find(|rule| rule.is_about(finding))
            .map(|rule| rule.reason.as_str())
    }

    fn rules(&self, ecosystem: &Ecosystem, name: &str) -> impl Iterator<Item = &Rule> {
        let rules = self.packages.get(ecosystem).into_iter().flatten();
        rules.filter(move |rule| rule.package.is_match(name))
    }

    /// That it leaves packages of this kind to the operating system's package that installed them.
    pub(super) fn leaves_owned(&self, ecosystem: &Ecosystem) -> Option<&Leaves> {
        let leaves = self.owned.as_ref();
        leaves.filter(|leaves| leaves.ecosystems.contains(ecosystem))
    }

    /// Why it matches no package of this maintainer, and how sure that is.
    pub(super) fn skips_maintainer(&self, maintainer: &str) -> Option<(Strength, String)> {
        let strength = self.maintainers_strength?;
        let lower = maintainer.to_lowercase();
        self.maintainers
            .iter()
            .any(|pattern| pattern.is_match(&lower))
            .then(|| {
                let reason = format!("does not match packages that {maintainer} maintains");
                (strength, reason)
            })
    }

    /// Why it does not match this package, which is from its own list, and how sure that is.
    pub(super) fn skips_own(&self, package: &Package) -> Option<(Strength, String)> {
        if package.third_party {
            let reason = "marks it as not the distribution's own and does not match it";
            return Some((Strength::Proven, reason.to_owned()));
        }
        // The rule is about packages of the operating system's package manager.
        let maintainer = package
            .maintainer
            .as_deref()
            .filter(|_| package.ecosystem.is_os());
        maintainer.and_then(|maintainer| self.skips_maintainer(maintainer))
    }
}

/// Whether a rule of the versions from `since` to before `before` holds for the scanner in all its
/// runs: proven by its version, inferred where that is not known, `None` where it does not.
fn in_force(runs: &[&ScannerRun], since: Option<&str>, before: Option<&str>) -> Option<Strength> {
    let mut strength = Strength::Proven;
    for run in runs {
        // Some write more than the version: `1.1293.0 (standalone)`.
        let version = run.version.as_deref().unwrap_or_default();
        let version = version.split_whitespace().next().unwrap_or_default();
        // Tools are numbered like Go's modules: `v` in front or not, missing numbers are zero.
        let order = |other| compare(&Ecosystem::Golang, version, other);
        for (bound, outside) in [
            (since, Ordering::is_lt as fn(_) -> _),
            (before, Ordering::is_ge),
        ] {
            match bound.map(order) {
                Some(Some(order)) if outside(order) => return None,
                Some(None) => strength = Strength::Inferred,
                Some(Some(_)) | None => {}
            }
        }
    }
    Some(strength)
}

fn matchers(patterns: &[String]) -> Vec<GlobMatcher> {
    patterns
        .iter()
        .filter_map(|pattern| matcher(pattern))
        .collect()
}

/// A pattern of an adapter. One that is no pattern matches nothing, so that nothing is excused by
/// mistake.
fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}
