//! Which of several CVSS statements stands for a finding where a format has room for one.

use crate::model::{Cvss, Finding};

/// The CVSS statement of the source whose severity counts; where it has none, the one with the highest
/// base score. Only those that `suits` takes are looked at.
pub(super) fn cvss(finding: &Finding, suits: impl Fn(&Cvss) -> bool) -> Option<&Cvss> {
    let stated = finding.ratings.iter().filter_map(|rating| {
        let cvss = rating.cvss.as_ref().filter(|cvss| suits(cvss))?;
        Some((
            Some(&rating.source) == finding.severity.source.as_ref(),
            cvss,
        ))
    });
    let rank = |(counts, cvss): &(bool, &Cvss)| (*counts, cvss.base_score().unwrap_or_default());
    let best = stated.max_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    best.map(|(_, cvss)| cvss)
}
