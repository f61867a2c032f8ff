//! One scanner from the search for its program to its report.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::classify::{self, Classified, Evidence, classify, interrupted};
use super::documents::{
    ALL_STDERR, Document, FileProblem, StepFiles, append_stderr, file_name, is_plain_file,
    plain_path, read_document, tail,
};
use super::environment::{Sandbox, Secrets};
use super::files::create_private_dir;
use super::interrupt::{Interrupt, Urgency};
use super::manifest::{ExitMeaning, Manifest, OutputPlace, Produces, Step, fill};
use super::probe::{self, Programs};
use super::process::{self, Ended, Invocation};
use super::record::{ExecutableRecord, FileRecord, ScannerRecord, StepRecord, combine};
use super::run::{Event, Listener, ScanRequest, Scanned};
use crate::formats::Format;
use crate::image::digest::sha256_file;
use crate::model::{Failure, FailureKind, InventoryScope, Outcome, ScannerReport};

/// One scanner at work.
pub(super) struct Scan {
    pub(super) manifest: Arc<Manifest>,
    pub(super) request: Arc<ScanRequest>,
    pub(super) interrupt: Interrupt,
    pub(super) listener: Listener,
    /// Private directory, removed with the run.
    pub(super) work: PathBuf,
    pub(super) record: ScannerRecord,
    pub(super) deadline: Instant,
}

/// What a step of an adapter is run with.
#[derive(Clone, Copy)]
struct Setting<'a> {
    step: &'a Step,
    programs: &'a Programs,
    sandbox: &'a Sandbox,
    args: &'a SourceArgs,
    /// The package list that an earlier step made.
    inventory: Option<&'a Path>,
}

/// A result that counts.
struct Assessed {
    report: ScannerReport,
    /// What it lacks.
    missing: Option<String>,
}

impl Scan {
    /// Runs it to its end, whatever that is.
    pub(super) async fn run(mut self) -> Scanned {
        let (scanner, title) = (self.manifest.name.clone(), self.manifest.title.clone());
        if self.interrupt.is_set() {
            self.record.outcome = Outcome::Failed(interrupted().failure);
            return self.finish(None);
        }
        let started = Instant::now();
        self.deadline = started + self.timeout();
        (self.listener)(Event::Started {
            scanner: scanner.clone(),
            title: title.clone(),
        });
        let report = match self.scan().await {
            Ok(result) => {
                self.record.outcome = match result.missing {
                    Some(missing) => Outcome::Partial { missing },
                    None => Outcome::Completed,
                };
                Some(result.report)
            }
            Err(failure) => {
                self.record.outcome = Outcome::Failed(failure);
                None
            }
        };
        let elapsed = started.elapsed();
        self.record.duration_ms = milliseconds(elapsed);
        (self.listener)(Event::Finished {
            scanner,
            title,
            outcome: self.record.outcome.clone(),
            elapsed,
        });
        self.finish(report)
    }

    fn finish(self, report: Option<ScannerReport>) -> Scanned {
        Scanned {
            record: self.record,
            report,
        }
    }

    fn timeout(&self) -> Duration {
        self.request
            .limits
            .timeout
            .unwrap_or(self.manifest.timeout.0)
    }

    fn stderr_name(&self) -> String {
        format!("raw/{}.stderr", self.manifest.name)
    }

    async fn scan(&mut self) -> Result<Assessed, Failure> {
        let manifest = Arc::clone(&self.manifest);
        let source = &self.request.source;
        let Some(source_args) = manifest.sources.get(&source.kind()) else {
            let kinds: Vec<&str> = manifest.sources.keys().map(|kind| kind.title()).collect();
            return Err(Failure {
                kind: FailureKind::Unsupported,
                cause: format!("{} cannot read {}", manifest.title, source.kind().title()),
                remedy: format!(
                    "give it {}; `skopeo copy` turns one form into another",
                    kinds.join(" or ")
                ),
            });
        };
        let sandbox = Sandbox::create(&self.work, &manifest, &self.request.host)
            .map_err(|error| probe::no_sandbox(&error).failure)?;
        self.record.environment.clone_from(&sandbox.passed);
        let programs =
            probe::programs(&manifest, &self.request.host, &sandbox, &self.interrupt).await;
        if self.interrupt.is_set() {
            return Err(interrupted().failure);
        }
        let programs = programs.map_err(|(version, classified)| {
            self.record.version = version;
            classified.failure
        })?;
        self.record.version.clone_from(&programs.main.version);
        self.record_programs(&programs).await;

        let source_args = self
            .source_args(source_args, &sandbox)
            .map_err(|error| probe::no_sandbox(&error).failure)?;
        let result = self.steps(&programs, &sandbox, &source_args).await;
        self.keep_stderr(&sandbox);
        let result = result?;
        self.check(&result.report)?;
        let dated = result
            .report
            .database
            .as_ref()
            .and_then(|database| database.built);
        self.record.database_built = match dated {
            Some(built) => Some(built.to_string()),
            None => probe::database(&manifest, &programs, &sandbox, &self.interrupt).await,
        };
        Ok(result)
    }

    async fn record_programs(&mut self, programs: &Programs) {
        let all = std::iter::once(&programs.main).chain(programs.companions.iter().map(|(_, p)| p));
        for program in all {
            let path = program.path.clone();
            let sha256 = spawn_blocking(move || sha256_file(&path).ok()).await;
            self.record.executables.push(ExecutableRecord {
                path: program.path.display().to_string(),
                sha256: sha256.ok().flatten(),
                version: program.version.clone(),
            });
        }
    }

    /// The arguments that name the image and, for sources with several platforms, the platform.
    fn source_args(&self, args: &[String], sandbox: &Sandbox) -> io::Result<SourceArgs> {
        let request = &self.request;
        let image = request
            .source
            .reference()
            .map(|reference| reference.or_latest().to_string());
        let path = match request.source.path() {
            Some(path) => Some(plain_path(path, &sandbox.directory)?),
            None => None,
        };
        let source = args
            .iter()
            .map(|arg| {
                fill(arg, |name| match name {
                    "image" => image.clone(),
                    "path" => path.clone(),
                    _ => None,
                })
            })
            .collect();
        let platform = match (&request.platform, &image) {
            (Some(platform), Some(_)) => self
                .manifest
                .platform
                .iter()
                .map(|arg| fill(arg, |_| Some(platform.to_string())))
                .collect(),
            _ => Vec::new(),
        };
        Ok(SourceArgs { source, platform })
    }

    /// Runs the manifest's steps and gives the report.
    async fn steps(
        &mut self,
        programs: &Programs,
        sandbox: &Sandbox,
        args: &SourceArgs,
    ) -> Result<Assessed, Failure> {
        let manifest = Arc::clone(&self.manifest);
        let needs_inventory = manifest
            .steps
            .iter()
            .any(|step| step.args.iter().any(|arg| arg.contains("{inventory}")));
        let has_fallback = manifest
            .steps
            .iter()
            .any(|step| step.produces == Produces::Fallback);
        let mut inventory: Option<Document> = None;
        let mut no_inventory: Option<Failure> = None;
        let mut findings: Option<Result<Document, Failure>> = None;
        let mut missing = None;
        for step in &manifest.steps {
            if step.produces == Produces::Fallback
                && matches!(&findings, Some(Ok(document)) if document.has_key)
            {
                continue;
            }
            let setting = Setting {
                step,
                programs,
                sandbox,
                args,
                inventory: inventory.as_ref().map(|document| document.path.as_path()),
            };
            let result = self.attempts(setting).await;
            match (step.produces, result) {
                (Produces::Inventory, Ok(document)) => inventory = Some(document),
                (Produces::Inventory, Err(failure)) => {
                    if needs_inventory || !leaves_a_chance(failure.kind) {
                        return Err(failure);
                    }
                    no_inventory = Some(failure);
                }
                (Produces::Findings, Err(failure)) => {
                    if !has_fallback || !leaves_a_chance(failure.kind) {
                        return Err(failure);
                    }
                    findings = Some(Err(failure));
                }
                (Produces::Findings, Ok(document)) => findings = Some(Ok(document)),
                (Produces::Fallback, Ok(document)) => {
                    // Two clean results: the richer document is the better one.
                    let is_clean = document.report.entries == 0;
                    if !(is_clean && matches!(findings, Some(Ok(_)))) {
                        missing.clone_from(&step.missing);
                        findings = Some(Ok(document));
                    }
                }
                (Produces::Fallback, Err(failure)) => {
                    // The first failure is nearer to the cause. Without one there is a document
                    // that cannot tell a clean image from an old scanner.
                    return Err(match findings {
                        Some(Err(first)) => first,
                        _ => failure,
                    });
                }
            }
        }
        let document = findings.unwrap_or_else(|| Err(no_steps()))?;
        let format = step_format(document.report.format);
        self.record.report = self.keep(&document.path, "raw", "json", format);
        let inventory = inventory.and_then(|list| {
            let format = step_format(list.report.format);
            let name = format.map_or("json".to_owned(), |format| format!("{format}.json"));
            self.record.inventory = self.keep(&list.path, "sbom", &name, format);
            self.record.inventory.is_some().then_some(list.report)
        });
        if self.record.report.is_none() {
            return Err(Classified::new(
                FailureKind::Other,
                "its report cannot be kept",
                "check the permissions and the free space where the results are written",
            )
            .failure);
        }
        let report = combine(&manifest.name, document.report, inventory);
        if let (None, Some(failure)) = (&missing, no_inventory)
            && report.inventory != InventoryScope::Complete
        {
            missing = Some(format!("its package list: {}", failure.cause));
        }
        Ok(Assessed { report, missing })
    }

    /// Runs a step until it succeeds, fails for good, or the attempts or the time are used up.
    async fn attempts(&mut self, setting: Setting<'_>) -> Result<Document, Failure> {
        let limits = self.request.limits.clone();
        let mut pause = limits.backoff;
        let mut attempt = 1;
        loop {
            let classified = match self.attempt(setting).await {
                Ok(document) => return Ok(document),
                Err(classified) => classified,
            };
            let in_time = Instant::now() + pause < self.deadline;
            if !classified.retry || attempt >= limits.attempts || !in_time {
                return Err(classified.failure);
            }
            (self.listener)(Event::Retrying {
                scanner: self.manifest.name.clone(),
                cause: classified.failure.cause.clone(),
                after: pause,
            });
            tokio::select! {
                () = sleep(pause) => {}
                () = self.interrupt.at_least(Urgency::Terminate) => return Err(interrupted().failure),
            }
            pause *= 2;
            attempt += 1;
        }
    }

    async fn attempt(&mut self, setting: Setting<'_>) -> Result<Document, Classified> {
        let Setting {
            step,
            programs,
            sandbox,
            args,
            inventory,
        } = setting;
        let manifest = Arc::clone(&self.manifest);
        let program = programs.of(step.executable.as_deref()).path.clone();
        let files = StepFiles::new(&sandbox.directory, &step.name);
        files.clear();
        let argv = self.argv(step, sandbox, args, inventory, &files);
        let os_args: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let is_file = step.output == OutputPlace::File;
        let started = Instant::now();
        let ending = process::run(
            &Invocation {
                program: &program,
                args: &os_args,
                directory: &sandbox.directory,
                variables: &sandbox.variables,
                stdout: &files.stdout,
                stderr: &files.stderr,
                output: is_file.then_some(files.output.as_path()),
                max_report: self.request.limits.max_report,
                max_stderr: self.request.limits.max_stderr,
                deadline: self.deadline,
                grace: self.request.limits.grace,
            },
            &mut self.interrupt,
        )
        .await
        .map_err(|error| {
            Classified::new(
                FailureKind::Other,
                format!("{} cannot be run: {error}", program.display()),
                "check that it is a program for this machine",
            )
        })?;
        let shown = std::iter::once(program.display().to_string()).chain(argv);
        self.record.steps.push(StepRecord {
            name: step.name.clone(),
            argv: shown.map(|arg| sandbox.secrets.redact(&arg)).collect(),
            exit: ending.ended.into(),
            duration_ms: milliseconds(started.elapsed()),
            peak_memory_bytes: ending.peak_memory,
        });
        append_stderr(
            &sandbox.directory,
            &files.stderr,
            &sandbox.secrets,
            self.request.limits.max_stderr,
        );

        let meaning = match ending.ended {
            Ended::Exited(0) if step.executable.is_some() => ExitMeaning::Clean,
            Ended::Exited(_) if step.executable.is_some() => ExitMeaning::Failure,
            Ended::Exited(code) => manifest.exit_meaning(code),
            _ => ExitMeaning::Failure,
        };
        let promises_report = matches!(meaning, ExitMeaning::Clean | ExitMeaning::Findings);
        if promises_report {
            let stderr = sandbox.secrets.redact(&tail(&files.stderr));
            if let Some(contradiction) = classify::contradiction(&manifest, &stderr) {
                self.keep_evidence(&files, step.format.0);
                return Err(contradiction);
            }
        }
        let mut read = self.read(step, &files, &sandbox.secrets).await;
        let mut own_words = String::new();
        if let Ok(document) = &mut read
            && let Some(words) = document.report.failure.take()
        {
            own_words = sandbox.secrets.redact(&words);
        } else if promises_report && let Ok(document) = read {
            return Ok(document);
        }
        let report = match read {
            Err(error) if promises_report => Some(error),
            _ => None,
        };
        if !matches!(ending.ended, Ended::Oversize(_)) && step.produces != Produces::Inventory {
            self.keep_evidence(&files, step.format.0);
        }
        let tail = |path: &Path| sandbox.secrets.redact(&tail(path));
        let (stderr, stdout) = (tail(&files.stderr), tail(&files.stdout));
        Err(classify(&Evidence {
            manifest: &manifest,
            ended: ending.ended,
            meaning: if own_words.is_empty() {
                meaning
            } else {
                failing(meaning)
            },
            timeout: self.timeout(),
            texts: [&own_words, &stderr, &stdout],
            report,
            stderr_file: &self.stderr_name(),
        }))
    }

    /// The arguments of a step, every placeholder filled.
    fn argv(
        &self,
        step: &Step,
        sandbox: &Sandbox,
        args: &SourceArgs,
        inventory: Option<&Path>,
        files: &StepFiles,
    ) -> Vec<String> {
        let mut argv: Vec<String> = match step.executable {
            Some(_) => Vec::new(),
            None => self.manifest.subcommand.clone(),
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        for arg in &step.args {
            match arg.as_str() {
                "{source}" => argv.extend(args.source.iter().cloned()),
                "{platform}" => argv.extend(args.platform.iter().cloned()),
                arg => argv.push(fill(arg, |name| match name {
                    // Names in the working directory: nothing in them can be misread.
                    "output" => Some(file_name(&files.output)),
                    "inventory" => inventory.map(file_name),
                    "cache" => Some(sandbox.cache.to_string_lossy().into_owned()),
                    "seconds" => Some(left.as_secs().max(1).to_string()),
                    _ => None,
                })),
            }
        }
        argv
    }

    /// Reads what a step wrote. A scanner that writes its report to a file may still print an
    /// error document, so standard output is the second place to look.
    async fn read(
        &self,
        step: &Step,
        files: &StepFiles,
        secrets: &Secrets,
    ) -> Result<Document, String> {
        let is_file = step.output == OutputPlace::File;
        let path = if is_file {
            &files.output
        } else {
            &files.stdout
        };
        let first = self.read_file(step, path, secrets).await;
        match first {
            Err(FileProblem::Missing) if is_file => {
                match self.read_file(step, &files.stdout, secrets).await {
                    Ok(document) if document.report.failure.is_some() => Ok(document),
                    _ => Err("it wrote no report".to_owned()),
                }
            }
            Err(FileProblem::Missing) => Err("it wrote no report".to_owned()),
            Err(FileProblem::Unreadable(why)) => Err(why),
            Ok(document) => Ok(document),
        }
    }

    async fn read_file(
        &self,
        step: &Step,
        path: &Path,
        secrets: &Secrets,
    ) -> Result<Document, FileProblem> {
        let (path, secrets) = (path.to_owned(), secrets.clone());
        let (format, max) = (step.format.0, self.request.limits.max_report);
        let key = step.requires_key.clone();
        let read =
            spawn_blocking(move || read_document(path, format, key.as_deref(), max, &secrets));
        read.await
            .unwrap_or_else(|error| Err(FileProblem::Unreadable(error.to_string())))
    }

    /// Whether a report that can be read can also be trusted.
    fn check(&self, report: &ScannerReport) -> Result<(), Failure> {
        let known = &self.request.identity.diff_ids;
        let stranger = report
            .target
            .diff_ids
            .iter()
            .find(|id| !id.is_empty() && !known.contains(id));
        if let (false, Some(stranger)) = (known.is_empty(), stranger) {
            return Err(Classified::new(
                FailureKind::BadReport,
                format!("its report is about another image: layer {stranger} is not in this one"),
                "run it again; if it stays so, the archive was replaced during the run",
            )
            .failure);
        }
        self.manifest.doubt(report).map_or(Ok(()), Err)
    }

    /// Moves a document into the run's directory.
    fn keep(
        &self,
        from: &Path,
        directory: &str,
        extension: &str,
        format: Option<&str>,
    ) -> Option<FileRecord> {
        let name = format!("{directory}/{}.{extension}", self.manifest.name);
        let to = self.request.root.join(&name);
        create_private_dir(&self.request.root.join(directory)).ok()?;
        fs::set_permissions(from, fs::Permissions::from_mode(0o600)).ok()?;
        fs::rename(from, &to).ok()?;
        Some(FileRecord {
            path: name,
            sha256: sha256_file(&to).ok()?,
            bytes: to.metadata().ok()?.len(),
            format: format.map(str::to_owned),
        })
    }

    /// Keeps what a failed step wrote in place of its report.
    fn keep_evidence(&mut self, files: &StepFiles, format: Format) {
        for path in [&files.output, &files.stdout] {
            if is_plain_file(path) && path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                // Standard output is still looked at for the cause, so it is copied.
                let copy = path.with_extension("kept");
                if fs::copy(path, &copy).is_ok() {
                    self.record.report = self.keep(&copy, "raw", "json", Some(format.name()));
                }
                return;
            }
        }
    }

    fn keep_stderr(&mut self, sandbox: &Sandbox) {
        let all = sandbox.directory.join(ALL_STDERR);
        if is_plain_file(&all) {
            self.record.stderr = self.keep(&all, "raw", "stderr", None);
        }
    }
}

/// Failures after which another step of the same scanner may still succeed.
fn leaves_a_chance(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Other | FailureKind::BadReport | FailureKind::Crash | FailureKind::Unsupported
    )
}

/// A manifest without findings is refused when it is loaded.
fn no_steps() -> Failure {
    Classified::new(
        FailureKind::Other,
        "its adapter has no step that produces findings",
        "correct the adapter",
    )
    .failure
}

/// An exit code that promises a report promises nothing beside an error document.
fn failing(meaning: ExitMeaning) -> ExitMeaning {
    match meaning {
        ExitMeaning::Clean | ExitMeaning::Findings => ExitMeaning::Failure,
        other => other,
    }
}

/// The manifest name of a format, from its title in a report.
fn step_format(title: &str) -> Option<&'static str> {
    Format::ALL
        .into_iter()
        .find(|format| format.title() == title)
        .map(Format::name)
}

struct SourceArgs {
    source: Vec<String>,
    platform: Vec<String>,
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
