//! What each rule ignores in a decided run.

use super::super::document::IgnoreRule;
use super::super::edit::number_of;
use super::super::ignore::IgnoreRules;
use super::names::same_name;
use crate::model::{Action, Attachment, Finding, Instance, ObservationRecord};

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

/// For each rule, in the order of the findings. Only findings that the run really ignores count,
/// and of several rules those that the decision names.
pub(super) fn by_rule<'f>(rules: &[IgnoreRule], findings: &'f [Finding]) -> Vec<Vec<Covered<'f>>> {
    let mut all: Vec<Vec<Covered<'f>>> = rules.iter().map(|_| Vec::new()).collect();
    // The patterns of a valid policy compile.
    let Ok(compiled) = IgnoreRules::listed(rules) else {
        return all;
    };
    let compiled: Vec<_> = compiled.iter().collect();
    for finding in findings {
        for number in ignoring(finding) {
            let (Some(rule), Some(list)) = (compiled.get(number), all.get_mut(number)) else {
                continue;
            };
            let covers = rule.covers(finding);
            let instances: Vec<_> = finding
                .instances
                .iter()
                .zip(covers)
                .filter_map(|(instance, covers)| covers.then_some(instance))
                .collect();
            if !instances.is_empty() {
                list.push(Covered { finding, instances });
            }
        }
    }
    all
}

/// The numbers of the rules by which a finding is ignored; none when it is not.
fn ignoring(finding: &Finding) -> impl Iterator<Item = usize> {
    finding
        .decision
        .iter()
        .filter(|decision| decision.action == Action::Ignore)
        .flat_map(|decision| std::iter::once(&decision.rule).chain(&decision.also))
        .filter(|rule| rule.action == Action::Ignore)
        .filter_map(number_of)
}
