//! Whether a scanner shows only a part of what it found: what it was told to hide, by its report's
//! word or by what is missing from it.
//!
//! One finding that is missing proves nothing. A whole kind of findings that is missing, while others
//! list many of that kind on packages that the scanner has in its list, does tell. It is looked at
//! separately for packages of the operating system and for all others, since scanners take their
//! advisories from different databases.

use crate::model::{
    Attachment, Cause, Filters, Finding, FixState, ObservationRecord, ScannerVerdict, Severity,
    Verdict,
};

use super::inferred;

/// So many findings of a kind have to be missing, and so many others listed, before the absence tells a
/// filter.
const ENOUGH: usize = 20;

/// What a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    /// The highest severity that anybody shows for it; `None` when nobody rates it.
    severity: Option<Severity>,
    /// True when anybody names a fix.
    has_fix: bool,
}

impl Traits {
    pub(super) fn of(finding: &Finding) -> Self {
        // A notice over several flaws has the severity of the worst.
        let own = |observation: &&ObservationRecord| observation.attachment == Attachment::Direct;
        let direct = finding.observations.iter().filter(own);
        Self {
            severity: direct.filter_map(|record| band(record.severity)).max(),
            has_fix: !finding.fix.versions.is_empty() || finding.fix.state == FixState::Fixed,
        }
    }

    fn is_below(self, floor: Severity) -> bool {
        self.severity.is_some_and(|severity| severity < floor)
    }
}

/// The band by which scanners are compared; `None` for a severity that is missing.
fn band(severity: Severity) -> Option<Severity> {
    match severity {
        Severity::Unknown => None,
        Severity::Negligible => Some(Severity::Low),
        rated => Some(rated),
    }
}

/// What one scanner shows of one kind of packages, and what it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// By its report's own word.
    stated: Filters,
    /// The lowest severity in its list.
    lowest: Option<Severity>,
    /// Rows with a severity.
    rated: usize,
    /// True when a row has none: a floor would have hidden it.
    shows_unrated: bool,
    /// The lowest severity of what it found and shows elsewhere: withheld, or by an advisory that covers it.
    lowest_elsewhere: Option<Severity>,
    /// Rows that name a fix.
    with_fix: usize,
    /// All others, those among them that say nothing of fixes.
    without_fix: usize,
    /// Missing findings on packages of its list that others rate below `lowest`.
    missing_below: usize,
    /// Missing findings on packages of its list for which nobody names a fix.
    missing_unfixed: usize,
}

impl Shown {
    /// Nothing yet, of a scanner whose report states these filters.
    pub(super) fn under(stated: Filters) -> Self {
        Self {
            stated,
            ..Self::default()
        }
    }

    /// True when it lists or found anything of the kind.
    pub(super) fn has_rows(&self) -> bool {
        self.shows_unrated
            || self.rated + self.with_fix + self.without_fix > 0
            || self.lowest_elsewhere.is_some()
    }

    /// Counts a row of the scanner's own. All rows come before all [`Shown::miss`].
    pub(super) fn list(&mut self, row: &ObservationRecord) {
        if let Some(band) = band(row.severity) {
            self.lowest = Some(self.lowest.map_or(band, |lowest| lowest.min(band)));
            self.rated += 1;
        } else {
            self.shows_unrated = true;
        }
        if row.fix_state == FixState::Fixed || !row.fixed_in.is_empty() {
            self.with_fix += 1;
        } else {
            self.without_fix += 1;
        }
    }

    /// Notes what the scanner found and does not list as such: it withheld it, or lists an advisory that
    /// covers it. A filter would have taken it out before.
    pub(super) fn find(&mut self, severity: Severity, has_fix: bool) {
        match band(severity) {
            Some(band) => {
                let lowest = self.lowest_elsewhere;
                self.lowest_elsewhere = Some(lowest.map_or(band, |lowest| lowest.min(band)));
            }
            None => self.shows_unrated = true,
        }
        self.without_fix += usize::from(!has_fix);
    }

    /// Counts a finding that others list on a package that this scanner has in its list, and that
    /// nothing else explains.
    pub(super) fn miss(&mut self, traits: Traits) {
        self.missing_below +=
            usize::from(self.lowest.is_some_and(|lowest| traits.is_below(lowest)));
        self.missing_unfixed += usize::from(!traits.has_fix);
    }

    /// The filter that hides such a finding, on a package that the scanner has in its list, or might have:
    /// what it has not it does not hide.
    ///
    /// A filter that its report states excuses it. One that only shows by what is missing may as well be
    /// a gap in its data, and the finding stays a miss.
    pub(super) fn hides(&self, traits: Traits) -> Option<ScannerVerdict> {
        self.below_stated_floor(traits)
            .or_else(|| self.below_floor(traits))
            .or_else(|| self.unfixed(traits))
    }

    fn below_stated_floor(&self, traits: Traits) -> Option<ScannerVerdict> {
        let severity = traits.severity?;
        let floor = self.stated.severity_floor?;
        traits.is_below(floor).then(|| {
            let reason = format!(
                "its report says that it shows nothing below {floor}; others rate this one {severity}"
            );
            // It may rate it otherwise, and miss it.
            inferred(Verdict::Suppressed, Cause::SeverityFloor, reason)
        })
    }

    fn below_floor(&self, traits: Traits) -> Option<ScannerVerdict> {
        let severity = traits.severity?;
        // A list that begins at low hides nothing.
        let floor = self.lowest.filter(|lowest| *lowest > Severity::Low)?;
        let shows_all_above = self.rated >= ENOUGH
            && !self.shows_unrated
            && self.lowest_elsewhere.is_none_or(|lowest| lowest >= floor);
        let missing = self.missing_below;
        (traits.is_below(floor) && shows_all_above && missing >= ENOUGH).then(|| {
            let reason = format!(
                "lists nothing below {floor} of this kind of packages, while others list {missing} such \
                 findings on packages that it has; they rate this one {severity}. How it was called would \
                 settle whether it was told to hide them or lacks them"
            );
            inferred(Verdict::NoMatch, Cause::SeverityFloor, reason)
        })
    }

    fn unfixed(&self, traits: Traits) -> Option<ScannerVerdict> {
        let (listed, missing) = (self.with_fix, self.missing_unfixed);
        let shows_fixed_only = listed >= ENOUGH && self.without_fix == 0;
        (!traits.has_fix && shows_fixed_only && missing >= ENOUGH).then(|| {
            let reason = format!(
                "lists {listed} findings with a fix and none without one of this kind of packages, while \
                 others list {missing} without on packages that it has: it was told to hide them, or its \
                 advisories name fixed flaws only, as those of some distributions do. How it was called \
                 would settle it"
            );
            inferred(Verdict::NoMatch, Cause::UnfixedHidden, reason)
        })
    }
}
