//! What is valid in a policy and yet probably not meant.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::AdvisoryId;
use crate::model::report::Report;

use super::document::{Conditions, Day, Document, IgnoreRule, Profile};
use super::resolve::{Policy, ResolvedPolicy};
use super::scope::ScopeText;
use super::yaml;

/// Most warnings that come with their line: finding one takes a pass over the file.
const MOST_POSITIONS: usize = 50;

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Line and column, both counted from one, where known.
    pub position: Option<(usize, usize)>,
    /// Where: `ignore[3]`, `profiles.production.rules.exploited`.
    pub path: String,
    /// What, and what to do.
    pub message: String,
}

/// Looks through a policy: rules that are over, and rules that can never have a part because an
/// earlier one always comes first.
pub fn review(policy: &Policy, now: Timestamp) -> Vec<Warning> {
    let document = &policy.document;
    let mut found: Vec<(Vec<String>, String)> = Vec::new();
    expired(document, now, &mut found);
    shadowed_ignore(document, now, &mut found);
    for (name, profile) in &document.profiles {
        shadowed_rules(name, profile, &mut found);
    }
    shadowed_images(document, &mut found);
    unused_sets(document, &mut found);
    let mut warnings: Vec<Warning> = found
        .into_iter()
        .enumerate()
        .map(|(count, (path, message))| {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            Warning {
                position: (count < MOST_POSITIONS)
                    .then(|| yaml::position_of(&policy.text, &steps))
                    .flatten(),
                path: written(&path),
                message,
            }
        })
        .collect();
    warnings.sort_by_key(|warning| (warning.position.is_none(), warning.position));
    warnings
}

/// Looks at what a policy did in a run: rules that matched nothing, and rules that cover the same.
/// `report` was made with this policy.
pub fn review_run(policy: &ResolvedPolicy, report: &Report) -> Vec<Warning> {
    let decisions = || {
        report
            .findings
            .iter()
            .filter_map(|finding| finding.decision.as_ref())
    };
    let matched: BTreeSet<&str> = decisions()
        .flat_map(|decision| std::iter::once(&decision.rule).chain(&decision.also))
        .map(|rule| rule.rule.as_str())
        .collect();
    let unmatched = policy
        .rules
        .iter()
        .filter(|rule| !matched.contains(rule.path.as_str()))
        .map(|rule| {
            (
                rule.path.clone(),
                "matches no finding of the run".to_owned(),
            )
        });
    let idle = policy
        .acknowledged
        .matching_none(&report.unchecked)
        .map(|ordinal| {
            let message = "matches no unchecked package of the run".to_owned();
            (format!("acknowledge-unchecked[{ordinal}]"), message)
        });
    let summary = &report.policy;
    let told = summary
        .unused_rules
        .iter()
        .chain(&summary.overlapping_rules)
        .map(|sentence| (String::new(), sentence.clone()));
    unmatched
        .chain(told)
        .chain(idle)
        .map(|(path, message)| Warning {
            position: None,
            path,
            message,
        })
        .collect()
}

/// A path as people write it: `ignore[3]`.
fn written(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            text.extend(["[", step, "]"]);
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(step);
        }
    }
    text
}

fn path(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}

fn member(list: &str, ordinal: usize) -> Vec<String> {
    vec![list.to_owned(), ordinal.to_string()]
}

fn expired(document: &Document, now: Timestamp, found: &mut Vec<(Vec<String>, String)>) {
    for (ordinal, rule) in document.ignore.iter().enumerate() {
        if let Some(last) = rule.expires.filter(|last| last.is_over(now)) {
            let message = format!(
                "expired on {last} and ignores nothing; renew it or remove it (`crosscheck ignore prune`)"
            );
            found.push((member("ignore", ordinal), message));
        }
    }
    for used in &document.use_rule_sets {
        if used.expires.is_over(now) {
            let message = format!("expired on {}, so the set does nothing", used.expires);
            found.push((path(&["use-rule-sets", &used.name]), message));
        }
    }
    for (ordinal, entry) in document.acknowledge_unchecked.iter().enumerate() {
        if entry.expires.is_over(now) {
            let message = format!("expired on {} and acknowledges nothing", entry.expires);
            found.push((member("acknowledge-unchecked", ordinal), message));
        }
    }
}

/// What makes one ignore rule wider than another: the id or every id, and a subset of its conditions.
type Reach<'d> = (Option<AdvisoryId>, ScopeText<'d>);

/// The rules of one reach that last longest, of equals the first: one that ends with a fix, and one
/// that does not.
#[derive(Clone, Copy, Debug, Default)]
struct Longest {
    until_fixed: Option<usize>,
    regardless: Option<usize>,
}

/// A rule is shadowed when another covers all that it covers, for at least as long. Looked up by
/// what the other would have to be like, so that long lists stay quick.
fn shadowed_ignore(document: &Document, now: Timestamp, found: &mut Vec<(Vec<String>, String)>) {
    let rules = &document.ignore;
    let in_force = |rule: &&IgnoreRule| rule.expires.is_none_or(|last| !last.is_over(now));
    let mut by_reach: HashMap<Reach<'_>, Longest> = HashMap::new();
    for (ordinal, rule) in rules.iter().enumerate() {
        if !in_force(&rule) {
            continue;
        }
        let longest = by_reach.entry(reach(rule)).or_default();
        let slot = if rule.until_fixed {
            &mut longest.until_fixed
        } else {
            &mut longest.regardless
        };
        let best = slot.and_then(|best| rules.get(best));
        if best.is_none_or(|best| end(rule) > end(best)) {
            *slot = Some(ordinal);
        }
    }
    for (ordinal, rule) in rules.iter().enumerate() {
        if !in_force(&rule) {
            continue;
        }
        let wider = wider_reaches(rule)
            .into_iter()
            .filter_map(|reach| by_reach.get(&reach))
            .flat_map(|longest| [longest.regardless, longest.until_fixed])
            .flatten()
            .find(|other| {
                let other_rule = rules.get(*other);
                *other != ordinal
                    && other_rule
                        .is_some_and(|other_rule| outlasts(other_rule, *other, rule, ordinal))
            });
        if let Some(other) = wider {
            let message = format!(
                "ignore[{other}] covers all that it covers, and for as long; one of them can go"
            );
            found.push((member("ignore", ordinal), message));
        }
    }
}

/// The end of a rule, comparable: without a day it is later than any.
fn end(rule: &IgnoreRule) -> (bool, Option<Day>) {
    (rule.expires.is_none(), rule.expires)
}

fn reach(rule: &IgnoreRule) -> Reach<'_> {
    let id = (rule.id != "*").then(|| AdvisoryId::new(&rule.id).unwrapped());
    (id, ScopeText::from(rule))
}

/// Every reach that contains a rule's: with or without the id, with each subset of its conditions.
fn wider_reaches(rule: &IgnoreRule) -> Vec<Reach<'_>> {
    let (id, scope) = reach(rule);
    let mut reaches = BTreeSet::new();
    for mask in 0u8..32 {
        let keep = |bit: u8| mask & (1 << bit) != 0;
        let narrowed = ScopeText {
            package: scope.package.filter(|_| keep(0)),
            purl: scope.purl.filter(|_| keep(1)),
            path: scope.path.filter(|_| keep(2)),
            version: scope.version.filter(|_| keep(3)),
            ecosystem: scope.ecosystem.filter(|_| keep(4)),
        };
        reaches.insert((id.clone(), narrowed));
        reaches.insert((None, narrowed));
    }
    reaches.into_iter().collect()
}

/// True when `other` holds at least as long as `rule`. Of two alike the later one is the one to go.
fn outlasts(other: &IgnoreRule, other_ordinal: usize, rule: &IgnoreRule, ordinal: usize) -> bool {
    let longer = end(other) >= end(rule) && (!other.until_fixed || rule.until_fixed);
    let alike = reach(other) == reach(rule)
        && end(other) == end(rule)
        && other.until_fixed == rule.until_fixed;
    longer && (!alike || other_ordinal < ordinal)
}

/// A rule whose conditions imply those of an earlier one never decides.
fn shadowed_rules(name: &str, profile: &Profile, found: &mut Vec<(Vec<String>, String)>) {
    for (ordinal, rule) in profile.rules.iter().enumerate() {
        let earlier = profile.rules.iter().take(ordinal);
        let first = earlier
            .into_iter()
            .find(|earlier| implies(&rule.when, &earlier.when));
        if let Some(earlier) = first {
            let message = format!("never decides: `{}` always comes first", earlier.name);
            found.push((path(&["profiles", name, "rules", &rule.name]), message));
        }
    }
}

/// True when whatever meets `narrow` meets `wide`. Patterns are compared as texts.
fn implies(narrow: &Conditions, wide: &Conditions) -> bool {
    fn same<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
        wide.is_none() || wide == narrow
    }
    let threshold = |wide: Option<super::Threshold>, narrow: Option<super::Threshold>| {
        wide.is_none_or(|wide| narrow.is_some_and(|narrow| narrow.0 >= wide.0))
    };
    let severity = wide.severity.as_ref().is_none_or(|wide| {
        let narrow = narrow.severity.as_ref();
        narrow.is_some_and(|narrow| narrow.iter().all(|band| wide.contains(band)))
    });
    severity
        && same(wide.fix.as_ref(), narrow.fix.as_ref())
        && same(
            wide.known_exploited.as_ref(),
            narrow.known_exploited.as_ref(),
        )
        && threshold(wide.epss_at_least, narrow.epss_at_least)
        && threshold(wide.cvss_at_least, narrow.cvss_at_least)
        && same(wide.agreement.as_ref(), narrow.agreement.as_ref())
        && same(wide.state.as_ref(), narrow.state.as_ref())
        && same(wide.id.as_ref(), narrow.id.as_ref())
        && same(wide.package.as_ref(), narrow.package.as_ref())
        && same(wide.purl.as_ref(), narrow.purl.as_ref())
        && same(wide.path.as_ref(), narrow.path.as_ref())
        && same(wide.version.as_ref(), narrow.version.as_ref())
        && same(wide.ecosystem.as_ref(), narrow.ecosystem.as_ref())
        && same(wide.layer.as_ref(), narrow.layer.as_ref())
}

fn shadowed_images(document: &Document, found: &mut Vec<(Vec<String>, String)>) {
    for (ordinal, entry) in document.profile_for.iter().enumerate() {
        let mut earlier = document.profile_for.iter().take(ordinal);
        if let Some(first) = earlier.find(|first| first.image == entry.image || first.image == "*")
        {
            let message = format!("never applies: `{}` further up comes first", first.image);
            found.push((member("profile-for", ordinal), message));
        }
    }
}

fn unused_sets(document: &Document, found: &mut Vec<(Vec<String>, String)>) {
    // The file that ships with the program offers its sets; a user's file defines one to use it.
    if document == Policy::shipped() {
        return;
    }
    for name in document.rule_sets.keys() {
        if !document.use_rule_sets.iter().any(|used| used.name == *name) {
            let message = "does nothing: `use-rule-sets` does not name it".to_owned();
            found.push((path(&["rule-sets", name]), message));
        }
    }
}
