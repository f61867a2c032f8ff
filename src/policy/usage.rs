//! Which rules had a part in a run, and which had none.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::report::PolicySummary;

use super::circumstances::Circumstances;
use super::resolve::ResolvedPolicy;

/// In how many findings each ignore rule had a part, and which VEX statements had one.
pub(super) struct RuleUse {
    counts: Vec<Counts>,
    /// Findings that two rules cover whole, by the ordinals of the two.
    overlaps: BTreeMap<(usize, usize), usize>,
    vex_matched: BTreeSet<usize>,
    vex_conflicts: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    held: usize,
    lapsed: usize,
}

impl RuleUse {
    pub(super) fn of(policy: &ResolvedPolicy) -> Self {
        Self {
            counts: vec![Counts::default(); policy.ignore.len()],
            overlaps: BTreeMap::new(),
            vex_matched: BTreeSet::new(),
            vex_conflicts: Vec::new(),
        }
    }

    /// A rule that holds covers a finding, or a part of it.
    pub(super) fn held(&mut self, ordinal: usize) {
        if let Some(counts) = self.counts.get_mut(ordinal) {
            counts.held += 1;
        }
    }

    /// A rule that no longer holds would have.
    pub(super) fn lapsed(&mut self, ordinal: usize) {
        if let Some(counts) = self.counts.get_mut(ordinal) {
            counts.lapsed += 1;
        }
    }

    /// Each of these rules covers the same finding whole. Compared with the first only: what is
    /// asked is which rules can go.
    pub(super) fn overlap(&mut self, whole: &[usize]) {
        if let Some((first, others)) = whole.split_first() {
            for other in others {
                *self.overlaps.entry((*first, *other)).or_default() += 1;
            }
        }
    }

    /// VEX statements that are about a finding, and those that contradict each other on it.
    pub(super) fn vex(&mut self, matched: &BTreeSet<usize>, conflicts: Vec<String>) {
        self.vex_matched.extend(matched);
        self.vex_conflicts.extend(conflicts);
    }

    /// Writes into the summary what a person should look at.
    pub(super) fn summarise(
        self,
        policy: &ResolvedPolicy,
        circumstances: &Circumstances<'_>,
        summary: &mut PolicySummary,
    ) {
        // Nobody can change the entries of a set that ships with the program: it is unused when none of
        // them had a part.
        let sets_in_use: BTreeSet<&str> = policy
            .ignore
            .iter()
            .zip(&self.counts)
            .filter(|(_, counts)| counts.held + counts.lapsed > 0)
            .filter_map(|(rule, _)| rule.set())
            .collect();
        let mut sets_told = BTreeSet::new();
        for (rule, counts) in policy.ignore.iter().zip(&self.counts) {
            if let Some(set) = rule.set()
                && (sets_in_use.contains(set) && counts.lapsed == 0 || !sets_told.insert(set))
            {
                continue;
            }
            let title = rule.title();
            if let Some(last) = rule
                .rule
                .expires
                .filter(|_| rule.is_expired(circumstances.now))
            {
                summary.expired_rules.push(format!(
                    "{title} expired on {last}; {}",
                    counted_again(counts.lapsed)
                ));
            } else if counts.lapsed > 0 {
                summary.expired_rules.push(format!(
                    "{title} held until a fix, and there is one; {}",
                    counted_again(counts.lapsed)
                ));
            } else if counts.held == 0 {
                summary
                    .unused_rules
                    .push(format!("{title} matches no finding"));
            }
        }
        summary.vex_unmatched = circumstances
            .vex
            .map(|statements| statements.unmatched(&self.vex_matched))
            .unwrap_or_default();
        summary.vex_conflicts = self.vex_conflicts;
        summary.vex_conflicts.sort();
        let path = |ordinal: usize| {
            policy
                .ignore
                .iter()
                .nth(ordinal)
                .map(|rule| rule.path.as_str())
        };
        for ((first, other), findings) in &self.overlaps {
            let (Some(first), Some(other)) = (path(*first), path(*other)) else {
                continue;
            };
            let findings = match findings {
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            };
            summary
                .overlapping_rules
                .push(format!("{first} and {other} both cover {findings}"));
        }
    }
}

fn counted_again(findings: usize) -> String {
    match findings {
        0 => "no finding needs it".to_owned(),
        1 => "1 finding counts again".to_owned(),
        many => format!("{many} findings count again"),
    }
}
