//! `crosscheck scan` and `crosscheck scanners` as a user meets them: the program itself, with shell
//! scripts in place of the scanners.
//!
//! What the runner does with one scanner is tested in `tests/runner`; here it is what comes out of
//! the program: exit code, standard output, standard error, the run's directory, and no process
//! left behind.

// Processes are looked up in /proc.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod adapters;
mod bench;
#[path = "../common/mod.rs"]
mod common;
mod inputs;
mod interrupts;
mod listing;
mod outcomes;
mod pipes;
mod requests;
mod runs;
mod secrets;
