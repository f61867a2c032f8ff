//! What happens to each finding.

use jiff::Timestamp;

use crate::model::report::PolicySummary;
use crate::model::{Action, Decision, Finding, FixState, RuleMatch};

use super::ignore::Standing;
use super::resolve::ResolvedPolicy;

/// Decides on every finding: fills [`Finding::decision`] with the action, the rule that made it and
/// every other rule that matched. `now` is the moment for which ignore rules are in force or
/// expired.
///
/// An ignore rule that holds wins over what the severity leads to. It takes only those installed
/// packages out of account that its conditions name, so a finding is ignored when rules that hold
/// cover every one of its instances, together if need be. Otherwise the severity decides, and rules
/// that cover a part are listed beside it.
///
/// The summary names the rules that no longer hold and those that matched nothing.
pub fn decide(policy: &ResolvedPolicy, findings: &mut [Finding], now: Timestamp) -> PolicySummary {
    let mut use_of: Vec<RuleUse> = vec![RuleUse::default(); policy.ignore.len()];
    for finding in findings.iter_mut() {
        finding.decision = Some(decision(policy, finding, now, &mut use_of));
    }
    let mut summary = PolicySummary {
        source: policy.source().to_owned(),
        profile: policy.profile().to_owned(),
        severity: policy.severity_rule().describe(),
        ..PolicySummary::default()
    };
    for ((ordinal, rule), used) in policy.ignore.iter().zip(&use_of) {
        let title = rule.title(ordinal);
        if let Some(last) = rule.rule.expires.filter(|_| rule.is_expired(now)) {
            summary.expired_rules.push(format!(
                "{title} expired on {last}; {}",
                counted_again(used.lapsed)
            ));
        } else if used.lapsed > 0 {
            summary.expired_rules.push(format!(
                "{title} held until a fix, and there is one; {}",
                counted_again(used.lapsed)
            ));
        } else if used.held == 0 {
            summary
                .unused_rules
                .push(format!("{title} matches no finding"));
        }
    }
    summary
}

fn counted_again(findings: usize) -> String {
    match findings {
        0 => "no finding needs it".to_owned(),
        1 => "1 finding counts again".to_owned(),
        many => format!("{many} findings count again"),
    }
}

/// In how many findings a rule had a part.
#[derive(Clone, Copy, Debug, Default)]
struct RuleUse {
    held: usize,
    lapsed: usize,
}

fn decision(
    policy: &ResolvedPolicy,
    finding: &Finding,
    now: Timestamp,
    use_of: &mut [RuleUse],
) -> Decision {
    let all = finding.instances.len();
    let mut open = vec![true; all];
    let mut ignoring: Vec<(bool, RuleMatch)> = Vec::new();
    for (ordinal, rule) in policy.ignore.naming(finding) {
        let covered = rule.covers(finding);
        let count = covered.iter().filter(|covered| **covered).count();
        if count == 0 {
            continue;
        }
        let holds = rule.standing(finding, now) == Standing::Holds;
        if let Some(used) = use_of.get_mut(ordinal) {
            if holds {
                used.held += 1;
            } else {
                used.lapsed += 1;
            }
        }
        if holds {
            for (open, covered) in open.iter_mut().zip(&covered) {
                *open &= !covered;
            }
            ignoring.push((count == all, rule.as_match(ordinal, count, all)));
        }
    }
    let by_severity = by_severity(policy, finding);
    let ignored = !ignoring.is_empty() && !open.contains(&true);
    if ignored {
        // A rule that covers everything explains more than one that covers a part.
        ignoring.sort_by_key(|(whole, _)| !whole);
    }
    let mut matches: Vec<RuleMatch> = ignoring.into_iter().map(|(_, rule)| rule).collect();
    let rule = if ignored {
        matches.push(by_severity);
        matches.remove(0)
    } else {
        by_severity
    };
    Decision {
        action: rule.action,
        rule,
        also: matches,
        notes: Vec::new(),
    }
}

/// The decision that the finding's severity leads to.
fn by_severity(policy: &ResolvedPolicy, finding: &Finding) -> RuleMatch {
    let severity = finding.severity.level;
    let fixable = finding.fix.state == FixState::Fixed;
    let (action, rule) = policy.severity_decision(severity, fixable).map_or_else(
        // A valid policy decides every band; if it ever did not, nothing may slip through.
        || (Action::Block, format!("profiles.{}", policy.profile())),
        |decision| (decision.action(), decision.rule.clone()),
    );
    let rated = if finding.severity.source.is_none() {
        "nobody rated it".to_owned()
    } else {
        format!("{severity} severity")
    };
    RuleMatch::new(rule, action, format!("{rated}; {}", fix_words(finding)))
}

fn fix_words(finding: &Finding) -> String {
    let fix = &finding.fix;
    match (fix.state, fix.recommended.as_ref().or(fix.versions.first())) {
        (FixState::Fixed, Some(version)) => format!("fixed in {version}"),
        (FixState::Fixed, None) => "a fix is available".to_owned(),
        (FixState::WontFix, _) => "the vendor will not fix it".to_owned(),
        (FixState::Deferred, _) => "the vendor postponed the fix".to_owned(),
        (FixState::EndOfLife, _) => "the release gets no more fixes".to_owned(),
        (FixState::NotFixed | FixState::Unknown, _) => "no fix is known".to_owned(),
    }
}
