//! Parts of the findings, and packages that nobody checks.

use super::*;

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
    let layers = ["sha256:bottom", "sha256:top", "sha256:bottom"].map(str::to_owned);
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
