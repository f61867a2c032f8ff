//! What a scanner assesses by design, made ready for many questions.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use crate::model::{Capabilities, Ecosystem, Package, ScannerRun};

/// The statement of one scanner's adapter on what it matches against advisories.
#[derive(Debug, Default)]
pub(super) struct Assessor {
    /// Empty when the adapter does not say.
    ecosystems: BTreeSet<Ecosystem>,
    maintainers: Vec<GlobMatcher>,
    packages: BTreeMap<Ecosystem, Vec<(GlobMatcher, String)>>,
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
        if let Some(capabilities) = stated.first() {
            assessor.maintainers = capabilities
                .skips_maintainers
                .iter()
                .filter_map(|pattern| matcher(pattern))
                .collect();
            for skipped in &capabilities.skips_packages {
                let ecosystem = Ecosystem::from_name(&skipped.ecosystem);
                let pattern = matcher(&skipped.name);
                let rules = assessor.packages.entry(ecosystem).or_default();
                rules.extend(pattern.map(|pattern| (pattern, skipped.reason.clone())));
            }
        }
        assessor
    }

    /// Why it matches no package of this kind.
    pub(super) fn skips_ecosystem(&self, ecosystem: &Ecosystem) -> Option<String> {
        (!self.ecosystems.is_empty() && !self.ecosystems.contains(ecosystem))
            .then(|| format!("does not match {ecosystem} packages against advisories"))
    }

    /// Why it matches no package of this name.
    pub(super) fn skips_name(&self, ecosystem: &Ecosystem, name: &str) -> Option<&str> {
        self.packages
            .get(ecosystem)?
            .iter()
            .find(|(pattern, _)| pattern.is_match(name))
            .map(|(_, reason)| reason.as_str())
    }

    /// Why it matches no package of this maintainer.
    pub(super) fn skips_maintainer(&self, maintainer: &str) -> Option<String> {
        let lower = maintainer.to_lowercase();
        self.maintainers
            .iter()
            .any(|pattern| pattern.is_match(&lower))
            .then(|| format!("does not match packages that {maintainer} maintains"))
    }

    /// Why it does not match this package, which is from its own list.
    pub(super) fn skips_own(&self, package: &Package) -> Option<String> {
        if package.third_party {
            return Some("marks it as not the distribution's own and does not match it".to_owned());
        }
        // The rule is about packages of the operating system's package manager.
        let maintainer = package
            .maintainer
            .as_deref()
            .filter(|_| package.ecosystem.is_os());
        maintainer.and_then(|maintainer| self.skips_maintainer(maintainer))
    }
}

/// A pattern of an adapter. One that is no pattern matches nothing, so that nothing is excused by
/// mistake.
fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}
