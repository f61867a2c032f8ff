//! CVSS statements, and the score that a vector gives.

use std::borrow::Cow;

use ::cvss::{Error, v2, v3, v4};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

use super::Severity;

/// Base metrics of CVSS v4.0 (specification §7, table 23). What else a vector names is threat,
/// environmental or supplemental.
const V4_BASE: [&str; 11] = [
    "AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA",
];

/// Scores are stated with one decimal; what is nearer than half of one is the same score.
const SAME: f64 = 0.05;

/// A CVSS base score with the vector that it belongs to, both as stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`; of the vector where there is one.
    pub version: String,
    /// The vector text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vector: Option<String>,
    /// The base score, 0.0 to 10.0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub score: Option<f64>,
}

/// What a vector gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Computed {
    /// From the base metrics alone.
    pub base: f64,
    /// With the vector's temporal (v2, v3) or threat and environmental metrics (v4); equal to
    /// `base` when it has none.
    pub adjusted: f64,
}

impl Computed {
    /// Whether a stated score is one of the vector's. Sources give either: CVSS v4.0 (§1.3) calls
    /// both *the* score and tells them apart by a suffix that no report carries.
    pub fn agrees_with(&self, stated: f64) -> bool {
        [self.base, self.adjusted]
            .iter()
            .any(|own| (own - stated).abs() <= SAME)
    }
}

/// Why a vector gives no score.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum VectorError {
    /// The prefix names a version that is none of 2.0, 3.0, 3.1 and 4.0.
    #[error("CVSS {0} is not a version that is known")]
    Version(String),
    /// A base metric is not there; all of them are mandatory.
    #[error("the metric {0} is missing")]
    Missing(&'static str),
    /// A metric stands there twice.
    #[error("the metric {0} stands there twice")]
    Twice(&'static str),
    /// A metric has a value that the specification does not list.
    #[error("the metric {metric} cannot be `{value}`")]
    Value {
        /// Abbreviation of the metric.
        metric: &'static str,
        /// What stands there.
        value: String,
    },
    /// A metric of another version, or of none.
    #[error("`{0}` is no metric of this version")]
    Metric(String),
    /// Not a name and a value with a colon between them.
    #[error("`{0}` is not of the form metric:value")]
    Form(String),
}

/// Outside text in a message is cut: a vector can be as long as the report.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl From<Error> for VectorError {
    fn from(error: Error) -> Self {
        match error {
            Error::UnsupportedVersion { version } => Self::Version(short(&version)),
            Error::MissingMandatoryMetricV2 { metric_type } => Self::Missing(metric_type.name()),
            Error::MissingMandatoryMetricV4 { metric_type } => Self::Missing(metric_type.name()),
            Error::DuplicateMetricV2 { metric_type } => Self::Twice(metric_type.name()),
            Error::DuplicateMetricV3 { metric_type } => Self::Twice(metric_type.name()),
            Error::DuplicateMetricV4 { metric_type } => Self::Twice(metric_type.name()),
            Error::InvalidMetricV2 { metric_type, value } => Self::Value {
                metric: metric_type.name(),
                value: short(&value),
            },
            Error::InvalidMetricV3 { metric_type, value } => Self::Value {
                metric: metric_type.name(),
                value: short(&value),
            },
            Error::InvalidMetricV4 { metric_type, value } => Self::Value {
                metric: metric_type.name(),
                value: short(&value),
            },
            Error::UnknownMetric { name } => Self::Metric(short(&name)),
            Error::InvalidComponent { component } => Self::Form(short(&component)),
            other => Self::Form(short(&other.to_string())),
        }
    }
}

impl Cvss {
    /// A statement from a vector and the score beside it. The version is read off the vector's
    /// prefix. A v2 vector has none; some sources leave out that of v3 too, and then the hint
    /// counts, unless the vector has the metric `Au`, which is v2's alone. `None` when there is
    /// neither vector nor score.
    pub fn new(vector: Option<&str>, score: Option<f64>, version_hint: &str) -> Option<Self> {
        let vector = vector.map(str::trim).filter(|v| !v.is_empty());
        let score = score.filter(|s| (0.0..=10.0).contains(s));
        if vector.is_none() && score.is_none() {
            return None;
        }
        let version = match vector {
            Some(v) => match v.strip_prefix("CVSS:") {
                Some(rest) => rest.split('/').next().unwrap_or_default(),
                None if version_hint.starts_with(['3', '4']) && !v.contains("Au:") => version_hint,
                None => "2.0",
            },
            None => version_hint,
        };
        Some(Self {
            version: version.to_owned(),
            vector: vector.map(str::to_owned),
            score,
        })
    }

    /// The score that the vector gives, by the equations of [CVSS v2.0 §3.2], [v3.0 §8],
    /// [v3.1 §7] or [v4.0 §8]; `None` without a vector.
    ///
    /// [CVSS v2.0 §3.2]: https://www.first.org/cvss/v2/guide
    /// [v3.0 §8]: https://www.first.org/cvss/v3.0/specification-document
    /// [v3.1 §7]: https://www.first.org/cvss/v3.1/specification-document
    /// [v4.0 §8]: https://www.first.org/cvss/v4.0/specification-document
    pub fn computed(&self) -> Option<Result<Computed, VectorError>> {
        let vector = self.vector.as_deref()?;
        Some(compute(&self.version, vector))
    }

    /// The base score: the stated one, else that of the vector.
    pub fn base_score(&self) -> Option<f64> {
        self.score
            .or_else(|| self.computed()?.ok().map(|computed| computed.base))
    }

    /// The band of a score of this version.
    pub fn band_of(&self, score: f64) -> Severity {
        if self.version.starts_with('2') {
            Severity::from_cvss2_score(score)
        } else {
            Severity::from_cvss_score(score)
        }
    }

    /// The band of [`Cvss::base_score`]; [`Severity::Unknown`] without one.
    pub fn band(&self) -> Severity {
        self.base_score()
            .map_or(Severity::Unknown, |score| self.band_of(score))
    }
}

fn compute(version: &str, vector: &str) -> Result<Computed, VectorError> {
    match version {
        "2.0" => compute_v2(vector),
        "3.0" | "3.1" => compute_v3(&with_prefix(version, vector)),
        "4.0" => compute_v4(&with_prefix(version, vector)),
        other => Err(VectorError::Version(short(other))),
    }
}

fn with_prefix<'a>(version: &str, vector: &'a str) -> Cow<'a, str> {
    if vector.starts_with("CVSS:") {
        Cow::Borrowed(vector)
    } else {
        Cow::Owned(format!("CVSS:{version}/{vector}"))
    }
}

/// NVD's feeds put v2 vectors into brackets; some tools add a prefix that v2 does not have.
fn compute_v2(vector: &str) -> Result<Computed, VectorError> {
    let plain = vector
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(vector);
    let plain = plain.strip_prefix("CVSS:2.0/").unwrap_or(plain);
    let read: v2::Vector = plain.parse()?;
    Ok(Computed {
        base: read.score().value(),
        adjusted: read.temporal_score().value(),
    })
}

fn compute_v3(vector: &str) -> Result<Computed, VectorError> {
    let read: v3::Vector = vector.parse()?;
    // The crate takes a missing base metric for one that adds nothing.
    let mandatory = [
        ("AV", read.av.is_some()),
        ("AC", read.ac.is_some()),
        ("PR", read.pr.is_some()),
        ("UI", read.ui.is_some()),
        ("S", read.s.is_some()),
        ("C", read.c.is_some()),
        ("I", read.i.is_some()),
        ("A", read.a.is_some()),
    ];
    if let Some((missing, _)) = mandatory.iter().find(|(_, is_there)| !is_there) {
        return Err(VectorError::Missing(missing));
    }
    Ok(Computed {
        base: read.base_score().value(),
        adjusted: read.temporal_score().value(),
    })
}

fn compute_v4(vector: &str) -> Result<Computed, VectorError> {
    let read: v4::Vector = vector.parse()?;
    let adjusted = read.score().value();
    // The crate has one score, over all metrics. Without the others that is the base score.
    let mut parts = vector.split('/');
    let mut base = parts.next().unwrap_or_default().to_owned();
    let is_base = |part: &&str| {
        let name = part.split(':').next().unwrap_or_default();
        V4_BASE
            .iter()
            .any(|metric| name.eq_ignore_ascii_case(metric))
    };
    for part in parts.filter(is_base) {
        base.push('/');
        base.push_str(part);
    }
    let base: v4::Vector = base.parse()?;
    Ok(Computed {
        base: base.score().value(),
        adjusted,
    })
}

#[cfg(test)]
mod tests;
