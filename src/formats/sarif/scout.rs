//! Docker Scout's SARIF: a rule for each vulnerability with the purls of all packages, a result
//! for each package with its own facts in a table of text.

use crate::formats::entries::{Number, OneOrMany, Text};
use crate::formats::scout::{fix_claim, package_of_purl, rating_source, source_in_link};
use crate::formats::{advisory_source, infer};
use crate::model::{Cvss, Epss, Location, Rating, Severity};

use super::document::field;
use super::{Entry, Reading, Rejected};

pub(super) fn read(entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
    let text = entry.result.text();
    let id = infer::leading_advisory(entry.rule_id)
        .or_else(|| field(text, "Vulnerability").and_then(infer::leading_advisory))
        .ok_or_else(|| Rejected::Unreadable(format!("rule `{}` is no advisory", entry.rule_id)))?;
    let properties = entry.rule.and_then(|rule| rule.properties.get());
    // The rule's facts belong to one of its packages only; the result's own table comes first.
    let listed: Vec<&str> = match field(text, "Package") {
        Some(purl) => vec![purl],
        None => properties
            .into_iter()
            .flat_map(|properties| [properties.purls.get(), properties.purl.get()])
            .flatten()
            .flat_map(OneOrMany::iter)
            .collect(),
    };
    let fixed = field(text, "Fixed version").or_else(|| {
        let fixed = properties?.fixed_version.get()?;
        fixed.get().filter(|_| listed.len() == 1)
    });
    let label = field(text, "Severity").or_else(|| properties?.cvss_severity.get()?.get());
    let vector = field(text, "CVSS Vector").or_else(|| properties?.cvss_vector.get()?.get());
    let score = field(text, "CVSS Score")
        .and_then(|score| score.parse().ok())
        .or_else(|| properties?.cvss_score.get().and_then(|n: &Number| n.0));
    // `security-severity` is no score: Scout invents one where its source has none.
    let cvss = Cvss::new(vector, score, "");
    let number = |key| field(text, key).and_then(|number| number.parse().ok());
    let epss =
        number("EPSS Score").and_then(|score| Epss::new(score, number("EPSS Percentile"), ""));
    let source = entry
        .rule
        .and_then(|rule| rule.help_uri.get())
        .map(Text::as_str)
        .and_then(source_in_link);
    let mut readings = Vec::new();
    for purl in listed {
        let mut package = package_of_purl(purl)
            .ok_or_else(|| Rejected::Unreadable(format!("`{purl}` is no purl")))?;
        for uri in entry.result.uris() {
            let location = Location::new(Some(&infer::percent_decoded(uri)), None);
            if let Some(location) = location.filter(|l| !package.locations.contains(l)) {
                package.locations.push(location);
            }
        }
        let mut reading = Reading::new(id.clone(), package);
        reading.severity = label.and_then(Severity::from_label).unwrap_or_default();
        if reading.severity == Severity::Unknown {
            reading.severity = cvss.as_ref().map_or(Severity::Unknown, Cvss::band);
        }
        if label.is_some() || cvss.is_some() {
            reading.ratings.push(Rating {
                source: rating_source(source),
                severity: reading.severity,
                label: label.map(str::to_owned),
                cvss: cvss.clone(),
            });
        }
        reading.fix = fix_claim(fixed.into_iter().flat_map(|fixed| fixed.split(',')));
        reading.advisory_source = source.and_then(advisory_source::scout);
        reading.epss.clone_from(&epss);
        reading.distro = infer::distro_of_purl(purl);
        readings.push(reading);
    }
    Ok(readings)
}
