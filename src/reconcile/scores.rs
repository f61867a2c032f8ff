//! Whether stated CVSS scores are those of their vectors.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::cvss::{Computed, VectorError};
use crate::model::{
    AdvisoryId, Cvss, Diagnostic, DiagnosticLevel, Observation, Rating, ScannerId, ScannerReport,
    ScannerRun,
};

/// How many entries of one scanner are named for one reason; the rest are counted. A wrong table in
/// a scanner concerns every entry of its report, and a thousand lines would hide the others.
const NAMED: usize = 10;

/// What is wrong with one statement.
struct Remark<'a> {
    level: DiagnosticLevel,
    pointer: &'a str,
    message: String,
}

/// What is wrong with one scanner's statements.
#[derive(Default)]
struct Remarks<'a> {
    differing: Vec<Remark<'a>>,
    invalid: Vec<Remark<'a>>,
}

/// Each vector is computed once, however many entries repeat it.
#[derive(Default)]
struct Scores<'a>(HashMap<(&'a str, &'a str), Result<Computed, VectorError>>);

impl<'a> Scores<'a> {
    fn of(&mut self, cvss: &'a Cvss) -> Option<(&'a str, &Result<Computed, VectorError>)> {
        let vector = cvss.vector.as_deref()?;
        let computed = match self.0.entry((cvss.version.as_str(), vector)) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => new.insert(cvss.computed()?),
        };
        Some((vector, computed))
    }
}

/// Compares every stated score with that of the vector beside it, and names invalid vectors. Each
/// combination of scanner, vulnerability and vector is looked at once, at its first entry.
///
/// A score that falls into another band than the vector's is a warning, as is an invalid vector
/// without a score, because both can change what a policy decides; the others are notes.
pub fn check(runs: &[ScannerRun]) -> Vec<Diagnostic> {
    let mut scores = Scores::default();
    let mut seen: HashSet<(&ScannerId, &AdvisoryId, &str)> = HashSet::new();
    let mut by_scanner: BTreeMap<&ScannerId, Remarks<'_>> = BTreeMap::new();
    for run in runs {
        let remarks = by_scanner.entry(&run.scanner).or_default();
        for observation in run.report.iter().flat_map(observations) {
            for rating in &observation.ratings {
                let Some((cvss, (vector, computed))) = rating
                    .cvss
                    .as_ref()
                    .and_then(|cvss| Some((cvss, scores.of(cvss)?)))
                else {
                    continue;
                };
                let place = (&run.scanner, &observation.id, vector);
                match computed {
                    Ok(computed) => {
                        let differing = differing(rating, observation, cvss, *computed);
                        if let Some(remark) = differing
                            && seen.insert(place)
                        {
                            remarks.differing.push(remark);
                        }
                    }
                    Err(error) if seen.insert(place) => {
                        remarks
                            .invalid
                            .push(invalid(rating, observation, cvss, vector, error));
                    }
                    Err(_) => {}
                }
            }
        }
    }
    let mut diagnostics = Vec::new();
    for (scanner, remarks) in by_scanner {
        let groups = [
            (
                remarks.differing,
                "CVSS scores that differ from the vector's",
            ),
            (remarks.invalid, "invalid CVSS vectors"),
        ];
        for (remarks, what) in groups {
            name(scanner, remarks, what, &mut diagnostics);
        }
    }
    diagnostics
}

fn observations(report: &ScannerReport) -> impl Iterator<Item = &Observation> {
    let withheld = report.suppressed.iter().map(|s| &s.observation);
    report.observations.iter().chain(withheld)
}

fn differing<'a>(
    rating: &Rating,
    observation: &'a Observation,
    cvss: &Cvss,
    computed: Computed,
) -> Option<Remark<'a>> {
    let stated = cvss.score.filter(|score| !computed.agrees_with(*score))?;
    let level = if cvss.band_of(stated) == cvss.band_of(computed.base) {
        DiagnosticLevel::Note
    } else {
        DiagnosticLevel::Warning
    };
    Some(Remark {
        level,
        pointer: &observation.pointer,
        message: format!(
            "{}: {} states CVSS {} score {stated:.1} for a vector that gives {:.1}",
            observation.id,
            rating.source.name(),
            cvss.version,
            computed.base
        ),
    })
}

fn invalid<'a>(
    rating: &Rating,
    observation: &'a Observation,
    cvss: &Cvss,
    vector: &str,
    error: &VectorError,
) -> Remark<'a> {
    let level = if cvss.score.is_some() {
        DiagnosticLevel::Note
    } else {
        DiagnosticLevel::Warning
    };
    let vector: String = vector.chars().take(80).collect();
    Remark {
        level,
        pointer: &observation.pointer,
        message: format!(
            "{}: {} gives the invalid CVSS vector `{vector}`: {error}",
            observation.id,
            rating.source.name()
        ),
    }
}

/// The worst remarks one by one, the rest as a count.
fn name(
    scanner: &ScannerId,
    mut remarks: Vec<Remark<'_>>,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    remarks.sort_by_key(|remark| Reverse(remark.level));
    let rest = remarks.split_off(remarks.len().min(NAMED));
    let mut add = |level, pointer: Option<&str>, message| {
        diagnostics.push(Diagnostic {
            level,
            origin: scanner.to_string(),
            pointer: pointer.map(str::to_owned),
            message,
        });
    };
    for remark in remarks {
        add(remark.level, Some(remark.pointer), remark.message);
    }
    if let Some(worst) = rest.iter().map(|remark| remark.level).max() {
        let message = format!("{} more {what}, not listed here", rest.len());
        add(worst, None, message);
    }
}

#[cfg(test)]
mod tests;
