//! A resolved policy with the place that each of its values comes from.

use std::cell::Cell;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Severity;

use super::document::{
    Agreement, AgreementCount, BandRule, Conditions, Document, FixCondition, GraceStart,
    LayerCondition, Rule, RuleSet, UncheckedDemand,
};
use super::problem::PolicyError;
use super::profiles::{Link, chain, half};
use super::resolve::Policy;
use super::yaml;

/// One value of a resolved policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Setting {
    /// What it is: `severity.high.fixable`, `scanners.quorum`, `ignore[3]`.
    pub key: String,
    /// The value, in one line.
    pub value: String,
    /// Where it is written: `policy.yaml:12:5 profiles.production.severity.high`, or `built-in …`
    /// for what ships with the program.
    pub origin: String,
}

/// Every value that applies under a profile, in the order in which they count.
///
/// # Errors
/// [`PolicyError::UnknownProfile`].
pub fn settings(policy: &Policy, profile: Option<&str>) -> Result<Vec<Setting>, PolicyError> {
    let resolved = policy.resolve(profile)?;
    let shipped = Policy::shipped();
    // A resolved policy has a chain.
    let chain = chain(
        resolved.profile(),
        &policy.document.profiles,
        &shipped.profiles,
    )
    .unwrap_or_default();
    let mut list = Listing {
        policy,
        chain,
        settings: Vec::new(),
        lookups: Cell::new(LOOKUP_BYTES / policy.text.len().max(1)),
    };
    list.profile(resolved.profile());
    list.scanners();
    list.severity_choice();
    list.rules();
    list.bands();
    list.grace();
    list.unchecked();
    list.shared(&policy.document);
    Ok(list.settings)
}

struct Listing<'p> {
    policy: &'p Policy,
    chain: Vec<Link<'p>>,
    settings: Vec<Setting>,
    /// Lookups of positions that are left: each reads the file once more.
    lookups: Cell<usize>,
}

/// Bytes that may be read over for positions; enough for every value of a policy that people write.
const LOOKUP_BYTES: usize = 16 << 20;

impl<'p> Listing<'p> {
    fn add(&mut self, key: impl Into<String>, value: impl Into<String>, origin: String) {
        self.settings.push(Setting {
            key: key.into(),
            value: value.into(),
            origin,
        });
    }

    /// Where a key stands in the file; when it does not, in what ships with the program.
    fn at(&self, path: &[&str]) -> String {
        self.in_file(path)
            .unwrap_or_else(|| format!("built-in {}", path.join(".")))
    }

    fn in_file(&self, path: &[&str]) -> Option<String> {
        let source = self.policy.source();
        let Some(left) = self.lookups.get().checked_sub(1) else {
            return Some(format!("{source} {}", path.join(".")));
        };
        self.lookups.set(left);
        let (line, column) = yaml::position_of(&self.policy.text, path)?;
        Some(format!("{source}:{line}:{column} {}", path.join(".")))
    }

    fn of_link(&self, link: &Link<'p>, path: &[&str]) -> String {
        let whole: Vec<&str> = ["profiles", link.name]
            .into_iter()
            .chain(path.iter().copied())
            .collect();
        let own = (!link.shipped).then(|| self.in_file(&whole)).flatten();
        own.unwrap_or_else(|| format!("built-in {}", whole.join(".")))
    }

    /// The nearest profile that states something.
    fn nearest<T>(&self, get: impl Fn(&'p super::Profile) -> Option<T>) -> Option<(Link<'p>, T)> {
        self.chain
            .iter()
            .find_map(|link| Some((*link, get(link.profile)?)))
    }

    fn profile(&mut self, name: &str) {
        let names: Vec<&str> = self.chain.iter().map(|link| link.name).collect();
        let value = if names.len() > 1 {
            format!(
                "{name} (extends {})",
                names.get(1..).unwrap_or_default().join(", then ")
            )
        } else {
            name.to_owned()
        };
        let origin = self.chain.first().copied();
        let origin = origin.map_or_else(String::new, |link| self.of_link(&link, &[]));
        self.add("profile", value, origin);
        if let Some((link, description)) = self.nearest(|profile| profile.description.clone()) {
            let origin = self.of_link(&link, &["description"]);
            self.add("description", description, origin);
        }
        if let Some(name) = &self.policy.document.default_profile {
            let origin = self.at(&["default-profile"]);
            self.add("default-profile", name.as_str(), origin);
        }
        for (ordinal, entry) in self.policy.document.profile_for.iter().enumerate() {
            let origin = self.at(&["profile-for", &ordinal.to_string()]);
            let value = format!("{} for {}", entry.profile, entry.image);
            self.add(format!("profile-for[{ordinal}]"), value, origin);
        }
    }

    fn scanners(&mut self) {
        let policy = self.policy.document.scanners.clone();
        let shipped = &Policy::shipped().scanners;
        let required = self.nearest(|profile| profile.scanners.required.clone());
        let quorum = self.nearest(|profile| profile.scanners.quorum);
        let age = self.nearest(|profile| profile.scanners.max_database_age);
        let listed = |names: &Vec<String>| match names.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        for (key, of_profile, of_policy, of_shipped) in [
            (
                "required",
                required.map(|(link, names)| (link, listed(&names))),
                policy.required.as_ref().map(listed),
                shipped.required.as_ref().map(listed),
            ),
            (
                "quorum",
                quorum.map(|(link, quorum)| (link, quorum.to_string())),
                policy.quorum.map(|quorum| quorum.to_string()),
                shipped.quorum.map(|quorum| quorum.to_string()),
            ),
            (
                "max-database-age",
                age.map(|(link, age)| (link, age.to_string())),
                policy.max_database_age.map(|age| age.to_string()),
                shipped.max_database_age.map(|age| age.to_string()),
            ),
        ] {
            let name = format!("scanners.{key}");
            if let Some((link, value)) = of_profile {
                let origin = self.of_link(&link, &["scanners", key]);
                self.add(name, value, origin);
            } else if let Some(value) = of_policy {
                let origin = self.at(&["scanners", key]);
                self.add(name, value, origin);
            } else {
                let value = of_shipped.unwrap_or_else(|| "any".to_owned());
                self.add(name, value, format!("built-in scanners.{key}"));
            }
        }
    }

    fn severity_choice(&mut self) {
        let value = match &self.policy.document.severity {
            Some(choice) => match &choice.resolve {
                super::Resolve::Word(word) => word.clone(),
                super::Resolve::Scanners(names) => names.join(", "),
            },
            None => "vendor".to_owned(),
        };
        let origin = self.at(&["severity", "resolve"]);
        self.add("severity.resolve", value, origin);
    }

    fn rules(&mut self) {
        let mut seen: Vec<&str> = Vec::new();
        for link in self.chain.clone() {
            for rule in &link.profile.rules {
                if !seen.contains(&rule.name.as_str()) {
                    seen.push(&rule.name);
                    let origin = self.of_link(&link, &["rules", &rule.name]);
                    self.add(format!("rules.{}", rule.name), rule_words(rule), origin);
                }
            }
        }
    }

    fn bands(&mut self) {
        for severity in Severity::WORST_FIRST {
            let stated = |fixable: bool| {
                self.chain.iter().find_map(|link| {
                    let rule = link.profile.severity.get(severity)?;
                    let consequence = half(Some(rule), fixable)?;
                    let mut path = vec!["severity", severity.as_str()];
                    if matches!(rule, BandRule::ByFix(_)) {
                        path.push(if fixable { "fixable" } else { "unfixed" });
                    }
                    Some((consequence.word(), self.of_link(link, &path)))
                })
            };
            let (fixable, unfixed) = (stated(true), stated(false));
            if fixable == unfixed {
                if let Some((word, origin)) = fixable {
                    self.add(format!("severity.{severity}"), word, origin);
                }
                continue;
            }
            for (half, stated) in [("fixable", fixable), ("unfixed", unfixed)] {
                if let Some((word, origin)) = stated {
                    self.add(format!("severity.{severity}.{half}"), word, origin);
                }
            }
        }
    }

    fn grace(&mut self) {
        let Some((link, grace)) = self.nearest(|profile| profile.grace) else {
            return;
        };
        let from = match grace.from.unwrap_or_default() {
            GraceStart::Publication => "publication",
            GraceStart::FirstSight => "first sight",
        };
        for severity in Severity::WORST_FIRST {
            if let Some(age) = grace.get(severity) {
                let origin = self.of_link(&link, &["grace", severity.as_str()]);
                self.add(
                    format!("grace.{severity}"),
                    format!("{age} from {from}"),
                    origin,
                );
            }
        }
    }

    fn unchecked(&mut self) {
        let stated = self.nearest(|profile| profile.unchecked);
        let (demand, origin) = match stated {
            Some((link, demand)) => (demand, self.of_link(&link, &["unchecked"])),
            None => (UncheckedDemand::List, "built-in".to_owned()),
        };
        let word = match demand {
            UncheckedDemand::List => "list",
            UncheckedDemand::Acknowledge => "acknowledge",
        };
        self.add("unchecked", word, origin);
    }

    /// What all profiles share.
    fn shared(&mut self, document: &Document) {
        for (ordinal, rule) in document.ignore.iter().enumerate() {
            let scope = [
                &rule.package,
                &rule.purl,
                &rule.path,
                &rule.version,
                &rule.ecosystem,
            ];
            let scope: Vec<&str> = scope.into_iter().flatten().map(String::as_str).collect();
            let scope = if scope.is_empty() {
                String::new()
            } else {
                format!(" in {}", scope.join(", "))
            };
            let end = match (rule.expires, rule.until_fixed) {
                (Some(day), true) => format!("until {day} or a fix"),
                (Some(day), false) => format!("until {day}"),
                (None, _) => "until a fix".to_owned(),
            };
            let key = format!("ignore[{ordinal}]");
            let value = format!("{}{scope}, {end}, by {}", rule.id, rule.owner);
            let origin = self.at(&["ignore", &ordinal.to_string()]);
            self.add(&key, value, origin);
        }
        for used in &document.use_rule_sets {
            let own = document.rule_sets.get(&used.name);
            let set = own.or_else(|| Policy::shipped().rule_sets.get(&used.name));
            let what = set.map_or_else(String::new, set_words);
            let kind = if own.is_some() { "own" } else { "built-in" };
            let value = format!(
                "{what}; until {}, by {} ({kind} set)",
                used.expires, used.owner
            );
            let origin = self.at(&["use-rule-sets", &used.name]);
            self.add(format!("rule-sets.{}", used.name), value, origin);
        }
        for (ordinal, entry) in document.acknowledge_unchecked.iter().enumerate() {
            let key = format!("acknowledge-unchecked[{ordinal}]");
            let value = format!(
                "{}, until {}, by {}",
                entry.package, entry.expires, entry.owner
            );
            let origin = self.at(&["acknowledge-unchecked", &ordinal.to_string()]);
            self.add(&key, value, origin);
        }
        for (ordinal, file) in document.vex.iter().enumerate() {
            let origin = self.at(&["vex", &ordinal.to_string()]);
            self.add(format!("vex[{ordinal}]"), file, origin);
        }
        for (key, feed) in [
            ("kev", &document.enrichment.kev),
            ("epss", &document.enrichment.epss),
        ] {
            if let Some(feed) = feed {
                let place = feed.file.as_ref().or(feed.url.as_ref());
                let required = if feed.required { ", required" } else { "" };
                let age = feed
                    .max_age
                    .map_or_else(String::new, |age| format!(", at most {age} old"));
                let value = format!("{}{age}{required}", place.map_or("", String::as_str));
                let origin = self.at(&["enrichment", key]);
                self.add(format!("enrichment.{key}"), value, origin);
            }
        }
        let cuda = &document.cuda;
        for (key, value) in [
            (
                "host-drivers",
                (!cuda.host_drivers.is_empty()).then(|| cuda.host_drivers.join(", ")),
            ),
            ("host-drivers-from", cuda.host_drivers_from.clone()),
            ("bulletins", cuda.bulletins.clone()),
        ] {
            if let Some(value) = value {
                let origin = self.at(&["cuda", key]);
                self.add(format!("cuda.{key}"), value, origin);
            }
        }
    }
}

/// What a rule set does, in one line.
fn set_words(set: &RuleSet) -> String {
    let names = set.ignore.iter().map(|entry| {
        let parts = [
            &entry.id,
            &entry.package,
            &entry.purl,
            &entry.path,
            &entry.version,
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    });
    let names: Vec<String> = names.collect();
    let mut words = if names.is_empty() {
        String::new()
    } else {
        format!("ignores {}", names.join(", "))
    };
    if !set.unless_installed.is_empty() {
        words.extend([" unless there is ", &set.unless_installed.join(", ")]);
    }
    if let Some(label) = &set.label {
        let comma = if words.is_empty() { "" } else { "; " };
        words.extend([format!(
            "{comma}labels {} as {}",
            counted(label.on.len()),
            label.name
        )]);
    }
    words
}

fn counted(entries: usize) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }
}

fn rule_words(rule: &Rule) -> String {
    let no_grace = if rule.no_grace { ", without grace" } else { "" };
    format!(
        "{} when {}{no_grace}",
        rule.then.word(),
        condition_words(&rule.when)
    )
}

/// The conditions as they are written, in one line.
fn condition_words(when: &Conditions) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(bands) = &when.severity {
        let bands: Vec<&str> = bands.iter().map(|band| band.as_str()).collect();
        parts.push(format!("severity {}", bands.join("/")));
    }
    parts.extend(when.fix.map(|fix| match fix {
        FixCondition::Available => "fix available".to_owned(),
        FixCondition::None => "no fix".to_owned(),
    }));
    parts.extend(
        when.known_exploited
            .map(|known| format!("known-exploited {known}")),
    );
    parts.extend(
        when.epss_at_least
            .map(|least| format!("EPSS ≥ {}", least.0)),
    );
    parts.extend(
        when.cvss_at_least
            .map(|least| format!("CVSS ≥ {}", least.0)),
    );
    parts.extend(when.agreement.map(|agreement| {
        let count = |count| match count {
            AgreementCount::Number(number) => number.to_string(),
            AgreementCount::Majority => "majority".to_owned(),
            AgreementCount::All => "all".to_owned(),
        };
        match agreement {
            Agreement::AtLeast(least) => format!("agreement at least {}", count(least)),
            Agreement::FewerThan(most) => format!("agreement fewer than {}", count(most)),
        }
    }));
    parts.extend(
        when.state
            .map(|state| format!("state {state:?}").to_lowercase()),
    );
    for (key, value) in [
        ("id", &when.id),
        ("package", &when.package),
        ("purl", &when.purl),
        ("path", &when.path),
        ("version", &when.version),
        ("ecosystem", &when.ecosystem),
    ] {
        parts.extend(value.as_ref().map(|value| format!("{key} {value}")));
    }
    parts.extend(when.layer.map(|layer| match layer {
        LayerCondition::Base => "layer base".to_owned(),
        LayerCondition::Own => "layer own".to_owned(),
    }));
    parts.join(", ")
}
