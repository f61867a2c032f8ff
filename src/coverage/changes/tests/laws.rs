//! What holds for any two runs.

use proptest::prelude::*;

use super::*;

/// What one of three scanners does with one of a few flaws in one of a few packages.
fn any_run() -> impl Strategy<Value = Vec<Scanner>> {
    let scanner = |name: &'static str| {
        let said = prop::collection::vec((0_usize..4, 0_usize..4, 0_usize..3, 0_usize..5), 0..8);
        (said, 0_usize..7).prop_map(move |(said, kind)| {
            let mut scanner = Scanner::new(name);
            for (id, name, version, act) in said {
                let id = [
                    "CVE-2024-1000",
                    "CVE-2024-2000",
                    "GHSA-aaaa-bbbb-cccc",
                    "SNYK-X-1",
                ][id];
                let version = ["1.0", "1.1", "2.0"][version];
                let package = match name {
                    0 => pypi("alpha", version),
                    1 => pypi("beta", version),
                    2 => deb("libgamma1", version, "gamma"),
                    _ => deb("gamma", version, "gamma"),
                };
                scanner = match act {
                    0 => scanner.has(package),
                    1 => scanner.withholds(id, package, "told to"),
                    2 => scanner.reports(id, package),
                    3 => scanner.says(id, package, |observation| {
                        observation.fix = FixClaim::from_versions(["1.1"], FixState::NotFixed);
                    }),
                    _ => scanner.says(id, package, |observation| {
                        observation.links.push(IdLink {
                            id: AdvisoryId::new("GHSA-aaaa-bbbb-cccc"),
                            relation: IdRelation::Alias,
                            field: "test",
                        });
                    }),
                };
            }
            match kind {
                0 => scanner.failed(),
                1 | 2 => scanner.only_vulnerable(),
                3 => scanner.partial(),
                _ => scanner,
            }
        })
    };
    let all = (
        scanner("trivy"),
        scanner("grype"),
        scanner("snyk"),
        1_usize..4,
    );
    all.prop_map(|(trivy, grype, snyk, number)| {
        let mut scanners = vec![trivy, grype, snyk];
        scanners.truncate(number);
        scanners
    })
}

/// What the answer would be with the runs the other way round, as far as it can be told from it: what
/// is gone by its reasons, what changed without the brief of the other finding.
fn turned(changes: &Changes) -> Changes {
    let mut turned = changes.clone();
    (turned.fixed, turned.gone) = changes
        .new
        .iter()
        .cloned()
        .partition(|unmatched| unmatched.why.is_mended());
    turned.new = changes.fixed.iter().chain(&changes.gone).cloned().collect();
    turned
        .new
        .sort_by_cached_key(|unmatched| worst_first(&unmatched.finding));
    turned
}

fn turn<T>(sides: Sides<T>) -> Sides<T> {
    Sides {
        a: sides.b,
        b: sides.a,
    }
}

/// A change with the runs the other way round.
fn swapped(change: &ChangedFinding) -> ChangedFinding {
    let mut swapped = change.clone();
    swapped.key = swapped.key.map(turn);
    swapped.severity = swapped.severity.map(turn);
    swapped.decision = swapped.decision.map(turn);
    swapped.fix = swapped.fix.map(turn);
    swapped.versions = swapped.versions.map(turn);
    for reporter in &mut swapped.reporters {
        reporter.reports_now = !reporter.reports_now;
    }
    swapped
}

/// All but the brief, as text.
fn what_differs(change: &ChangedFinding) -> String {
    let mut value = serde_json::to_value(change).unwrap();
    value.as_object_mut().unwrap().remove("finding");
    value.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_run_does_not_differ_from_itself(scanners in any_run()) {
        let run = Finished::new(&scanners);
        let changes = changes(&run.side(), &run.side());
        let all = run.report.findings.len();
        prop_assert_eq!(numbers(&changes), [0, 0, 0, 0, all]);
        prop_assert!(changes.packages.added.is_empty() && changes.packages.updated.is_empty());
    }

    #[test]
    fn the_runs_the_other_way_round_give_the_answer_turned_round(
        a in any_run(),
        b in any_run(),
        image in 0_usize..4,
    ) {
        let (digest, platform) = [
            ("sha256:1", "linux/amd64"),
            ("sha256:2", "linux/arm64"),
            ("sha256:2", "linux/amd64"),
            ("sha256:2", "linux/amd64"),
        ][image];
        let a = Finished::new(&a).on("sha256:1", "linux/amd64");
        let b = Finished::new(&b).on(digest, platform);
        let forth = turned(&changes(&a.side(), &b.side()));
        let back = changes(&b.side(), &a.side());
        prop_assert_eq!(&forth.new, &back.new);
        prop_assert_eq!(&forth.fixed, &back.fixed);
        prop_assert_eq!(&forth.gone, &back.gone);
        prop_assert!(image > 1 || back.fixed.is_empty());
        prop_assert_eq!(forth.counts.same, back.counts.same);
        prop_assert_eq!(&forth.packages.added, &back.packages.removed);
        // Every finding is somewhere, once.
        let counts = back.counts;
        prop_assert_eq!(counts.fixed + counts.gone + counts.changed + counts.same, b.report.findings.len());
        prop_assert_eq!(counts.new + counts.changed + counts.same, a.report.findings.len());

        // Of a changed finding the brief is that of the second run, which the key stands for here.
        let there: BTreeMap<String, _> = forth
            .changed
            .iter()
            .map(|change| {
                let keys = change.key.as_ref();
                let key = keys.map_or(&change.finding.key, |keys| &keys.a);
                (key.clone(), what_differs(&swapped(change)))
            })
            .collect();
        let here: BTreeMap<String, _> = back
            .changed
            .iter()
            .map(|change| (change.finding.key.clone(), what_differs(change)))
            .collect();
        prop_assert_eq!(there, here);
    }

    #[test]
    fn the_order_of_findings_and_scanners_does_not_show(a in any_run(), b in any_run()) {
        let (a, b) = (Finished::new(&a), Finished::new(&b));
        let mut shuffled = b.clone();
        shuffled.report.findings.reverse();
        shuffled.report.scanners.reverse();
        shuffled.report.suppressed.reverse();
        prop_assert_eq!(
            changes(&a.side(), &b.side()),
            changes(&a.side(), &shuffled.side())
        );
    }
}
