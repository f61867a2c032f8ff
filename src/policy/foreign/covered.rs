//! What each rule ignores in a decided run.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::IgnoreRule;
use super::super::edit::number_of;
use super::super::ignore::IgnoreRules;
use super::names::same_name;
use crate::model::{Action, Attachment, Finding, Instance, ObservationRecord, RuleMatch};

/// A finding that is ignored, and the part of it that one rule covers.
pub(super) struct Covered<'f> {
    pub(super) finding: &'f Finding,
    /// Never empty.
    pub(super) instances: Vec<&'f Instance>,
}

impl<'f> Covered<'f> {
    /// True when the rule covers every package of the finding.
    pub(super) fn is_whole(&self) -> bool {
        self.instances.len() == self.finding.instances.len()
    }

    /// What a scanner itself says of one of the packages. Its own spelling of a version is believed
    /// only where no other package could be meant.
    pub(super) fn seen_by(
        &self,
        scanner: &'static str,
        instance: &'f Instance,
    ) -> impl Iterator<Item = &'f ObservationRecord> {
        let finding = self.finding;
        let named = move |name: &str| same_name(name, &instance.name);
        let is_only = finding.instances.iter().filter(|i| named(&i.name)).count() == 1;
        finding.observations.iter().filter(move |observation| {
            observation.scanner.as_str() == scanner
                && observation.attachment == Attachment::Direct
                && named(&observation.package)
                && (is_only || observation.version == instance.version)
        })
    }
}

/// What is ignored in a run, and by whom.
#[derive(Default)]
pub(super) struct Ignored<'f> {
    /// For each rule of the list, in the order of the findings. Of several rules only those count
    /// that the decision names.
    pub(super) by_rule: Vec<Vec<Covered<'f>>>,
    /// Rule sets, VEX documents and the hosts' drivers, each with the number of findings that are
    /// not ignored without it.
    pub(super) by_others: BTreeMap<String, usize>,
}

impl<'f> Ignored<'f> {
    /// Only findings that the run really ignores count.
    pub(super) fn of(rules: &[IgnoreRule], findings: &'f [Finding]) -> Self {
        let mut all = Self {
            by_rule: rules.iter().map(|_| Vec::new()).collect(),
            by_others: BTreeMap::new(),
        };
        // The patterns of a valid policy compile.
        let Ok(compiled) = IgnoreRules::listed(rules) else {
            return all;
        };
        let compiled: Vec<_> = compiled.iter().collect();
        for finding in findings {
            let mut is_open = vec![true; finding.instances.len()];
            let mut others = BTreeSet::new();
            for rule_match in ignoring(finding) {
                let Some(number) = number_of(rule_match) else {
                    others.insert(source_of(rule_match));
                    continue;
                };
                let (Some(rule), Some(list)) = (compiled.get(number), all.by_rule.get_mut(number))
                else {
                    continue;
                };
                let covers = rule.covers(finding);
                let mut instances = Vec::new();
                let parts = finding.instances.iter().zip(&mut is_open).zip(covers);
                for ((instance, is_open), covers) in parts {
                    if covers {
                        *is_open = false;
                        instances.push(instance);
                    }
                }
                if !instances.is_empty() {
                    list.push(Covered { finding, instances });
                }
            }
            if is_open.is_empty() || is_open.contains(&true) {
                for source in others {
                    *all.by_others.entry(source.to_owned()).or_default() += 1;
                }
            }
        }
        all
    }
}

/// The rule set or document that a rule is part of; otherwise the rule itself.
fn source_of(rule: &RuleMatch) -> &str {
    let name = rule.rule.as_str();
    let (source, _) = if name.starts_with("vex:") {
        name.rsplit_once('#').unwrap_or((name, ""))
    } else {
        name.rsplit_once(".ignore[").unwrap_or((name, ""))
    };
    source
}

/// The rules by which a finding is ignored; none when it is not.
fn ignoring(finding: &Finding) -> impl Iterator<Item = &RuleMatch> {
    finding
        .decision
        .iter()
        .filter(|decision| decision.action == Action::Ignore)
        .flat_map(|decision| std::iter::once(&decision.rule).chain(&decision.also))
        .filter(|rule| rule.action == Action::Ignore)
}
