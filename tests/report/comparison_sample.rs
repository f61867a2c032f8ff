//! Comparisons built by hand, with one of everything that a writer has to show.

use std::collections::BTreeMap;

use crosscheck::model::comparison::{
    Base, BestChoice, ComparedImage, ComparedPair, ComparedScanner, Comparison, Contribution,
    CurveStep, Estimate, Interval, InventoryComparison, InventoryPair, Levels, MatrixCell, Overlap,
    PackageAlone, PairEstimate, PartStatus, RunnerUp, SCHEMA_VERSION, ScannerPart, SetIntersection,
    Share, Strata, Stratum, UncheckedOnImages, Universe, Unseen, VersionDisagreement,
};
use crosscheck::model::report::ToolInfo;
use crosscheck::model::{Cause, Ecosystem, FailureKind, FixState, ScannerId, Severity, Verdict};

fn id(name: &str) -> ScannerId {
    ScannerId::new(name)
}

fn ids(names: &[&str]) -> Vec<ScannerId> {
    names.iter().map(|name| id(name)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(count: usize, of: usize) -> Share {
    Share {
        count,
        of,
        value: (of > 0).then(|| count as f64 / of as f64),
        interval: None,
    }
}

fn overlap(both: usize, only_a: usize, only_b: usize) -> Overlap {
    Overlap {
        both,
        only_a,
        only_b,
        jaccard: share(both, both + only_a + only_b),
        overlap: share(both, both + only_a.min(only_b)),
    }
}

fn part(status: PartStatus, reported: usize) -> ScannerPart {
    ScannerPart {
        status,
        reported,
        version: None,
        database_built: None,
        duration_ms: Some(12_480),
        peak_memory_bytes: Some(310 << 20),
        problem: None,
    }
}

fn failed(kind: FailureKind, problem: &str) -> ScannerPart {
    ScannerPart {
        peak_memory_bytes: None,
        problem: Some(problem.to_owned()),
        ..part(PartStatus::Failed(kind), 0)
    }
}

fn scanner(
    name: &str,
    title: &str,
    results: Share,
    coverage: Share,
    reported: usize,
    alone: usize,
    missed: &[(Cause, usize)],
) -> ComparedScanner {
    ComparedScanner {
        scanner: id(name),
        title: title.to_owned(),
        results,
        failures: BTreeMap::new(),
        coverage,
        reported,
        alone,
        verdicts: BTreeMap::from([(Verdict::Reported, reported)]),
        missed: missed.iter().copied().collect(),
        duration_ms: Some(12_480),
        peak_memory_bytes: Some(310 << 20),
    }
}

fn set(names: &[&str], count: usize) -> SetIntersection {
    SetIntersection {
        scanners: ids(names),
        count,
    }
}

fn cell<T>(a: T, b: T, count: usize) -> MatrixCell<T> {
    MatrixCell { a, b, count }
}

fn stratum(name: &str, findings: usize, coverage: &[(&str, usize, usize)]) -> Stratum {
    Stratum {
        name: name.to_owned(),
        findings,
        coverage: coverage
            .iter()
            .map(|(scanner, count, of)| (id(scanner), share(*count, *of)))
            .collect(),
        alone: BTreeMap::new(),
        pairs: Vec::new(),
        best_pair: None,
    }
}

fn unchecked(ecosystem: Ecosystem, name: &str, reason: &str, images: usize) -> UncheckedOnImages {
    UncheckedOnImages {
        ecosystem,
        name: name.to_owned(),
        versions: vec!["12.4.5".to_owned()],
        reason: reason.to_owned(),
        images,
    }
}

fn tool() -> ToolInfo {
    ToolInfo {
        name: "crosscheck".to_owned(),
        version: "0.1.0".to_owned(),
    }
}

fn nvidia() -> Vec<UncheckedOnImages> {
    let reason = "built by NVIDIA: not in the distribution's advisories";
    let mut packages: Vec<UncheckedOnImages> = [
        "cuda-compat-12-4",
        "libcublas-12-4",
        "libcudnn8",
        "libnccl2",
    ]
    .into_iter()
    .map(|name| unchecked(Ecosystem::Deb, name, reason, 1))
    .collect();
    packages.push(unchecked(
        Ecosystem::Conda,
        "mkl",
        "no scanner assesses conda packages",
        1,
    ));
    packages
}

/// Trivy and Grype on one image; Snyk is not logged in.
pub(crate) fn one_image() -> Comparison {
    let trivy = ScannerPart {
        version: Some("0.58.1".to_owned()),
        database_built: Some("2026-11-23T18:12:44Z".to_owned()),
        ..part(PartStatus::Completed, 60)
    };
    let grype = ScannerPart {
        version: Some("0.87.0".to_owned()),
        database_built: Some("2026-11-14T08:00:00Z".to_owned()),
        problem: Some("the package list: only SARIF could be had".to_owned()),
        ..part(PartStatus::Partial, 58)
    };
    let snyk = failed(
        FailureKind::Authentication,
        "the service refused the request: no token is set",
    );
    let mut silent = scanner(
        "snyk",
        "Snyk Container",
        share(0, 1),
        share(0, 0),
        0,
        0,
        &[(Cause::NoResult, 67)],
    );
    silent.failures.insert(FailureKind::Authentication, 1);
    silent.peak_memory_bytes = None;
    Comparison {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: tool(),
        images: vec![ComparedImage {
            reference: "registry.example/ml/trainer:2.4.0".to_owned(),
            digest: Some(format!("sha256:{}", "3f".repeat(32))),
            source: "runs/trainer".to_owned(),
            findings: 67,
            scanners: BTreeMap::from([(id("trivy"), trivy), (id("grype"), grype), (id("snyk"), snyk)]),
        }],
        universe: Universe {
            images: 1,
        distinct_images: 1,
            findings: 67,
            void: 2,
            vulnerabilities: 61,
            shared_by_all: 51,
            by_one_only: 16,
        },
        scanners: vec![
            scanner(
                "grype",
                "Grype",
                share(1, 1),
                share(57, 61),
                58,
                7,
                &[
                    (Cause::NotInData, 3),
                    (Cause::OwnedByOsPackage, 4),
                    (Cause::OtherVersion, 1),
                    (Cause::Withdrawn, 1),
                ],
            ),
            silent,
            scanner(
                "trivy",
                "Trivy",
                share(1, 1),
                share(58, 65),
                60,
                9,
                &[(Cause::NotCatalogued, 5), (Cause::NotInData, 2)],
            ),
        ],
        pairs: vec![ComparedPair {
            a: id("grype"),
            b: id("trivy"),
            images: 1,
            agreement: Levels {
                raw: overlap(0, 70, 66),
                by_vulnerability_and_name: overlap(43, 12, 12),
                vulnerability: overlap(52, 3, 6),
                package: overlap(20, 2, 2),
                finding: overlap(51, 7, 9),
                adjusted: overlap(50, 7, 4),
            },
            severity: vec![
                cell(Severity::Low, Severity::Negligible, 4),
                cell(Severity::High, Severity::High, 30),
                cell(Severity::High, Severity::Medium, 9),
                cell(Severity::Critical, Severity::Medium, 2),
                cell(Severity::Medium, Severity::Medium, 5),
                cell(Severity::Unknown, Severity::Low, 1),
            ],
            fix: vec![
                cell(FixState::Fixed, FixState::Fixed, 40),
                cell(FixState::NotFixed, FixState::Fixed, 3),
                cell(FixState::WontFix, FixState::NotFixed, 8),
            ],
        }],
        sets: vec![
            set(&["grype", "trivy"], 50),
            set(&["trivy"], 8),
            set(&["grype"], 7),
        ],
        base: Base {
            left_out: Vec::new(),
            scanners: ids(&["grype", "trivy"]),
            images: 1,
            findings: 65,
        },
        contributions: vec![
            Contribution {
                scanner: id("grype"),
                marginal: share(7, 65),
                shapley: 32.0 / 65.0,
                duration_ms_per_marginal: Some(1_782),
            },
            Contribution {
                scanner: id("trivy"),
                marginal: share(8, 65),
                shapley: 33.0 / 65.0,
                duration_ms_per_marginal: Some(1_560),
            },
        ],
        curve: vec![
            CurveStep {
                scanner: id("trivy"),
                gain: 58,
                covered: share(58, 65),
            },
            CurveStep {
                scanner: id("grype"),
                gain: 7,
                covered: share(65, 65),
            },
        ],
        best: vec![
            BestChoice {
                scanners: ids(&["trivy"]),
                covered: share(58, 65),
                lost: BTreeMap::from([(Severity::Critical, 1), (Severity::Low, 6)]),
                equals: 0,
                runner_up: Some(RunnerUp {
                    scanners: ids(&["grype"]),
                    covered: share(57, 65),
                    lead: None,
                }),
                exact: true,
            },
            BestChoice {
                scanners: ids(&["grype", "trivy"]),
                covered: share(65, 65),
                lost: BTreeMap::new(),
                equals: 0,
                runner_up: None,
                exact: true,
            },
        ],
        strata: Strata {
            ecosystem: vec![
                stratum("deb", 48, &[("grype", 45, 48), ("trivy", 48, 48)]),
                stratum("pypi", 17, &[("grype", 12, 13), ("trivy", 10, 17)]),
            ],
            severity: vec![
                stratum("critical", 3, &[("grype", 3, 3), ("trivy", 2, 3)]),
                stratum("high", 40, &[("grype", 36, 38), ("trivy", 39, 40)]),
                stratum("low", 22, &[("grype", 18, 20), ("trivy", 17, 22)]),
            ],
            fixable: vec![
                stratum("fixable", 43, &[("grype", 40, 42), ("trivy", 40, 43)]),
                stratum("not fixable", 22, &[("grype", 17, 19), ("trivy", 18, 22)]),
            ],
            layer: vec![stratum(
                &format!("sha256:{}", "a1".repeat(32)),
                48,
                &[("grype", 45, 48), ("trivy", 48, 48)],
            )],
        },
        inventories: Some(inventories()),
        unseen: Unseen {
            pairs: vec![PairEstimate {
                a: id("grype"),
                b: id("trivy"),
                estimate: Estimate::LowerBound {
                    estimator: "Chapman".to_owned(),
                    seen: 65,
                    total: 66.08,
                    interval: Interval {
                        low: 65.0,
                        high: 68.2,
                    },
                    sample_coverage: None,
                },
            }],
            all: Estimate::Refused {
                reason: "Chao2 needs three scanners".to_owned(),
            },
            assumptions: vec![
                "The scanners find things independently of each other. They share databases, so the \
                 truth is higher."
                    .to_owned(),
                "Every finding is as easy to find as every other.".to_owned(),
            ],
        },
        unread: Vec::new(),
        unchecked: nvidia(),
    }
}

fn inventories() -> InventoryComparison {
    InventoryComparison {
        images: 1,
        scanners: BTreeMap::from([(id("grype"), 430), (id("trivy"), 412)]),
        pairs: vec![InventoryPair {
            a: id("grype"),
            b: id("trivy"),
            packages: overlap(405, 25, 7),
        }],
        alone: BTreeMap::from([
            (
                id("grype"),
                BTreeMap::from([(Ecosystem::Deb, 2), (Ecosystem::PyPi, 23)]),
            ),
            (id("trivy"), BTreeMap::from([(Ecosystem::Golang, 7)])),
        ]),
        disagreements: 1,
        versions: vec![VersionDisagreement {
            ecosystem: Ecosystem::PyPi,
            name: "setuptools".to_owned(),
            versions: BTreeMap::from([
                (id("grype"), vec!["65.5.1".to_owned(), "70.0.0".to_owned()]),
                (id("trivy"), vec!["65.5.1".to_owned()]),
            ]),
        }],
        packages_alone: vec![
            PackageAlone {
                scanner: id("grype"),
                ecosystem: Ecosystem::PyPi,
                name: "wheel".to_owned(),
                version: "0.42.0".to_owned(),
            },
            PackageAlone {
                scanner: id("trivy"),
                ecosystem: Ecosystem::Golang,
                name: "golang.org/x/crypto".to_owned(),
                version: "v0.17.0".to_owned(),
            },
        ],
    }
}

/// Four scanners on four images: Trivy ran into its limit of time on one, Snyk was not asked about
/// one and refused on another, Docker Scout gave one result without a package list.
pub(crate) fn fleet() -> Comparison {
    let parts = |trivy: ScannerPart, snyk: Option<ScannerPart>, scout: ScannerPart| {
        let mut parts = BTreeMap::from([
            (id("trivy"), trivy),
            (id("grype"), part(PartStatus::Completed, 130)),
            (id("docker-scout"), scout),
        ]);
        parts.extend(snyk.map(|snyk| (id("snyk"), snyk)));
        parts
    };
    let whole = || part(PartStatus::Completed, 140);
    let image = |reference: &str, scanners| ComparedImage {
        reference: reference.to_owned(),
        digest: Some(format!("sha256:{}", "7c".repeat(32))),
        source: format!("runs/{reference}"),
        findings: 180,
        scanners,
    };
    let mut comparison = one_image();
    comparison.images = vec![
        image(
            "registry.example/api:1",
            parts(whole(), Some(whole()), whole()),
        ),
        image(
            "registry.example/ml/trainer-with-everything-in-it:2.4.0",
            parts(
                failed(FailureKind::Timeout, "it did not end within 10 min"),
                None,
                ScannerPart {
                    problem: Some("the package list: only SARIF could be had".to_owned()),
                    ..part(PartStatus::Partial, 96)
                },
            ),
        ),
        image(
            "registry.example/web:7",
            parts(
                whole(),
                Some(failed(
                    FailureKind::Authentication,
                    "the service refused the request: no token is set",
                )),
                whole(),
            ),
        ),
        image(
            "registry.example/worker:3",
            parts(whole(), Some(whole()), whole()),
        ),
    ];
    comparison.universe = Universe {
        images: 4,
        distinct_images: 4,
        findings: 720,
        void: 12,
        vulnerabilities: 301,
        shared_by_all: 260,
        by_one_only: 95,
    };
    fleet_scanners(&mut comparison);
    fleet_choices(&mut comparison);
    fleet_parts(&mut comparison);
    comparison
}

fn fleet_scanners(comparison: &mut Comparison) {
    let with = |share: Share, low, high| Share {
        interval: Some(Interval { low, high }),
        ..share
    };
    comparison.scanners = vec![
        scanner(
            "docker-scout",
            "Docker Scout",
            share(4, 4),
            with(share(410, 640), 0.58, 0.71),
            416,
            11,
            &[
                (Cause::NotInData, 120),
                (Cause::NoPackageList, 110),
                (Cause::Ecosystem, 40),
            ],
        ),
        scanner(
            "grype",
            "Grype",
            share(4, 4),
            with(share(640, 690), 0.90, 0.95),
            646,
            48,
            &[
                (Cause::OwnedByOsPackage, 18),
                (Cause::NotInData, 30),
                (Cause::VersionRange, 20),
            ],
        ),
        scanner(
            "snyk",
            "Snyk Container",
            share(2, 3),
            with(share(230, 350), 0.55, 0.75),
            235,
            6,
            &[
                (Cause::EcosystemNotCatalogued, 80),
                (Cause::NotInData, 40),
                (Cause::NoResult, 180),
            ],
        ),
        scanner(
            "trivy",
            "Trivy",
            share(3, 4),
            with(share(500, 530), 0.91, 0.97),
            506,
            30,
            &[
                (Cause::NoResult, 180),
                (Cause::NotCatalogued, 20),
                (Cause::Rejected, 10),
            ],
        ),
    ];
    for scanner in &mut comparison.scanners {
        let kind = match scanner.scanner.as_str() {
            "snyk" => FailureKind::Authentication,
            "trivy" => FailureKind::Timeout,
            _ => continue,
        };
        scanner.failures.insert(kind, 1);
    }
    let names = ["docker-scout", "grype", "snyk", "trivy"];
    comparison.pairs = Vec::new();
    for (index, a) in names.into_iter().enumerate() {
        for b in names.into_iter().skip(index + 1) {
            comparison.pairs.push(ComparedPair {
                a: id(a),
                b: id(b),
                images: 2,
                agreement: Levels {
                    raw: overlap(3, 210, 180),
                    by_vulnerability_and_name: overlap(160, 50, 40),
                    vulnerability: overlap(190, 20, 21),
                    package: overlap(70, 6, 3),
                    finding: overlap(180, 36, 41),
                    adjusted: overlap(180, 6, index),
                },
                severity: vec![
                    cell(Severity::High, Severity::High, 120),
                    cell(Severity::High, Severity::Low, index),
                    cell(Severity::Medium, Severity::High, 17),
                ],
                fix: Vec::new(),
            });
        }
    }
}

fn fleet_choices(comparison: &mut Comparison) {
    comparison.base = Base {
        left_out: Vec::new(),
        scanners: ids(&["docker-scout", "grype", "snyk", "trivy"]),
        images: 2,
        findings: 354,
    };
    comparison.sets = vec![
        set(&["docker-scout", "grype", "snyk", "trivy"], 210),
        set(&["grype", "trivy"], 71),
        set(&["docker-scout", "grype", "trivy"], 40),
        set(&["grype"], 20),
        set(&["trivy"], 12),
        set(&[], 1),
    ];
    comparison.contributions = [
        ("docker-scout", 0, 0.18),
        ("grype", 20, 0.34),
        ("snyk", 0, 0.15),
        ("trivy", 12, 0.33),
    ]
    .into_iter()
    .map(|(scanner, marginal, shapley)| Contribution {
        scanner: id(scanner),
        marginal: share(marginal, 354),
        shapley,
        duration_ms_per_marginal: (marginal > 0).then_some(1_248),
    })
    .collect();
    comparison.curve = [
        ("grype", 341, 341),
        ("trivy", 12, 353),
        ("docker-scout", 0, 353),
        ("snyk", 0, 353),
    ]
    .into_iter()
    .map(|(scanner, gain, covered)| CurveStep {
        scanner: id(scanner),
        gain,
        covered: share(covered, 354),
    })
    .collect();
    let covered = |count, low, high| Share {
        interval: Some(Interval { low, high }),
        ..share(count, 354)
    };
    comparison.best = vec![
        BestChoice {
            scanners: ids(&["grype"]),
            covered: covered(341, 0.93, 0.98),
            lost: BTreeMap::from([
                (Severity::High, 3),
                (Severity::Low, 9),
                (Severity::Unknown, 1),
            ]),
            equals: 0,
            runner_up: Some(RunnerUp {
                scanners: ids(&["trivy"]),
                covered: covered(333, 0.91, 0.97),
                lead: Some(Interval {
                    low: -0.012,
                    high: 0.061,
                }),
            }),
            exact: true,
        },
        BestChoice {
            scanners: ids(&["grype", "trivy"]),
            covered: covered(353, 0.98, 1.0),
            lost: BTreeMap::from([(Severity::Low, 1)]),
            equals: 0,
            runner_up: Some(RunnerUp {
                scanners: ids(&["docker-scout", "grype"]),
                covered: covered(341, 0.93, 0.98),
                lead: Some(Interval {
                    low: 0.011,
                    high: 0.058,
                }),
            }),
            exact: true,
        },
        BestChoice {
            scanners: ids(&["docker-scout", "grype", "trivy"]),
            covered: covered(353, 0.98, 1.0),
            lost: BTreeMap::from([(Severity::Low, 1)]),
            equals: 1,
            runner_up: None,
            exact: true,
        },
    ];
}

fn fleet_parts(comparison: &mut Comparison) {
    let best = |scanners: &[&str], count, of| {
        Some(BestChoice {
            scanners: ids(scanners),
            covered: share(count, of),
            lost: BTreeMap::new(),
            equals: 0,
            runner_up: None,
            exact: true,
        })
    };
    comparison.strata = Strata {
        ecosystem: vec![
            Stratum {
                best_pair: best(&["grype", "trivy"], 300, 300),
                ..stratum(
                    "deb",
                    500,
                    &[
                        ("docker-scout", 390, 500),
                        ("grype", 470, 500),
                        ("snyk", 220, 250),
                        ("trivy", 370, 375),
                    ],
                )
            },
            Stratum {
                best_pair: best(&["grype", "trivy"], 53, 54),
                ..stratum(
                    "pypi",
                    208,
                    &[
                        ("docker-scout", 20, 140),
                        ("grype", 170, 190),
                        ("trivy", 130, 155),
                    ],
                )
            },
        ],
        severity: vec![stratum(
            "critical",
            12,
            &[("grype", 12, 12), ("trivy", 9, 9)],
        )],
        ..Strata::default()
    };
    comparison.inventories = Some(InventoryComparison {
        images: 3,
        versions: Vec::new(),
        packages_alone: Vec::new(),
        ..inventories()
    });
    comparison.unseen.all = Estimate::LowerBound {
        estimator: "Chao2".to_owned(),
        seen: 353,
        total: 360.2,
        interval: Interval {
            low: 355.0,
            high: 377.9,
        },
        sample_coverage: Some(share(321, 353)),
    };
    comparison.unseen.pairs = vec![PairEstimate {
        a: id("docker-scout"),
        b: id("snyk"),
        estimate: Estimate::Refused {
            reason: "fewer than 7 findings of both".to_owned(),
        },
    }];
    for package in &mut comparison.unchecked {
        package.images = 3;
    }
}
