//! How a source's label and its CVSS statements become [`Rating`]s.

use crate::model::{Cvss, Rating, RatingSource, Severity};

/// Adds what one source says: its label, when it has one, and its CVSS statements.
///
/// There is one rating a CVSS statement, newest version first, so that no statement is lost; all of
/// them carry the same band, because a source has one opinion: that of its label, else that of the
/// score of its newest CVSS version that gives a band.
pub(super) fn add(
    ratings: &mut Vec<Rating>,
    source: &RatingSource,
    label: Option<(Severity, &str)>,
    mut statements: Vec<Cvss>,
) {
    statements.sort_by(|a, b| b.version.cmp(&a.version));
    let severity = label
        .map(|(severity, _)| severity)
        .filter(|severity| *severity != Severity::Unknown)
        .or_else(|| {
            let mut bands = statements.iter().map(Cvss::band);
            bands.find(|band| *band != Severity::Unknown)
        })
        .unwrap_or_default();
    let label = label.map(|(_, word)| word.to_owned());
    let mut add = |cvss| {
        let rating = Rating {
            source: source.clone(),
            severity,
            label: label.clone(),
            cvss,
        };
        if !ratings.contains(&rating) {
            ratings.push(rating);
        }
    };
    if statements.is_empty() {
        if label.is_some() {
            add(None);
        }
    } else {
        for statement in statements {
            add(Some(statement));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_one_band_however_many_scores() {
        let mut ratings = Vec::new();
        let scores = || {
            vec![
                Cvss::new(Some("AV:N/AC:L/Au:N/C:C/I:C/A:C"), Some(10.0), ""),
                Cvss::new(None, Some(5.5), "3.1"),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
        };
        add(&mut ratings, &RatingSource::Nvd, None, scores());
        let bands: Vec<_> = ratings
            .iter()
            .map(|r| (r.severity, r.cvss.as_ref().unwrap().version.as_str()))
            .collect();
        assert_eq!(
            bands,
            [(Severity::Medium, "3.1"), (Severity::Medium, "2.0")]
        );

        let debian = RatingSource::Distro("debian".to_owned());
        add(
            &mut ratings,
            &debian,
            Some((Severity::Low, "LOW")),
            scores(),
        );
        assert!(
            ratings
                .iter()
                .filter(|r| r.source == debian)
                .all(|r| r.severity == Severity::Low && r.label.as_deref() == Some("LOW"))
        );
    }

    #[test]
    fn silence_is_no_rating() {
        let mut ratings = Vec::new();
        add(&mut ratings, &RatingSource::Nvd, None, Vec::new());
        assert!(ratings.is_empty());
        add(
            &mut ratings,
            &RatingSource::Nvd,
            Some((Severity::Unknown, "UNKNOWN")),
            Vec::new(),
        );
        assert_eq!(ratings.len(), 1);
    }
}
