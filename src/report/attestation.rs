//! What the attestations have in common: who says it, when the image was looked at, and how old the
//! data is.

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

/// When the scans began and ended that the result rests on, RFC 3339: the earliest and the latest time
/// of the trusted scanners. `None` when one of them states none: the other times say nothing of it.
pub(super) fn scan_times(report: &Report) -> Option<(&str, &str)> {
    let trusted = report.scanners.iter();
    let trusted = trusted.filter(|scanner| scanner.outcome.is_trustworthy());
    let times: Option<Vec<(Timestamp, &str)>> = trusted
        .map(|scanner| {
            let text = scanner.created.as_deref()?;
            Some((text.parse().ok()?, text))
        })
        .collect();
    let times = times?;
    let (_, first) = times.iter().min()?;
    let (_, last) = times.iter().max()?;
    Some((*first, *last))
}

/// What a reader has to know of the times of a document.
pub(super) fn time_warning(report: &Report, document: &str) -> Option<String> {
    scan_times(report).is_none().then(|| {
        format!(
            "not every scanner's report states when it looked at the image, so {document} gives the \
             moment of this run: of old reports it would call old results fresh; attest what \
             `crosscheck scan` finds"
        )
    })
}
