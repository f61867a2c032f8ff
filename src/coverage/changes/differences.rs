//! What is different in a finding that both runs have.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::Run;
use super::{brief, fix, in_order, reporters};
use crate::model::Finding;
use crate::model::changes::{ChangedFinding, DecisionBrief, ReporterChange, Sides};
use crate::model::version::normal_form;

/// What is different in `b`, perhaps nothing.
pub(super) fn difference(a: &Finding, b: &Finding, runs: &Sides<Run<'_>>) -> ChangedFinding {
    let decisions = Sides {
        a: decision(a),
        b: decision(b),
    };
    let action = |decision: &Option<DecisionBrief>| decision.as_ref().map(|d| d.action);
    let fixes = Sides {
        a: fix(a).map(str::to_owned),
        b: fix(b).map(str::to_owned),
    };
    ChangedFinding {
        finding: brief(b),
        key: Sides {
            a: a.key.clone(),
            b: b.key.clone(),
        }
        .if_different(),
        // Negligible is low, as everywhere where severities are compared: not every scanner has a word
        // for it, and one that failed would change hundreds.
        severity: (a.severity.level.comparable() != b.severity.level.comparable()).then_some(
            Sides {
                a: a.severity.level,
                b: b.severity.level,
            },
        ),
        decision: (action(&decisions.a) != action(&decisions.b)).then_some(decisions),
        fix: (fixes.a.is_some() != fixes.b.is_some()).then_some(fixes),
        versions: versions(a, b),
        reporters: reporter_changes(a, b, runs),
    }
}

fn decision(finding: &Finding) -> Option<DecisionBrief> {
    let decision = finding.decision.as_ref()?;
    let rule = &decision.rule;
    Some(DecisionBrief {
        action: decision.action,
        rule: rule.rule.clone(),
        reason: rule.reason.clone(),
        owner: rule.owner.clone(),
        expires: rule.expires.clone(),
        notes: decision.notes.clone(),
    })
}

/// The installed versions where they differ. Packages that only one of the findings names say nothing
/// as long as there are others: another scanner reports it, on other packages of the same source.
fn versions(a: &Finding, b: &Finding) -> Option<Sides<Vec<String>>> {
    let (of_a, of_b) = (by_name(a), by_name(b));
    let mut common = of_a
        .iter()
        .filter_map(|(name, versions)| Some((versions, of_b.get(name)?)))
        .peekable();
    let differ = if common.peek().is_some() {
        common.any(|(a, b)| a != b)
    } else {
        let all = |names: &BTreeMap<&str, BTreeSet<String>>| -> BTreeSet<String> {
            names.values().flatten().cloned().collect()
        };
        all(&of_a) != all(&of_b)
    };
    let written = |finding: &Finding| {
        let versions = finding.instances.iter().map(|instance| &*instance.version);
        in_order(&finding.package.ecosystem, versions)
    };
    differ.then(|| Sides {
        a: written(a),
        b: written(b),
    })
}

fn by_name(finding: &Finding) -> BTreeMap<&str, BTreeSet<String>> {
    let ecosystem = &finding.package.ecosystem;
    let mut names: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for instance in &finding.instances {
        let name = if ecosystem.is_os() {
            &instance.name
        } else {
            &finding.package.name
        };
        let version = normal_form(ecosystem, &instance.version);
        names.entry(name).or_default().insert(version);
    }
    names
}

fn reporter_changes(a: &Finding, b: &Finding, runs: &Sides<Run<'_>>) -> Vec<ReporterChange> {
    let (of_a, of_b) = (reporters(a), reporters(b));
    let differ = of_a.symmetric_difference(&of_b).copied();
    differ
        .filter(|scanner| {
            runs.a.no_result(scanner).is_none() && runs.b.no_result(scanner).is_none()
        })
        .map(|scanner| {
            let reports_now = of_b.contains(scanner);
            let silent = if reports_now { a } else { b };
            ReporterChange {
                scanner: scanner.clone(),
                reports_now,
                otherwise: silent.verdicts.get(scanner).cloned(),
            }
        })
        .collect()
}
