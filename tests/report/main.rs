//! The writers, from a whole report to bytes.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod comparison;
mod comparison_sample;
mod json;
mod openvex;
mod sample;
mod table;

use crosscheck::model::report::Report;
use crosscheck::report::{Format, Options, write};

/// What a writer writes, as text.
fn render(format: Format, report: &Report, options: &Options) -> String {
    let mut bytes = Vec::new();
    write(format, report, options, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
