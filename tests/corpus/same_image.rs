//! Several scanners' reports on one image, joined, and how far the scanners agree.

use std::collections::{BTreeMap, BTreeSet};

use crosscheck::analysis::{Input, analyse};
use crosscheck::coverage;
use crosscheck::formats::Format;
use crosscheck::model::report::{Coverage, Report};
use crosscheck::model::{AdvisoryId, Finding, ScannerId, ScannerReport, ScannerRun};
use crosscheck::policy::{Inputs, Policy};
use crosscheck::reconcile::severity::SeverityRule;
use crosscheck::reconcile::{Reconciled, reconcile};
use crosscheck::scanners::Adapters;
use jiff::Timestamp;

use crate::files::CorpusFile;

/// The input of one case: one report a scanner, and package lists.
pub(crate) struct Case<'a> {
    /// Name of its folder.
    pub(crate) name: &'a str,
    /// The report of each scanner that tells most.
    pub(crate) runs: Vec<ScannerRun>,
    /// Inventories without findings.
    pub(crate) inventories: Vec<ScannerReport>,
}

impl<'a> Case<'a> {
    /// The case made of `reports`.
    pub(crate) fn new(name: &'a str, reports: &[(&CorpusFile, &ScannerReport)]) -> Self {
        let mut best: BTreeMap<&ScannerId, (u8, &CorpusFile, &ScannerReport)> = BTreeMap::new();
        let mut inventories = Vec::new();
        for &(file, report) in reports {
            let has_better = reports.iter().any(|(_, other)| {
                other.scanner == report.scanner && preference(other) < preference(report)
            });
            // What a scanner wrote as CycloneDX beside its own JSON is its package list.
            let lists_packages = has_better && report.format == Format::CycloneDx.title();
            if is_inventory(report) || lists_packages {
                inventories.push(report.clone());
                continue;
            }
            let candidate = (preference(report), file, report);
            let chosen = best.entry(&report.scanner).or_insert(candidate);
            if candidate.0 < chosen.0 {
                *chosen = candidate;
            }
        }
        let runs = best
            .into_values()
            .map(|(_, file, report)| run(&file.name, report))
            .collect();
        Self {
            name,
            runs,
            inventories,
        }
    }

    /// What reconciling makes of it.
    pub(crate) fn reconcile(&self) -> Reconciled {
        reconcile(&self.runs, &self.inventories, &SeverityRule::default())
    }

    /// The report, under the built-in policy.
    pub(crate) fn report(&self) -> Report {
        let Ok(policy) = Policy::built_in().resolve(None) else {
            panic!("the built-in policy has no default profile")
        };
        let input = Input {
            inventories: &self.inventories,
            policy: &policy,
            inputs: &Inputs::default(),
            evaluated_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            target: None,
            names: &[],
            diagnostics: &[],
        };
        analyse(&mut self.runs.clone(), &input)
    }

    /// The same with every scanner's verdict on every finding, by what the adapters say of each scanner.
    pub(crate) fn compare(&self) -> (Reconciled, Coverage) {
        let adapters = Adapters::load(None).unwrap_or_else(|error| panic!("{error}"));
        let mut runs = self.runs.clone();
        for run in &mut runs {
            if let Some(manifest) = adapters.get(&run.scanner) {
                run.capabilities = manifest.capabilities.clone();
            }
        }
        let mut reconciled = reconcile(&runs, &self.inventories, &SeverityRule::default());
        let coverage = coverage::compare(&mut reconciled, &runs);
        (reconciled, coverage)
    }
}

/// A package list: it has nothing to say about vulnerabilities, rather than nothing to report.
fn is_inventory(report: &ScannerReport) -> bool {
    let by_format = [Format::Syft, Format::Spdx]
        .map(Format::title)
        .contains(&report.format);
    by_format || report.scanner.as_str() == "syft"
}

/// Lower for formats that tell more: a scanner's own JSON, then CycloneDX, then SARIF.
fn preference(report: &ScannerReport) -> u8 {
    match report.format {
        format if format == Format::Sarif.title() => 2,
        format if format == Format::CycloneDx.title() => 1,
        _ => 0,
    }
}

/// A run that gave `report` and of which nothing else is known.
fn run(source: &str, report: &ScannerReport) -> ScannerRun {
    ScannerRun::of(report.clone(), source)
}

/// The scanners that report a finding, directly or through a covering notice.
pub(crate) fn reporters(finding: &Finding) -> BTreeSet<&ScannerId> {
    finding
        .observations
        .iter()
        .map(|observation| &observation.scanner)
        .collect()
}

/// Number of vulnerabilities that both scanners report, in whatever package.
pub(crate) fn common_vulnerabilities(
    reconciled: &Reconciled,
    a: &ScannerId,
    b: &ScannerId,
) -> usize {
    let of = |scanner| -> BTreeSet<&AdvisoryId> {
        reconciled
            .findings
            .iter()
            .filter(|finding| reporters(finding).contains(scanner))
            .map(|finding| &finding.vulnerability.id)
            .collect()
    };
    of(a).intersection(&of(b)).count()
}

/// How the scanners of a case agree, counted from the observations of each finding.
pub(crate) struct Agreement<'a> {
    /// Findings by scanner, for every scanner of the case.
    pub(crate) by_scanner: BTreeMap<&'a ScannerId, BTreeSet<&'a str>>,
    /// All findings.
    pub(crate) findings: usize,
}

impl<'a> Agreement<'a> {
    /// Counts over `reconciled`, with a place for scanners that report nothing.
    pub(crate) fn new(case: &'a Case<'_>, reconciled: &'a Reconciled) -> Self {
        let mut by_scanner: BTreeMap<&ScannerId, BTreeSet<&str>> = case
            .runs
            .iter()
            .map(|run| (&run.scanner, BTreeSet::new()))
            .collect();
        for finding in &reconciled.findings {
            for scanner in reporters(finding) {
                by_scanner.entry(scanner).or_default().insert(&finding.key);
            }
        }
        Self {
            by_scanner,
            findings: reconciled.findings.len(),
        }
    }

    /// Findings that every scanner of the case reports.
    pub(crate) fn shared_by_all(&self) -> usize {
        let mut sets = self.by_scanner.values();
        let Some(first) = sets.next() else { return 0 };
        sets.fold(first.clone(), |shared, set| {
            shared.intersection(set).copied().collect()
        })
        .len()
    }

    /// Each pair of scanners with the findings of both, the findings of either, and their quotient.
    pub(crate) fn pairs(&self) -> Vec<Pair<'a>> {
        let scanners: Vec<_> = self.by_scanner.iter().collect();
        let mut pairs = Vec::new();
        for (index, (a, of_a)) in scanners.iter().enumerate() {
            for (b, of_b) in scanners.iter().skip(index + 1) {
                let both = of_a.intersection(of_b).count();
                let either = of_a.union(of_b).count();
                pairs.push(Pair { a, b, both, either });
            }
        }
        pairs
    }
}

/// Two scanners' agreement.
pub(crate) struct Pair<'a> {
    pub(crate) a: &'a ScannerId,
    pub(crate) b: &'a ScannerId,
    /// Findings that both report.
    pub(crate) both: usize,
    /// Findings that at least one of them reports.
    pub(crate) either: usize,
}

impl Pair<'_> {
    /// Jaccard index; 1 for two scanners that both report nothing.
    pub(crate) fn jaccard(&self) -> f64 {
        if self.either == 0 {
            return 1.0;
        }
        // Counts of findings are far below 2^52.
        #[expect(clippy::cast_precision_loss)]
        let quotient = self.both as f64 / self.either as f64;
        quotient
    }

    /// True for a pair with this scanner in it.
    pub(crate) fn has(&self, scanner: &str) -> bool {
        self.a.as_str() == scanner || self.b.as_str() == scanner
    }
}

/// One row of the table: case, counts by scanner, findings, shared by all, Jaccard by pair.
pub(crate) fn row(case: &Case<'_>, agreement: &Agreement<'_>) -> String {
    let counts: Vec<String> = agreement
        .by_scanner
        .iter()
        .map(|(scanner, findings)| format!("{scanner} {}", findings.len()))
        .collect();
    let pairs: Vec<String> = agreement
        .pairs()
        .iter()
        .map(|pair| {
            let jaccard = pair.jaccard();
            format!(
                "{}/{} {jaccard:.3} ({}/{})",
                pair.a, pair.b, pair.both, pair.either
            )
        })
        .collect();
    format!(
        "{:<26} {:<44} {:>8} {:>6}  {}",
        case.name,
        counts.join(", "),
        agreement.findings,
        agreement.shared_by_all(),
        pairs.join(", ")
    )
}

/// The heading of [`row`].
pub(crate) fn heading() -> String {
    format!(
        "{:<26} {:<44} {:>8} {:>6}  {}",
        "case", "findings by scanner", "findings", "shared", "Jaccard index by pair"
    )
}

/// What of the case's observations is not part of any finding, and what the accounting says
/// otherwise. Empty when nothing is lost.
pub(crate) fn losses(case: &Case<'_>, reconciled: &Reconciled) -> Vec<String> {
    let kept: BTreeSet<(&ScannerId, &str, &str, &str)> = reconciled
        .findings
        .iter()
        .flat_map(|finding| &finding.observations)
        .map(|o| {
            (
                &o.scanner,
                o.pointer.as_str(),
                o.package.as_str(),
                o.version.as_str(),
            )
        })
        .collect();
    let mut losses = Vec::new();
    for run in &case.runs {
        let Some(report) = &run.report else { continue };
        for observation in &report.observations {
            let Some(package) = report.package(observation.package) else {
                losses.push(format!(
                    "{} {}: no such package",
                    run.scanner, observation.pointer
                ));
                continue;
            };
            let key = (
                &run.scanner,
                observation.pointer.as_str(),
                package.name.as_str(),
                package.version.as_str(),
            );
            if !kept.contains(&key) {
                losses.push(format!(
                    "{} {}: {} in {} {} is in no finding",
                    run.scanner, observation.pointer, observation.id, package.name, package.version
                ));
            }
        }
        match reconciled
            .accounting
            .iter()
            .find(|row| row.scanner == run.scanner)
        {
            None => losses.push(format!("{}: no accounting", run.scanner)),
            Some(row)
                if row.entries != report.entries
                    || row.observations != report.observations.len()
                    || row.in_findings != row.observations
                    || row.suppressed != report.suppressed.len()
                    || row.unreadable != report.unreadable()
                    || row.not_vulnerabilities != report.not_vulnerabilities =>
            {
                losses.push(format!(
                    "{}: {} entries, {} observations and {} suppressed were read, accounted for: {row:?}",
                    run.scanner,
                    report.entries,
                    report.observations.len(),
                    report.suppressed.len()
                ));
            }
            Some(_) => {}
        }
    }
    losses
}

/// The case with scanners in another order and every report's observations in another order.
/// `seed` chooses which; the same seed gives the same order everywhere.
pub(crate) fn shuffled<'a>(case: &Case<'a>, seed: u64) -> Case<'a> {
    let mut state = seed;
    let mut runs = case.runs.clone();
    shuffle(&mut runs, &mut state);
    for report in runs.iter_mut().filter_map(|run| run.report.as_mut()) {
        shuffle(&mut report.observations, &mut state);
        shuffle(&mut report.suppressed, &mut state);
    }
    let mut inventories = case.inventories.clone();
    shuffle(&mut inventories, &mut state);
    Case {
        name: case.name,
        runs,
        inventories,
    }
}

/// Fisher and Yates, on Knuth's linear congruential generator (MMIX).
fn shuffle<T>(items: &mut [T], state: &mut u64) {
    for last in (1..items.len()).rev() {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(*state >> 33).unwrap_or_default() % (last + 1);
        items.swap(last, other);
    }
}
