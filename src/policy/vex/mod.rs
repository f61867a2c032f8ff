//! VEX documents: what their authors say of a vulnerability in a product, and what follows for a
//! finding.
//!
//! [`read()`] reads OpenVEX 0.2 (and its 0.0.1 shapes), CycloneDX 1.4 to 1.7 with analyses, and CSAF
//! 2.0. [`Statements`] finds those that speak of the image, and settles where they contradict each
//! other.
//!
//! A statement applies to an installed package when an id of the finding is among its ids *and*
//! * its product is the image, and it names no part of it or the package is such a part; or
//! * its product is the package itself, without parts.
//!
//! A product with parts that is not the image says nothing here: which package lies inside which
//! other one is not known. [`Product`] says when a name fits the image, `purl.rs` when a package URL
//! fits a package.

mod component;
mod conflicts;
mod csaf;
mod cyclonedx;
mod document;
mod error;
mod openvex;
mod prepared;
mod product;
mod purl;
mod range;
mod read;
mod statements;
#[cfg(test)]
mod tests;

pub use component::Component;
pub use document::{ProductReference, Statement, VexDocument, VexFormat};
pub use error::VexError;
pub use product::Product;
pub use read::read;
pub use statements::{Resolution, Ruling, Statements};
