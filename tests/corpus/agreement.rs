//! How far two scanners agree by three ways of joining, and why the rest does not meet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crosscheck::coverage;
use crosscheck::model::{
    Attachment, Cause, IdRelation, IdRole, InventoryScope, Observation, Package, ScannerId,
    ScannerRun, Verdict,
};
use crosscheck::reconcile::Reconciled;

use crate::same_image::{Case, Pair};

/// Below this agreement the table says why.
const EXPLAINED_BELOW: f64 = 0.9;

/// The table: for every pair of scanners of every case the Jaccard index by the id as listed with
/// name and version, by the first CVE with name and version, and by findings; then, where the last one
/// is low, the other scanner's verdicts on what only one reports.
pub(crate) fn table<'c>(cases: impl IntoIterator<Item = &'c Case<'c>>) -> String {
    let mut table = format!(
        "{:<26} {:<22} {:>18} {:>18} {:>18}\n",
        "case", "pair", "id, name, version", "CVE, name, version", "findings"
    );
    for case in cases {
        let mut reconciled = case.reconcile();
        let mut runs = case.runs.clone();
        runs.sort_by(|a, b| a.scanner.cmp(&b.scanner));
        let _ = coverage::compare(&mut reconciled, &runs);
        for (number, a) in runs.iter().enumerate() {
            for b in runs.iter().skip(number + 1) {
                let raw = pair(a, b, |o, p| (o.id.to_string(), p));
                let by_cve = pair(a, b, |o, p| (first_cve(o), p));
                let mut only = [BTreeMap::new(), BTreeMap::new()];
                let mut findings = Pair::of(&a.scanner, &b.scanner);
                for finding in &reconciled.findings {
                    let verdict =
                        |run: &ScannerRun| finding.verdicts.get(&run.scanner).map(|v| v.verdict);
                    let (of_a, of_b) = (verdict(a), verdict(b));
                    let sees = |verdict: Option<Verdict>| verdict.is_some_and(Verdict::sees);
                    findings.either += usize::from(sees(of_a) || sees(of_b));
                    findings.both += usize::from(sees(of_a) && sees(of_b));
                    let other = match (sees(of_a), sees(of_b)) {
                        (true, false) => Some((0, of_b)),
                        (false, true) => Some((1, of_a)),
                        _ => None,
                    };
                    if let Some((side, Some(verdict))) = other
                        && let Some(counts) = only.get_mut(side)
                    {
                        *counts.entry(verdict.as_str()).or_insert(0_usize) += 1;
                    }
                }
                let name = format!("{}/{}", a.scanner, b.scanner);
                let _ = writeln!(
                    table,
                    "{:<26} {name:<22} {:>18} {:>18} {:>18}",
                    case.name,
                    words(&raw),
                    words(&by_cve),
                    words(&findings)
                );
                if findings.jaccard() < EXPLAINED_BELOW {
                    for ((one, other), counts) in [(a, b), (b, a)].into_iter().zip(&only) {
                        if counts.is_empty() {
                            continue;
                        }
                        let counts: Vec<String> = counts
                            .iter()
                            .map(|(verdict, count)| format!("{count} {verdict}"))
                            .collect();
                        let _ = writeln!(
                            table,
                            "    only {}, by {}'s verdict: {}",
                            one.scanner,
                            other.scanner,
                            counts.join(", ")
                        );
                    }
                }
            }
        }
    }
    table
}

/// Verdicts on findings, how many of them are open, and those on scanners with a complete package list
/// apart.
#[derive(Default)]
pub(crate) struct Open {
    all: Share,
    with_list: Share,
}

/// Verdicts that are *unknown*, of how many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    open: usize,
    verdicts: usize,
}

impl Share {
    fn add(&mut self, is_open: bool) {
        self.open += usize::from(is_open);
        self.verdicts += 1;
    }

    /// 0 to 1; 0 without verdicts.
    pub(crate) fn share(self) -> f64 {
        // Counts of verdicts are far below 2^52.
        #[expect(clippy::cast_precision_loss)]
        let share = self.open as f64 / self.verdicts.max(1) as f64;
        share
    }
}

impl Open {
    /// Among all scanners with a complete package list.
    pub(crate) fn with_list(&self) -> Share {
        self.with_list
    }

    /// Both shares on two lines.
    pub(crate) fn words(&self) -> String {
        let row = |Share { open, verdicts }, share: f64, whose| {
            let percent = share * 100.0;
            format!("{open} of {verdicts} verdicts of {whose} are open ({percent:.1} %)\n")
        };
        row(self.all, self.all.share(), "all scanners")
            + &row(
                self.with_list,
                self.with_list.share(),
                "scanners with a complete package list",
            )
    }
}

/// For every scanner of every case how often it gives each verdict and, where it does not report, each
/// cause; and how many verdicts are open.
pub(crate) fn verdicts<'c>(cases: impl IntoIterator<Item = &'c Case<'c>>) -> (String, Open) {
    let mut table = String::new();
    let mut open = Open::default();
    for case in cases {
        let (reconciled, _) = case.compare();
        let mut counts: BTreeMap<&ScannerId, BTreeMap<(Verdict, Cause), usize>> = BTreeMap::new();
        for finding in &reconciled.findings {
            for (scanner, verdict) in &finding.verdicts {
                let kind = (verdict.verdict, verdict.cause);
                *counts.entry(scanner).or_default().entry(kind).or_insert(0) += 1;
                let is_open = verdict.verdict == Verdict::Unknown;
                open.all.add(is_open);
                let inventory = reconciled.inventories.get(scanner);
                if inventory.is_some_and(|i| i.scope == InventoryScope::Complete) {
                    open.with_list.add(is_open);
                }
            }
        }
        for (scanner, counts) in counts {
            let counts: Vec<String> = counts
                .iter()
                .map(|((verdict, cause), count)| {
                    if verdict.sees() {
                        format!("{count} {}", verdict.as_str())
                    } else {
                        format!("{count} {} ({})", verdict.as_str(), cause.as_str())
                    }
                })
                .collect();
            let _ = writeln!(
                table,
                "{:<26} {:<14} {}",
                case.name,
                scanner.as_str(),
                counts.join(", ")
            );
        }
    }
    (table, open)
}

/// Observations of different scanners that agree in id, ecosystem, name and version word by word and
/// stand in different findings all the same.
pub(crate) fn split_twins(case: &Case<'_>, reconciled: &Reconciled) -> Vec<String> {
    let mut places: BTreeMap<(&str, &str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for finding in &reconciled.findings {
        for observation in &finding.observations {
            // A covering notice stands in all its members.
            if observation.attachment == Attachment::Direct {
                places
                    .entry((
                        observation.id.as_str(),
                        finding.package.ecosystem.as_str(),
                        &observation.package,
                        &observation.version,
                    ))
                    .or_default()
                    .insert(&finding.key);
            }
        }
    }
    places
        .into_iter()
        .filter(|(_, keys)| keys.len() > 1)
        .map(|(twin, keys)| format!("{}: {twin:?} is in {keys:?}", case.name))
        .collect()
}

fn words(pair: &Pair<'_>) -> String {
    format!("{:.3} ({}/{})", pair.jaccard(), pair.both, pair.either)
}

/// Agreement when observations are joined by what `key` makes of id, name and version.
fn pair<'r, K: Ord>(
    a: &'r ScannerRun,
    b: &'r ScannerRun,
    key: impl Fn(&Observation, (String, String)) -> K,
) -> Pair<'r> {
    let keys = |run: &ScannerRun| -> BTreeSet<K> {
        let Some(report) = &run.report else {
            return BTreeSet::new();
        };
        let with_package = |o| -> Option<(&Observation, &Package)> {
            let observation: &Observation = o;
            Some((observation, report.package(observation.package)?))
        };
        report
            .observations
            .iter()
            .filter_map(with_package)
            .map(|(o, p)| key(o, (p.name.clone(), p.version.clone())))
            .collect()
    };
    let (of_a, of_b) = (keys(a), keys(b));
    Pair {
        both: of_a.intersection(&of_b).count(),
        either: of_a.union(&of_b).count(),
        ..Pair::of(&a.scanner, &b.scanner)
    }
}

/// What most tools join by: the first CVE among the ids of an entry, else its own id.
fn first_cve(observation: &Observation) -> String {
    let links = observation.links.iter();
    let names = links
        .filter(|link| link.relation != IdRelation::Related)
        .map(|link| &link.id);
    std::iter::once(&observation.id)
        .chain(names)
        .find(|id| id.role() == IdRole::Cve)
        .unwrap_or(&observation.id)
        .unwrapped()
        .to_string()
}

impl<'a> Pair<'a> {
    /// Two scanners of which nothing is counted yet.
    fn of(a: &'a ScannerId, b: &'a ScannerId) -> Self {
        Self {
            a,
            b,
            both: 0,
            either: 0,
        }
    }
}
