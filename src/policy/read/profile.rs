//! Profiles: what findings lead to.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AdvisoryState, Severity};
use crate::policy::document::{
    Agreement, AgreementCount, BandRule, Bands, ByFix, Conditions, Consequence, FixCondition,
    Grace, GraceStart, LayerCondition, Profile, Rule, ScannerDemands, Threshold, UncheckedDemand,
};
use crate::policy::problem::did_you_mean;
use crate::policy::profiles::{ChainError, chain, half};
use crate::policy::values::{Item, Place, Reader, one_of};
use crate::policy::yaml::Node;

/// Most rules in one profile: each is tried on every finding.
const MAX_RULES: usize = 200;

impl Reader {
    pub(super) fn profile(&mut self, item: &Item<'_>) -> Profile {
        // `research:` with everything commented out is an empty profile; what it lacks is said by
        // the check of inheritance.
        if *item.node == Node::Null {
            return Profile::default();
        }
        let mut fields = self.fields(item);
        let extends = fields.take("extends").and_then(|item| self.text(&item));
        let description = fields.take("description").and_then(|item| self.text(&item));
        let severity = fields.take("severity");
        let rules = fields.take("rules");
        let grace = fields.take("grace");
        let unchecked = fields.take("unchecked");
        let scanners = fields.take("scanners");
        self.finish(&fields);
        Profile {
            extends,
            description,
            rules: rules.map(|item| self.rules(&item)).unwrap_or_default(),
            grace: grace.map(|item| self.grace(&item)),
            unchecked: unchecked.and_then(|item| {
                self.choice(&item, &["list", "acknowledge"], |word| match word {
                    "list" => Some(UncheckedDemand::List),
                    "acknowledge" => Some(UncheckedDemand::Acknowledge),
                    _ => None,
                })
            }),
            severity: severity.map_or_else(Bands::default, |item| self.bands(&item)),
            scanners: scanners.map_or_else(ScannerDemands::default, |item| self.scanners(&item)),
        }
    }

    fn bands(&mut self, item: &Item<'_>) -> Bands {
        let mut bands = Bands::default();
        let mut fields = self.fields(item);
        for severity in Severity::WORST_FIRST {
            let rule = fields.take(severity.as_str());
            *bands.slot(severity) = rule.and_then(|item| self.band_rule(&item));
        }
        self.finish(&fields);
        bands
    }

    fn band_rule(&mut self, item: &Item<'_>) -> Option<BandRule> {
        if !matches!(item.node, Node::Mapping(_)) {
            return self.consequence(item).map(BandRule::Always);
        }
        let mut fields = self.fields(item);
        let fixable = fields.take("fixable");
        let unfixed = fields.take("unfixed");
        self.finish(&fields);
        if fixable.is_none() && unfixed.is_none() {
            let help = "write `{fixable: block, unfixed: warn}`, or one word for both";
            let message = "expected `fixable`, `unfixed` or both";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        Some(BandRule::ByFix(ByFix {
            fixable: fixable.and_then(|item| self.consequence(&item)),
            unfixed: unfixed.and_then(|item| self.consequence(&item)),
        }))
    }

    fn consequence(&mut self, item: &Item<'_>) -> Option<Consequence> {
        let word = match item.node {
            Node::Text(word) => word.as_str(),
            _ => "",
        };
        let consequence = Consequence::from_word(word);
        if consequence.is_none() {
            let words = Consequence::WORDS;
            let message = format!(
                "expected {}, found {}",
                one_of(&words),
                item.node.describe()
            );
            let help = if word == "ignore" {
                Some(
                    "leaving findings out takes a rule under `ignore` with a reason and an owner; \
                     `track` only records them"
                        .to_owned(),
                )
            } else {
                did_you_mean(word, words)
            };
            self.problem(&item.place, message, help);
        }
        consequence
    }

    /// Checks that every `extends` leads somewhere, and that every profile ends up with a decision
    /// for every severity.
    pub(super) fn inheritance(
        &mut self,
        profiles: &BTreeMap<String, Profile>,
        shipped: &BTreeMap<String, Profile>,
        places: &BTreeMap<String, Item<'_>>,
    ) {
        for (name, item) in places {
            let chain = match chain(name, profiles, shipped) {
                Ok(chain) => chain,
                Err(ChainError::Unknown { of, name: missing }) => {
                    // Said once, at the profile that names it.
                    if of == *name {
                        let known = profiles.keys().chain(shipped.keys()).map(String::as_str);
                        let help = did_you_mean(&missing, known.clone().filter(|k| k != name));
                        let known: BTreeSet<&str> = known.collect();
                        let known = known.into_iter().collect::<Vec<_>>().join(", ");
                        let message = format!("there is no profile `{missing}`; there are {known}");
                        self.problem(&extends_place(item), message, help);
                    }
                    continue;
                }
                Err(ChainError::Cycle(path)) => {
                    // Said once, at the first of the file's profiles on the circle.
                    let first = path.iter().filter(|link| places.contains_key(*link)).min();
                    if path.contains(name) && first == Some(name) {
                        let message =
                            format!("the profiles extend each other: {}", path.join(" → "));
                        self.problem(&extends_place(item), message, None);
                    }
                    continue;
                }
            };
            let missing: Vec<String> = Severity::WORST_FIRST
                .into_iter()
                .filter_map(|severity| {
                    let stated = |fixable| {
                        chain.iter().any(|link| {
                            half(link.profile.severity.get(severity), fixable).is_some()
                        })
                    };
                    match (stated(true), stated(false)) {
                        (true, true) => None,
                        (true, false) => Some(format!("{severity} (unfixed)")),
                        (false, true) => Some(format!("{severity} (fixable)")),
                        (false, false) => Some(severity.to_string()),
                    }
                })
                .collect();
            if !missing.is_empty() {
                let message = format!(
                    "the profile does not say what happens to findings of severity {}",
                    missing.join(", ")
                );
                let help = "add them, or let it extend a complete profile: `extends: production`";
                self.problem(&item.place.key(), message, Some(help.to_owned()));
            }
        }
    }

    fn rules(&mut self, item: &Item<'_>) -> Vec<Rule> {
        let members = self.members(item);
        if members.len() > MAX_RULES {
            let message = format!(
                "a profile may have {MAX_RULES} rules, not {}",
                members.len()
            );
            self.problem(&item.place, message, None);
            return Vec::new();
        }
        let mut rules: Vec<Rule> = Vec::new();
        for member in &members {
            let Some((rule, name)) = self.rule(member) else {
                continue;
            };
            if rules.iter().any(|other| other.name == rule.name) {
                let message = format!("there is another rule `{}` in this profile", rule.name);
                self.problem(&name, message, None);
            } else {
                rules.push(rule);
            }
        }
        rules
    }

    fn rule(&mut self, item: &Item<'_>) -> Option<(Rule, Place)> {
        let mut fields = self.fields(item);
        let name = self.required(
            &mut fields,
            "name",
            "name it, for reports: `name: exploited`",
        );
        let when = self.required(
            &mut fields,
            "when",
            "say when it applies: `when: {known-exploited: true}`",
        );
        let then = self.required(&mut fields, "then", "say what happens: `then: block`");
        let no_grace = fields.take("no-grace");
        self.finish(&fields);
        let name = name.and_then(|item| Some((self.text(&item)?, item.place)));
        if let Some((name, place)) = &name {
            self.plain_name("rule", name, place);
        }
        let when = when.map(|item| self.conditions(&item));
        let then = then.and_then(|item| self.consequence(&item));
        let no_grace = no_grace.is_some_and(|item| self.flag(&item));
        let (name, place) = name?;
        let rule = Rule {
            name,
            when: when?,
            then: then?,
            no_grace,
        };
        Some((rule, place))
    }

    fn conditions(&mut self, item: &Item<'_>) -> Conditions {
        let mut fields = self.fields(item);
        let severity = self.condition(&mut fields, "severity");
        let fix = self.condition(&mut fields, "fix");
        let known_exploited = self.condition(&mut fields, "known-exploited");
        let epss = self.condition(&mut fields, "epss-at-least");
        let cvss = self.condition(&mut fields, "cvss-at-least");
        let agreement = self.condition(&mut fields, "agreement");
        let state = self.condition(&mut fields, "state");
        let id = self.condition(&mut fields, "id");
        let layer = self.condition(&mut fields, "layer");
        let scope = self.scope(&mut fields);
        self.finish(&fields);
        if fields.entries.is_empty() {
            let help = "a rule for every finding is what `severity` is for";
            let message = "expected at least one condition";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        Conditions {
            severity: severity.map(|item| self.severities(&item)),
            fix: fix.and_then(|item| {
                self.choice(&item, &["available", "none"], |word| match word {
                    "available" => Some(FixCondition::Available),
                    "none" => Some(FixCondition::None),
                    _ => None,
                })
            }),
            known_exploited: known_exploited.map(|item| self.flag(&item)),
            epss_at_least: epss.and_then(|item| self.score(&item, 1.0).map(Threshold)),
            cvss_at_least: cvss.and_then(|item| self.score(&item, 10.0).map(Threshold)),
            agreement: agreement.and_then(|item| self.agreement(&item)),
            state: state.and_then(|item| self.advisory_state(&item)),
            id: id.and_then(|item| self.plain_id(&item)),
            package: scope.package,
            purl: scope.purl,
            path: scope.path,
            version: scope.version,
            ecosystem: scope.ecosystem,
            layer: layer.and_then(|item| {
                self.choice(&item, &["base", "own"], |word| match word {
                    "base" => Some(LayerCondition::Base),
                    "own" => Some(LayerCondition::Own),
                    _ => None,
                })
            }),
        }
    }

    fn severities(&mut self, item: &Item<'_>) -> Vec<Severity> {
        let words = Severity::WORST_FIRST.map(Severity::as_str);
        let members = self.one_or_more(item);
        members
            .iter()
            .filter_map(|member| {
                self.choice(member, &words, |word| {
                    let mut bands = Severity::WORST_FIRST.into_iter();
                    bands.find(|band| band.as_str() == word)
                })
            })
            .collect()
    }

    pub(super) fn advisory_state(&mut self, item: &Item<'_>) -> Option<AdvisoryState> {
        self.choice(
            item,
            &["disputed", "withdrawn", "rejected"],
            |word| match word {
                "disputed" => Some(AdvisoryState::Disputed),
                "withdrawn" => Some(AdvisoryState::Withdrawn),
                "rejected" => Some(AdvisoryState::Rejected),
                _ => None,
            },
        )
    }

    fn agreement(&mut self, item: &Item<'_>) -> Option<Agreement> {
        let mut fields = self.fields(item);
        let at_least = fields.take("at-least");
        let fewer_than = fields.take("fewer-than");
        self.finish(&fields);
        match (at_least, fewer_than) {
            (Some(item), None) => self.agreement_count(&item).map(Agreement::AtLeast),
            (None, Some(item)) => self.agreement_count(&item).map(Agreement::FewerThan),
            _ => {
                let help = "write `agreement: {at-least: 2}` or `agreement: {fewer-than: 2}`";
                let message = "expected one of `at-least`, `fewer-than`";
                self.problem(&item.place, message, Some(help.to_owned()));
                None
            }
        }
    }

    fn agreement_count(&mut self, item: &Item<'_>) -> Option<AgreementCount> {
        let count = match item.node {
            Node::Number(number) => number
                .parse()
                .ok()
                .filter(|n| (1..=1000).contains(n))
                .map(AgreementCount::Number),
            Node::Text(word) if word == "majority" => Some(AgreementCount::Majority),
            Node::Text(word) if word == "all" => Some(AgreementCount::All),
            _ => None,
        };
        if count.is_none() {
            let message = format!(
                "expected a number of scanners, `majority` or `all`, found {}",
                item.node.describe()
            );
            self.problem(&item.place, message, None);
        }
        count
    }

    fn grace(&mut self, item: &Item<'_>) -> Grace {
        let mut grace = Grace::default();
        let mut fields = self.fields(item);
        let from = fields.take("from");
        for severity in Severity::WORST_FIRST {
            let age = fields.take(severity.as_str());
            *grace.slot(severity) = age.and_then(|item| self.age(&item));
        }
        self.finish(&fields);
        grace.from = from.and_then(|item| {
            self.choice(&item, &["publication", "first-sight"], |word| match word {
                "publication" => Some(GraceStart::Publication),
                "first-sight" => Some(GraceStart::FirstSight),
                _ => None,
            })
        });
        grace
    }
}

/// `extends` of a profile, for a problem with it.
fn extends_place(profile: &Item<'_>) -> Place {
    if let Node::Mapping(entries) = profile.node
        && let Some(ordinal) = entries.iter().position(|(key, _)| key == "extends")
    {
        return profile.place.entry(ordinal, "extends");
    }
    profile.place.clone()
}
