//! The CVSS statements of real reports: how many, and how many do not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crosscheck::model::Cvss;
use crosscheck::model::cvss::VectorError;

use super::assert_none;
use super::files::{Corpus, notice};

/// What is there of one CVSS version.
#[derive(Default)]
struct Count {
    statements: usize,
    vectors: BTreeSet<String>,
    with_score: usize,
    differing: usize,
    invalid: usize,
}

#[test]
fn vectors_of_the_corpus_are_valid() {
    let Some(corpus) = Corpus::get() else { return };
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut differing: BTreeMap<String, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        let withheld = report.suppressed.iter().map(|s| &s.observation);
        for observation in report.observations.iter().chain(withheld) {
            for rating in &observation.ratings {
                let Some((cvss, vector, computed)) = computed(rating.cvss.as_ref()) else {
                    continue;
                };
                let count = counts.entry(cvss.version.as_str()).or_default();
                count.statements += 1;
                count.vectors.insert(vector.to_owned());
                count.with_score += usize::from(cvss.score.is_some());
                match (computed, cvss.score) {
                    (Err(error), _) => {
                        count.invalid += 1;
                        problems.push(format!(
                            "{}: {} {vector}: {error}",
                            file.name, observation.pointer
                        ));
                    }
                    (Ok(computed), Some(stated)) if !computed.agrees_with(stated) => {
                        count.differing += 1;
                        let line = format!(
                            "{}: {} {} states {stated} for {vector}, which gives {}",
                            file.name,
                            observation.id,
                            rating.source.name(),
                            computed.base
                        );
                        *differing.entry(line).or_default() += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    let mut table = String::from("CVSS statements with a vector\n");
    for (version, count) in &counts {
        let _ = writeln!(
            table,
            "{version}: {} statements of {} vectors, {} with a score, {} differ, {} invalid",
            count.statements,
            count.vectors.len(),
            count.with_score,
            count.differing,
            count.invalid
        );
    }
    for (line, number) in &differing {
        let _ = writeln!(table, "{number} x {line}");
    }
    notice(&table);
    assert_none(&problems, "vectors that are not valid");
}

#[test]
fn every_severity_word_of_the_corpus_is_known() {
    let Some(corpus) = Corpus::get() else { return };
    let mut problems = Vec::new();
    for (file, report) in corpus.reports() {
        problems.extend(
            report
                .diagnostics
                .iter()
                .filter(|d| d.message.contains("not a known word"))
                .map(|d| format!("{}: {}", file.name, d.message)),
        );
    }
    assert_none(&problems, "severity words that nobody mapped");
}

type Computed = Result<crosscheck::model::cvss::Computed, VectorError>;

fn computed(cvss: Option<&Cvss>) -> Option<(&Cvss, &str, Computed)> {
    let cvss = cvss?;
    Some((cvss, cvss.vector.as_deref()?, cvss.computed()?))
}
