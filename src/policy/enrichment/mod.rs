//! What is known of exploitation, besides what scanners carry: CISA KEV and EPSS.
//!
//! [`Kev::read`] and [`EpssScores::read`] read the files as they are published, [`apply`] puts what
//! they say into findings.

mod content;
mod epss;
mod kev;
mod notes;

use std::collections::BTreeSet;
use std::io;

use jiff::{SignedDuration, Timestamp};

use super::document::Day;
use crate::model::{AdvisoryId, Epss, Finding};

pub use epss::EpssScores;
pub use kev::Kev;

/// Which publication of its data a feed is, by the feed's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// `catalogVersion` of CISA's catalogue, `model_version` of EPSS.
    pub version: Option<String>,
    /// When it was released or scored.
    pub date: Option<Timestamp>,
}

impl Edition {
    fn new(version: &str, date: &str) -> Self {
        Self {
            version: Some(content::short(version)).filter(|version| !version.is_empty()),
            date: moment(date),
        }
    }

    /// The day of the data in UTC, `YYYY-MM-DD`.
    pub fn day(&self) -> Option<String> {
        self.date.map(|date| Day::of(date).to_string())
    }

    /// How old the data is at `now`; `None` when the feed does not date itself.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.date.map(|date| now.duration_since(date))
    }

    /// True when the data is older than `max_age` at `now`, and when nobody can tell.
    pub fn is_stale(&self, now: Timestamp, max_age: SignedDuration) -> bool {
        self.age(now).is_none_or(|age| age > max_age)
    }
}

/// A date with a time and any offset, or a bare day (its start in UTC).
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| Day::parse(text)?.start())
}

/// Why a feed's file cannot be used. Every kind names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum EnrichmentError {
    /// Beyond all measure, often only after decompression.
    #[error(
        "{name}: the text is larger than {max} bytes; that is no feed of CISA or FIRST, check the file"
    )]
    TooLarge {
        /// The file.
        name: String,
        /// The limit in bytes.
        max: u64,
    },
    /// gzip that does not decompress.
    #[error("{name}: damaged or truncated gzip ({error}); fetch the file anew")]
    Compression {
        /// The file.
        name: String,
        /// The decompressor's words.
        #[source]
        error: io::Error,
    },
    /// Bytes that are not text.
    #[error("{name}: not UTF-8 at byte {offset}; fetch the file anew, without converting it")]
    Encoding {
        /// The file.
        name: String,
        /// Offset of the first bad byte, from zero.
        offset: usize,
    },
    /// JSON that breaks off, is none, or is something else.
    #[error(
        "{name}:{line}:{column}: not CISA's catalogue: {message}; give the file \
         known_exploited_vulnerabilities.json as CISA publishes it"
    )]
    Json {
        /// The file.
        name: String,
        /// Line, from one.
        line: usize,
        /// Column, from one.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// Something else where the CSV's header should be.
    #[error(
        "{name}:{line}: expected the columns cve,epss,percentile, found {found}; give the file \
         epss_scores-current.csv.gz as FIRST publishes it"
    )]
    Header {
        /// The file.
        name: String,
        /// Line, from one.
        line: usize,
        /// The start of what is there.
        found: String,
    },
    /// A line that no CSV of scores has.
    #[error("{name}:{line}: the line is too long for a row of scores; check the file")]
    LongLine {
        /// The file.
        name: String,
        /// Line, from one.
        line: usize,
    },
    /// Not one entry or row that could be used: taken for good it would clear every finding.
    #[error("{name}: not one readable {what} in it; fetch the file anew")]
    Nothing {
        /// The file.
        name: String,
        /// What there is none of.
        what: &'static str,
    },
}

impl EnrichmentError {
    fn json(name: &str, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let end = message.rfind(" at line ").unwrap_or(message.len());
        Self::Json {
            name: name.to_owned(),
            line: error.line(),
            column: error.column(),
            message: content::short(message.get(..end).unwrap_or_default()),
        }
    }
}

/// The CVEs of the findings, each without a distribution's prefix: what [`EpssScores::read`] wants.
pub fn cves(findings: &[Finding]) -> BTreeSet<AdvisoryId> {
    findings.iter().flat_map(cves_of).collect()
}

fn cves_of(finding: &Finding) -> impl Iterator<Item = AdvisoryId> {
    finding
        .ids()
        .filter(|id| id.cve().is_some())
        .map(AdvisoryId::unwrapped)
}

/// Puts into each finding what the feeds say of any CVE of its class. A feed's word replaces a
/// scanner's, except where the scanner's is newer by its own date. What a feed does not mention
/// stays: scanners know of exploitation from other lists too.
///
/// Doing it again, or for one feed after the other, changes nothing.
pub fn apply(findings: &mut [Finding], kev: Option<&Kev>, epss: Option<&EpssScores>) {
    for finding in findings {
        let cves: Vec<AdvisoryId> = cves_of(finding).collect();
        let vulnerability = &mut finding.vulnerability;
        if let Some(kev) = kev
            && let Some(listed) = cves.iter().filter_map(|cve| kev.entry(cve)).max()
        {
            vulnerability.known_exploited = true;
            let carried = vulnerability.kev.as_ref();
            if carried.is_none_or(|carried| carried.date_added <= listed.date_added) {
                vulnerability.kev = Some(listed.clone());
            }
        }
        if let Some(epss) = epss
            && let Some(score) = cves
                .iter()
                .filter_map(|cve| epss.score(cve).cloned())
                .reduce(Epss::prefer)
        {
            let carried = vulnerability.epss.as_ref().map(|carried| &carried.date);
            let is_newer = carried.is_some_and(|date| score.date.is_some() && *date > score.date);
            if !is_newer {
                vulnerability.epss = Some(score);
            }
        }
    }
}

#[cfg(test)]
mod tests;
