//! The rules of a profile: what findings lead to that meet some conditions.

use crate::model::{
    AdvisoryId, AdvisoryState, Finding, FixState, Instance, Location, Severity, Verdict,
};

use super::circumstances::Circumstances;
use super::document::{Agreement, Conditions, FixCondition, LayerCondition, Rule};
use super::scope::{Scope, ScopeText};

/// A rule with its conditions compiled.
#[derive(Clone, Debug)]
pub(super) struct CompiledConditions {
    pub(super) rule: Rule,
    /// Where it stands: `profiles.production.rules.exploited`.
    pub(super) path: String,
    id: Option<AdvisoryId>,
    scope: Scope,
    /// True when the answer can differ from place to place.
    by_place: bool,
}

impl CompiledConditions {
    pub(super) fn new(rule: &Rule, path: String) -> Result<Self, String> {
        let when = &rule.when;
        Ok(Self {
            id: when.id.as_deref().map(|id| AdvisoryId::new(id).unwrapped()),
            scope: Scope::compile(when)?,
            by_place: when.layer.is_some() || ScopeText::from(when) != ScopeText::default(),
            rule: rule.clone(),
            path,
        })
    }

    /// Whether the conditions hold that are about the vulnerability and not about a place.
    pub(super) fn is_about(&self, finding: &Finding) -> bool {
        let when = &self.rule.when;
        let vulnerability = &finding.vulnerability;
        let level = finding.severity.level;
        let fixed = finding.fix.state == FixState::Fixed;
        when.severity
            .as_ref()
            .is_none_or(|bands| bands.contains(&level))
            && when
                .fix
                .is_none_or(|fix| (fix == FixCondition::Available) == fixed)
            && (when.known_exploited).is_none_or(|known| known == vulnerability.known_exploited)
            && when.epss_at_least.is_none_or(|least| {
                let score = vulnerability.epss.as_ref().map(|epss| epss.score);
                score.is_some_and(|score| score >= least.0)
            })
            && when
                .cvss_at_least
                .is_none_or(|least| highest_cvss(finding).is_some_and(|score| score >= least.0))
            && when
                .agreement
                .is_none_or(|agreement| agrees(finding, agreement))
            && when.state.is_none_or(|state| state == vulnerability.state)
            && (self.id.as_ref()).is_none_or(|id| finding.ids().any(|own| own.unwrapped() == *id))
    }

    /// Whether the conditions on the place hold. `None` stands for a package whose place is not
    /// known.
    pub(super) fn is_at(
        &self,
        finding: &Finding,
        instance: &Instance,
        place: Option<&Location>,
        circumstances: &Circumstances<'_>,
    ) -> bool {
        !self.by_place
            || self.scope.covers_place(finding, instance, place)
                && (self.rule.when.layer).is_none_or(|layer| is_in(layer, place, circumstances))
    }

    /// The conditions in one line, for reports.
    pub(super) fn describe(&self, finding: &Finding) -> String {
        describe(&self.rule.when, finding)
    }
}

fn is_in(
    layer: LayerCondition,
    place: Option<&Location>,
    circumstances: &Circumstances<'_>,
) -> bool {
    let found = place.and_then(|place| place.layer.as_deref());
    match (found, circumstances.base_layers) {
        (Some(found), Some(base)) => (layer == LayerCondition::Base) == base.contains(found),
        _ => false,
    }
}

/// The highest CVSS base score that anybody gives.
pub(super) fn highest_cvss(finding: &Finding) -> Option<f64> {
    let ratings = finding.ratings.iter();
    ratings
        .filter_map(|rating| rating.cvss.as_ref()?.base_score())
        .max_by(f64::total_cmp)
}

/// How many scanners report a finding, and how many are able to see it: a scanner that did not see
/// the package in this version, or of which that is not known, does not speak against a finding by
/// its silence; nor does one that found it and withheld it by a rule of its own.
fn reports(finding: &Finding) -> (usize, usize) {
    let verdicts = || finding.verdicts.values().map(|verdict| verdict.verdict);
    let able = |verdict: Verdict| verdict.sees() || verdict == Verdict::NoMatch;
    (
        verdicts().filter(|verdict| verdict.sees()).count(),
        verdicts().filter(|verdict| able(*verdict)).count(),
    )
}

fn agrees(finding: &Finding, agreement: Agreement) -> bool {
    let (reporting, able) = reports(finding);
    match agreement {
        Agreement::AtLeast(count) => reporting >= count.of(able),
        Agreement::FewerThan(count) => reporting < count.of(able),
    }
}

fn describe(when: &Conditions, finding: &Finding) -> String {
    let mut parts: Vec<String> = Vec::new();
    let vulnerability = &finding.vulnerability;
    if when.severity.is_some() {
        parts.push(severity_words(finding));
    }
    match when.fix {
        Some(FixCondition::Available) => parts.push("a fix is available".to_owned()),
        Some(FixCondition::None) => parts.push("no fix is known".to_owned()),
        None => {}
    }
    match when.known_exploited {
        Some(true) => parts.push(vulnerability.kev.as_ref().map_or_else(
            || "known to be exploited".to_owned(),
            |kev| format!("known to be exploited (CISA KEV since {})", kev.date_added),
        )),
        Some(false) => parts.push("not known to be exploited".to_owned()),
        None => {}
    }
    if let (Some(least), Some(epss)) = (when.epss_at_least, &vulnerability.epss) {
        parts.push(format!("EPSS {} is at least {}", epss.score, least.0));
    }
    if let (Some(least), Some(score)) = (when.cvss_at_least, highest_cvss(finding)) {
        parts.push(format!("CVSS {score} is at least {}", least.0));
    }
    if when.agreement.is_some() {
        let (reporting, able) = reports(finding);
        parts.push(format!(
            "reported by {reporting} of {able} scanners that are able to see it"
        ));
    }
    if let Some(state) = when.state {
        let word = match state {
            AdvisoryState::Active => "active",
            AdvisoryState::Disputed => "disputed",
            AdvisoryState::Withdrawn => "withdrawn",
            AdvisoryState::Rejected => "rejected",
        };
        parts.push(format!("the advisory is {word}"));
    }
    parts.extend(when.id.as_ref().map(|id| format!("it is {id}")));
    for (key, pattern) in [
        ("package", &when.package),
        ("purl", &when.purl),
        ("path", &when.path),
        ("version", &when.version),
        ("ecosystem", &when.ecosystem),
    ] {
        parts.extend(pattern.as_ref().map(|pattern| format!("{key} {pattern}")));
    }
    match when.layer {
        Some(LayerCondition::Base) => parts.push("in a layer of the base image".to_owned()),
        Some(LayerCondition::Own) => parts.push("in a layer of the image's own".to_owned()),
        None => {}
    }
    parts.join("; ")
}

/// `high severity`, for reasons.
pub(super) fn severity_words(finding: &Finding) -> String {
    match finding.severity.level {
        Severity::Unknown if finding.severity.source.is_none() => "nobody rated it".to_owned(),
        level => format!("{level} severity"),
    }
}
