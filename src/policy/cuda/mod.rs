//! Flaws of NVIDIA's driver, which the host's driver fixes and not the image.
//!
//! [`Bulletins`] is what NVIDIA has published, [`Hosts`] the drivers of every host that the image may
//! run on, [`Image`] what of the driver is in the image, and [`assess()`] the rule over the three.

mod assess;
mod bulletins;
mod hosts;
mod image;
mod nodes;
mod version;

pub use assess::{Assessment, Mitigation, NotMitigated, Reason, assess};
pub use bulletins::{Branch, BranchKind, Bulletins, Component, Entry, Hint};
pub use hosts::{Host, HostDriver, Hosts};
pub use image::Image;
pub use nodes::{MAX_NODES_BYTES, NodesError};
pub use version::{DriverBranch, DriverVersion, MalformedVersion};
