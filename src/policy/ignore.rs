//! Ignore rules made ready for matching: those of the policy and those of the rule sets in use.

use std::collections::{BTreeMap, HashMap};

use globset::{GlobSet, GlobSetBuilder};
use jiff::Timestamp;

use crate::model::{Action, AdvisoryId, AdvisoryState, Finding, FixState, RuleMatch};

use super::circumstances::Circumstances;
use super::document::{Day, Document, IgnoreRule, RuleSet, SetEntry, UsedRuleSet};
use super::pattern::name_pattern;
use super::scope::Scope;

/// All rules that ignore, found by id, and all labels.
#[derive(Clone, Debug, Default)]
pub(super) struct IgnoreRules {
    rules: Vec<CompiledRule>,
    /// Rules by the id that they name, in canonical spelling; ordinals ascend.
    by_id: HashMap<AdvisoryId, Vec<usize>>,
    /// Rules for every id.
    broad: Vec<usize>,
    labels: Vec<Label>,
}

impl IgnoreRules {
    /// Makes a policy's rules ready. Patterns and names have been checked when it was read; what is
    /// wrong with them is told all the same. `shipped` are the sets besides the policy's own.
    pub(super) fn compile(
        document: &Document,
        shipped: &BTreeMap<String, RuleSet>,
    ) -> Result<Self, String> {
        let mut compiled = Self::default();
        for (ordinal, rule) in document.ignore.iter().enumerate() {
            compiled.add(CompiledRule::new(
                rule.clone(),
                format!("ignore[{ordinal}]"),
            )?);
        }
        for used in &document.use_rule_sets {
            let own = document.rule_sets.get(&used.name);
            let set = own
                .or_else(|| shipped.get(&used.name))
                .ok_or_else(|| format!("no rule set `{}`", used.name))?;
            compiled.add_set(used, set)?;
        }
        Ok(compiled)
    }

    /// Makes a list of rules ready, as it stands under `ignore`.
    pub(super) fn listed(rules: &[IgnoreRule]) -> Result<Self, String> {
        let mut compiled = Self::default();
        for (ordinal, rule) in rules.iter().enumerate() {
            compiled.add(CompiledRule::new(
                rule.clone(),
                format!("ignore[{ordinal}]"),
            )?);
        }
        Ok(compiled)
    }

    fn add(&mut self, rule: CompiledRule) {
        let ordinal = self.rules.len();
        if rule.rule.id == "*" {
            self.broad.push(ordinal);
        } else {
            let id = AdvisoryId::new(&rule.rule.id).unwrapped();
            self.by_id.entry(id).or_default().push(ordinal);
        }
        self.rules.push(rule);
    }

    fn add_set(&mut self, used: &UsedRuleSet, set: &RuleSet) -> Result<(), String> {
        let unless_installed = name_set(&set.unless_installed)?;
        for (ordinal, entry) in set.ignore.iter().enumerate() {
            let path = format!("rule-sets.{}.ignore[{ordinal}]", used.name);
            let mut rule = CompiledRule::new(entry_as_rule(entry, used, set), path)?;
            rule.state = entry.state;
            rule.unless_installed.clone_from(&unless_installed);
            self.add(rule);
        }
        if let Some(label) = &set.label {
            for entry in &label.on {
                self.labels.push(Label {
                    name: label.name.clone(),
                    id: entry
                        .id
                        .as_deref()
                        .map(|id| AdvisoryId::new(id).unwrapped()),
                    state: entry.state,
                    scope: Scope::compile(entry)?,
                    last_day: used.expires,
                });
            }
        }
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CompiledRule> {
        self.rules.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// The rules whose id is one of the finding's, in file order, each once.
    pub(super) fn naming(&self, finding: &Finding) -> impl Iterator<Item = (usize, &CompiledRule)> {
        let mut ordinals = self.broad.clone();
        for id in finding.ids() {
            ordinals.extend(self.by_id.get(&id.unwrapped()).into_iter().flatten());
        }
        ordinals.sort_unstable();
        ordinals.dedup();
        ordinals
            .into_iter()
            .filter_map(|ordinal| Some((ordinal, self.rules.get(ordinal)?)))
    }

    /// The finding's labels, sorted. A label needs only one of the installed packages.
    pub(super) fn labels(&self, finding: &Finding, now: Timestamp) -> Vec<String> {
        let labels = self.labels.iter().filter(|label| {
            !label.last_day.is_over(now)
                && label
                    .state
                    .is_none_or(|state| state == finding.vulnerability.state)
                && (label.id.as_ref())
                    .is_none_or(|id| finding.ids().any(|own| own.unwrapped() == *id))
                && label.scope.covers(finding).contains(&true)
        });
        let mut names: Vec<String> = labels.map(|label| label.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A pattern over names, of which one has to match; `None` when there is none.
fn name_set(patterns: &[String]) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(name_pattern(pattern).map_err(|error| error.to_string())?);
    }
    set.build().map(Some).map_err(|error| error.to_string())
}

/// A rule set's entry as the ignore rule that it stands for.
fn entry_as_rule(entry: &SetEntry, used: &UsedRuleSet, set: &RuleSet) -> IgnoreRule {
    IgnoreRule {
        id: entry.id.clone().unwrap_or_else(|| "*".to_owned()),
        package: entry.package.clone(),
        purl: entry.purl.clone(),
        path: entry.path.clone(),
        version: entry.version.clone(),
        ecosystem: entry.ecosystem.clone(),
        reason: set.argument.clone(),
        owner: used.owner.clone(),
        justification: set.justification,
        created: used.created,
        expires: Some(used.expires),
        acknowledge_broad: true,
        ..IgnoreRule::default()
    }
}

/// A label with its conditions compiled.
#[derive(Clone, Debug)]
struct Label {
    name: String,
    id: Option<AdvisoryId>,
    state: Option<AdvisoryState>,
    scope: Scope,
    last_day: Day,
}

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Holds,
    /// Past its last day.
    Expired,
    /// It was to hold until a fix, and now there is one.
    FixedMeanwhile,
}

/// One rule with its patterns compiled.
#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    pub(super) rule: IgnoreRule,
    /// Where it stands: `ignore[3]`, `rule-sets.kernel-headers.ignore[0]`.
    pub(super) path: String,
    scope: Scope,
    state: Option<AdvisoryState>,
    unless_installed: Option<GlobSet>,
}

impl CompiledRule {
    fn new(rule: IgnoreRule, path: String) -> Result<Self, String> {
        Ok(Self {
            scope: Scope::compile(&rule)?,
            rule,
            path,
            state: None,
            unless_installed: None,
        })
    }

    /// True when the last day of the rule is over.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.rule.expires.is_some_and(|last| last.is_over(now))
    }

    pub(super) fn standing(&self, finding: &Finding, now: Timestamp) -> Standing {
        if self.is_expired(now) {
            Standing::Expired
        } else if self.rule.until_fixed && finding.fix.state == FixState::Fixed {
            Standing::FixedMeanwhile
        } else {
            Standing::Holds
        }
    }

    /// Which of the finding's instances the rule covers, in their order.
    pub(super) fn covers(&self, finding: &Finding) -> Vec<bool> {
        if self
            .state
            .is_some_and(|state| state != finding.vulnerability.state)
        {
            return vec![false; finding.instances.len()];
        }
        self.scope.covers(finding)
    }

    /// Why the argument of the rule's set does not hold for this image; `None` when it does.
    pub(super) fn contradicted(&self, circumstances: &Circumstances<'_>) -> Option<String> {
        let forbidden = self.unless_installed.as_ref()?;
        let Some(installed) = circumstances.installed else {
            return Some("no complete package list of the image is at hand".to_owned());
        };
        let found = installed.iter().find(|name| forbidden.is_match(name))?;
        Some(format!("the image has {found}"))
    }

    /// How the rule shows among a finding's matches; `covered` are the instances that it is about.
    pub(super) fn as_match(&self, covered: &[bool]) -> RuleMatch {
        let rule = RuleMatch {
            owner: Some(self.rule.owner.clone()),
            expires: self.rule.expires.map(|day| day.to_string()),
            reference: self.rule.reference.clone(),
            justification: self.rule.justification,
            ..RuleMatch::new(&self.path, Action::Ignore, &self.rule.reason)
        };
        rule.limited_to(covered)
    }

    /// The path of the set that the rule is an entry of.
    pub(super) fn set(&self) -> Option<&str> {
        let (set, _) = self.path.rsplit_once(".ignore[")?;
        Some(set)
    }

    /// The rule in a list, a set by its name: `ignore[3] (CVE-2024-6345 in setuptools, owner ml-platform)`.
    pub(super) fn title(&self) -> String {
        let rule = &self.rule;
        let conditions = [&rule.package, &rule.purl, &rule.path, &rule.ecosystem];
        let scope = conditions
            .into_iter()
            .flatten()
            .next()
            .map(|scope| format!(" in {scope}"))
            .unwrap_or_default();
        match self.set() {
            Some(set) => format!("{set} (owner {})", rule.owner),
            None => format!("{} ({}{scope}, owner {})", self.path, rule.id, rule.owner),
        }
    }
}
