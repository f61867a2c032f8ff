//! What the rules that ignore a finding say of it in the words of OpenVEX.

use std::cmp::Reverse;
use std::fmt::Write as _;

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
    justification: Option<Justification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
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
