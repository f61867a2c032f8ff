//! The same counts for parts of the findings.

use std::cmp::Reverse;

use crate::model::ScannerId;
use crate::model::comparison::{Strata, Stratum, StratumPair};

use super::agreement::adjusted;
use super::choice::Choices;
use super::image::{Layer, Part};
use super::tally::Tally;

/// The parts that have findings. `pairs` are the pairs of scanners that are compared, `chosen` those of
/// which two are to be chosen.
pub(super) fn strata(tally: &Tally<'_>, pairs: &[(usize, usize)], chosen: &[ScannerId]) -> Strata {
    let compared = &Compared { pairs, chosen };
    Strata {
        ecosystem: by(
            tally,
            compared,
            |part| part.ecosystem.clone(),
            ToString::to_string,
        ),
        severity: by(
            tally,
            compared,
            |part| part.severity,
            |Reverse(severity)| severity.to_string(),
        ),
        fixable: by(
            tally,
            compared,
            |part| Reverse(part.fixable),
            |Reverse(fixable)| if *fixable { "fixable" } else { "not fixable" }.to_owned(),
        ),
        layer: if tally
            .rows
            .iter()
            .any(|row| row.part.layer != Layer::Unknown)
        {
            by(tally, compared, |part| part.layer.clone(), layer_name)
        } else {
            Vec::new()
        },
    }
}

/// What is compared in each part.
struct Compared<'a> {
    pairs: &'a [(usize, usize)],
    chosen: &'a [ScannerId],
}

fn layer_name(layer: &Layer) -> String {
    match layer {
        Layer::At(_, digest) | Layer::Named(digest) => digest.clone(),
        Layer::Unknown => "unknown".to_owned(),
    }
}

fn by<K: Ord>(
    tally: &Tally<'_>,
    compared: &Compared<'_>,
    key: impl Fn(&Part) -> K,
    name: impl Fn(&K) -> String,
) -> Vec<Stratum> {
    let parts = tally.by_part(key).into_iter();
    parts
        .map(|(key, part)| stratum(&part, compared, name(&key)))
        .filter(|stratum| stratum.findings > 0)
        .collect()
}

fn stratum(tally: &Tally<'_>, compared: &Compared<'_>, name: String) -> Stratum {
    let scanners = || tally.scanners.iter().enumerate();
    Stratum {
        name,
        findings: tally.count(|row| !row.pattern.void),
        coverage: scanners()
            .map(|(number, scanner)| (scanner.clone(), tally.coverage(number)))
            .collect(),
        alone: scanners()
            .map(|(number, scanner)| {
                let alone = tally.count(|row| row.alone() == Some(number));
                (scanner.clone(), alone)
            })
            .collect(),
        pairs: compared
            .pairs
            .iter()
            .filter_map(|(a, b)| {
                Some(StratumPair {
                    a: tally.scanners.get(*a)?.clone(),
                    b: tally.scanners.get(*b)?.clone(),
                    adjusted: adjusted(tally, (*a, *b)),
                })
            })
            .collect(),
        best_pair: Choices::new(&tally.narrowed(compared.chosen)).best_pair(),
    }
}
