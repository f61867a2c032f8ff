//! Running the scanners side by side.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::environment::Host;
use super::files::{MAX_REPORT_BYTES, create_private_dir};
use super::interrupt::Interrupt;
use super::manifest::Manifest;
use super::record::{ScannerRecord, assemble};
use super::scan::Scan;
use crate::image::{ImageIdentity, Platform, Source};
use crate::model::{Failure, FailureKind, Outcome, ScannerId, ScannerReport, ScannerRun};

/// What to scan, with what, and where the results go.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The image.
    pub source: Source,
    /// The platform, where the source holds several.
    pub platform: Option<Platform>,
    /// What is known of the image; reports about another image are refused.
    pub identity: ImageIdentity,
    /// The scanners, in the order in which they are shown.
    pub scanners: Vec<Arc<Manifest>>,
    /// The user's environment.
    pub host: Host,
    /// Directory of the run. `raw/` and `sbom/` are filled; temporary files are below it and are
    /// removed at the end.
    pub root: PathBuf,
    /// Most scanners at a time; 0 counts as 1.
    pub jobs: usize,
    /// Limits.
    pub limits: Limits,
}

/// Limits on a scanner.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time for all that a scanner does; `None` leaves it to the manifests.
    pub timeout: Option<Duration>,
    /// Time between being asked to end and being ended.
    pub grace: Duration,
    /// Most bytes of a report.
    pub max_report: u64,
    /// Most bytes of error output.
    pub max_stderr: u64,
    /// Most attempts at a step, the first included.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles with each further one.
    pub backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: None,
            grace: Duration::from_secs(10),
            max_report: MAX_REPORT_BYTES,
            max_stderr: 64 << 20,
            attempts: 3,
            backoff: Duration::from_secs(5),
        }
    }
}

/// Something that happened to a scanner. One that an interrupt kept from beginning has no events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has begun.
    Started {
        /// Which.
        scanner: ScannerId,
        /// Name for people.
        title: String,
    },
    /// It failed in a way that may pass, and is tried again.
    Retrying {
        /// Which.
        scanner: ScannerId,
        /// Why, one line.
        cause: String,
        /// Pause before the attempt.
        after: Duration,
    },
    /// It has ended.
    Finished {
        /// Which.
        scanner: ScannerId,
        /// Name for people.
        title: String,
        /// How.
        outcome: Outcome,
        /// Wall time.
        elapsed: Duration,
    },
}

/// A scanner's part, done.
#[derive(Clone, Debug, PartialEq)]
pub struct Scanned {
    /// What is kept.
    pub record: ScannerRecord,
    /// What it said; `None` when it failed.
    pub report: Option<ScannerReport>,
}

impl Scanned {
    /// The same as reading the record and its files again gives.
    pub fn into_run(self) -> ScannerRun {
        assemble(&self.record, self.report)
    }
}

/// Called with every event, from the tasks of the scanners.
pub(super) type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// Runs the scanners, as many at a time as `jobs` says. Every scanner gives a [`Scanned`], in the
/// order of the request, whatever becomes of it; after an interrupt the rest have failed as
/// interrupted. When this returns or is dropped no process of a scanner is left.
///
/// # Errors
/// The directories of the run cannot be made.
pub async fn run_all(
    request: ScanRequest,
    interrupt: Interrupt,
    listener: impl Fn(Event) + Send + Sync + 'static,
) -> io::Result<Vec<Scanned>> {
    create_private_dir(&request.root)?;
    let work = tempfile::Builder::new()
        .prefix(".work-")
        .tempdir_in(&request.root)?;
    let slots = Arc::new(Semaphore::new(request.jobs.max(1)));
    let listener: Listener = Arc::new(listener);
    let request = Arc::new(request);
    let mut alone: HashMap<&str, Arc<Mutex<()>>> = HashMap::new();
    let mut tasks = JoinSet::new();
    let mut places = HashMap::new();
    for (index, manifest) in request.scanners.iter().enumerate() {
        let turn = (!manifest.concurrent)
            .then(|| Arc::clone(alone.entry(manifest.executable.as_str()).or_default()));
        let slots = Arc::clone(&slots);
        let scan = Scan {
            record: empty_record(manifest),
            manifest: Arc::clone(manifest),
            request: Arc::clone(&request),
            interrupt: interrupt.clone(),
            listener: Arc::clone(&listener),
            work: work.path().join(index.to_string()),
            deadline: Instant::now(),
        };
        let task = tasks.spawn(async move {
            // Its turn first: waiting for it must not take a place from others.
            let _turn = match &turn {
                Some(turn) => Some(turn.lock().await),
                None => None,
            };
            let _slot = slots.acquire().await;
            scan.run().await
        });
        places.insert(task.id(), index);
    }
    let mut done: Vec<Option<Scanned>> = request.scanners.iter().map(|_| None).collect();
    while let Some(ended) = tasks.join_next_with_id().await {
        let (id, scanned) = match ended {
            Ok((id, scanned)) => (id, Some(scanned)),
            Err(error) => (error.id(), None),
        };
        if let Some(place) = places.get(&id).and_then(|index| done.get_mut(*index)) {
            *place = scanned;
        }
    }
    // A scanner without a result died with a panic of ours. The others count all the same.
    let scanned = request
        .scanners
        .iter()
        .zip(done)
        .map(|(manifest, scanned)| {
            scanned.unwrap_or_else(|| Scanned {
                record: ScannerRecord {
                    outcome: Outcome::Failed(Failure {
                        kind: FailureKind::Crash,
                        cause: "crosscheck itself failed while it ran this scanner".to_owned(),
                        remedy: "please report this, with the message on the terminal".to_owned(),
                    }),
                    ..empty_record(manifest)
                },
                report: None,
            })
        });
    Ok(scanned.collect())
}

fn empty_record(manifest: &Manifest) -> ScannerRecord {
    ScannerRecord {
        id: manifest.name.clone(),
        title: manifest.title.clone(),
        outcome: Outcome::Completed,
        version: None,
        database_built: None,
        executables: Vec::new(),
        environment: Vec::new(),
        steps: Vec::new(),
        duration_ms: 0,
        report: None,
        inventory: None,
        stderr: None,
        capabilities: manifest.capabilities.clone(),
    }
}
