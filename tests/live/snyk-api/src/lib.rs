//! A stand-in of the Snyk API for the live tests. It listens on loopback only, knows the two calls
//! that `snyk container test` makes, and answers from the advisory facts.

pub mod answer;
pub mod facts;
pub mod http;
pub mod matching;
pub mod server;
