//! Flaws of NVIDIA's driver, which the host's driver fixes and not the image.

mod bulletins;
mod version;

pub use bulletins::{Branch, BranchKind, Bulletins, Component, Entry, Hint};
pub use version::{DriverBranch, DriverVersion, MalformedVersion};
