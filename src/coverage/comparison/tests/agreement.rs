//! How far two scanners agree.

use super::*;

#[test]
fn the_fairest_agreement_leaves_out_what_one_could_not_report() {
    let mut image = image("a", &["grype", "trivy"])
        .with(6, "RR")
        .with(2, "R-")
        .with(1, "-R")
        .with(3, "Re");
    image.finding("-R").vulnerability.state = AdvisoryState::Rejected;
    image.finding("RR").vulnerability.state = AdvisoryState::Withdrawn;
    let comparison = compared([&image]);
    let pair = &comparison.pairs[0];
    assert_eq!(
        (pair.a.as_str(), pair.b.as_str(), pair.images),
        ("grype", "trivy", 1)
    );
    // Naive: 6 + 1 of both, 2 + 3 of grype, 1 + 1 of trivy.
    assert_eq!(counts(&pair.agreement.finding), (7, 5, 2));
    assert_eq!(pair.agreement.finding.jaccard.value, Some(0.5));
    // Smaller set: trivy's, 7 + 2.
    let overlap = pair.agreement.finding.overlap;
    assert_eq!((overlap.count, overlap.of), (7, 9));
    assert_eq!(counts(&pair.agreement.adjusted), (6, 2, 1));
    assert_eq!(pair.agreement.adjusted.jaccard.value, Some(6.0 / 9.0));
    assert_eq!(pair.agreement.adjusted.jaccard.interval, None, "one image");

    let universe = comparison.universe;
    assert_eq!((universe.findings, universe.void), (14, 2));
    assert_eq!((universe.shared_by_all, universe.by_one_only), (6, 6));
    let grype = &comparison.scanners[0];
    assert_eq!((grype.reported, grype.alone), (12, 5));
    assert_eq!((grype.coverage.count, grype.coverage.of), (11, 12));
    let trivy = &comparison.scanners[1];
    assert_eq!(
        (trivy.coverage.count, trivy.coverage.of),
        (7, 9),
        "without what it is excused from"
    );
}

#[test]
fn coarser_ideas_of_the_same_are_counted_by_word() {
    let mut image = image("a", &["snyk", "trivy"]);
    // One finding, under another id and name: only the finding tells.
    let finding = image.finding("RR");
    finding.observations[0].id = AdvisoryId::new("SNYK-1");
    finding.observations[0].package = "source".to_owned();
    // The same name and another id.
    image.finding("RR").observations[0].id = AdvisoryId::new("SNYK-2");
    // One vulnerability, two packages: each reports it in one of them.
    let id = image.finding("R-").vulnerability.id.clone();
    image.finding("-R").vulnerability.id = id;
    // Two vulnerabilities, one package.
    let package = image.finding("R-").package.clone();
    image.finding("-R").package = package;
    let comparison = compared([&image]);
    let levels = comparison.pairs[0].agreement;
    assert_eq!(counts(&levels.raw), (0, 4, 4));
    assert_eq!(counts(&levels.by_vulnerability_and_name), (1, 3, 3));
    assert_eq!(counts(&levels.vulnerability), (3, 1, 1));
    assert_eq!(counts(&levels.package), (3, 1, 1));
    assert_eq!(counts(&levels.finding), (2, 2, 2));
    assert_eq!(comparison.universe.vulnerabilities, 5);
}

#[test]
fn a_covering_notice_is_no_word_for_word_agreement() {
    let mut image = image("a", &["grype", "trivy"]);
    image.finding("RR").observations[1].attachment = Attachment::Covering;
    let levels = compared([&image]).pairs[0].agreement;
    assert_eq!(counts(&levels.raw), (0, 1, 0));
    assert_eq!(counts(&levels.finding), (1, 0, 0));
}

#[test]
fn a_failure_is_no_disagreement() {
    let whole = image("a", &["grype", "trivy"]).with(3, "RR").with(1, "R-");
    let half = image("b", &["grype", "trivy"])
        .with(9, "R!")
        .failing("trivy");
    let comparison = compared([&whole, &half]);
    let pair = &comparison.pairs[0];
    assert_eq!(pair.images, 1);
    assert_eq!(counts(&pair.agreement.finding), (3, 1, 0));
    assert_eq!(counts(&pair.agreement.vulnerability), (3, 1, 0));
    assert_eq!((comparison.base.images, comparison.base.findings), (1, 4));
    assert_eq!(
        comparison.universe.by_one_only, 1,
        "nobody else looked at the other image"
    );
    let trivy = &comparison.scanners[1];
    assert_eq!((trivy.results.count, trivy.results.of), (1, 2));
    assert_eq!(trivy.failures, BTreeMap::from([(FailureKind::Timeout, 1)]));
    assert_eq!((trivy.coverage.count, trivy.coverage.of), (3, 4));
    assert_eq!(
        trivy.missed,
        BTreeMap::from([(Cause::NoResult, 9), (Cause::NotInData, 1)])
    );
    assert_eq!(
        (trivy.duration_ms, trivy.peak_memory_bytes),
        (Some(200), Some(7))
    );
    let part = &comparison.images[1].scanners[&ScannerId::new("trivy")];
    assert_eq!(part.status, PartStatus::Failed(FailureKind::Timeout));
    assert_eq!(part.problem.as_deref(), Some("too slow"));
}

#[test]
fn the_failures_of_others_raise_no_coverage() {
    let both = image("a", &["grype", "trivy"]).with(2, "RR").with(2, "-R");
    let alone = image("b", &["grype", "trivy"])
        .with(9, "R!")
        .failing("trivy");
    let comparison = compared([&both, &alone]);
    let coverage = comparison.scanners[0].coverage;
    assert_eq!((coverage.count, coverage.of), (2, 4));
    let stratum = &comparison.strata.ecosystem[0];
    assert_eq!(stratum.coverage[&ScannerId::new("grype")], coverage);
    let coverage = compared([&alone]).scanners[0].coverage;
    assert_eq!((coverage.of, coverage.value), (0, None));
}

#[test]
fn what_a_partial_result_lacks_is_no_miss() {
    let of_trivy = |image: &OneImage| {
        let comparison = compared([image]);
        let coverage = comparison.scanners[1].coverage;
        let adjusted = counts(&comparison.pairs[0].agreement.adjusted);
        (coverage.count, coverage.of, adjusted)
    };
    let mut image = image("a", &["grype", "trivy"])
        .with(2, "RR")
        .with(1, "R-")
        .with(1, "R?")
        .with_python(30, "R?")
        .with_python(1, "R-");
    assert_eq!(of_trivy(&image), (2, 35, (2, 33, 0)));
    image.0.scanners[1].outcome = Outcome::Partial {
        missing: "Python packages".to_owned(),
    };
    // It sees packages of Debian's kind, and the last one of Python's as well.
    assert_eq!(of_trivy(&image), (2, 5, (2, 3, 0)));
    // Where it reports something of the kind, the part that it lacks is another one.
    assert_eq!(
        of_trivy(&image.clone().with_python(1, "RR")),
        (3, 36, (3, 33, 0))
    );
    // Another result of the same scanner is whole.
    let mut whole = image.0.scanners[1].clone();
    whole.outcome = Outcome::Completed;
    image.0.scanners.push(whole);
    assert_eq!(of_trivy(&image), (2, 35, (2, 33, 0)));
}

/// Whatever a report was made into after it was written, only results count.
#[test]
fn a_report_that_contradicts_itself_is_counted_by_its_results() {
    let sound = image("a", &["grype", "snyk", "trivy"])
        .with(3, "R!R")
        .with(1, "R!-")
        .failing("snyk");
    let mut edited = sound.clone();
    let said = |verdict, cause| ScannerVerdict {
        verdict,
        cause,
        strength: Strength::Proven,
        reason: String::new(),
    };
    for finding in &mut edited.0.findings {
        for scanner in ["snyk", "nobody"] {
            finding.verdicts.insert(
                ScannerId::new(scanner),
                said(Verdict::Reported, Cause::Listed),
            );
        }
    }
    let twice = edited.0.findings.clone();
    edited.0.findings.extend(twice);
    edited.finding("-R-");

    let (sound, edited) = (compared([&sound]), compared([&edited]));
    assert_eq!(edited.universe, sound.universe);
    assert_eq!(edited.pairs, sound.pairs);
    assert_eq!(edited.images[0].findings, 4);
    let numbers = |comparison: &Comparison| -> Vec<_> {
        let scanners = comparison.scanners.iter();
        scanners
            .map(|s| (s.scanner.clone(), s.reported, s.alone, s.coverage))
            .collect()
    };
    assert_eq!(numbers(&edited), numbers(&sound));
    let snyk = &edited.scanners[1];
    assert!(
        snyk.verdicts.is_empty() && snyk.missed.is_empty(),
        "{snyk:?}"
    );
}

#[test]
fn one_trustworthy_entry_of_several_is_a_result() {
    let mut image = image("a", &["grype", "trivy", "trivy"]).with(2, "RR");
    image.0.scanners[1].outcome = Outcome::Partial {
        missing: "the Java database".to_owned(),
    };
    let image = {
        let mut image = image;
        image.0.scanners[2].outcome = image.clone().failing("grype").0.scanners[0].outcome.clone();
        image
    };
    let comparison = compared([&image]);
    assert_eq!(comparison.pairs.len(), 1);
    let trivy = &comparison.scanners[1];
    assert_eq!((trivy.results.count, trivy.results.of), (1, 1));
    assert!(trivy.failures.is_empty(), "{:?}", trivy.failures);
    let part = &comparison.images[0].scanners[&trivy.scanner];
    assert_eq!(part.status, PartStatus::Partial);
    assert_eq!(part.problem.as_deref(), Some("the Java database"));
    assert_eq!(part.duration_ms, Some(200));
}

#[test]
fn the_same_files_are_reported_by_both() {
    let mut image = image("a", &["grype", "trivy"]);
    let deb = image.finding("R-").key.clone();
    let wheel = image.finding("-R");
    let relation = |finding: &str| Relation {
        kind: RelationKind::SameFiles,
        finding: finding.to_owned(),
        strength: Strength::Proven,
        evidence: String::new(),
    };
    wheel.relations.push(relation(&deb));
    let wheel = wheel.key.clone();
    image.0.findings[0].relations.push(relation(&wheel));
    let comparison = compared([&image]);
    assert_eq!(comparison.universe.by_one_only, 0);
    let levels = comparison.pairs[0].agreement;
    assert_eq!(counts(&levels.finding), (0, 1, 1));
    assert_eq!(counts(&levels.adjusted), (0, 0, 0));
    assert_eq!(levels.adjusted.jaccard.value, None);
}

#[test]
fn severities_and_fixes_are_set_against_each_other() {
    let mut image = image("a", &["grype", "trivy"]).with(2, "RR");
    let finding = image.finding("RR");
    finding.observations[0].severity = Severity::Negligible;
    finding.observations[1].severity = Severity::Medium;
    let mut second = finding.observations[1].clone();
    second.severity = Severity::Critical;
    second.fix_state = FixState::Fixed;
    finding.observations.push(second);
    image.finding("RR").vulnerability.state = AdvisoryState::Rejected;
    image.finding("R-");
    let pair = &compared([&image]).pairs[0];
    let cell = |a, b, count| MatrixCell { a, b, count };
    assert_eq!(
        pair.severity,
        [
            cell(Severity::Low, Severity::Critical, 1),
            cell(Severity::High, Severity::High, 2)
        ]
    );
    let cell = |a, b, count| MatrixCell { a, b, count };
    assert_eq!(
        pair.fix,
        [
            cell(FixState::NotFixed, FixState::Fixed, 1),
            cell(FixState::NotFixed, FixState::NotFixed, 2)
        ]
    );
}
