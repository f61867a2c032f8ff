//! Scanners' runs for tests, built sentence by sentence.

use crate::model::{
    AdvisoryId, Ecosystem, Failure, FailureKind, IdLink, IdRelation, InventoryScope, Observation,
    Outcome, Package, ScannerId, ScannerReport, ScannerRun, SkippedPackages, SourcePackage,
    Suppressed,
};

/// A scanner's run, built sentence by sentence.
#[derive(Clone, Debug)]
pub(super) struct Scanner(pub(super) ScannerRun);

impl Scanner {
    /// One that lists every package.
    pub(super) fn new(name: &str) -> Self {
        let mut report = ScannerReport::new(ScannerId::new(name), "test");
        report.inventory = InventoryScope::Complete;
        Self(ScannerRun::of(report, format!("{name}.json")))
    }

    pub(super) fn report(&mut self) -> &mut ScannerReport {
        self.0.report.as_mut().unwrap()
    }

    pub(super) fn has(mut self, package: Package) -> Self {
        self.report().packages.push(package);
        self
    }

    fn observation(&mut self, id: &str, package: Package) -> Observation {
        let report = self.report();
        report.packages.push(package);
        Observation::of(
            id,
            report.packages.len() - 1,
            format!("/{}", report.observations.len()),
        )
    }

    pub(super) fn reports(self, id: &str, package: Package) -> Self {
        self.says(id, package, |_| ())
    }

    pub(super) fn says(mut self, id: &str, package: Package, change: fn(&mut Observation)) -> Self {
        let mut observation = self.observation(id, package);
        change(&mut observation);
        self.report().observations.push(observation);
        self
    }

    /// Reports it under other names too.
    pub(super) fn reports_as(mut self, id: &str, aliases: &[&str], package: Package) -> Self {
        let mut observation = self.observation(id, package);
        observation.links = aliases
            .iter()
            .map(|alias| IdLink {
                id: AdvisoryId::new(alias),
                relation: IdRelation::Alias,
                field: "test",
            })
            .collect();
        self.report().observations.push(observation);
        self
    }

    /// Withholds it by a rule that it was given.
    pub(super) fn withholds(self, id: &str, package: Package, reason: &str) -> Self {
        self.suppresses(id, package, reason, false)
    }

    /// Withholds it by a rule that ships with it.
    pub(super) fn withholds_by_itself(self, id: &str, package: Package, reason: &str) -> Self {
        self.suppresses(id, package, reason, true)
    }

    fn suppresses(
        mut self,
        id: &str,
        package: Package,
        reason: &str,
        by_default_rule: bool,
    ) -> Self {
        let observation = self.observation(id, package);
        self.report().suppressed.push(Suppressed {
            observation,
            reason: reason.to_owned(),
            by_default_rule,
        });
        self
    }

    pub(super) fn only_vulnerable(mut self) -> Self {
        self.report().inventory = InventoryScope::VulnerableOnly;
        self
    }

    pub(super) fn database_of(mut self, day: &str) -> Self {
        self.0.database_built = Some(format!("{day}T00:00:00Z"));
        self
    }

    pub(super) fn partial(mut self) -> Self {
        self.0.outcome = Outcome::Partial {
            missing: "python packages".to_owned(),
        };
        self
    }

    pub(super) fn assesses(mut self, ecosystems: &[&str]) -> Self {
        self.0.capabilities.ecosystems = ecosystems.iter().map(|e| (*e).to_owned()).collect();
        self
    }

    pub(super) fn skips_maintainer(mut self, pattern: &str) -> Self {
        self.0
            .capabilities
            .skips_maintainers
            .push(pattern.to_owned());
        self
    }

    pub(super) fn skips_package(mut self, ecosystem: &str, name: &str) -> Self {
        self.0.capabilities.skips_packages.push(SkippedPackages {
            ecosystem: ecosystem.to_owned(),
            name: name.to_owned(),
            before: None,
            since: None,
            vulnerabilities: Vec::new(),
            recorded_in: Vec::new(),
            reason: "a rule that ships with it".to_owned(),
        });
        self
    }

    pub(super) fn failed(mut self) -> Self {
        self.0.outcome = Outcome::Failed(Failure {
            kind: FailureKind::Timeout,
            cause: "it ran for 600 s".to_owned(),
            remedy: "give it more time".to_owned(),
        });
        self.0.report = None;
        self
    }
}

pub(super) fn pypi(name: &str, version: &str) -> Package {
    Package::new(Ecosystem::PyPi, name, version)
}

pub(super) fn deb(name: &str, version: &str, source: &str) -> Package {
    Package {
        source: Some(SourcePackage {
            name: source.to_owned(),
            version: None,
        }),
        ..Package::new(Ecosystem::Deb, name, version)
    }
}
