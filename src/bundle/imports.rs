//! Reports that other jobs made, brought into the form of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{MAX_REPORT_BYTES, read_limited};
use crate::formats::{self, Format};
use crate::image::digest::sha256;
use crate::model::{
    Diagnostic, DiagnosticLevel, InventoryScope, Outcome, ScannerId, ScannerReport, ScannerRun,
};
use crate::reconcile::target::strangers;
use crate::scanners::Adapters;

/// What a set of files holds.
#[derive(Debug, Default)]
pub struct Imports {
    /// One run a scanner's report.
    pub runs: Vec<ScannerRun>,
    /// Files that are package lists without findings.
    pub inventories: Vec<ScannerReport>,
    /// What the user should know about how the files go together.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads report files. Each must be readable, no scanner may be there twice, and all must be about
/// the same image unless `allow_mixed_targets` is set.
///
/// # Errors
/// All problems at once, one line each, naming the file, the place in it and the remedy.
pub fn read(
    files: &[PathBuf],
    allow_mixed_targets: bool,
    adapters: &Adapters,
) -> Result<Imports, Vec<String>> {
    let mut imports = Imports::default();
    let mut problems = Vec::new();
    let mut by_scanner: BTreeMap<ScannerId, String> = BTreeMap::new();
    for path in files {
        let source = path.display().to_string();
        match read_one(path) {
            Err(problem) => problems.push(problem),
            Ok((report, _)) if is_inventory(&report) => imports.inventories.push(report),
            Ok((report, sha256)) => {
                if let Some(other) = by_scanner.insert(report.scanner.clone(), source.clone()) {
                    problems.push(format!(
                        "{source}: a second report of {}, besides {other}; merge one report a scanner, of the same scan",
                        report.scanner
                    ));
                }
                imports.runs.push(run(report, source, sha256, adapters));
            }
        }
    }
    if problems.is_empty() && imports.runs.is_empty() {
        problems.push(
            "none of the files is a scanner's report with findings; give SBOMs with --sbom"
                .to_owned(),
        );
    }
    // Of two that contradict each other, the order of the files must not choose the one to doubt.
    imports
        .runs
        .sort_by(|a, b| (&a.scanner, &a.source).cmp(&(&b.scanner, &b.source)));
    check_targets(&mut imports, allow_mixed_targets, &mut problems);
    if problems.is_empty() {
        Ok(imports)
    } else {
        Err(problems)
    }
}

fn read_one(path: &Path) -> Result<(ScannerReport, String), String> {
    let bytes = read_limited(path, MAX_REPORT_BYTES).map_err(|error| error.to_string())?;
    let report = formats::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    if report.scanner.is_own() {
        // Merged with what it was made from, it would agree with everybody.
        return Err(format!(
            "{}: written by {} from scanners' reports; give those, and leave this file out",
            path.display(),
            report.scanner
        ));
    }
    Ok((report, sha256(&bytes)))
}

/// A package list: the format holds no findings, or this file of a format that can has none and
/// was not written by a scanner that we know to report them that way.
fn is_inventory(report: &ScannerReport) -> bool {
    report.inventory == InventoryScope::Complete
        && report.entries == 0
        && report.failure.is_none()
        && report.suppressed.is_empty()
        && Format::from_title(report.format).is_some_and(Format::is_inventory)
}

fn run(report: ScannerReport, source: String, sha256: String, adapters: &Adapters) -> ScannerRun {
    let manifest = adapters.get(&report.scanner);
    let doubt = manifest.map_or_else(
        || formats::doubt(&report),
        |manifest| manifest.doubt(&report),
    );
    let mut run = ScannerRun::of(report, source);
    run.sha256 = Some(sha256);
    run.outcome = doubt.map_or(Outcome::Completed, Outcome::Failed);
    if let Some(manifest) = manifest {
        run.title.clone_from(&manifest.title);
        run.capabilities = manifest.capabilities.clone();
    }
    run
}

/// Digests that differ are an error, names that differ a warning.
fn check_targets(imports: &mut Imports, allow: bool, problems: &mut Vec<String>) {
    let with_report: Vec<&ScannerRun> = imports
        .runs
        .iter()
        .filter(|run| run.outcome.is_trustworthy())
        .collect();
    let targets: Vec<_> = with_report
        .iter()
        .filter_map(|run| run.report.as_ref())
        .map(|r| &r.target)
        .collect();
    for stranger in strangers(&targets) {
        let Some(run) = with_report.get(stranger.index) else {
            continue;
        };
        let home = with_report
            .get(stranger.home)
            .map_or("the others", |home| home.source.as_str());
        let message = format!(
            "this report seems to be about another image than {home}: {}",
            stranger.reason
        );
        if stranger.proven && !allow {
            problems.push(format!(
                "{}: {message}; leave it out, or go on with --allow-mixed-targets",
                run.source
            ));
        } else {
            imports.diagnostics.push(Diagnostic {
                level: DiagnosticLevel::Warning,
                origin: run.source.clone(),
                pointer: None,
                message,
            });
        }
    }
}
