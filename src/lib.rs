//! crosscheck runs several container vulnerability scanners on one image and turns what they say
//! into one finding list, one verdict and one comparison.
//!
//! The modules are floors; a lower one never imports a higher one (`tests/floors.rs` checks it).

pub mod analysis;
pub mod bundle;
pub mod cli;
pub mod coverage;
pub mod explanation;
pub mod feeds;
pub mod formats;
pub mod host;
pub mod image;
pub mod model;
pub mod nvidia;
pub mod policy;
pub mod reconcile;
pub mod report;
pub mod scanners;
