//! What the attestations have in common: who says it, and how old the data is.

use jiff::Timestamp;
use packageurl::PackageUrl;

use crate::model::report::Report;

/// The program that made the report, as a package URL.
pub(super) fn tool_uri(report: &Report) -> String {
    let tool = &report.tool;
    let url = PackageUrl::new("generic", tool.name.clone()).and_then(|mut url| {
        url.with_version(tool.version.clone())?;
        Ok(url)
    });
    url.map_or_else(
        |_| "pkg:generic/crosscheck".to_owned(),
        |url| url.to_string(),
    )
}

/// When the oldest database was built of those that the result rests on, RFC 3339; failed scanners
/// do not count. `None` when no scanner states it: those that ask a service do not.
pub(super) fn oldest_database(report: &Report) -> Option<&str> {
    let trusted = report.scanners.iter();
    let trusted = trusted.filter(|scanner| scanner.outcome.is_trustworthy());
    let built = trusted.filter_map(|scanner| {
        let text = scanner.database_built.as_deref()?;
        Some((text.parse::<Timestamp>().ok()?, text))
    });
    built.min().map(|(_, text)| text)
}
