//! From the YAML tree to a [`Document`], collecting every problem on the way.
//!
//! Nothing stops at the first problem: a broken value is reported and replaced by a neutral one,
//! and the document is handed out only when there was no problem at all.

mod ignore;
mod profile;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::ScannerId;
use crate::reconcile::severity::SeverityRule;

use super::document::{
    Cuda, Document, Enrichment, Profile, ProfileFor, Resolve, RuleSet, ScannerDemands,
    SeverityChoice, UsedRuleSet,
};
use super::pattern::name_pattern;
use super::problem::{PolicyErrors, did_you_mean};
use super::values::{Item, Place, Reader, one_of, read};
use super::yaml::Node;

/// Most profiles of a file. Each is followed up through all that it extends.
const MAX_PROFILES: usize = 100;

/// What is there besides the file's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shipped<'s> {
    pub(super) profiles: &'s BTreeMap<String, Profile>,
    pub(super) rule_sets: &'s BTreeMap<String, RuleSet>,
}

/// Reads a policy file.
pub(super) fn document(
    text: &str,
    source: &str,
    shipped: Shipped<'_>,
) -> Result<Document, PolicyErrors> {
    read(text, source, "a policy", |reader, root| {
        Some(reader.document(root, shipped))
    })
}

impl Reader {
    fn document(&mut self, root: &Item<'_>, shipped: Shipped<'_>) -> Document {
        let mut fields = self.fields(root);
        let version = self.required(&mut fields, "version", "add `version: 1`");
        if let Some(version) = version
            && *version.node != Node::Number("1".to_owned())
        {
            let message = format!("expected `1`, found {}", version.node.describe());
            let help = "this program reads version 1 of the policy language";
            self.problem(&version.place, message, Some(help.to_owned()));
        }
        let scanners = fields.take("scanners");
        let severity = fields.take("severity");
        let default_profile = fields.take("default-profile");
        let profile_for = fields.take("profile-for");
        let profile_items = fields.take("profiles");
        let ignore = fields.take("ignore");
        let rule_sets = fields.take("rule-sets");
        let use_rule_sets = fields.take("use-rule-sets");
        let acknowledge_unchecked = fields.take("acknowledge-unchecked");
        let vex = fields.take("vex");
        let enrichment = fields.take("enrichment");
        let cuda = fields.take("cuda");
        self.finish(&fields);

        let mut places = BTreeMap::new();
        let mut profiles = BTreeMap::new();
        let profile_items = profile_items.map(|item| {
            let entries = self.entries(&item);
            if entries.len() > MAX_PROFILES {
                let message = format!(
                    "a policy may have {MAX_PROFILES} profiles, not {}",
                    entries.len()
                );
                self.problem(&item.place, message, None);
            }
            entries
        });
        for (name, item) in profile_items.into_iter().flatten().take(MAX_PROFILES) {
            self.plain_name("profile", name, &item.place.key());
            profiles.insert(name.to_owned(), self.profile(&item));
            places.insert(name.to_owned(), item);
        }
        self.inheritance(&profiles, shipped.profiles, &places);
        let names = profiles.keys().chain(shipped.profiles.keys());
        let known: Vec<&str> = names.map(String::as_str).collect();
        let rule_sets: BTreeMap<String, RuleSet> = rule_sets
            .map(|item| self.entries(&item))
            .into_iter()
            .flatten()
            .map(|(name, item)| {
                self.plain_name("rule set", name, &item.place.key());
                (name.to_owned(), self.rule_set(&item))
            })
            .collect();
        let sets = rule_sets.keys().chain(shipped.rule_sets.keys());
        let known_sets: Vec<&str> = sets.map(String::as_str).collect();
        Document {
            version: 1,
            scanners: scanners.map_or_else(ScannerDemands::default, |item| self.scanners(&item)),
            severity: severity.and_then(|item| self.severity_choice(&item)),
            default_profile: default_profile.and_then(|item| self.profile_named(&item, &known)),
            profile_for: self.list(profile_for, |reader, item| reader.profile_for(item, &known)),
            ignore: self.list(ignore, Reader::ignore_rule),
            use_rule_sets: self.used_rule_sets(use_rule_sets, &known_sets),
            acknowledge_unchecked: self.list(acknowledge_unchecked, Reader::acknowledged),
            vex: self.list(vex, Reader::text).into_iter().flatten().collect(),
            enrichment: enrichment.map_or_else(Enrichment::default, |item| self.enrichment(&item)),
            cuda: cuda.map_or_else(Cuda::default, |item| self.cuda(&item)),
            profiles,
            rule_sets,
        }
    }

    /// The members of a list, each read the same way.
    fn list<T>(
        &mut self,
        item: Option<Item<'_>>,
        read: impl Fn(&mut Self, &Item<'_>) -> T,
    ) -> Vec<T> {
        let members = item.map(|item| self.members(&item)).unwrap_or_default();
        members.iter().map(|member| read(self, member)).collect()
    }

    fn used_rule_sets(&mut self, item: Option<Item<'_>>, known: &[&str]) -> Vec<UsedRuleSet> {
        let mut seen = BTreeSet::new();
        let members = item.map(|item| self.members(&item)).unwrap_or_default();
        let mut used = Vec::new();
        for member in &members {
            let set = self.used_rule_set(member, known);
            if seen.insert(set.name.clone()) {
                used.push(set);
            } else {
                self.problem(&member.place, format!("`{}` is used twice", set.name), None);
            }
        }
        used
    }

    /// The name of a profile that there is.
    fn profile_named(&mut self, item: &Item<'_>, known: &[&str]) -> Option<String> {
        let name = self.text(item)?;
        if !known.contains(&name.as_str()) {
            let mut known = known.to_vec();
            known.sort_unstable();
            known.dedup();
            let message = format!(
                "there is no profile `{name}`; there are {}",
                known.join(", ")
            );
            self.problem(&item.place, message, did_you_mean(&name, known));
        }
        Some(name)
    }

    fn profile_for(&mut self, item: &Item<'_>, known: &[&str]) -> ProfileFor {
        let mut fields = self.fields(item);
        let image = self.required(
            &mut fields,
            "image",
            "say for which images: `image: registry.example/prod/*`",
        );
        let profile = self.required(&mut fields, "profile", "name the profile");
        self.finish(&fields);
        ProfileFor {
            image: image
                .and_then(|item| self.pattern(&item, name_pattern))
                .unwrap_or_default(),
            profile: profile
                .and_then(|item| self.profile_named(&item, known))
                .unwrap_or_default(),
        }
    }

    /// Reports a name that cannot stand in the path of a rule.
    fn plain_name(&mut self, what: &str, name: &str, place: &Place) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 60 || !name.chars().all(plain) {
            let message = format!("a {what}'s name consists of letters, digits, `-` and `_`");
            self.problem(place, message, None);
        }
    }

    fn scanners(&mut self, item: &Item<'_>) -> ScannerDemands {
        let mut fields = self.fields(item);
        let required = fields
            .take("required")
            .map(|item| self.scanner_names(&item));
        let quorum = fields.take("quorum").and_then(|item| {
            let quorum = match item.node {
                Node::Number(number) => number.parse().ok().filter(|n| (1..=1000).contains(n)),
                _ => None,
            };
            if quorum.is_none() {
                let message = format!(
                    "expected a number of scanners, at least 1, found {}",
                    item.node.describe()
                );
                self.problem(&item.place, message, None);
            }
            quorum
        });
        let max_database_age = fields
            .take("max-database-age")
            .and_then(|item| self.age(&item));
        self.finish(&fields);
        ScannerDemands {
            required,
            quorum,
            max_database_age,
        }
    }

    fn scanner_names(&mut self, item: &Item<'_>) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for member in self.members(item) {
            let Some(text) = self.text(&member) else {
                continue;
            };
            let name = ScannerId::new(&text).as_str().to_owned();
            if names.contains(&name) {
                self.problem(&member.place, format!("`{name}` is listed twice"), None);
            } else {
                names.push(name);
            }
        }
        names
    }

    fn severity_choice(&mut self, item: &Item<'_>) -> Option<SeverityChoice> {
        let mut fields = self.fields(item);
        let resolve = self.required(&mut fields, "resolve", "add `resolve: vendor`");
        self.finish(&fields);
        let item = resolve?;
        let resolve = if let Node::List(_) = item.node {
            let names = self.scanner_names(&item);
            if names.is_empty() {
                self.problem(&item.place, "expected at least one scanner", None);
            }
            Resolve::Scanners(names)
        } else {
            let words = SeverityRule::WORDS;
            match item.node {
                Node::Text(word) if SeverityRule::from_word(word).is_some() => {
                    Resolve::Word(word.clone())
                }
                other => {
                    let message = format!(
                        "expected {}, or a list of scanners, found {}",
                        one_of(&words),
                        other.describe()
                    );
                    let help = match other {
                        Node::Text(word) => did_you_mean(word, words)
                            .or_else(|| Some(format!("a single scanner is a list too: [{word}]"))),
                        _ => None,
                    };
                    self.problem(&item.place, message, help);
                    return None;
                }
            }
        };
        Some(SeverityChoice { resolve })
    }
}
