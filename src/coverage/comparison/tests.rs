//! Every statistic on numbers that can be counted by hand, and the laws that hold for all numbers.

mod agreement;
mod choosing;
mod estimates;
mod laws;
mod parts;

use std::collections::BTreeMap;

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
        created: None,
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
        packages: Vec::new(),
        unchecked: Vec::new(),
        suppressed: Vec::new(),
        accounting: Vec::new(),
        diagnostics: Vec::new(),
    })
}

impl OneImage {
    /// So many findings. Of each scanner a letter tells what it says: `R` reports, `e` is excused, `?`
    /// lists no package of the kind, `-` misses, `!` failed.
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
                        '?' => (Verdict::PackageNotSeen, Cause::EcosystemNotCatalogued),
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

    /// So many findings of Python packages.
    fn with_python(mut self, count: usize, said: &str) -> Self {
        for _ in 0..count {
            self.finding(said).package.ecosystem = Ecosystem::PyPi;
        }
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
