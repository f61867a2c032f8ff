//! What a subcommand works on: the runs of a recorded scan or of report files, and the report made
//! from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::common::{LoadedPolicy, PolicyArgs, RecordedPolicy, read_inventories, say};
use super::error::Error;
use super::inputs::{Collected, Recorded};
use crate::analysis::{self, Analysis, Input};
use crate::bundle::find::is_report;
use crate::bundle::imports::{self, Imports};
use crate::bundle::{Bundle, BundleError, written};
use crate::model::report::{Report, TargetSummary};
use crate::model::{Diagnostic, DiagnosticLevel, Outcome, ScannerId, ScannerRun};
use crate::policy::ResolvedPolicy;
use crate::reconcile::Inventory;
use crate::reconcile::target::{self, strangers};
use crate::scanners::Adapters;

/// Runs, and the report made from them.
pub(super) struct Opened {
    /// In the report's order.
    pub(super) runs: Vec<ScannerRun>,
    /// The report.
    pub(super) report: Report,
    /// Each trusted scanner's packages.
    pub(super) inventories: BTreeMap<ScannerId, Inventory>,
}

/// Opens a run directory, or a directory with scanners' report files.
pub(super) fn open(path: &Path, args: &PolicyArgs) -> Result<Opened, Error> {
    open_under(path, None, args)
}

/// The same under a policy that is read already.
pub(super) fn open_under(
    path: &Path,
    policy: Option<LoadedPolicy>,
    args: &PolicyArgs,
) -> Result<Opened, Error> {
    match Bundle::open(path) {
        Ok(bundle) => return judge_again(&bundle, policy, args),
        Err(BundleError::NotARun(_)) => {}
        Err(error) => return Err(Error::usage(error)),
    }
    let entries = fs::read_dir(path)
        .map_err(|error| Error::usage(format!("{}: cannot be read: {error}", path.display())))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| is_report(file))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::usage(format!(
            "{}: neither a run, which has a run.json, nor a directory with report files (*.json, \
             *.sarif); give what `crosscheck scan --out` wrote",
            path.display()
        )));
    }
    import_under(&files, &[], false, policy, args)
}

/// Reads a report that crosscheck wrote. It was judged when it was made, and cannot be judged again.
pub(super) fn written(path: &Path, args: &PolicyArgs) -> Result<Report, Error> {
    let judges_again = args.policy.is_some() || args.profile.is_some() || args.now.is_some();
    if judges_again || !args.inputs.is_empty() {
        return Err(Error::usage(format!(
            "{}: a report cannot be judged again, under another policy or anything else that is taken \
             into account; give the run's directory in its place, or leave out these options and the \
             variables CROSSCHECK_POLICY, CROSSCHECK_PROFILE and CROSSCHECK_NOW",
            path.display()
        )));
    }
    written::read(path).map_err(Error::usage)
}

/// Judges a recorded run again.
pub(super) fn replay(directory: &Path, args: &PolicyArgs) -> Result<Opened, Error> {
    judge_again(&Bundle::open(directory).map_err(Error::usage)?, None, args)
}

fn judge_again(
    bundle: &Bundle,
    policy: Option<LoadedPolicy>,
    args: &PolicyArgs,
) -> Result<Opened, Error> {
    let record = bundle.record();
    let (policy, keeps_policy) = match (policy, &args.policy) {
        (Some(policy), _) => (policy, false),
        // Another policy applies, so that nothing depends on what became of the recorded one.
        (None, Some(_)) => (args.load(None)?, false),
        (None, None) => {
            let recorded = recorded_policy(bundle)?;
            let is_recorded = recorded.is_some();
            (args.load(recorded)?, is_recorded)
        }
    };
    let evaluated_at = match args.now {
        Some(now) => now,
        None => record.evaluated_at.parse().map_err(|error| {
            Error::usage(format!(
                "{}: `evaluated_at` is no RFC 3339 time: {error}; give one with --now",
                bundle.directory().join("run.json").display()
            ))
        })?,
    };
    let recorded = Recorded {
        files: bundle.inputs().map_err(Error::usage)?,
        warnings: record.input_warnings.clone(),
        keeps_policy,
    };
    let resolved = policy.resolve(Some(&record.target.reference))?;
    let inputs = args.inputs.collect(&resolved, Some(recorded))?;
    judge(bundle, &resolved, &inputs, evaluated_at)
}

fn recorded_policy(bundle: &Bundle) -> Result<Option<RecordedPolicy>, Error> {
    let Some((path, text)) = bundle.policy().map_err(Error::usage)? else {
        return Ok(None);
    };
    let record = bundle.record().policy.as_ref();
    Ok(Some(RecordedPolicy {
        source: record.map_or_else(|| path.display().to_string(), |r| r.source.clone()),
        profile: record.map(|record| record.profile.clone()),
        path,
        text,
    }))
}

/// The report of a finished run.
pub(super) fn judge(
    bundle: &Bundle,
    policy: &ResolvedPolicy,
    collected: &Collected,
    evaluated_at: Timestamp,
) -> Result<Opened, Error> {
    let inputs = collected.read()?;
    let mut runs = bundle.runs().map_err(Error::usage)?;
    // Of two that contradict each other, the order of --scanners must not choose the one to doubt.
    runs.sort_by(|a, b| a.scanner.cmp(&b.scanner));
    let given = bundle.inventories().map_err(Error::usage)?;
    let record = bundle.record();
    let with_report: Vec<_> = runs
        .iter()
        .filter_map(|run| Some((run, run.report.as_ref()?)))
        .collect();
    let targets: Vec<_> = with_report
        .iter()
        .map(|(_, report)| &report.target)
        .collect();
    let mut diagnostics: Vec<Diagnostic> = strangers(&targets)
        .into_iter()
        .filter_map(|stranger| {
            let (run, _) = with_report.get(stranger.index)?;
            Some(Diagnostic {
                level: DiagnosticLevel::Warning,
                origin: run.scanner.to_string(),
                pointer: None,
                message: format!(
                    "its report seems to be about another image: {}",
                    stranger.reason
                ),
            })
        })
        .collect();
    diagnostics.extend(collected.diagnostics());
    let seen_at = record.evaluated_at.parse().unwrap_or(evaluated_at);
    let identity = &record.target.identity;
    let Analysis {
        report,
        inventories,
    } = analysis::examine(
        &mut runs,
        &Input {
            inventories: &given,
            policy,
            inputs: &inputs,
            names: &identity.names,
            evaluated_at,
            seen_at,
            target: Some(&TargetSummary {
                reference: record.target.reference.clone(),
                config_digest: identity.config_digest.clone(),
                manifest_digest: identity.manifest_digest.clone(),
                platform: identity.platform.clone(),
                ..TargetSummary::default()
            }),
            diagnostics: &diagnostics,
        },
    );
    Ok(Opened {
        runs,
        report,
        inventories,
    })
}

/// Merges report files that other jobs made.
pub(super) fn import(
    files: &[PathBuf],
    sboms: &[PathBuf],
    allow_mixed_targets: bool,
    args: &PolicyArgs,
) -> Result<Opened, Error> {
    import_under(files, sboms, allow_mixed_targets, None, args)
}

/// The same under a policy that is read already.
pub(super) fn import_under(
    files: &[PathBuf],
    sboms: &[PathBuf],
    allow_mixed_targets: bool,
    policy: Option<LoadedPolicy>,
    args: &PolicyArgs,
) -> Result<Opened, Error> {
    let policy = match policy {
        Some(policy) => policy,
        None => args.load(None)?,
    };
    let adapters = Adapters::load(None).map_err(Error::usage)?;
    let Imports {
        mut runs,
        inventories: mut given,
        diagnostics,
    } = imports::read(files, allow_mixed_targets, &adapters).map_err(Error::usages)?;
    given.extend(read_inventories(sboms)?);
    for diagnostic in &diagnostics {
        say(&format!(
            "warning: {}: {}",
            diagnostic.origin, diagnostic.message
        ));
    }
    for run in &runs {
        if let Outcome::Failed(failure) = &run.outcome {
            say(&format!(
                "warning: {}: no trustworthy result: {}; {}",
                run.source, failure.cause, failure.remedy
            ));
        }
    }
    let targets = runs.iter().filter_map(|run| run.report.as_ref());
    let targets: Vec<_> = targets.map(|report| &report.target).collect();
    let resolved = policy.resolve(Some(&target::summarise(&targets, None).reference))?;
    let collected = args.inputs.collect(&resolved, None)?;
    let inputs = collected.read()?;
    let noticed: Vec<Diagnostic> = diagnostics
        .into_iter()
        .chain(collected.diagnostics())
        .collect();
    let evaluated_at = args.moment();
    let Analysis {
        report,
        inventories,
    } = analysis::examine(
        &mut runs,
        &Input {
            inventories: &given,
            policy: &resolved,
            inputs: &inputs,
            names: &[],
            evaluated_at,
            seen_at: evaluated_at,
            target: None,
            diagnostics: &noticed,
        },
    );
    Ok(Opened {
        runs,
        report,
        inventories,
    })
}
