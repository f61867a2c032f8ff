//! What holds whatever the images are.

use proptest::prelude::*;

use super::*;

const SCANNERS: [&str; 4] = ["a", "b", "c", "d"];

/// What the four scanners say of a finding, whether it is void, and its severity.
type Said = ([char; 4], bool, Severity);

fn any_said() -> impl Strategy<Value = Said> {
    let letter = || prop_oneof![4 => Just('R'), 3 => Just('-'), 1 => Just('e')];
    (
        [letter(), letter(), letter(), letter()],
        proptest::bool::weighted(0.1),
        prop_oneof![
            Just(Severity::Critical),
            Just(Severity::High),
            Just(Severity::Low)
        ],
    )
}

/// Findings, and for each scanner whether it failed.
type AnyImage = (Vec<Said>, [bool; 4]);

fn any_images() -> impl Strategy<Value = Vec<AnyImage>> {
    let failed = || proptest::bool::weighted(0.1);
    let image = (
        proptest::collection::vec(any_said(), 0..40),
        [failed(), failed(), failed(), failed()],
    );
    proptest::collection::vec(image, 1..6)
}

/// The images as reports, with other names for the scanners and without one of them, if so asked.
fn reports(images: &[AnyImage], scanners: [&str; 4], without: Option<usize>) -> Vec<OneImage> {
    let kept: Vec<usize> = (0..4).filter(|s| Some(*s) != without).collect();
    let numbered = images.iter().enumerate();
    numbered
        .map(|(number, (findings, failed))| {
            let present: Vec<&str> = kept.iter().map(|s| scanners[*s]).collect();
            let mut report = image(&format!("image{}", number % 3), &present);
            for (letters, void, severity) in findings {
                let said: String = kept
                    .iter()
                    .map(|s| if failed[*s] { '!' } else { letters[*s] })
                    .collect();
                let finding = report.finding(&said);
                finding.severity.level = *severity;
                if *void {
                    finding.vulnerability.state = AdvisoryState::Rejected;
                }
            }
            for scanner in kept.iter().filter(|s| failed[**s]) {
                report = report.failing(scanners[*scanner]);
            }
            report
        })
        .collect()
}

fn json(comparison: &Comparison) -> String {
    serde_json::to_string(comparison).unwrap()
}

fn estimates(comparison: &Comparison) -> impl Iterator<Item = &Estimate> {
    let pairs = comparison.unseen.pairs.iter().map(|pair| &pair.estimate);
    pairs.chain([&comparison.unseen.all])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_images_does_not_show(
        (images, shuffled) in any_images()
            .prop_map(|images| reports(&images, SCANNERS, None))
            .prop_flat_map(|images| (Just(images.clone()), Just(images).prop_shuffle()))
    ) {
        prop_assert_eq!(json(&compared(&images)), json(&compared(&shuffled)));
    }

    #[test]
    fn agreement_is_symmetric_and_between_none_and_all(images in any_images()) {
        let one = compared(&reports(&images, SCANNERS, None));
        let other = compared(&reports(&images, ["d", "c", "b", "a"], None));
        let mirror = |id: &ScannerId| {
            let name = ["d", "c", "b", "a"][SCANNERS.iter().position(|s| *s == id.as_str()).unwrap()];
            ScannerId::new(name)
        };
        for pair in &one.pairs {
            let mirrored = other
                .pairs
                .iter()
                .find(|m| m.a == mirror(&pair.b) && m.b == mirror(&pair.a))
                .unwrap();
            let levels = |l: &crate::model::comparison::Levels| {
                [l.raw, l.by_vulnerability_and_name, l.vulnerability, l.package, l.finding, l.adjusted]
            };
            for (ours, theirs) in levels(&pair.agreement).iter().zip(levels(&mirrored.agreement)) {
                prop_assert_eq!((ours.both, ours.only_a), (theirs.both, theirs.only_b));
                prop_assert_eq!((ours.jaccard, ours.overlap), (theirs.jaccard, theirs.overlap));
                for value in [ours.jaccard.value, ours.overlap.value].into_iter().flatten() {
                    prop_assert!((0.0..=1.0).contains(&value));
                }
                if let (Some(interval), Some(value)) = (ours.jaccard.interval, ours.jaccard.value) {
                    prop_assert!(0.0 <= interval.low && interval.low <= value);
                    prop_assert!(value <= interval.high && interval.high <= 1.0);
                }
            }
            let (naive, adjusted) = (&pair.agreement.finding, &pair.agreement.adjusted);
            prop_assert!(adjusted.both <= naive.both);
            if adjusted.both == naive.both
                && let (Some(naive), Some(adjusted)) = (naive.jaccard.value, adjusted.jaccard.value)
            {
                prop_assert!(adjusted >= naive, "excusing never lowers agreement");
            }
        }
    }

    #[test]
    fn parts_add_up_to_the_whole(images in any_images()) {
        let comparison = compared(&reports(&images, SCANNERS, None));
        let universe = comparison.universe;
        let alone: usize = comparison.scanners.iter().map(|s| s.alone).sum();
        prop_assert_eq!(alone, universe.by_one_only);
        let sets: usize = comparison.sets.iter().map(|set| set.count).sum();
        // A scanner alone makes no sets.
        let is_choice = comparison.base.scanners.len() > 1;
        prop_assert_eq!(sets, if is_choice { comparison.base.findings } else { 0 });
        let strata = &comparison.strata;
        for part in [&strata.ecosystem, &strata.severity, &strata.fixable] {
            let findings: usize = part.iter().map(|stratum| stratum.findings).sum();
            prop_assert_eq!(findings, universe.findings - universe.void);
            for (index, pair) in comparison.pairs.iter().enumerate() {
                let both: usize = part.iter().map(|s| s.pairs[index].adjusted.both).sum();
                prop_assert_eq!(both, pair.agreement.adjusted.both);
            }
        }
    }

    /// The report's own section and the comparison of one image say the same.
    #[test]
    fn one_image_is_compared_as_in_its_report(images in any_images()) {
        let report = &reports(&images, SCANNERS, None)[0];
        let comparison = compared([report]);
        let ids = SCANNERS.map(ScannerId::new);
        let failed = images[0].1;
        let with_result: Vec<ScannerId> =
            ids.iter().zip(failed).filter(|(_, failed)| !failed).map(|(id, _)| id.clone()).collect();
        // A finding that nobody reports is in no report.
        let reported = report.0.findings.iter().filter(|finding| finding.reporters().next().is_some());
        let findings: Vec<Finding> = reported.cloned().collect();
        let coverage = statistics(&findings, &ids, &with_result, &[]);
        prop_assert_eq!(coverage.pairs.len(), comparison.pairs.len());
        for (own, pair) in coverage.pairs.iter().zip(&comparison.pairs) {
            let levels = pair.agreement;
            prop_assert_eq!((own.both, own.only_a, own.only_b), counts(&levels.finding));
            prop_assert_eq!(
                (own.adjusted_both, own.adjusted_only_a, own.adjusted_only_b),
                counts(&levels.adjusted)
            );
            prop_assert_eq!(
                (own.naive, own.adjusted),
                (levels.finding.jaccard.value, levels.adjusted.jaccard.value)
            );
        }
        if with_result.len() > 1 {
            prop_assert_eq!(coverage.shared_by_all, comparison.universe.shared_by_all);
            for (own, scanner) in coverage.scanners.iter().zip(&comparison.scanners) {
                prop_assert_eq!((own.reported, own.alone), (scanner.reported, scanner.alone));
                prop_assert_eq!((&own.verdicts, &own.missed), (&scanner.verdicts, &scanner.missed));
            }
        }
    }

    #[test]
    fn shapleys_parts_add_up_and_the_curve_rises(images in any_images()) {
        let comparison = compared(&reports(&images, SCANNERS, None));
        let sum: f64 = comparison.contributions.iter().map(|c| c.shapley).sum();
        let reported = comparison.sets.iter().any(|set| !set.scanners.is_empty());
        prop_assert!((sum - if reported { 1.0 } else { 0.0 }).abs() < 1e-9, "{}", sum);
        let mut before = 0;
        for (step, best) in comparison.curve.iter().zip(&comparison.best) {
            prop_assert_eq!(step.covered.count, before + step.gain);
            prop_assert!(step.covered.count <= best.covered.count);
            before = step.covered.count;
        }
        let gains: Vec<usize> = comparison.curve.iter().map(|step| step.gain).collect();
        prop_assert!(gains.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn no_choice_beats_the_best(
        scanners in 2_usize..=8,
        sets in proptest::collection::vec((0_u32..256, 1_usize..5), 1..30),
    ) {
        let names: Vec<String> = (0..scanners).map(|n| format!("s{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut report = image("image", &names);
        for (set, count) in &sets {
            let letter = |s| if set >> s & 1 == 1 { 'R' } else { '-' };
            report = report.with(*count, &(0..scanners).map(letter).collect::<String>());
        }
        let comparison = compared([&report]);
        for (size, best) in (1_u32..).zip(&comparison.best) {
            let covered = |choice: u32| -> usize {
                sets.iter().filter(|(set, _)| set & choice != 0).map(|(_, count)| count).sum()
            };
            let choices = (0_u32..1 << scanners).filter(|choice| choice.count_ones() == size);
            let covered: Vec<usize> = choices.map(covered).collect();
            let most = covered.iter().max().unwrap();
            prop_assert_eq!(best.covered.count, *most);
            prop_assert_eq!(best.equals, covered.iter().filter(|c| *c == most).count() - 1);
            let lost: usize = best.lost.values().sum();
            prop_assert_eq!(lost, best.covered.of - best.covered.count);
        }
    }

    /// A scanner that fails everywhere changes nothing but the list of failures.
    #[test]
    fn a_scanner_that_failed_equals_one_that_is_not_there(images in any_images(), which in 0_usize..4) {
        let failing: Vec<AnyImage> = images
            .into_iter()
            .map(|(findings, mut failed)| {
                failed[which] = true;
                (findings, failed)
            })
            .collect();
        let mut with = compared(&reports(&failing, SCANNERS, None));
        let without = compared(&reports(&failing, SCANNERS, Some(which)));
        let id = ScannerId::new(SCANNERS[which]);
        with.scanners.retain(|scanner| scanner.scanner != id);
        for image in &mut with.images {
            image.scanners.remove(&id);
        }
        prop_assert_eq!(json(&with), json(&without));
    }

    #[test]
    fn estimates_are_never_below_what_was_seen(images in any_images()) {
        let comparison = compared(&reports(&images, SCANNERS, None));
        for estimate in estimates(&comparison) {
            if let Estimate::LowerBound { seen, total, interval, sample_coverage, .. } = estimate {
                #[expect(clippy::cast_precision_loss, reason = "a small count")]
                let seen = *seen as f64;
                prop_assert!(seen <= interval.low && interval.low <= *total);
                prop_assert!(*total <= interval.high && interval.high.is_finite());
                for share in sample_coverage.iter().filter_map(|share| share.value) {
                    prop_assert!((0.0..=1.0).contains(&share));
                }
            }
        }
    }
}
