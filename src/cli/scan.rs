//! `crosscheck scan`: run the scanners on an image, or judge a recorded run again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::common::{PolicyArgs, read_inventory_files, runtime, say};
use super::error::Error;
use super::opened::{self, Opened, judge};
use super::output::{OutputArgs, Sources};
use super::progress::Progress;
use crate::bundle::{Bundle, Draft, PolicyRecord, RunRecord, TargetRecord};
use crate::image::{ImageIdentity, Platform, Source, inspect};
use crate::model::ScannerId;
use crate::model::report::Report;
use crate::report::{self, Format, Options, ReportFile};
use crate::scanners::{Adapters, Host, Interrupt, Limits, Manifest, ScanRequest, Scanned, run_all};

/// Run the scanners on one image, or judge a recorded run again
#[derive(Args, Debug)]
pub(super) struct ScanArgs {
    /// Image: a reference, docker:REF for the local engine, or a docker archive, OCI archive or OCI
    /// layout directory
    #[arg(
        value_name = "IMAGE",
        required_unless_present = "replay",
        conflicts_with = "replay"
    )]
    image: Option<String>,

    /// Judge a recorded run again instead of scanning: a run directory made by --out
    #[arg(long, value_name = "RUN")]
    replay: Option<PathBuf>,

    /// Scanners to run, separated by commas [default: trivy,grype,snyk,docker-scout]
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "replay"
    )]
    scanners: Vec<String>,

    /// Directory that keeps the run [default: crosscheck-runs/ and a name made of image and time]
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    out: Option<PathBuf>,

    /// Platform to scan of an image with several, as linux/arm64
    #[arg(long, value_name = "OS/ARCH", conflicts_with = "replay")]
    platform: Option<Platform>,

    /// Package list of the image (Syft, SPDX or CycloneDX JSON)
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    sbom: Vec<PathBuf>,

    /// Most scanners at a time [default: all]
    #[arg(long, value_name = "COUNT", conflicts_with = "replay")]
    jobs: Option<usize>,

    /// Time for each scanner, as 90s, 20m or 1h [default: the adapter's own]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "replay")]
    timeout: Option<Duration>,

    /// Directory with further adapter manifests
    #[arg(
        long,
        value_name = "DIR",
        env = "CROSSCHECK_ADAPTERS",
        conflicts_with = "replay"
    )]
    adapters: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    policy: PolicyArgs,

    #[command(flatten)]
    output: OutputArgs,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a time such as 90s, 20m or 1h".to_owned())?;
    let seconds = match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        _ => return Err("expected a unit after the number: s, m or h".to_owned()),
    };
    match seconds {
        Some(0) | None => Err("the time is out of range".to_owned()),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

/// Runs the subcommand.
pub(super) fn run(args: &ScanArgs) -> Result<u8, Error> {
    match (&args.replay, &args.image) {
        (Some(directory), _) => replay(args, directory),
        (None, Some(image)) => scan(args, image),
        (None, None) => Err(Error::usage(
            "name an image, or a recorded run with --replay",
        )),
    }
}

fn replay(args: &ScanArgs, directory: &Path) -> Result<u8, Error> {
    let plan = args.output.plan(&Sources::run(directory))?;
    let Opened { report, .. } = opened::replay(directory, &args.policy)?;
    args.output.write(&plan, &report, None)?;
    Ok(report.verdict.exit_code)
}

fn scan(args: &ScanArgs, image: &str) -> Result<u8, Error> {
    // Everything that can be wrong with the request comes first: a scan takes minutes.
    let policy = args.policy.load(None)?;
    let adapters = Adapters::load(args.adapters.as_deref()).map_err(Error::usage)?;
    let scanners = select(&adapters, &args.scanners)?;
    let source = Source::parse(image).map_err(Error::usage)?;
    let identity = inspect(&source, args.platform.as_ref()).map_err(Error::usage)?;
    let inventories = read_inventory_files(&args.sbom)?;
    let evaluated_at = args.policy.moment();
    let target = TargetRecord {
        reference: image.to_owned(),
        source: source.kind(),
        requested_platform: args.platform.as_ref().map(ToString::to_string),
        identity: identity.clone(),
    };
    let resolved = policy.resolve(Some(&target.reference))?;
    let inputs = args.policy.inputs.collect(&resolved, None)?;
    inputs.read()?;
    let directory = args
        .out
        .clone()
        .unwrap_or_else(|| default_directory(image, evaluated_at));
    let plan = args.output.plan(&Sources::new_run(&directory))?;
    let draft = Bundle::create(&directory).map_err(Error::usage)?;
    draft
        .write("policy.yaml", policy.text.as_bytes())
        .map_err(Error::usage)?;
    let mut inventory_records = Vec::new();
    for (index, (format, bytes)) in inventories.iter().enumerate() {
        inventory_records.push(
            draft
                .add_inventory(index, *format, bytes)
                .map_err(Error::usage)?,
        );
    }
    let mut input_records = Vec::new();
    for (index, input) in inputs.files.iter().enumerate() {
        input_records.push(draft.add_input(index, input).map_err(Error::usage)?);
    }

    let (scanned, runtime, interrupt) =
        run_scanners(args, &draft, source.clone(), identity.clone(), scanners)?;
    let records = scanned.into_iter().map(|scanned| scanned.record).collect();
    let mut record = RunRecord::new(evaluated_at.to_string(), target, records);
    record.policy = Some(PolicyRecord::new(
        resolved.source(),
        resolved.profile(),
        &policy.text,
    ));
    record.inventories = inventory_records;
    record.inputs = input_records;
    record.input_warnings.clone_from(&inputs.warnings);
    record.interrupted = interrupt.is_set();
    if record.interrupted {
        draft.finish(record).map_err(Error::usage)?;
        return Err(interrupted_run(&directory));
    }
    let output = args.output.clone();
    unless_interrupted(runtime, interrupt, &directory, move || {
        let bundle = draft.finish(record).map_err(Error::usage)?;
        // Read back from the bundle, so that a replay cannot give anything else.
        let Opened { report, .. } = judge(&bundle, &resolved, &inputs, evaluated_at)?;
        let json_report = write_report(&bundle, &report)?;
        let json_report = ReportFile {
            format: Format::JSON,
            path: json_report.display().to_string(),
        };
        output.write(&plan, &report, Some(json_report))?;
        Ok(report.verdict.exit_code)
    })
}

fn interrupted_run(directory: &Path) -> Error {
    Error::interrupted(format!(
        "interrupted; what the scanners had written is in {}",
        directory.display()
    ))
}

/// Does the rest of a run, unless a signal ends it. The handlers stay installed for as long as the
/// process lives, so without this nothing would heed a signal that comes after the scanners ended.
/// A bundle that is not finished by then still bears its mark.
fn unless_interrupted(
    runtime: Runtime,
    mut interrupt: Interrupt,
    directory: &Path,
    rest: impl FnOnce() -> Result<u8, Error> + Send + 'static,
) -> Result<u8, Error> {
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = tokio::task::spawn_blocking(rest) => Some(ended),
            () = interrupt.comes() => None,
        }
    });
    // It may still hang on a reader that does not read; the end of the process ends it.
    runtime.shutdown_background();
    match ended {
        None => Err(interrupted_run(directory)),
        Some(Ok(result)) => result,
        Some(Err(error)) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(Error::usage(format!(
                "cannot write the report: {cancelled}"
            ))),
        },
    }
}

fn write_report(bundle: &Bundle, report: &Report) -> Result<PathBuf, Error> {
    let mut json = Vec::new();
    report::write(Format::JSON, report, &Options::default(), &mut json)
        .map_err(|error| Error::usage(format!("cannot lay out the report: {error}")))?;
    bundle
        .write(Format::JSON.file_name(), &json)
        .map_err(Error::usage)
}

fn run_scanners(
    args: &ScanArgs,
    draft: &Draft,
    source: Source,
    identity: ImageIdentity,
    scanners: Vec<Arc<Manifest>>,
) -> Result<(Vec<Scanned>, Runtime, Interrupt), Error> {
    let progress = Arc::new(Progress::new(args.quiet));
    let request = ScanRequest {
        source,
        platform: args.platform.clone(),
        identity,
        jobs: args.jobs.unwrap_or(scanners.len()),
        scanners,
        host: Host::current(),
        root: draft.directory().to_owned(),
        limits: Limits {
            timeout: args.timeout,
            ..Limits::default()
        },
    };
    let runtime = runtime()?;
    let (scanned, interrupt) = runtime.block_on(async {
        let cannot = |error| Error::usage(format!("cannot run the scanners: {error}"));
        let interrupt = Interrupt::on_signals().map_err(cannot)?;
        let shown = Arc::clone(&progress);
        let scanned = run_all(request, interrupt.clone(), move |event| shown.show(&event))
            .await
            .map_err(cannot)?;
        progress.finish();
        Ok((scanned, interrupt))
    })?;
    Ok((scanned, runtime, interrupt))
}

/// The scanners that the user names, or the default line-up.
fn select(adapters: &Adapters, names: &[String]) -> Result<Vec<Arc<Manifest>>, Error> {
    if names.is_empty() {
        return Ok(adapters.line_up().cloned().collect());
    }
    let mut chosen: Vec<Arc<Manifest>> = Vec::new();
    for name in names {
        let id = ScannerId::new(name);
        let Some(manifest) = adapters.get(&id) else {
            let known: Vec<String> = adapters.iter().map(|m| m.name.to_string()).collect();
            return Err(Error::usage(format!(
                "no scanner `{name}`; there are {}",
                known.join(", ")
            )));
        };
        if chosen.iter().any(|other| other.name == manifest.name) {
            say(&format!(
                "warning: the scanner `{name}` is named twice; it runs once"
            ));
        } else {
            chosen.push(Arc::clone(manifest));
        }
    }
    Ok(chosen)
}

/// `crosscheck-runs/NAME-TIME`, where the name is what is left of the image's in letters and digits.
fn default_directory(image: &str, now: Timestamp) -> PathBuf {
    let mut name = String::new();
    for c in image.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name: String = name.trim_matches(['-', '.']).chars().take(80).collect();
    let time: String = now
        .to_string()
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    Path::new("crosscheck-runs").join(format!("{name}-{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_size() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("20m"), Ok(Duration::from_secs(1200)));
        for wrong in ["20", "m", "1.5h", "-3s", "0s", "999999999999999999h", "5d"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_directory_has_a_plain_name() {
        let now = "2026-11-24T09:30:00.5Z".parse().unwrap();
        assert_eq!(
            default_directory("docker-archive:../x/My App.tar", now),
            Path::new("crosscheck-runs/docker-archive-..-x-My-App.tar-20261124T093000Z")
        );
    }
}
