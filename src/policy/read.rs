//! From the YAML tree to a [`Document`], collecting every problem on the way.
//!
//! Nothing stops at the first problem: a broken value is reported and replaced by a neutral one,
//! and the document is handed out only when there was no problem at all.

use std::collections::BTreeMap;

use globset::Glob;

use crate::model::{AdvisoryId, Ecosystem, Justification, ScannerId, Severity};
use crate::reconcile::severity::SeverityRule;

use super::document::{
    Age, BandRule, Bands, ByFix, Consequence, Document, IgnoreRule, Profile, Resolve,
    ScannerDemands, SeverityChoice,
};
use super::pattern::{exact_pattern, name_pattern, path_pattern};
use super::problem::{PolicyErrors, Problem, did_you_mean, nearest};
use super::profiles::{ChainError, chain, half};
use super::values::{Item, Place, Reader};
use super::yaml::{self, Node};

/// Most problems that one answer lists; the rest is a symptom of something else.
const MAX_PROBLEMS: usize = 50;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1000;

/// Reads a policy file. `shipped` are the profiles that are there besides the file's own.
pub(super) fn document(
    text: &str,
    source: &str,
    shipped: &BTreeMap<String, Profile>,
) -> Result<Document, PolicyErrors> {
    let failed = |problems| PolicyErrors {
        source: source.to_owned(),
        problems,
    };
    let root = yaml::load(text).map_err(|(position, message)| {
        failed(vec![Problem {
            position,
            path: String::new(),
            message: format!("not a policy: {message}"),
            help: None,
        }])
    })?;
    let mut reader = Reader::default();
    let document = reader.document(&root, shipped);
    if reader.problems.is_empty() {
        return Ok(document);
    }
    let more = reader.problems.len().saturating_sub(MAX_PROBLEMS);
    let mut problems: Vec<Problem> = reader
        .problems
        .into_iter()
        .take(MAX_PROBLEMS)
        .map(|found| Problem {
            position: yaml::locate(text, &found.place.steps, found.place.part),
            path: found.place.path,
            message: found.message,
            help: found.help,
        })
        .collect();
    problems.sort_by_key(|problem| problem.position);
    if more > 0 {
        problems.push(Problem {
            position: None,
            path: String::new(),
            message: format!("{more} more problems are not shown; mend these first"),
            help: None,
        });
    }
    Err(failed(problems))
}

impl Reader {
    fn document(&mut self, root: &Node, shipped: &BTreeMap<String, Profile>) -> Document {
        let place = Place::root();
        let mut fields = self.fields(&Item {
            node: root,
            place: place.clone(),
        });
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
        let profile_items = fields.take("profiles");
        let ignore = fields.take("ignore");
        self.finish(&fields);

        let mut places = BTreeMap::new();
        let mut profiles = BTreeMap::new();
        for (name, item) in profile_items
            .map(|item| self.entries(&item))
            .into_iter()
            .flatten()
        {
            self.profile_name(name, &item.place);
            profiles.insert(name.to_owned(), self.profile(&item));
            places.insert(name.to_owned(), item);
        }
        self.inheritance(&profiles, shipped, &places);

        let default_profile = default_profile.and_then(|item| {
            let name = self.text(&item)?;
            if !profiles.contains_key(&name) && !shipped.contains_key(&name) {
                let known = profiles.keys().chain(shipped.keys()).map(String::as_str);
                let help = did_you_mean(&name, known.clone());
                let known = known.collect::<Vec<_>>().join(", ");
                let message = format!("there is no profile `{name}`; there are {known}");
                self.problem(&item.place, message, help);
            }
            Some(name)
        });
        Document {
            version: 1,
            scanners: scanners.map_or_else(ScannerDemands::default, |item| self.scanners(&item)),
            severity: severity.and_then(|item| self.severity_choice(&item)),
            default_profile,
            profiles,
            ignore: ignore
                .map(|item| self.members(&item))
                .unwrap_or_default()
                .iter()
                .map(|item| self.ignore_rule(item))
                .collect(),
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
        let max_database_age = fields.take("max-database-age").and_then(|item| {
            let age = match item.node {
                Node::Text(text) => Age::parse(text),
                _ => None,
            };
            if age.is_none() {
                let message = format!(
                    "expected a length of time such as `7d` or `36h`, found {}",
                    item.node.describe()
                );
                self.problem(&item.place, message, None);
            }
            age
        });
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

    fn profile_name(&mut self, name: &str, place: &Place) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 60 || !name.chars().all(plain) {
            let message = "a profile's name consists of letters, digits, `-` and `_`";
            self.problem(&place.key(), message, None);
        }
    }

    fn profile(&mut self, item: &Item<'_>) -> Profile {
        // `research:` with everything commented out is an empty profile; what it lacks is said by
        // the check of inheritance.
        if *item.node == Node::Null {
            return Profile::default();
        }
        let mut fields = self.fields(item);
        let extends = fields.take("extends").and_then(|item| self.text(&item));
        let description = fields.take("description").and_then(|item| self.text(&item));
        let severity = fields.take("severity");
        let scanners = fields.take("scanners");
        self.finish(&fields);
        Profile {
            extends,
            description,
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
    fn inheritance(
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
                        let known = known.collect::<Vec<_>>().join(", ");
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

    fn ignore_rule(&mut self, item: &Item<'_>) -> IgnoreRule {
        let mut fields = self.fields(item);
        let id = self.required(
            &mut fields,
            "id",
            "name the vulnerability: `id: CVE-2024-6345`",
        );
        let reason = self.required(&mut fields, "reason", "say why it does not count here");
        let owner = self.required(
            &mut fields,
            "owner",
            "name who answers for it: a person or a team",
        );
        let package = fields.take("package");
        let purl = fields.take("purl");
        let path = fields.take("path");
        let version = fields.take("version");
        let ecosystem = fields.take("ecosystem");
        let reference = fields.take("reference");
        let justification = fields.take("justification");
        let created = fields.take("created");
        let expires = fields.take("expires");
        let until_fixed = fields.take("until-fixed");
        let acknowledge_broad = fields.take("acknowledge-broad");
        self.finish(&fields);

        let rule = IgnoreRule {
            id: id
                .as_ref()
                .and_then(|id| self.rule_id(id))
                .unwrap_or_default(),
            package: package.and_then(|item| self.pattern(&item, name_pattern)),
            purl: purl.and_then(|item| self.purl_pattern(&item)),
            path: path.and_then(|item| self.path_pattern(&item)),
            version: version.and_then(|item| self.pattern(&item, exact_pattern)),
            ecosystem: ecosystem.and_then(|item| self.ecosystem(&item)),
            reason: reason.and_then(|item| self.text(&item)).unwrap_or_default(),
            owner: owner.and_then(|item| self.text(&item)).unwrap_or_default(),
            reference: reference.and_then(|item| self.text(&item)),
            justification: justification.and_then(|item| self.justification(&item)),
            created: created.as_ref().and_then(|item| self.day(item)),
            expires: expires.as_ref().and_then(|item| self.day(item)),
            until_fixed: until_fixed.is_some_and(|item| self.flag(&item)),
            acknowledge_broad: acknowledge_broad.is_some_and(|item| self.flag(&item)),
        };
        if expires.is_none() && !rule.until_fixed {
            let message = "the rule has no end: `expires` is missing";
            let help = "add `expires: YYYY-MM-DD`, or `until-fixed: true` if it shall hold until there is a fix";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        if let (Some(created), Some(expires), Some(at)) = (rule.created, rule.expires, &expires)
            && expires < created
        {
            let message = format!("the rule ends on {expires}, before it was made ({created})");
            self.problem(&at.place, message, None);
        }
        if let (Some(id), "*") = (&id, rule.id.as_str()) {
            if !rule.acknowledge_broad {
                let help =
                    "name the vulnerability; if every one is meant, add `acknowledge-broad: true`";
                let message = "`*` leaves out every vulnerability, also those not yet known";
                self.problem(&id.place, message, Some(help.to_owned()));
            }
            let conditions = [&rule.package, &rule.purl, &rule.path, &rule.ecosystem];
            if conditions.iter().all(|condition| condition.is_none()) {
                let message = "a rule for every id has to say for which packages";
                let help = "add `package`, `purl`, `path` or `ecosystem`";
                self.problem(&id.place, message, Some(help.to_owned()));
            }
        }
        rule
    }

    fn rule_id(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.text(item)?;
        if text != "*" && !AdvisoryId::new(&text).is_plausible() {
            let message = format!("`{text}` is not a vulnerability id");
            let help = if text.contains('*') {
                "patterns are for packages and paths; an id is written out, or `*` for every one"
            } else {
                "ids look like CVE-2024-6345 or GHSA-cx63-2mw6-8hw5"
            };
            self.problem(&item.place, message, Some(help.to_owned()));
            return None;
        }
        Some(text)
    }

    fn justification(&mut self, item: &Item<'_>) -> Option<Justification> {
        let text = self.text(item)?;
        let found = Justification::from_name(&text);
        if found.is_none() {
            let words = Justification::ALL.map(Justification::as_str);
            let message = format!("expected {}, found `{text}`", one_of(&words));
            self.problem(&item.place, message, did_you_mean(&text, words));
        }
        found
    }

    fn ecosystem(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.text(item)?;
        let ecosystem = Ecosystem::from_name(&text);
        let other = |c: char| !c.is_ascii_alphanumeric() && !".+-".contains(c);
        if let Ecosystem::Other(name) = &ecosystem
            && (name.contains(other) || nearest(name, ECOSYSTEMS).is_some())
        {
            let message = format!("`{text}` is not a kind of package");
            self.problem(&item.place, message, did_you_mean(name, ECOSYSTEMS));
        }
        Some(ecosystem.as_str().to_owned())
    }

    fn pattern(
        &mut self,
        item: &Item<'_>,
        build: fn(&str) -> Result<Glob, globset::Error>,
    ) -> Option<String> {
        let text = self.text(item)?;
        let problem = if text.len() > MAX_PATTERN {
            format!("longer than {MAX_PATTERN} bytes")
        } else {
            match build(&text) {
                Ok(_) => return Some(text),
                Err(error) => error.kind().to_string(),
            }
        };
        let help =
            "`*` and `?` stand for any text, `[ab]` for one of them, `\\*` for the star itself";
        let message = format!("not a pattern: {problem}");
        self.problem(&item.place, message, Some(help.to_owned()));
        None
    }

    fn purl_pattern(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.pattern(item, exact_pattern)?;
        if !text.starts_with("pkg:") && !text.starts_with('*') {
            let message = format!("`{text}` is not a package URL");
            let help =
                "package URLs look like `pkg:pypi/setuptools@65.5.1`; names go into `package`";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        Some(text)
    }

    fn path_pattern(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.pattern(item, path_pattern)?;
        if !text.starts_with('/') && !text.starts_with("**") {
            let message = format!("`{text}` can never match: paths in an image start with `/`");
            let help = format!("write `/{text}`, or `**/{text}` for any directory");
            self.problem(&item.place, message, Some(help));
        }
        Some(text)
    }
}

/// The purl types that a rule's `ecosystem` is compared with for slips.
const ECOSYSTEMS: [&str; 14] = [
    "deb", "rpm", "apk", "alpm", "pypi", "npm", "golang", "maven", "gem", "nuget", "cargo",
    "composer", "conda", "generic",
];

/// `extends` of a profile, for a problem with it.
fn extends_place(profile: &Item<'_>) -> Place {
    if let Node::Mapping(entries) = profile.node
        && let Some(ordinal) = entries.iter().position(|(key, _)| key == "extends")
    {
        return profile.place.entry(ordinal, "extends");
    }
    profile.place.clone()
}

fn one_of(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
