//! Floor 5: what is to be scanned. References to images, sources that scanners can read, and the
//! identity of local copies.
//!
//! A local copy is only inspected, never unpacked: its digests and layer ids are what every
//! scanner's report is checked against.

pub(crate) mod digest;
mod inspect;
mod reference;
mod source;

pub use inspect::{ImageIdentity, InspectError, inspect};
pub use reference::{ImageReference, ReferenceError};
pub use source::{Platform, Source, SourceError, SourceKind};
