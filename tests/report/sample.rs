//! A report built by hand, with one of everything that a writer has to show.

use std::collections::BTreeMap;

use crosscheck::model::report::{
    Accounting, Coverage, ListedPackage, PairAgreement, PolicySummary, Report, RunOutcome,
    RunVerdict, SCHEMA_VERSION, ScannerCoverage, ScannerSummary, Summary, SuppressedRecord,
    TargetSummary, ToolInfo, UncheckedPackage,
};
use crosscheck::model::{
    Action, AdvisoryId, AdvisoryState, AliasAssertion, Attachment, Cvss, Decision, Diagnostic,
    DiagnosticLevel, Distro, Ecosystem, Failure, FailureKind, Finding, Fix, FixState, IdRelation,
    IdentityQuality, Instance, InventoryScope, Location, ObservationRecord, Outcome, PackageGroup,
    PackageRule, Rating, RatingSource, ResolvedSeverity, RuleMatch, ScannerId, ScannerVerdict,
    Severity, SourcePackage, Strength, Verdict, Vulnerability,
};

/// The packages of the findings, and one without any.
fn packages() -> Vec<ListedPackage> {
    let listed =
        |ecosystem: Ecosystem, name: &str, version: &str, purl: &str, by: &[&str]| ListedPackage {
            ecosystem,
            name: name.to_owned(),
            version: version.to_owned(),
            purl: Some(purl.to_owned()),
            listed_by: by.iter().map(|id| ScannerId::new(id)).collect(),
        };
    let zlib = "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12";
    vec![
        listed(
            Ecosystem::Deb,
            "apt",
            "2.6.1",
            "pkg:deb/debian/apt@2.6.1",
            &["trivy"],
        ),
        listed(
            Ecosystem::Deb,
            "zlib1g",
            "1:1.2.13.dfsg-1",
            zlib,
            &["grype", "trivy"],
        ),
        listed(
            Ecosystem::PyPi,
            "setuptools",
            "65.5.1",
            "pkg:pypi/setuptools@65.5.1",
            &["docker-scout", "grype", "trivy"],
        ),
    ]
}

/// Trivy, Grype and Docker Scout over an image with one blocking OS package, one disputed Python
/// package, a warning, a tracked and an ignored finding; Snyk is not logged in.
pub(crate) fn report() -> Report {
    let findings = vec![
        openssl(),
        setuptools(),
        curl(),
        tracked("CVE-2011-3374", "apt", "2.6.1"),
        pillow_ignored(),
    ];
    let scanners = vec![
        scanner("trivy", "Trivy", "0.58.1", "2026-11-23T18:12:44Z", 412, 5),
        scanner("grype", "Grype", "0.87.0", "2026-11-14T08:00:00Z", 398, 4),
        snyk(),
        docker_scout(),
    ];
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: ToolInfo {
            name: "crosscheck".to_owned(),
            version: "0.1.0".to_owned(),
        },
        evaluated_at: "2026-11-24T09:30:00Z".to_owned(),
        target: TargetSummary {
            reference: "registry.example/ml/trainer:2.4.0".to_owned(),
            config_digest: None,
            manifest_digest: Some(format!("sha256:{}", "3f".repeat(32))),
            repo_digests: vec![format!(
                "registry.example/ml/trainer@sha256:{}",
                "3f".repeat(32)
            )],
            platform: Some("linux/amd64".to_owned()),
            distro: Some(Distro {
                family: "debian".to_owned(),
                version: "12.5".to_owned(),
                end_of_life: false,
            }),
        },
        verdict: RunVerdict {
            outcome: RunOutcome::Block,
            exit_code: 1,
            blocking: 2,
            insufficient: vec![
                "snyk is required by the policy and gave no result (authentication)".to_owned(),
            ],
        },
        scanners,
        policy: PolicySummary {
            source: "policy.yaml".to_owned(),
            profile: "production".to_owned(),
            severity: "vendor".to_owned(),
            expired_rules: vec!["ignore[2]: CVE-2023-4911, expired on 2026-10-31".to_owned()],
            unused_rules: vec!["ignore[5]: CVE-2022-0001".to_owned()],
            ..PolicySummary::default()
        },
        summary: Summary {
            findings: 5,
            physical_findings: 5,
            vulnerabilities: 5,
            packages: 5,
            instances: 6,
            by_severity: counts(&[
                ("critical", 1),
                ("high", 1),
                ("medium", 2),
                ("negligible", 1),
            ]),
            by_action: counts(&[("block", 2), ("warn", 1), ("track", 1), ("ignore", 1)]),
            fixable: 3,
        },
        findings,
        coverage: coverage(),
        packages: packages(),
        unchecked: vec![
            unchecked("libcudnn8", "8.9.7.29-1+cuda12.2"),
            unchecked("libcublas-12-4", "12.4.5.8-1"),
            unchecked("cuda-compat-12-4", "550.54.15-1"),
            unchecked("libnccl2", "2.21.5-1+cuda12.4"),
            UncheckedPackage {
                ecosystem: Ecosystem::Conda,
                name: "mkl".to_owned(),
                version: "2023.1.0".to_owned(),
                reason: "no scanner of this run assesses conda packages".to_owned(),
            },
        ],
        suppressed: vec![
            suppressed("CVE-2024-0001", "linux-libc-dev"),
            suppressed("CVE-2024-0002", "linux-libc-dev"),
        ],
        accounting: vec![
            accounting("docker-scout", 3, 3, 0),
            accounting("grype", 4, 4, 2),
            Accounting {
                entries: 7,
                unreadable: 1,
                not_vulnerabilities: 1,
                ..accounting("trivy", 5, 5, 0)
            },
        ],
        diagnostics: vec![
            Diagnostic {
                level: DiagnosticLevel::Unreadable,
                origin: "trivy".to_owned(),
                pointer: Some("/Results/1/Vulnerabilities/7".to_owned()),
                message: "the entry has no VulnerabilityID and is left out".to_owned(),
            },
            Diagnostic {
                level: DiagnosticLevel::Warning,
                origin: "grype".to_owned(),
                pointer: None,
                message: "the database is 10 days old; refresh it with `grype db update`"
                    .to_owned(),
            },
            Diagnostic {
                level: DiagnosticLevel::Note,
                origin: "docker-scout".to_owned(),
                pointer: None,
                message: "the report names no architecture".to_owned(),
            },
        ],
    }
}

/// A run without findings that cannot be trusted: a required scanner gave no result.
pub(crate) fn insufficient() -> Report {
    let mut report = passing();
    report.scanners = self::report().scanners;
    report.verdict = RunVerdict {
        outcome: RunOutcome::Insufficient,
        exit_code: 3,
        blocking: 0,
        insufficient: vec!["snyk gave no result".to_owned()],
    };
    report
}

/// The same image when everything is well.
pub(crate) fn passing() -> Report {
    let mut report = report();
    report.verdict = RunVerdict {
        outcome: RunOutcome::Pass,
        exit_code: 0,
        blocking: 0,
        insufficient: Vec::new(),
    };
    report.findings.clear();
    report.summary = Summary::default();
    report.coverage = Coverage::default();
    report.policy.expired_rules.clear();
    report.policy.unused_rules.clear();
    report.unchecked.clear();
    report.suppressed.clear();
    report.diagnostics.clear();
    report.accounting = vec![accounting("trivy", 0, 0, 0)];
    report.scanners.truncate(1);
    report
}

fn openssl() -> Finding {
    Finding {
        severity: ResolvedSeverity {
            lowest: Severity::High,
            ..severity(Severity::Critical, "debian")
        },
        fix: Fix {
            state: FixState::Fixed,
            versions: vec!["3.0.16-1~deb12u1".to_owned()],
            recommended: Some("3.0.16-1~deb12u1".to_owned()),
            dissent: BTreeMap::new(),
        },
        instances: vec![
            instance("libssl3", "3.0.15-1~deb12u1", "openssl"),
            instance("openssl", "3.0.15-1~deb12u1", "openssl"),
        ],
        ..finding(
            "CVE-2024-5535",
            Ecosystem::Deb,
            "openssl",
            "3.0.15-1~deb12u1",
            &[
                ("docker-scout", Verdict::Reported),
                ("grype", Verdict::Reported),
                ("snyk", Verdict::Failed),
                ("trivy", Verdict::Reported),
            ],
            decision(
                Action::Block,
                "profiles.production.severity.critical",
                "critical, and a fix exists",
            ),
        )
    }
}

fn setuptools() -> Finding {
    let mut finding = Finding {
        severity: ResolvedSeverity {
            lowest: Severity::Low,
            highest: Severity::Critical,
            disputed: true,
            ..severity(Severity::High, "ghsa")
        },
        fix: Fix {
            state: FixState::Fixed,
            versions: vec!["70.0.0".to_owned()],
            recommended: Some("70.0.0".to_owned()),
            dissent: BTreeMap::from([(ScannerId::new("docker-scout"), FixState::NotFixed)]),
        },
        ..finding(
            "CVE-2024-6345",
            Ecosystem::PyPi,
            "setuptools",
            "65.5.1",
            &[
                ("docker-scout", Verdict::NoMatch),
                ("grype", Verdict::Covered),
                ("snyk", Verdict::Failed),
                ("trivy", Verdict::Reported),
            ],
            decision(
                Action::Block,
                "profiles.production.severity.high",
                "high, fix available since 120 days, seen by at least 2 scanners",
            ),
        )
    };
    finding.vulnerability.aliases = vec![AdvisoryId::new("GHSA-cx63-2mw6-8hw5")];
    finding.vulnerability.known_exploited = true;
    finding.vulnerability.assertions = vec![AliasAssertion {
        id: AdvisoryId::new("GHSA-cx63-2mw6-8hw5"),
        alias: AdvisoryId::new("CVE-2024-6345"),
        relation: IdRelation::Alias,
        scanner: ScannerId::new("grype"),
        field: "relatedVulnerabilities".to_owned(),
        pointer: "/matches/3".to_owned(),
    }];
    finding
}

fn curl() -> Finding {
    Finding {
        severity: severity(Severity::Medium, "debian"),
        fix: Fix {
            state: FixState::WontFix,
            ..Fix::default()
        },
        ..finding(
            "CVE-2024-7264",
            Ecosystem::Deb,
            "curl",
            "7.88.1-10+deb12u5",
            &[
                ("docker-scout", Verdict::Reported),
                ("grype", Verdict::NoMatch),
                ("snyk", Verdict::Failed),
                ("trivy", Verdict::Reported),
            ],
            decision(
                Action::Warn,
                "profiles.production.severity.medium",
                "medium",
            ),
        )
    }
}

fn tracked(id: &str, package: &str, version: &str) -> Finding {
    Finding {
        severity: severity(Severity::Negligible, "debian"),
        ..finding(
            id,
            Ecosystem::Deb,
            package,
            version,
            &[
                ("docker-scout", Verdict::Suppressed),
                ("grype", Verdict::Reported),
                ("snyk", Verdict::Failed),
                ("trivy", Verdict::Reported),
            ],
            decision(
                Action::Track,
                "profiles.production.severity.negligible",
                "negligible",
            ),
        )
    }
}

fn pillow_ignored() -> Finding {
    let mut decision = decision(
        Action::Ignore,
        "ignore[0]",
        "the affected decoder is not built into our wheel",
    );
    decision.rule.owner = Some("vision-team@registry.example".to_owned());
    decision.rule.expires = Some("2026-12-01".to_owned());
    decision.also = vec![RuleMatch::new(
        "profiles.production.severity.medium",
        Action::Warn,
        "medium",
    )];
    Finding {
        severity: severity(Severity::Medium, "ghsa"),
        fix: Fix {
            state: FixState::Fixed,
            versions: vec!["10.3.0".to_owned(), "9.5.1".to_owned()],
            ..Fix::default()
        },
        ..finding(
            "CVE-2024-28219",
            Ecosystem::PyPi,
            "pillow",
            "10.2.0",
            &[
                ("docker-scout", Verdict::NotAssessed),
                ("grype", Verdict::Reported),
                ("snyk", Verdict::Failed),
                ("trivy", Verdict::Reported),
            ],
            decision,
        )
    }
}

/// A finding with one instance, and one observation for every scanner that sees it.
pub(crate) fn finding(
    id: &str,
    ecosystem: Ecosystem,
    package: &str,
    version: &str,
    verdicts: &[(&str, Verdict)],
    decision: Decision,
) -> Finding {
    let package_group = PackageGroup {
        version: (!ecosystem.is_os()).then(|| version.to_owned()),
        ecosystem,
        name: package.to_owned(),
    };
    let observations = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.sees())
        .map(|(scanner, verdict)| ObservationRecord {
            scanner: ScannerId::new(scanner),
            id: AdvisoryId::new(id),
            package: package.to_owned(),
            version: version.to_owned(),
            severity: Severity::High,
            fixed_in: Vec::new(),
            fix_state: FixState::Unknown,
            advisory_source: None,
            pointer: "/matches/0".to_owned(),
            attachment: match verdict {
                Verdict::Covered => Attachment::Covering,
                _ => Attachment::Direct,
            },
            package_rule: if package_group.ecosystem.is_os() {
                PackageRule::StatedSource
            } else {
                PackageRule::NormalName
            },
        })
        .collect();
    Finding {
        relations: Vec::new(),
        key: format!("{id}@{package_group}"),
        vulnerability: Vulnerability {
            id: AdvisoryId::new(id),
            aliases: Vec::new(),
            related: Vec::new(),
            assertions: Vec::new(),
            title: Some(format!("An invented flaw in {package}")),
            description: Some("Text of several lines.\nInvented for this test.".to_owned()),
            url: Some(format!("https://advisories.example/{id}")),
            cwes: vec!["CWE-125".to_owned()],
            published: Some("2024-07-15T00:00:00Z".to_owned()),
            state: AdvisoryState::Active,
            known_exploited: false,
            kev: None,
            epss: None,
        },
        package: package_group,
        instances: vec![instance(package, version, package)],
        severity: severity(Severity::Medium, "nvd"),
        ratings: vec![Rating {
            source: RatingSource::Nvd,
            severity: Severity::High,
            label: Some("HIGH".to_owned()),
            cvss: Cvss::new(
                Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"),
                Some(7.5),
                "3.1",
            ),
        }],
        fix: Fix::default(),
        observations,
        verdicts: verdicts
            .iter()
            .map(|(scanner, verdict)| {
                (
                    ScannerId::new(scanner),
                    ScannerVerdict {
                        verdict: *verdict,
                        cause: crosscheck::model::Cause::NotInData,
                        strength: Strength::Proven,
                        reason: format!("{scanner} says {}", verdict.as_str()),
                    },
                )
            })
            .collect(),
        decision: Some(decision),
        first_seen: None,
        labels: Vec::new(),
    }
}

/// A decision by one rule.
pub(crate) fn decision(action: Action, rule: &str, reason: &str) -> Decision {
    Decision {
        action,
        rule: RuleMatch::new(rule, action, reason),
        also: Vec::new(),
        notes: Vec::new(),
    }
}

fn severity(level: Severity, source: &str) -> ResolvedSeverity {
    ResolvedSeverity {
        level,
        source: Some(RatingSource::from_name(source)),
        rule: "vendor".to_owned(),
        lowest: level,
        highest: level,
        disputed: false,
    }
}

fn instance(name: &str, version: &str, source: &str) -> Instance {
    Instance {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: Some("amd64".to_owned()),
        source: Some(SourcePackage {
            name: source.to_owned(),
            version: None,
        }),
        purl: Some(format!("pkg:generic/{name}@{version}")),
        locations: vec![Location {
            path: Some(format!("/usr/share/doc/{name}")),
            layer: None,
        }],
        scanners: vec![ScannerId::new("trivy")],
    }
}

fn scanner(
    id: &str,
    title: &str,
    version: &str,
    database: &str,
    packages: usize,
    observations: usize,
) -> ScannerSummary {
    ScannerSummary {
        id: ScannerId::new(id),
        title: title.to_owned(),
        version: Some(version.to_owned()),
        database_built: Some(database.to_owned()),
        outcome: Outcome::Completed,
        required: false,
        source: format!("raw/{id}.json"),
        sha256: Some("ab".repeat(32)),
        format: Some(format!("{title} JSON")),
        identity: Some(IdentityQuality::Full),
        inventory: Some(InventoryScope::Complete),
        packages,
        observations,
        created: Some("2026-11-24T09:28:10Z".to_owned()),
        duration_ms: Some(12_480),
        peak_memory_bytes: None,
    }
}

fn snyk() -> ScannerSummary {
    ScannerSummary {
        database_built: None,
        outcome: Outcome::Failed(Failure {
            kind: FailureKind::Authentication,
            cause: "the service refused the request: no token is set".to_owned(),
            remedy: "set SNYK_TOKEN, or log in with `snyk auth`".to_owned(),
        }),
        required: true,
        sha256: None,
        format: None,
        identity: None,
        inventory: None,
        created: None,
        duration_ms: Some(850),
        peak_memory_bytes: None,
        ..scanner("snyk", "Snyk Container", "1.1295.0", "", 0, 0)
    }
}

fn docker_scout() -> ScannerSummary {
    ScannerSummary {
        database_built: None,
        outcome: Outcome::Partial {
            missing: "the package list: only SARIF could be had".to_owned(),
        },
        identity: Some(IdentityQuality::Reduced),
        inventory: Some(InventoryScope::VulnerableOnly),
        created: Some("2026-11-24T09:29:30Z".to_owned()),
        duration_ms: Some(185_000),
        peak_memory_bytes: None,
        ..scanner("docker-scout", "Docker Scout", "1.16.1", "", 3, 3)
    }
}

fn coverage() -> Coverage {
    let row = |scanner: &str, reported, alone, verdicts: &[(Verdict, usize)]| ScannerCoverage {
        scanner: ScannerId::new(scanner),
        reported,
        alone,
        physical: reported,
        verdicts: verdicts.iter().copied().collect(),
        missed: BTreeMap::new(),
    };
    Coverage {
        scanners: vec![
            row(
                "docker-scout",
                2,
                0,
                &[
                    (Verdict::Reported, 2),
                    (Verdict::NoMatch, 1),
                    (Verdict::NotAssessed, 1),
                    (Verdict::Suppressed, 1),
                ],
            ),
            row(
                "grype",
                4,
                0,
                &[
                    (Verdict::Reported, 3),
                    (Verdict::Covered, 1),
                    (Verdict::NoMatch, 1),
                ],
            ),
            row("snyk", 0, 0, &[(Verdict::Failed, 5)]),
            row("trivy", 5, 0, &[(Verdict::Reported, 5)]),
        ],
        pairs: vec![
            pair(
                "docker-scout",
                "grype",
                [1, 1, 3],
                [1, 1],
                1.0 / 5.0,
                1.0 / 3.0,
            ),
            pair(
                "docker-scout",
                "trivy",
                [2, 0, 3],
                [0, 1],
                2.0 / 5.0,
                2.0 / 3.0,
            ),
            pair("grype", "trivy", [4, 0, 1], [0, 1], 4.0 / 5.0, 4.0 / 5.0),
        ],
        shared_by_all: 1,
    }
}

fn pair(
    a: &str,
    b: &str,
    [both, only_a, only_b]: [usize; 3],
    [adjusted_only_a, adjusted_only_b]: [usize; 2],
    naive: f64,
    adjusted: f64,
) -> PairAgreement {
    PairAgreement {
        a: ScannerId::new(a),
        b: ScannerId::new(b),
        both,
        only_a,
        only_b,
        naive: Some(naive),
        adjusted_both: both,
        adjusted_only_a,
        adjusted_only_b,
        adjusted: Some(adjusted),
    }
}

fn unchecked(name: &str, version: &str) -> UncheckedPackage {
    UncheckedPackage {
        ecosystem: Ecosystem::Deb,
        name: name.to_owned(),
        version: version.to_owned(),
        reason: "built by NVIDIA: not in the distribution's advisories".to_owned(),
    }
}

fn suppressed(id: &str, package: &str) -> SuppressedRecord {
    SuppressedRecord {
        scanner: ScannerId::new("grype"),
        id: AdvisoryId::new(id),
        package: package.to_owned(),
        version: "6.1.90-1".to_owned(),
        reason: "kernel headers: ignored by a rule that ships with the scanner".to_owned(),
        pointer: "/ignoredMatches/0".to_owned(),
    }
}

fn accounting(
    scanner: &str,
    observations: usize,
    in_findings: usize,
    suppressed: usize,
) -> Accounting {
    Accounting {
        scanner: ScannerId::new(scanner),
        entries: observations + suppressed,
        unreadable: 0,
        not_vulnerabilities: 0,
        observations,
        in_findings,
        suppressed,
    }
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs
        .iter()
        .map(|(name, number)| ((*name).to_owned(), *number))
        .collect()
}
