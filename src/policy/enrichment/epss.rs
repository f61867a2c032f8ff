//! FIRST's scores of the Exploit Prediction Scoring System.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AdvisoryId, Diagnostic, Epss};

use super::content::{self, Lines};
use super::notes::Notes;
use super::{Edition, EnrichmentError};

/// Largest text, in bytes, after decompression; the real one has 10 MB. gzip can make a terabyte of a
/// small file.
const MAX_TEXT: u64 = 128 << 20;

/// The columns of the file, in their order.
const HEADER: &str = "cve,epss,percentile";

/// The scores of some CVEs, out of a file with those of all.
#[derive(Clone, Debug, PartialEq)]
pub struct EpssScores {
    edition: Edition,
    rows: usize,
    scores: BTreeMap<AdvisoryId, Epss>,
    diagnostics: Vec<Diagnostic>,
}

impl EpssScores {
    /// Reads the CSV that FIRST publishes daily, plain or gzip: comment lines with `key:value` pairs
    /// (`#model_version:…,score_date:…`), the header, one row a CVE. Every row is checked; only the
    /// scores of `wanted`, plain CVE ids as [`super::cves`] gives them, are kept. `name` is the file
    /// in messages.
    ///
    /// # Errors
    /// A file without that header, damaged gzip, lines or a file beyond all measure, or not one
    /// readable row. A single row that cannot be read is told in [`EpssScores::diagnostics`].
    pub fn read(
        bytes: &[u8],
        name: &str,
        wanted: &BTreeSet<AdvisoryId>,
    ) -> Result<Self, EnrichmentError> {
        Self::read_within(bytes, name, wanted, MAX_TEXT)
    }

    pub(super) fn read_within(
        bytes: &[u8],
        name: &str,
        wanted: &BTreeSet<AdvisoryId>,
        max_text: u64,
    ) -> Result<Self, EnrichmentError> {
        let mut lines = Lines::new(bytes, name, max_text);
        let edition = head(&mut lines, name)?;
        let date = edition.day();
        let mut notes = Notes::new(name);
        let mut rows = 0;
        let mut scores: BTreeMap<AdvisoryId, Epss> = BTreeMap::new();
        while let Some((number, line)) = lines.next_line()? {
            if line.is_empty() {
                continue;
            }
            match row(line) {
                Ok((cve, mut epss)) => {
                    rows += 1;
                    if wanted.contains(&cve) {
                        epss.date.clone_from(&date);
                        let epss = match scores.remove(&cve) {
                            Some(other) if other != epss => {
                                let why = format!("a second score of {cve}; the higher counts");
                                notes.unreadable(None, format!("line {number}: {why}"));
                                other.prefer(epss)
                            }
                            _ => epss,
                        };
                        scores.insert(cve, epss);
                    }
                }
                Err(why) => notes.unreadable(None, format!("line {number}: {why}")),
            }
        }
        if rows == 0 {
            return Err(EnrichmentError::Nothing {
                name: name.to_owned(),
                what: "score",
            });
        }
        Ok(Self {
            edition,
            rows,
            scores,
            diagnostics: notes.finish(),
        })
    }

    /// Which publication it is: `model_version` and `score_date`.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// Number of readable scores in the file, of whatever CVE.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The score of a CVE that was wanted.
    pub fn score(&self, cve: &AdvisoryId) -> Option<&Epss> {
        self.scores.get(cve)
    }

    /// What a person should know about the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// Reads to the end of the header.
fn head(lines: &mut Lines<'_>, name: &str) -> Result<Edition, EnrichmentError> {
    let mut edition = Edition::default();
    let mut last = 0;
    while let Some((number, line)) = lines.next_line()? {
        last = number;
        let text = String::from_utf8_lossy(line);
        if let Some(comment) = text.strip_prefix('#') {
            let value = |key: &str| {
                comment
                    .split(',')
                    .filter_map(|pair| pair.split_once(':'))
                    .find_map(|(name, value)| (name.trim() == key).then(|| value.trim()))
                    .unwrap_or_default()
            };
            let told = Edition::new(value("model_version"), value("score_date"));
            edition = Edition {
                version: edition.version.or(told.version),
                date: edition.date.or(told.date),
            };
        } else if text.eq_ignore_ascii_case(HEADER) {
            return Ok(edition);
        } else if !text.is_empty() {
            return Err(EnrichmentError::Header {
                name: name.to_owned(),
                line: number,
                found: content::short(&text),
            });
        }
    }
    Err(EnrichmentError::Header {
        name: name.to_owned(),
        line: last.max(1),
        found: "the end of the file".to_owned(),
    })
}

fn row(line: &[u8]) -> Result<(AdvisoryId, Epss), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8 text".to_owned())?;
    let mut fields = text.split(',').map(str::trim);
    let (Some(cve), Some(score), Some(percentile), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!("not of the three columns {HEADER}"));
    };
    let cve = content::cve(cve)?;
    let share = |column: &str, text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|number| (0.0..=1.0).contains(number))
            .ok_or_else(|| {
                let text = content::short(text);
                format!("{column} `{text}` of {cve} is not a number from 0 to 1")
            })
    };
    let epss = Epss {
        score: share("epss", score)?,
        percentile: Some(share("percentile", percentile)?),
        date: None,
    };
    Ok((cve, epss))
}
