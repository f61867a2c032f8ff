//! Which scanners add what, and which to choose.

use super::*;

#[test]
fn sets_contributions_and_choices_are_counted_on_who_reports() {
    let comparison = compared([&three()]);
    let sets: Vec<(String, usize)> = comparison
        .sets
        .iter()
        .map(|set| (names(&set.scanners), set.count))
        .collect();
    let set = |names: &str, count| (names.to_owned(), count);
    assert_eq!(
        sets,
        [
            set("a", 3),
            set("a+b", 2),
            set("a+b+c", 2),
            set("b+c", 2),
            set("b", 1)
        ]
    );

    // Shapley: a 3 + 2/2 + 2/3, b 1 + 2/2 + 2/2 + 2/3, c 2/2 + 2/3, of 10.
    let expected = [
        (3, 14.0 / 30.0, Some(33)),
        (1, 11.0 / 30.0, Some(100)),
        (0, 5.0 / 30.0, None),
    ];
    for (contribution, (marginal, shapley, duration)) in
        comparison.contributions.iter().zip(expected)
    {
        assert_eq!(
            (contribution.marginal.count, contribution.marginal.of),
            (marginal, 10)
        );
        assert!(close(contribution.shapley, shapley), "{contribution:?}");
        assert_eq!(contribution.duration_ms_per_marginal, duration);
    }

    let curve: Vec<(&str, usize, usize)> = comparison
        .curve
        .iter()
        .map(|step| (step.scanner.as_str(), step.gain, step.covered.count))
        .collect();
    assert_eq!(curve, [("a", 7, 7), ("b", 3, 10), ("c", 0, 10)]);

    let [one, two, all] = &comparison.best[..] else {
        panic!("{:?}", comparison.best)
    };
    assert_eq!(
        (names(&one.scanners).as_str(), one.covered.count, one.equals),
        ("a", 7, 1)
    );
    assert_eq!(
        one.lost,
        BTreeMap::from([(Severity::Low, 1), (Severity::High, 2)])
    );
    assert_eq!(names(&one.runner_up.as_ref().unwrap().scanners), "b");
    assert_eq!((names(&two.scanners).as_str(), two.equals), ("a+b", 0));
    assert!(two.lost.is_empty());
    let runner_up = two.runner_up.as_ref().unwrap();
    assert_eq!(
        (names(&runner_up.scanners).as_str(), runner_up.covered.count),
        ("a+c", 9)
    );
    assert_eq!(
        (names(&all.scanners).as_str(), &all.runner_up),
        ("a+b+c", &None)
    );
    assert!(comparison.best.iter().all(|choice| choice.exact));
}

#[test]
fn a_lead_that_images_do_not_carry_holds_nothing() {
    // a 3 of 5 and 1 of 5, b 2 of 5 and 3 of 5: b leads by 1 of 10, and the images disagree.
    let one = image("one", &["a", "b"]).with(3, "R-").with(2, "-R");
    let other = image("other", &["a", "b"])
        .with(1, "R-")
        .with(3, "-R")
        .with(1, "--");
    let best = &compared([&one, &other]).best[0];
    assert_eq!(
        (names(&best.scanners).as_str(), best.covered.count),
        ("b", 5)
    );
    let lead = best.runner_up.as_ref().unwrap().lead.unwrap();
    assert!(lead.low < 0.0 && lead.high > 0.0, "{lead:?}");
}

/// A nightly run of the same two images says nothing more of others than the first night.
#[test]
fn an_image_in_several_runs_is_one_in_every_interval() {
    let night = || {
        ["sha256:1", "sha256:2"].map(|digest| {
            let mut image = image("app", &["a", "b"]).with(3, "RR").with(2, "R-");
            if digest == "sha256:2" {
                image = image.with(4, "-R");
            }
            image.0.target.config_digest = Some(digest.to_owned());
            image
        })
    };
    let once = compared(&night());
    let often = compared(&[night(), night(), night()].concat());
    let universe = often.universe;
    assert_eq!((universe.images, universe.distinct_images), (6, 2));
    assert_eq!(once.universe.distinct_images, 2);
    let intervals = |comparison: &Comparison| {
        let agreement = comparison.pairs[0].agreement;
        [
            comparison.scanners[0].coverage.interval,
            agreement.adjusted.jaccard.interval,
            agreement.package.jaccard.interval,
            comparison.contributions[0].marginal.interval,
            comparison.best[0].runner_up.as_ref().unwrap().lead,
        ]
        .map(|interval| interval.map(|i| (i.low, i.high)).unwrap())
    };
    for (once, often) in intervals(&once).iter().zip(intervals(&often)) {
        assert!(
            close(once.0, often.0) && close(once.1, often.1),
            "{once:?} {often:?}"
        );
    }
}

#[test]
fn many_scanners_are_chosen_one_by_one() {
    let scanners: Vec<String> = (0..13).map(|n| format!("s{n:02}")).collect();
    let scanners: Vec<&str> = scanners.iter().map(String::as_str).collect();
    let mut image = image("many", &scanners);
    for n in 0..13 {
        let said: String = (0..13).map(|s| if s >= n { 'R' } else { '-' }).collect();
        image.finding(&said);
    }
    let comparison = compared([&image]);
    let best = &comparison.best[0];
    assert_eq!(
        (names(&best.scanners).as_str(), best.covered.count),
        ("s12", 13)
    );
    assert!(!best.exact && best.runner_up.is_none());
    assert_eq!(comparison.best.len(), 13);
    assert!(
        comparison.strata.ecosystem[0]
            .best_pair
            .as_ref()
            .unwrap()
            .exact
    );
}

#[test]
fn what_is_empty_is_compared_to_nothing() {
    let comparison = compared([]);
    assert_eq!(comparison.universe, Universe::default());
    assert!(comparison.pairs.is_empty() && comparison.best.is_empty());
    let comparison = compared([&image("a", &["grype"]).failing("grype")]);
    assert_eq!(
        (
            comparison.scanners.len(),
            comparison.scanners[0].results.count
        ),
        (1, 0)
    );
    assert!(comparison.contributions.is_empty());
    let comparison = compared([&image("a", &["grype", "trivy"])]);
    assert_eq!(comparison.pairs[0].agreement.finding.jaccard.value, None);
    assert!(comparison.best.is_empty());
}

#[test]
fn a_scanner_tried_on_a_few_images_is_no_part_of_the_choice() {
    let both = |name| image(name, &["a", "b"]).with(2, "RR").with(1, "R-");
    let tried = image("three", &["a", "b", "c"])
        .with(1, "RR-")
        .with(4, "--R");
    let comparison = compared([&both("one"), &both("two"), &tried]);
    let base = &comparison.base;
    assert_eq!(
        (names(&base.scanners), names(&base.left_out), base.images),
        ("a+b".to_owned(), "c".to_owned(), 3)
    );
    // What only the one left out reports is no loss of the others.
    assert_eq!(base.findings, 7);
    assert_eq!(comparison.best[1].covered.count, 7);
    assert_eq!(comparison.universe.findings, 11);

    // On half of the images it is one of them.
    let comparison = compared([&both("one"), &tried]);
    let base = &comparison.base;
    assert_eq!((names(&base.scanners).as_str(), base.images), ("a+b+c", 1));
    assert!(base.left_out.is_empty());
}

#[test]
fn one_scanner_is_no_choice() {
    for image in [
        image("a", &["grype"]).with(30, "R"),
        image("a", &["grype", "trivy"])
            .with(30, "R!")
            .failing("trivy"),
    ] {
        let comparison = compared([&image]);
        assert_eq!((comparison.base.images, comparison.base.findings), (1, 30));
        assert!(comparison.best.is_empty() && comparison.curve.is_empty());
        assert!(comparison.sets.is_empty() && comparison.contributions.is_empty());
    }
}

#[test]
fn scanners_that_never_met_are_not_compared() {
    let elsewhere = image("b", &["trivy"]).with(30, "R");
    let comparison = compared([
        &image("a", &["grype"]).with(30, "R"),
        &elsewhere,
        &image("c", &["snyk"]).with(30, "R"),
    ]);
    let base = &comparison.base;
    assert_eq!(
        (names(&base.scanners), names(&base.left_out), base.images),
        ("grype".to_owned(), "snyk+trivy".to_owned(), 1)
    );
    assert!(comparison.pairs.is_empty() && comparison.unseen.pairs.is_empty());
    assert!(comparison.best.is_empty() && comparison.sets.is_empty());
    assert!(matches!(comparison.unseen.all, Estimate::Refused { .. }));
}
