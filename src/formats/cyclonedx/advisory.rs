//! What an entry says of a vulnerability: ratings, fix, analysis, exploitation.

use super::analysis::AffectedVersion;
use super::document::Vulnerability;
use crate::formats::builder::timestamp;
use crate::formats::entries::{Entries, Lenient, OneOrMany, Text};
use crate::model::{
    Advisory, AdvisoryState, Cvss, Epss, FixClaim, FixState, Rating, RatingSource, ScannerId,
    Severity,
};

fn rating_source(name: &str) -> RatingSource {
    if name.to_ascii_lowercase().starts_with("github") {
        RatingSource::EcosystemDatabase("ghsa".to_owned())
    } else {
        RatingSource::from_name(name)
    }
}

pub(super) fn ratings(
    entry: &Vulnerability<'_>,
    source: Option<&str>,
    scanner: &ScannerId,
) -> Vec<Rating> {
    let mut ratings = Vec::new();
    for rating in entry.ratings.iter_ok() {
        let method = rating.method.as_str();
        let hint = match method {
            "CVSSv2" => "2.0",
            "CVSSv3" => "3.0",
            "CVSSv31" => "3.1",
            "CVSSv4" => "4.0",
            _ => "",
        };
        let label = rating.severity.get();
        // EPSS probabilities and other scores stand among the ratings; they are no severities.
        if hint.is_empty() && label.is_none() {
            continue;
        }
        let cvss = if hint.is_empty() {
            None
        } else {
            Cvss::new(
                rating.vector.get(),
                rating.score.get().and_then(|score| score.0),
                hint,
            )
        };
        let named = match label {
            // CycloneDX has no negligible; Grype writes its own as `none`.
            Some("none") if cvss.is_none() && scanner.as_str() == ScannerId::GRYPE => {
                Severity::Negligible
            }
            _ => label.and_then(Severity::from_label).unwrap_or_default(),
        };
        let severity = match &cvss {
            Some(cvss) if named == Severity::Unknown => cvss.band(),
            _ => named,
        };
        let stated = rating.source.get().and_then(|source| source.name.get());
        ratings.push(Rating {
            source: match stated.or(source) {
                Some(name) => rating_source(name),
                None => RatingSource::Scanner(scanner.as_str().to_owned()),
            },
            severity,
            label: label.map(str::to_owned),
            cvss,
        });
    }
    ratings
}

/// The severity that the tool shows elsewhere, which CycloneDX does not mark: the one that crosscheck
/// chose, the rating of the vulnerability's own source, else NVD's, else the worst.
pub(super) fn shown_severity(ratings: &[Rating], source: Option<&str>) -> Severity {
    let own = source.map(rating_source);
    let of = |wanted: &RatingSource| {
        let mut matching = ratings.iter().filter(|rating| rating.source == *wanted);
        let known = matching.clone().filter(|r| r.severity != Severity::Unknown);
        // A label alone is the source's word; a band beside a vector may be the vector's. Of several
        // vectors the newest CVSS version counts.
        known
            .max_by(|a, b| {
                let key = |rating: &Rating| match &rating.cvss {
                    None => "9".to_owned(),
                    Some(cvss) => cvss.version.clone(),
                };
                key(a).cmp(&key(b))
            })
            .or_else(|| matching.next())
            .map(|rating| rating.severity)
    };
    let resolved = RatingSource::Other("crosscheck".to_owned());
    of(&resolved)
        .or_else(|| own.as_ref().and_then(of))
        .filter(|severity| *severity != Severity::Unknown)
        .or_else(|| of(&RatingSource::Nvd))
        .filter(|severity| *severity != Severity::Unknown)
        .or_else(|| ratings.iter().map(|rating| rating.severity).max())
        .unwrap_or_default()
}

/// The version in Trivy's `Upgrade NAME to version VERSION; Upgrade …`, for this package.
pub(super) fn fix(entry: &Vulnerability<'_>, name: &str) -> FixClaim {
    let short_name = name.rsplit([':', '/']).next().unwrap_or(name);
    let recommendation = entry.recommendation.get().map_or("", Text::as_str);
    let versions: Vec<&str> = recommendation
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("Upgrade "))
        .filter_map(|part| part.split_once(" to version "))
        // A package URL may have lost the letter case.
        .filter(|(package, _)| {
            let is = |name: &str| package.eq_ignore_ascii_case(name);
            is(name) || is(short_name)
        })
        .flat_map(|(_, versions)| versions.split(", "))
        .collect();
    let responses = entry.analysis.get().and_then(|a| a.response.get());
    let wont_fix = responses
        .into_iter()
        .flat_map(OneOrMany::iter)
        .any(|response| response == "will_not_fix");
    let otherwise = if wont_fix {
        FixState::WontFix
    } else {
        FixState::Unknown
    };
    FixClaim::from_versions(versions, otherwise)
}

/// Why an entry is no finding, by the document's own word.
pub(super) fn withheld(
    entry: &Vulnerability<'_>,
    versions: Option<&Entries<AffectedVersion<'_>>>,
) -> Option<String> {
    if let Some(analysis) = entry.analysis.get() {
        let state = analysis.state.as_str();
        if matches!(
            state,
            "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree"
        ) {
            let details = [&analysis.justification, &analysis.detail];
            let details = details
                .into_iter()
                .filter_map(|text| text.get().and_then(Text::get));
            return Some(
                std::iter::once(state)
                    .chain(details)
                    .collect::<Vec<_>>()
                    .join(": "),
            );
        }
    }
    let versions = versions?;
    let unaffected = versions.len() > 0
        && versions
            .iter_ok()
            .all(|version| version.status.as_str() == "unaffected");
    let installed = versions.iter_ok().find_map(|version| version.version.get());
    unaffected.then(|| format!("version {} is unaffected", installed.unwrap_or("in use")))
}

pub(super) fn advisory(entry: &Vulnerability<'_>) -> Advisory {
    let text = |field: &Lenient<Text<'_>>| field.get().and_then(Text::to_option);
    let source_url = entry.source.get().and_then(|source| text(&source.url));
    Advisory {
        title: None,
        description: text(&entry.description).or_else(|| text(&entry.detail)),
        url: entry
            .advisories
            .iter_ok()
            .find_map(|link| link.url.to_option())
            .or(source_url),
        cwes: entry
            .cwes
            .get()
            .into_iter()
            .flat_map(OneOrMany::iter)
            .map(|number| format!("CWE-{number}"))
            .collect(),
        published: entry
            .published
            .get()
            .and_then(|time| timestamp(time.as_str())),
        state: if text(&entry.rejected).is_some() {
            AdvisoryState::Rejected
        } else {
            AdvisoryState::Active
        },
        known_exploited: scores(entry, "CISA KEV").any(|score| score > 0.0),
        epss: epss(entry),
        ..Advisory::default()
    }
}

/// The EPSS score among an entry's ratings. Where there are several the entry covers several CVEs,
/// and nothing tells which of them is meant.
fn epss(entry: &Vulnerability<'_>) -> Option<Epss> {
    let mut all = scores(entry, "FIRST");
    let score = all.next()?;
    all.next().is_none().then(|| Epss::new(score, None, ""))?
}

/// Scores of no CVSS method by a source whose name begins so. CycloneDX has no place of its own for
/// exploitation; Grype writes it as such ratings, by `FIRST` and `CISA KEV Catalog`.
fn scores<'e>(entry: &'e Vulnerability<'_>, source: &'e str) -> impl Iterator<Item = f64> + 'e {
    entry
        .ratings
        .iter_ok()
        .filter(move |rating| {
            let name = rating.source.get().and_then(|source| source.name.get());
            rating.method.as_str() == "other" && name.is_some_and(|name| name.starts_with(source))
        })
        .filter_map(|rating| rating.score.get()?.0)
}
