//! Every statistic on numbers that can be counted by hand, and the laws that hold for all numbers.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::comparison::{Estimate, MatrixCell, Overlap, Stratum};
use crate::model::report::{
    Coverage, PolicySummary, RunOutcome, RunVerdict, ScannerSummary, Summary, TargetSummary,
};
use crate::model::{
    AdvisoryState, Attachment, Failure, Finding, Fix, FixState, Instance, Location,
    ObservationRecord, Outcome, PackageGroup, PackageRule, Relation, RelationKind,
    ResolvedSeverity, ScannerVerdict, Severity, Strength, Vulnerability,
};

/// One image: its scanners, and its findings by who reports them.
#[derive(Clone, Debug)]
struct OneImage(Report);

fn image(reference: &str, scanners: &[&str]) -> OneImage {
    let scanners = scanners.iter().map(|name| ScannerSummary {
        id: ScannerId::new(name),
        title: name.to_uppercase(),
        version: Some("1.0".to_owned()),
        database_built: None,
        outcome: Outcome::Completed,
        required: false,
        source: format!("{name}.json"),
        sha256: None,
        format: None,
        identity: None,
        inventory: None,
        packages: 0,
        observations: 0,
        duration_ms: Some(100),
        peak_memory_bytes: Some(7),
    });
    OneImage(Report {
        schema_version: "1".to_owned(),
        tool: ToolInfo::this(),
        evaluated_at: String::new(),
        target: TargetSummary {
            reference: reference.to_owned(),
            ..TargetSummary::default()
        },
        verdict: RunVerdict {
            outcome: RunOutcome::Pass,
            exit_code: 0,
            blocking: 0,
            insufficient: Vec::new(),
        },
        scanners: scanners.collect(),
        policy: PolicySummary::default(),
        summary: Summary::default(),
        findings: Vec::new(),
        coverage: Coverage::default(),
        unchecked: Vec::new(),
        suppressed: Vec::new(),
        accounting: Vec::new(),
        diagnostics: Vec::new(),
    })
}

impl OneImage {
    /// So many findings. Of each scanner a letter tells what it says: `R` reports, `e` is excused, `-`
    /// misses.
    fn with(mut self, count: usize, said: &str) -> Self {
        for _ in 0..count {
            self.finding(said);
        }
        self
    }

    fn finding(&mut self, said: &str) -> &mut Finding {
        let number = self.0.findings.len();
        let id = AdvisoryId::new(&format!("CVE-2024-{:04}", 1000 + number));
        let name = format!("package{number}");
        let scanners = || {
            self.0
                .scanners
                .iter()
                .map(|s| s.id.clone())
                .zip(said.chars())
        };
        let observations = scanners().filter(|(_, letter)| *letter == 'R');
        let observations = observations.map(|(scanner, _)| ObservationRecord {
            scanner,
            id: id.clone(),
            package: name.clone(),
            version: "1".to_owned(),
            severity: Severity::High,
            fixed_in: Vec::new(),
            fix_state: FixState::NotFixed,
            advisory_source: None,
            pointer: String::new(),
            attachment: Attachment::Direct,
            package_rule: PackageRule::OwnName,
        });
        let finding = Finding {
            key: format!("{id}@deb/{name}"),
            vulnerability: Vulnerability {
                id: id.clone(),
                aliases: Vec::new(),
                related: Vec::new(),
                assertions: Vec::new(),
                title: None,
                description: None,
                url: None,
                cwes: Vec::new(),
                published: None,
                state: AdvisoryState::Active,
                known_exploited: false,
                kev: None,
                epss: None,
            },
            package: PackageGroup {
                ecosystem: Ecosystem::Deb,
                name: name.clone(),
                version: None,
            },
            instances: Vec::new(),
            severity: ResolvedSeverity {
                level: Severity::High,
                source: None,
                rule: String::new(),
                lowest: Severity::High,
                highest: Severity::High,
                disputed: false,
            },
            ratings: Vec::new(),
            fix: Fix::default(),
            observations: observations.collect(),
            relations: Vec::new(),
            first_seen: None,
            labels: Vec::new(),
            verdicts: scanners()
                .map(|(scanner, letter)| {
                    let (verdict, cause) = match letter {
                        'R' => (Verdict::Reported, Cause::Listed),
                        'e' => (Verdict::NotAssessed, Cause::Ecosystem),
                        '!' => (Verdict::Failed, Cause::NoResult),
                        _ => (Verdict::NoMatch, Cause::NotInData),
                    };
                    let verdict = ScannerVerdict {
                        verdict,
                        cause,
                        strength: Strength::Proven,
                        reason: String::new(),
                    };
                    (scanner, verdict)
                })
                .collect(),
            decision: None,
        };
        self.0.findings.push(finding);
        self.0.findings.last_mut().unwrap()
    }

    /// The scanner gives no result.
    fn failing(mut self, scanner: &str) -> Self {
        let id = ScannerId::new(scanner);
        let entry = self.0.scanners.iter_mut().find(|entry| entry.id == id);
        entry.unwrap().outcome = Outcome::Failed(Failure {
            kind: FailureKind::Timeout,
            cause: "too slow".to_owned(),
            remedy: "wait".to_owned(),
        });
        self
    }
}

fn compared<'r>(images: impl IntoIterator<Item = &'r OneImage>) -> Comparison {
    let mut comparisons = Comparisons::default();
    for image in images {
        comparisons.add(&ImageInput {
            report: &image.0,
            source: "run",
            layers: &[],
        });
    }
    comparisons.finish()
}

fn counts(overlap: &Overlap) -> (usize, usize, usize) {
    (overlap.both, overlap.only_a, overlap.only_b)
}

fn names(scanners: &[ScannerId]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerId::as_str).collect();
    names.join("+")
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-3
}

// --- agreement ----------------------------------------------------------------------------------

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

// --- choosing -----------------------------------------------------------------------------------

/// a 3, b 1, ab 2, bc 2, abc 2: a has 7, b 7, c 4, ab 10, ac 9, bc 7.
fn three() -> OneImage {
    let mut image = image("three", &["a", "b", "c"])
        .with(3, "R--")
        .with(1, "-R-")
        .with(2, "RR-")
        .with(2, "-RR")
        .with(2, "RRR");
    image.0.findings[3].severity.level = Severity::Low;
    image
}

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

// --- estimates ----------------------------------------------------------------------------------

#[test]
fn two_scanners_give_chapmans_estimate() {
    // 10 of both, 5 and 6 of one: (15 + 1)(16 + 1) / 11 − 1 = 23.727 of 21 seen. Variance
    // 16·17·5·6 / (11²·12) = 5.6198; unseen 2.727; factor exp(1.96·√ln(1 + 5.6198/2.727²)) = 4.3508.
    let image = image("a", &["a", "b"])
        .with(10, "RR")
        .with(5, "R-")
        .with(6, "-R")
        .with(9, "Re");
    let unseen = compared([&image]).unseen;
    let Estimate::LowerBound {
        estimator,
        seen,
        total,
        interval,
        sample_coverage,
    } = &unseen.pairs[0].estimate
    else {
        panic!("{unseen:?}")
    };
    assert_eq!(
        (estimator.as_str(), *seen, *sample_coverage),
        ("Chapman", 21, None)
    );
    assert!(close(*total, 23.727), "{total}");
    assert!(
        close(interval.low, 21.627) && close(interval.high, 32.866),
        "{interval:?}"
    );
    let Estimate::Refused { reason } = &unseen.all else {
        panic!("{unseen:?}")
    };
    assert_eq!(
        reason,
        "scanners with a result: 2; the bound over all takes at least 3"
    );
    assert_eq!(unseen.assumptions.len(), 4);
}

#[test]
fn three_scanners_give_chaos_bound() {
    // f1 6, f2 4, f3 12: unseen 6·5 / (2·5) = 3. Variance 3 + 6·11²/(4·25) + 36·4·25/(4·625) = 11.7;
    // factor exp(1.96·√ln(1 + 11.7/9)) = 5.982. Reports 6 + 2·4 + 3·12 = 50, of which 6 are alone.
    let image = image("a", &["a", "b", "c"])
        .with(4, "R--")
        .with(2, "--R")
        .with(4, "RR-")
        .with(12, "RRR")
        .with(5, "R-e");
    let Estimate::LowerBound {
        estimator,
        seen,
        total,
        interval,
        sample_coverage,
    } = compared([&image]).unseen.all
    else {
        panic!("refused")
    };
    assert_eq!((estimator.as_str(), seen), ("Chao1", 22));
    assert!(close(total, 25.0), "{total}");
    assert!(
        close(interval.low, 22.5015) && close(interval.high, 39.946),
        "{interval:?}"
    );
    let coverage = sample_coverage.unwrap();
    assert_eq!(
        (coverage.count, coverage.of, coverage.value),
        (44, 50, Some(0.88))
    );
}

#[test]
fn counts_that_carry_no_estimate_give_none() {
    let reasons = |image: OneImage| {
        let unseen = compared([&image]).unseen;
        [unseen.pairs[0].estimate.clone(), unseen.all].map(|estimate| match estimate {
            Estimate::Refused { reason } => reason,
            Estimate::LowerBound { .. } => "given".to_owned(),
        })
    };
    let scanners = ["a", "b", "c"];
    assert_eq!(
        reasons(image("a", &scanners).with(19, "RRR")),
        [
            "findings that both could have reported: 19; an estimate takes at least 20",
            "findings that all could have reported: 19; an estimate takes at least 20"
        ]
    );
    assert_eq!(
        reasons(image("a", &scanners).with(6, "RRR").with(20, "R--")),
        [
            "both report only 6 of 26 findings, and an estimate takes at least 7",
            "no finding is reported by exactly two scanners"
        ]
    );
    assert_eq!(
        reasons(image("a", &scanners).with(7, "RR-").with(20, "R--")),
        ["given", "given"]
    );
}

// --- parts --------------------------------------------------------------------------------------

fn stratum_names(strata: &[Stratum]) -> Vec<(&str, usize)> {
    let names = strata.iter();
    names.map(|s| (s.name.as_str(), s.findings)).collect()
}

#[test]
fn parts_of_the_findings_are_counted_alike() {
    let mut image = image("a", &["a", "b", "c"]).with(2, "RR-").with(1, "R-e");
    let finding = image.finding("-RR");
    finding.package.ecosystem = Ecosystem::PyPi;
    finding.severity.level = Severity::Critical;
    finding.fix.versions.push("2".to_owned());
    let void = image.finding("R--");
    void.package.ecosystem = Ecosystem::Npm;
    void.vulnerability.state = AdvisoryState::Rejected;
    let strata = compared([&image]).strata;
    assert_eq!(stratum_names(&strata.ecosystem), [("deb", 3), ("pypi", 1)]);
    assert_eq!(
        stratum_names(&strata.severity),
        [("critical", 1), ("high", 3)]
    );
    assert_eq!(
        stratum_names(&strata.fixable),
        [("fixable", 1), ("not fixable", 3)]
    );
    assert!(strata.layer.is_empty(), "nobody names one");
    let deb = &strata.ecosystem[0];
    let coverage: Vec<(usize, usize)> = deb.coverage.values().map(|s| (s.count, s.of)).collect();
    assert_eq!(coverage, [(3, 3), (2, 3), (0, 2)]);
    let alone: Vec<usize> = deb.alone.values().copied().collect();
    assert_eq!(alone, [1, 0, 0]);
    let pairs: Vec<_> = deb
        .pairs
        .iter()
        .map(|pair| counts(&pair.adjusted))
        .collect();
    assert_eq!(pairs, [(2, 1, 0), (0, 2, 0), (0, 2, 0)]);
    let best = deb.best_pair.as_ref().unwrap();
    assert_eq!(
        (
            names(&best.scanners).as_str(),
            best.covered.count,
            best.equals
        ),
        ("a+b", 3, 1)
    );
}

#[test]
fn layers_are_told_of_a_single_image_from_the_bottom() {
    let mut image = image("a", &["a", "b"]);
    for layers in [
        &["sha256:top", "sha256:bottom"][..],
        &["sha256:top"],
        &["sha256:else"],
        &[],
    ] {
        let locations = layers
            .iter()
            .filter_map(|layer| Location::new(None, Some(layer)));
        image.finding("R-").instances.push(Instance {
            name: String::new(),
            version: String::new(),
            architecture: None,
            source: None,
            purl: None,
            locations: locations.collect(),
            scanners: Vec::new(),
        });
    }
    let layers = ["sha256:bottom", "sha256:top"].map(str::to_owned);
    let input = ImageInput {
        report: &image.0,
        source: "run",
        layers: &layers,
    };
    let mut comparisons = Comparisons::default();
    comparisons.add(&input);
    let strata = comparisons.clone().finish().strata;
    assert_eq!(
        stratum_names(&strata.layer),
        [
            ("sha256:bottom", 1),
            ("sha256:top", 1),
            ("sha256:else", 1),
            ("unknown", 1)
        ]
    );
    comparisons.add(&input);
    assert!(comparisons.finish().strata.layer.is_empty());
}

#[test]
fn unchecked_packages_are_grouped_by_name() {
    let unchecked = |image: &mut OneImage, name: &str, version: &str, reason: &str| {
        image.0.unchecked.push(UncheckedPackage {
            ecosystem: Ecosystem::Deb,
            name: name.to_owned(),
            version: version.to_owned(),
            reason: reason.to_owned(),
        });
    };
    let mut first = image("a", &["a"]);
    let mut second = image("b", &["a"]);
    unchecked(&mut first, "b", "1", "z");
    unchecked(&mut first, "b", "2", "z");
    unchecked(&mut first, "a", "1", "x");
    unchecked(&mut second, "b", "2", "a");
    let comparison = compared([&second, &first]);
    let rows: Vec<_> = comparison
        .unchecked
        .iter()
        .map(|row| {
            (
                row.name.as_str(),
                row.versions.join(" "),
                row.reason.as_str(),
                row.images,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("b", "1 2".to_owned(), "z", 2),
            ("a", "1".to_owned(), "x", 1)
        ]
    );
}

#[test]
fn a_comparison_is_valid_against_its_schema_and_reads_back() {
    let other = image("other", &["a", "b", "c"])
        .with(2, "RR-")
        .with(20, "RRR")
        .with(1, "--R")
        .failing("c");
    let whole = image("whole", &["a", "b", "c"])
        .with(3, "RR-")
        .with(20, "RRR")
        .with(1, "--R");
    let comparison = compared([&three(), &other, &whole]);
    assert!(
        comparison
            .unseen
            .pairs
            .iter()
            .any(|pair| matches!(pair.estimate, Estimate::LowerBound { .. }))
    );
    assert!(comparison.best[0].covered.interval.is_some());
    let schema = schemars::schema_for!(Comparison);
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let mut document = serde_json::to_value(&comparison).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let again: Comparison = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(again, comparison);
    document["scanners"][0]["results"]["count"] = "many".into();
    assert!(!validator.is_valid(&document));
}

// --- laws ---------------------------------------------------------------------------------------

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
        prop_assert_eq!(sets, comparison.base.findings);
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
        scanners in 1_usize..=8,
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
