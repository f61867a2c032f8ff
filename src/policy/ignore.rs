//! Ignore rules made ready for matching.

use std::collections::HashMap;

use globset::{Glob, GlobMatcher};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Action, AdvisoryId, Ecosystem, Finding, FixState, Instance, RuleMatch};

use super::document::IgnoreRule;
use super::pattern::{exact_pattern, name_pattern, path_pattern};

/// All ignore rules of a policy, found by id.
#[derive(Clone, Debug, Default)]
pub(super) struct IgnoreRules {
    rules: Vec<CompiledRule>,
    /// Rules by the id that they name, in canonical spelling; ordinals ascend.
    by_id: HashMap<AdvisoryId, Vec<usize>>,
    /// Rules for every id.
    broad: Vec<usize>,
}

impl IgnoreRules {
    /// Makes rules ready. Patterns have been checked when the policy was read.
    pub(super) fn compile(rules: &[IgnoreRule]) -> Result<Self, globset::Error> {
        let mut compiled = Self::default();
        for (ordinal, rule) in rules.iter().enumerate() {
            if rule.id == "*" {
                compiled.broad.push(ordinal);
            } else {
                let id = AdvisoryId::new(&rule.id).unwrapped();
                compiled.by_id.entry(id).or_default().push(ordinal);
            }
            compiled.rules.push(CompiledRule::new(rule)?);
        }
        Ok(compiled)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &CompiledRule)> {
        self.rules.iter().enumerate()
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
    package: Option<GlobMatcher>,
    purl: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    version: Option<GlobMatcher>,
    ecosystem: Option<Ecosystem>,
}

impl CompiledRule {
    fn new(rule: &IgnoreRule) -> Result<Self, globset::Error> {
        let compile = |text: &Option<String>, build: fn(&str) -> Result<Glob, globset::Error>| {
            text.as_deref()
                .map(|text| build(text).map(|glob| glob.compile_matcher()))
                .transpose()
        };
        Ok(Self {
            package: compile(&rule.package, name_pattern)?,
            purl: compile(&rule.purl, exact_pattern)?,
            path: compile(&rule.path, path_pattern)?,
            version: compile(&rule.version, exact_pattern)?,
            ecosystem: rule.ecosystem.as_deref().map(Ecosystem::from_name),
            rule: rule.clone(),
        })
    }

    /// True when the last day of the rule is over, counted in UTC.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        let today = TimeZone::UTC.to_datetime(now).date();
        self.rule.expires.is_some_and(|last| today > last.0)
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

    /// Which of the finding's instances the rule's conditions cover, in their order.
    pub(super) fn covers(&self, finding: &Finding) -> Vec<bool> {
        if let Some(ecosystem) = &self.ecosystem
            && *ecosystem != finding.package.ecosystem
        {
            return vec![false; finding.instances.len()];
        }
        // The source package's name stands for all that is built from it.
        let group = matches(self.package.as_ref(), &finding.package.name);
        finding
            .instances
            .iter()
            .map(|instance| {
                (group || matches(self.package.as_ref(), &instance.name))
                    && matches(self.version.as_ref(), &instance.version)
                    && self.covers_purl(instance)
                    && self.covers_path(instance)
            })
            .collect()
    }

    fn covers_purl(&self, instance: &Instance) -> bool {
        let Some(pattern) = &self.purl else {
            return true;
        };
        instance.purl.as_deref().is_some_and(|purl| {
            let bare = purl.split(['?', '#']).next().unwrap_or_default();
            pattern.is_match(purl) || pattern.is_match(bare)
        })
    }

    /// A package without a known path is not covered, and one with several has to match with all
    /// of them: a copy elsewhere in the image was not what the rule's reason is about.
    fn covers_path(&self, instance: &Instance) -> bool {
        let Some(pattern) = &self.path else {
            return true;
        };
        let mut paths = instance
            .locations
            .iter()
            .filter_map(|place| place.path.as_deref());
        paths.next().is_some_and(|first| {
            pattern.is_match(first) && paths.all(|path| pattern.is_match(path))
        })
    }

    /// How the rule shows among a finding's matches; `covered` of `all` instances are meant by it.
    pub(super) fn as_match(&self, ordinal: usize, covered: usize, all: usize) -> RuleMatch {
        let reason = if covered == all {
            self.rule.reason.clone()
        } else {
            format!(
                "covers {covered} of {all} installed packages: {}",
                self.rule.reason
            )
        };
        RuleMatch {
            owner: Some(self.rule.owner.clone()),
            expires: self.rule.expires.map(|day| day.to_string()),
            reference: self.rule.reference.clone(),
            justification: self.rule.justification,
            ..RuleMatch::new(rule_path(ordinal), Action::Ignore, reason)
        }
    }

    /// The rule in a list: `ignore[3] (CVE-2024-6345 in setuptools, owner ml-platform)`.
    pub(super) fn title(&self, ordinal: usize) -> String {
        let rule = &self.rule;
        let conditions = [&rule.package, &rule.purl, &rule.path, &rule.ecosystem];
        let scope = conditions
            .into_iter()
            .flatten()
            .next()
            .map(|scope| format!(" in {scope}"))
            .unwrap_or_default();
        format!(
            "{} ({}{scope}, owner {})",
            rule_path(ordinal),
            rule.id,
            rule.owner
        )
    }
}

/// Where a rule stands in the policy.
fn rule_path(ordinal: usize) -> String {
    format!("ignore[{ordinal}]")
}

fn matches(pattern: Option<&GlobMatcher>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}
