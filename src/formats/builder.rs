//! What every reader needs while it fills a [`ScannerReport`].

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::wording;
use crate::model::{
    Advisory, AdvisoryId, Diagnostic, DiagnosticLevel, Epss, Observation, Package, PackageIndex,
    ScannerId, ScannerReport, Severity, Suppressed,
};

/// How many unknown severity words of one report are named one by one.
const NAMED_WORDS: usize = 10;

/// A [`ScannerReport`] under construction: interns packages, merges advisories, counts entries.
pub(crate) struct ReportBuilder {
    report: ScannerReport,
    interned: HashMap<Package, PackageIndex>,
    /// Severity words that nobody knows, each with its first and latest entry and their number.
    unknown_words: BTreeMap<String, UnknownWord>,
}

struct UnknownWord {
    first: String,
    latest: String,
    entries: usize,
}

impl ReportBuilder {
    pub(crate) fn new(scanner: ScannerId, format: &'static str) -> Self {
        Self {
            report: ScannerReport::new(scanner, format),
            interned: HashMap::new(),
            unknown_words: BTreeMap::new(),
        }
    }

    /// The report so far, to set what is set once.
    pub(crate) fn report(&mut self) -> &mut ScannerReport {
        &mut self.report
    }

    /// The index of a package equal to `package`, added if there is none.
    pub(crate) fn package(&mut self, package: Package) -> PackageIndex {
        if let Some(index) = self.interned.get(&package) {
            return *index;
        }
        // A report of four billion distinct packages does not fit in memory; saturating is honest.
        let index = PackageIndex(u32::try_from(self.report.packages.len()).unwrap_or(u32::MAX));
        self.report.packages.push(package.clone());
        self.interned.insert(package, index);
        index
    }

    /// Records what is known of an id as such. Whether it still stands is taken from its own text
    /// too: most formats have no field for that.
    pub(crate) fn advisory(&mut self, id: &AdvisoryId, mut advisory: Advisory) {
        for text in [&advisory.description, &advisory.title]
            .into_iter()
            .flatten()
        {
            let (state, duplicate_of) = wording::state(text);
            advisory.state = advisory.state.max(state);
            advisory.duplicate_of = advisory.duplicate_of.take().or(duplicate_of);
        }
        match self.report.advisories.get_mut(id) {
            Some(known) => known.fill_from(advisory),
            None => {
                self.report.advisories.insert(id.clone(), advisory);
            }
        }
    }

    /// Records the score of an id, which stands in other entries than the rest of what is known of it.
    pub(crate) fn epss(&mut self, id: &AdvisoryId, epss: Epss) {
        let advisory = Advisory {
            epss: Some(epss),
            ..Advisory::default()
        };
        self.advisory(id, advisory);
    }

    /// True when [`ReportBuilder::advisory`] was already called for `id`: lets a reader skip
    /// copying the same description a thousand times.
    pub(crate) fn knows(&self, id: &AdvisoryId) -> bool {
        self.report.advisories.contains_key(id)
    }

    /// True when a description of `id` is already on record.
    pub(crate) fn describes(&self, id: &AdvisoryId) -> bool {
        self.report
            .advisories
            .get(id)
            .is_some_and(|advisory| advisory.description.is_some())
    }

    pub(crate) fn observe(&mut self, observation: Observation) {
        self.check_words(&observation);
        self.report.observations.push(observation);
    }

    pub(crate) fn suppress(
        &mut self,
        observation: Observation,
        reason: impl Into<String>,
        by_default_rule: bool,
    ) {
        self.check_words(&observation);
        self.report.suppressed.push(Suppressed {
            observation,
            reason: reason.into(),
            by_default_rule,
        });
    }

    /// Counts vulnerability entries met in the file, readable or not.
    pub(crate) fn entries(&mut self, count: usize) {
        self.report.entries += count;
    }

    /// Counts an entry that is not about a vulnerability.
    pub(crate) fn not_a_vulnerability(&mut self) {
        self.report.not_vulnerabilities += 1;
    }

    /// An entry that could not be understood.
    pub(crate) fn unreadable(&mut self, pointer: impl Into<String>, why: impl Into<String>) {
        self.diagnose(DiagnosticLevel::Unreadable, Some(pointer.into()), why);
    }

    pub(crate) fn warn(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.diagnose(DiagnosticLevel::Warning, Some(pointer.into()), message);
    }

    pub(crate) fn note(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.diagnose(DiagnosticLevel::Note, Some(pointer.into()), message);
    }

    fn diagnose(
        &mut self,
        level: DiagnosticLevel,
        pointer: Option<String>,
        message: impl Into<String>,
    ) {
        let origin = String::new();
        self.report.diagnostics.push(Diagnostic {
            level,
            origin,
            pointer,
            message: message.into(),
        });
    }

    /// The band behind a scanner's word; a word that nobody knows becomes unknown and a warning.
    pub(crate) fn severity(&mut self, label: &str, pointer: &str) -> Severity {
        Severity::from_label(label).unwrap_or_else(|| {
            self.unknown_word(label, pointer);
            Severity::Unknown
        })
    }

    /// Whichever way a reader came to its ratings: a word that has no band is told.
    fn check_words(&mut self, observation: &Observation) {
        for label in observation.ratings.iter().filter_map(|r| r.label.as_ref()) {
            // SARIF rates by a score or by a level (§3.27.10) as well.
            let is_sarif = matches!(label.as_str(), "error" | "warning" | "note")
                || label.parse::<f64>().is_ok();
            if !is_sarif && Severity::from_label(label).is_none() {
                self.unknown_word(label, &observation.pointer);
            }
        }
    }

    fn unknown_word(&mut self, label: &str, pointer: &str) {
        let label: String = label.chars().take(60).collect();
        let word = self
            .unknown_words
            .entry(label)
            .or_insert_with(|| UnknownWord {
                first: pointer.to_owned(),
                latest: String::new(),
                entries: 0,
            });
        if word.latest != pointer {
            pointer.clone_into(&mut word.latest);
            word.entries += 1;
        }
    }

    /// The id of an entry, or the reason why there is none.
    pub(crate) fn id(raw: &str) -> Result<AdvisoryId, String> {
        let id = AdvisoryId::new(raw);
        if raw.trim().is_empty() {
            Err("the entry has no vulnerability id".to_owned())
        } else if !id.is_plausible() {
            Err(format!(
                "`{}` is not a vulnerability id",
                raw.chars().take(60).collect::<String>()
            ))
        } else {
            Ok(id)
        }
    }

    pub(crate) fn finish(mut self) -> ScannerReport {
        let words = std::mem::take(&mut self.unknown_words);
        let more = words.len().saturating_sub(NAMED_WORDS);
        for (label, word) in words.into_iter().take(NAMED_WORDS) {
            let others = match word.entries - 1 {
                0 => String::new(),
                others => format!(", here and in {others} more entries"),
            };
            let message =
                format!("severity `{label}` is not a known word; taken as unknown{others}");
            self.warn(word.first, message);
        }
        if more > 0 {
            let message = format!("{more} more severity words are not known, not listed here");
            self.diagnose(DiagnosticLevel::Warning, None, message);
        }
        self.report
    }
}

/// A date as scanners write them: RFC 3339 with any offset, a date and time without offset (taken
/// as UTC), a bare date, or Go's default form. `None` when it is none of these.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return jiff::tz::TimeZone::UTC.to_timestamp(local).ok();
    }
    // Go: `2024-02-01 06:11:37.69 +0000 UTC`
    let mut parts = text.split_whitespace();
    let (date, time, offset) = (parts.next()?, parts.next()?, parts.next()?);
    let offset = match offset.split_at_checked(3)? {
        (hours, minutes) if minutes.len() == 2 => format!("{hours}:{minutes}"),
        _ => return None,
    };
    format!("{date}T{time}{offset}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_scanner_read() {
        for text in [
            "2026-03-30T06:50:11Z",
            "2026-03-03T18:18:45.567293824+01:00",
            "2023-01-01",
            "2023-01-01T10:00:00",
            "2024-02-01 06:11:37.69 +0000 UTC",
        ] {
            assert!(timestamp(text).is_some(), "{text}");
        }
        assert!(timestamp("yesterday").is_none() && timestamp("").is_none());
    }

    #[test]
    fn equal_packages_are_one() {
        let mut builder = ReportBuilder::new(ScannerId::new("x"), "X");
        let package = || Package::new(crate::model::Ecosystem::Npm, "lodash", "4.17.20");
        assert_eq!(builder.package(package()), builder.package(package()));
        assert_eq!(builder.finish().packages.len(), 1);
    }

    #[test]
    fn unknown_words_are_told_once_each_and_not_without_end() {
        let mut builder = ReportBuilder::new(ScannerId::new("x"), "X");
        for entry in 0..30 {
            let pointer = format!("/{entry}");
            assert_eq!(builder.severity("spicy", &pointer), Severity::Unknown);
            builder.severity(&format!("zz-{entry}"), &pointer);
        }
        let report = builder.finish();
        assert_eq!(report.diagnostics.len(), NAMED_WORDS + 1);
        let first = report.diagnostics.first().unwrap();
        assert_eq!(first.pointer.as_deref(), Some("/0"));
        assert_eq!(
            first.message,
            "severity `spicy` is not a known word; taken as unknown, here and in 29 more entries"
        );
        let last = report.diagnostics.last().unwrap();
        assert_eq!(
            last.message,
            "21 more severity words are not known, not listed here"
        );
    }

    #[test]
    fn words_of_ratings_are_checked_too() {
        let rated = |label: &str| {
            let mut builder = ReportBuilder::new(ScannerId::new("x"), "X");
            let package = builder.package(Package::new(crate::model::Ecosystem::Npm, "a", "1"));
            builder.observe(Observation {
                id: AdvisoryId::new("CVE-2024-1"),
                links: Vec::new(),
                package,
                severity: Severity::Low,
                ratings: vec![crate::model::Rating {
                    source: crate::model::RatingSource::Nvd,
                    severity: Severity::Low,
                    label: Some(label.to_owned()),
                    cvss: None,
                }],
                fix: crate::model::FixClaim::default(),
                advisory_source: None,
                pointer: "/0".to_owned(),
            });
            builder.finish().diagnostics.len()
        };
        assert_eq!(rated("spicy"), 1);
        for known in ["Moderate", "minor issue", "warning", "7.5", "none"] {
            assert_eq!(rated(known), 0, "{known}");
        }
    }
}
