//! From scanner runs to the unified report: reconcile, compare, decide, in that order. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::coverage;
use crate::model::report::{
    PolicySummary, Report, SCHEMA_VERSION, ScannerSummary, Summary, TargetSummary, ToolInfo,
};
use crate::model::{
    Diagnostic, DiagnosticLevel, Finding, InventoryScope, Package, ScannerId, ScannerReport,
    ScannerRun,
};
use crate::policy::vex::{Product, Statements};
use crate::policy::{self, Circumstances, Drivers, Inputs, ResolvedPolicy, cuda};
use crate::reconcile::{self, Inventory, Reconciled, target};

/// What a report is made from besides the runs.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Package lists without findings that the user gives.
    pub inventories: &'a [ScannerReport],
    /// The policy with its profile.
    pub policy: &'a ResolvedPolicy,
    /// What the policy draws on besides the reports.
    pub inputs: &'a Inputs,
    /// The moment that expiry and ages are counted from.
    pub evaluated_at: Timestamp,
    /// The moment of the run, from which a finding is seen that no earlier report has. Judging a run
    /// again later does not make its findings newer.
    pub seen_at: Timestamp,
    /// What is known of the image apart from the reports: the reference as typed, digests read
    /// from the image itself. They win over what reports say.
    pub target: Option<&'a TargetSummary>,
    /// Further names of the image: its tags.
    pub names: &'a [String],
    /// What the caller noticed about its input.
    pub diagnostics: &'a [Diagnostic],
}

/// A report, and the package lists behind it, which it does not hold.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// Each trusted scanner's packages.
    pub inventories: BTreeMap<ScannerId, Inventory>,
}

/// Makes the report from the scanners' runs, failed ones included. The same input gives the same
/// report, in whatever order the runs come; they are put into the report's order.
pub fn analyse(runs: &mut [ScannerRun], input: &Input<'_>) -> Report {
    examine(runs, input).report
}

/// As [`analyse`], with the package lists.
pub fn examine(runs: &mut [ScannerRun], input: &Input<'_>) -> Analysis {
    runs.sort_by(|a, b| (&a.scanner, &a.source).cmp(&(&b.scanner, &b.source)));

    let mut reconciled =
        reconcile::reconcile(runs, input.inventories, input.policy.severity_rule());
    let mut noted = input.inputs.enrich(
        &mut reconciled.findings,
        input.seen_at.min(input.evaluated_at),
    );
    noted.append(&mut reconciled.diagnostics);
    let coverage = coverage::compare(&mut reconciled, runs);
    let unchecked = coverage::unchecked(&reconciled, runs);
    let mut findings = std::mem::take(&mut reconciled.findings);
    let target = summarise_target(runs, input.target);
    let mut policy = decide(input, runs, &reconciled, &target, &mut findings);
    policy.missing_scanners = policy::missing_scanners(input.policy, runs);
    let verdict = policy::judge(
        input.policy,
        &findings,
        &unchecked,
        runs,
        input.evaluated_at,
    );
    findings.sort_by_cached_key(|finding| {
        (
            Reverse(finding.decision.as_ref().map(|d| d.action)),
            Reverse(finding.severity.level),
            finding.package.clone(),
            finding.vulnerability.id.clone(),
        )
    });

    let report = Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: ToolInfo::this(),
        evaluated_at: input.evaluated_at.to_string(),
        target,
        verdict,
        scanners: runs
            .iter()
            .map(|run| summarise_scanner(run, input))
            .collect(),
        policy,
        summary: summarise(&findings),
        findings,
        coverage,
        unchecked,
        packages: coverage::listed(&reconciled.inventories, input.inventories),
        suppressed: reconciled.suppressed,
        accounting: reconciled.accounting,
        diagnostics: diagnostics(runs, input, noted),
    };
    Analysis {
        report,
        inventories: reconciled.inventories,
    }
}

/// Decides on the findings, with all that a decision may depend on.
fn decide(
    input: &Input<'_>,
    runs: &[ScannerRun],
    reconciled: &Reconciled,
    target: &TargetSummary,
    findings: &mut [Finding],
) -> PolicySummary {
    let inputs = input.inputs;
    let given = input
        .inventories
        .iter()
        .flat_map(|inventory| &inventory.packages);
    let listed = reconciled.inventories.values();
    let listed = listed.flat_map(|inventory| inventory.packages.values().flatten());
    let packages: Vec<&Package> = listed.map(|entry| &entry.package).chain(given).collect();
    let complete = lists_everything(input, reconciled, target);
    let names = std::iter::once(target.reference.as_str());
    let names = names.chain(input.names.iter().map(String::as_str));
    let mut image = cuda::Image::new(names, packages.iter().copied(), complete);
    let reports = runs.iter().filter(|run| run.outcome.is_trustworthy());
    let reports = reports.filter_map(|run| run.report.as_ref());
    for path in reports
        .chain(input.inventories)
        .flat_map(|report| &report.driver_files)
    {
        image.add_file(path);
    }
    let installed: Option<BTreeSet<String>> = complete.then(|| {
        packages
            .iter()
            .map(|package| package.name.clone())
            .collect()
    });
    let statements = (!inputs.vex.is_empty()).then(|| {
        Statements::new(
            inputs.vex.clone(),
            &Product::new(target, input.names),
            input.evaluated_at,
        )
    });
    let circumstances = Circumstances {
        now: input.evaluated_at,
        installed: installed.as_ref(),
        base_layers: inputs.base_layers.as_ref(),
        vex: statements.as_ref(),
        drivers: Some(Drivers {
            hosts: &inputs.hosts,
            image: &image,
            bulletins: &inputs.bulletins,
        }),
    };
    let mut summary = policy::decide(input.policy, findings, &circumstances);
    inputs.summarise(&mut summary);
    summary
}

/// Whether some list holds every package of the image: a complete one, and where the image has an
/// operating system one that looked at its packages. An SBOM of an application alone says nothing of
/// what else is there.
fn lists_everything(input: &Input<'_>, reconciled: &Reconciled, target: &TargetSummary) -> bool {
    let of_scanners = reconciled.inventories.values().map(|inventory| {
        let has_os = inventory
            .packages
            .keys()
            .any(|(ecosystem, _)| ecosystem.is_os());
        (inventory.scope, has_os)
    });
    let given = input.inventories.iter().map(|inventory| {
        let has_os = (inventory.packages.iter()).any(|package| package.ecosystem.is_os());
        (inventory.inventory, has_os)
    });
    let lists: Vec<(InventoryScope, bool)> = of_scanners.chain(given).collect();
    let os_expected = target.distro.is_some() || lists.iter().any(|(_, has_os)| *has_os);
    lists
        .iter()
        .any(|(scope, has_os)| *scope == InventoryScope::Complete && (*has_os || !os_expected))
}

fn summarise_target(runs: &[ScannerRun], known: Option<&TargetSummary>) -> TargetSummary {
    let targets: Vec<_> = runs
        .iter()
        .filter_map(|run| run.report.as_ref())
        .map(|r| &r.target)
        .collect();
    let reported = target::summarise(&targets, known.map(|k| k.reference.as_str()));
    let Some(known) = known else { return reported };
    TargetSummary {
        reference: reported.reference,
        config_digest: known.config_digest.clone().or(reported.config_digest),
        manifest_digest: known.manifest_digest.clone().or(reported.manifest_digest),
        repo_digests: reported.repo_digests,
        platform: known.platform.clone().or(reported.platform),
        distro: known.distro.clone().or(reported.distro),
    }
}

fn summarise_scanner(run: &ScannerRun, input: &Input<'_>) -> ScannerSummary {
    let report = run.report.as_ref();
    let stated = report.and_then(|report| report.created);
    // Only of a scanner that was run is the time it took known.
    let ran = run.duration_ms.map(|_| input.seen_at);
    ScannerSummary {
        id: run.scanner.clone(),
        title: run.title.clone(),
        version: run.version.clone(),
        database_built: run.database_built.clone(),
        outcome: run.outcome.clone(),
        required: input.policy.requires(&run.scanner),
        source: run.source.clone(),
        sha256: run.sha256.clone(),
        format: report.map(|r| r.format.to_owned()),
        identity: report.map(|r| r.identity),
        inventory: report.map(|r| r.inventory),
        packages: report.map_or(0, |r| r.packages.iter().filter(|p| !p.source_level).count()),
        observations: report.map_or(0, |r| r.observations.len()),
        created: stated.or(ran).map(|time| time.to_string()),
        duration_ms: run.duration_ms,
        peak_memory_bytes: run.peak_memory_bytes,
    }
}

fn summarise(findings: &[Finding]) -> Summary {
    let mut by_severity: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_action: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        *by_severity
            .entry(finding.severity.level.to_string())
            .or_default() += 1;
        if let Some(decision) = &finding.decision {
            *by_action
                .entry(decision.action.as_str().to_owned())
                .or_default() += 1;
        }
    }
    let installed: BTreeSet<_> = findings
        .iter()
        .flat_map(|f| {
            f.instances
                .iter()
                .map(move |i| (&f.package.ecosystem, &i.name, &i.version, &i.architecture))
        })
        .collect();
    Summary {
        findings: findings.len(),
        physical_findings: reconcile::physical(findings)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .len(),
        vulnerabilities: findings
            .iter()
            .map(|f| &f.vulnerability.id)
            .collect::<BTreeSet<_>>()
            .len(),
        packages: findings
            .iter()
            .map(|f| &f.package)
            .collect::<BTreeSet<_>>()
            .len(),
        instances: installed.len(),
        by_severity,
        by_action,
        fixable: findings
            .iter()
            .filter(|f| !f.fix.versions.is_empty())
            .count(),
    }
}

/// The caller's diagnostics, what scores and vectors do not agree on, and each report's own
/// diagnostics with the scanner's name as their origin.
fn diagnostics(runs: &[ScannerRun], input: &Input<'_>, noted: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = input.diagnostics.to_vec();
    all.extend(noted);
    all.extend(input.inputs.notes(input.policy, input.evaluated_at));
    all.extend(policy::database_notes(
        input.policy,
        runs,
        input.evaluated_at,
    ));
    all.extend(reconcile::scores::check(runs));
    for run in runs {
        let own = run.report.iter().flat_map(|report| &report.diagnostics);
        all.extend(own.map(|d| Diagnostic {
            origin: run.scanner.to_string(),
            ..d.clone()
        }));
        if run
            .report
            .as_ref()
            .is_some_and(|r| r.identity == crate::model::IdentityQuality::Reduced)
        {
            all.push(Diagnostic {
                level: DiagnosticLevel::Note,
                origin: run.scanner.to_string(),
                pointer: None,
                message:
                    "this format carries no source packages; findings may not meet those of other \
                          scanners unless an inventory is given with --sbom"
                        .to_owned(),
            });
        }
    }
    for inventory in input.inventories {
        let own = inventory.diagnostics.iter();
        all.extend(own.map(|d| Diagnostic {
            origin: inventory.scanner.to_string(),
            ..d.clone()
        }));
    }
    all.sort_by(|a, b| {
        (Reverse(a.level), &a.origin, &a.pointer, &a.message).cmp(&(
            Reverse(b.level),
            &b.origin,
            &b.pointer,
            &b.message,
        ))
    });
    all
}
