//! Floor 5: the scanners. What they are (adapters), which are here (discovery), and running them.
//!
//! This module and [`crate::image`] touch the operating system, the feeds beside them the network;
//! this one is the only one that starts processes.

mod adapters;
mod check;
mod classify;
mod documents;
mod environment;
pub(crate) mod files;
mod interrupt;
mod manifest;
mod probe;
mod process;
mod record;
mod run;
mod scan;

pub use adapters::{AdapterError, Adapters};
pub use environment::Host;
pub use interrupt::{Interrupt, Interrupter};
pub use manifest::{
    Cache, Companion, EmptyResult, Environment, ExitMeaning, FailurePattern, FormatName, Login,
    LoginFile, Manifest, OutputPlace, Probe, Produces, Step, Timeout, VersionProbe,
};
pub(crate) use probe::output;
pub use probe::{LoginState, ScannerStatus, survey};
pub(crate) use record::combine;
pub use record::{ExecutableRecord, Exit, FileRecord, ScannerRecord, StepRecord, assemble};
pub use run::{Event, Limits, ScanRequest, Scanned, run_all};
