//! What the rules that ignore a finding say of it in the words of OpenVEX. Other formats translate
//! them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Action, Decision, Evidence, HostDriverEvidence, Justification, RuleMatch, VexEvidence,
    VexStatus,
};

/// What is said of a vulnerability in a product.
#[derive(Serialize)]
pub(super) struct Claim {
    pub(super) status: VexStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) justification: Option<Justification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_notes: Option<String>,
}

impl Claim {
    /// True when readers leave a finding out by it.
    pub(super) fn is_exempting(&self) -> bool {
        matches!(self.status, VexStatus::NotAffected | VexStatus::Fixed)
    }

    /// Adds to the notes.
    pub(super) fn note(&mut self, note: &str) {
        self.status_notes = Some(match self.status_notes.take() {
            Some(notes) => format!("{notes}; {note}"),
            None => note.to_owned(),
        });
    }
}

/// What each of the rules that ignore a finding says, the most cautious first, of equally cautious
/// ones in order of precedence.
pub(super) fn claims(decision: &Decision) -> Vec<(&RuleMatch, Claim)> {
    let rules = std::iter::once(&decision.rule).chain(&decision.also);
    let mut claims: Vec<_> = rules
        .filter(|rule| rule.action == Action::Ignore)
        .map(|rule| (rule, claim(rule)))
        .collect();
    claims.sort_by_key(|(_, claim)| Reverse(caution(claim)));
    claims
}

/// Of the rules that ignore a finding the one whose claim is the most cautious, and what it claims.
pub(super) fn most_cautious(decision: &Decision) -> Option<(&RuleMatch, VexStatus)> {
    let first = claims(decision).into_iter().next();
    first.map(|(rule, claim)| (rule, claim.status))
}

/// The parts of a finding by the claim on them: the claim's ordinal in `claims`, `None` for what no
/// claim is about. A part comes with the ordinal of its installed package and with its name, which
/// says nothing of the place: of copies in several places the most cautious claim holds.
pub(super) fn by_claim<K: Ord, P>(
    claims: &[(&RuleMatch, Claim)],
    parts: impl IntoIterator<Item = (usize, K, P)>,
) -> BTreeMap<Option<usize>, Vec<P>> {
    let mut spoken: BTreeMap<K, (Option<usize>, P)> = BTreeMap::new();
    for (instance, name, part) in parts {
        let mut covering = claims.iter().map(|(rule, _)| rule.covers(instance));
        let first = covering.position(|covers| covers);
        let (claim, _) = spoken.entry(name).or_insert((first, part));
        // `None` is less than any claim.
        *claim = first.min(*claim);
    }
    let mut by_claim: BTreeMap<Option<usize>, Vec<P>> = BTreeMap::new();
    for (claim, part) in spoken.into_values() {
        by_claim.entry(claim).or_default().push(part);
    }
    by_claim
}

/// When what a rule says was stated, RFC 3339: a statement that is passed on is as old as it was.
/// `None` for what the policy itself says.
pub(super) fn stated_at(rule: &RuleMatch) -> Option<&str> {
    match &rule.evidence {
        Some(Evidence::Vex(evidence)) => evidence.timestamp.as_deref(),
        _ => None,
    }
    .filter(|time| time.parse::<Timestamp>().is_ok())
}

fn caution(claim: &Claim) -> u8 {
    match claim.status {
        VexStatus::Affected | VexStatus::UnderInvestigation => 2,
        VexStatus::NotAffected => 1,
        VexStatus::Fixed => 0,
    }
}

fn claim(rule: &RuleMatch) -> Claim {
    let not_affected = |impact: String, notes: Option<String>| Claim {
        status: VexStatus::NotAffected,
        justification: rule.justification,
        impact_statement: Some(impact),
        action_statement: None,
        status_notes: notes,
    };
    match &rule.evidence {
        Some(Evidence::Vex(evidence)) => match evidence.status {
            VexStatus::NotAffected => not_affected(rule.reason.clone(), Some(origin(evidence))),
            VexStatus::Fixed => Claim {
                status: VexStatus::Fixed,
                justification: None,
                impact_statement: None,
                action_statement: None,
                status_notes: Some(format!("{}; {}", rule.reason, origin(evidence))),
            },
            VexStatus::Affected | VexStatus::UnderInvestigation => accepted(rule),
        },
        Some(Evidence::HostDriver(evidence)) => not_affected(on_hosts(rule, evidence), None),
        None if rule.justification.is_some() => {
            not_affected(rule.reason.clone(), Some(responsible(rule)))
        }
        None => accepted(rule),
    }
}

/// A risk that somebody takes. VEX has no word for that; the product stays affected.
fn accepted(rule: &RuleMatch) -> Claim {
    // Writing to a string cannot fail, here and below.
    let mut action = "accepted".to_owned();
    if let Some(expires) = &rule.expires {
        let _ = write!(action, " until {expires}");
    }
    if let Some(owner) = &rule.owner {
        let _ = write!(action, " by {owner}");
    }
    Claim {
        status: VexStatus::Affected,
        justification: None,
        impact_statement: None,
        action_statement: Some(format!("{action}: {}", rule.reason)),
        status_notes: rule.reference.clone(),
    }
}

/// Who answers for a rule and until when.
fn responsible(rule: &RuleMatch) -> String {
    let mut text = format!("policy rule {}", rule.rule);
    for (word, value) in [
        ("owner", &rule.owner),
        ("holds until", &rule.expires),
        ("see", &rule.reference),
    ] {
        if let Some(value) = value {
            let _ = write!(text, "; {word} {value}");
        }
    }
    text
}

fn origin(evidence: &VexEvidence) -> String {
    let author = evidence.author.as_deref().unwrap_or("an unnamed author");
    format!(
        "stated by {author} in {} at {}",
        evidence.document, evidence.pointer
    )
}

/// A claim about hosts with the condition under which it holds, from what it rests on and not from
/// the words for a person.
fn on_hosts(rule: &RuleMatch, evidence: &HostDriverEvidence) -> String {
    let hosts: Vec<String> = evidence
        .hosts
        .iter()
        .map(|host| format!("{} {} (fixed in {})", host.branch, host.version, host.fixed))
        .collect();
    let mut text = format!(
        "{} is in the {} part of NVIDIA's driver, which is the host's (NVIDIA bulletin {}, data of {}). \
         Holds only on hosts whose driver has the fix of its own branch; checked: {}.",
        evidence.vulnerability,
        evidence.component,
        evidence.bulletin,
        evidence.data_date,
        hosts.join(", ")
    );
    if let Some(expires) = &rule.expires {
        let _ = write!(text, " Holds until {expires}.");
    }
    text
}
