//! Ignore rules, rule sets and acknowledgements.

use globset::Glob;
use jiff::civil::Date;

use crate::model::{AdvisoryId, Ecosystem, Justification};
use crate::policy::document::{
    Acknowledged, Day, IgnoreRule, RuleSet, SetEntry, SetLabel, UsedRuleSet,
};
use crate::policy::pattern::{exact_pattern, name_pattern, path_pattern};
use crate::policy::problem::{did_you_mean, nearest};
use crate::policy::values::{Fields, Item, Reader};
use crate::policy::versions::VersionPattern;
use crate::policy::yaml::Node;

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1000;

/// The purl types that a rule's `ecosystem` is compared with for slips.
const ECOSYSTEMS: [&str; 14] = [
    "deb", "rpm", "apk", "alpm", "pypi", "npm", "golang", "maven", "gem", "nuget", "cargo",
    "composer", "conda", "generic",
];

/// Conditions on packages as they are written.
pub(super) struct ScopeTexts {
    pub(super) package: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) path: Option<String>,
    pub(super) version: Option<String>,
    pub(super) ecosystem: Option<String>,
}

impl Reader {
    pub(super) fn ignore_rule(&mut self, item: &Item<'_>) -> IgnoreRule {
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
        let scope = self.scope(&mut fields);
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
            package: scope.package,
            purl: scope.purl,
            path: scope.path,
            version: scope.version,
            ecosystem: scope.ecosystem,
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
        let is_any = matches!(item.node, Node::Text(text) if text.trim() == "*");
        if is_any {
            return Some("*".to_owned());
        }
        self.plain_id(item)
    }

    /// The id of one vulnerability.
    pub(super) fn plain_id(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.text(item)?;
        if !AdvisoryId::new(&text).is_plausible() {
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
        let words = Justification::ALL.map(Justification::as_str);
        self.choice(item, &words, Justification::from_name)
    }

    /// The conditions on packages that all kinds of rules share.
    pub(super) fn scope(&mut self, fields: &mut Fields<'_>) -> ScopeTexts {
        let package = self.condition(fields, "package");
        let purl = self.condition(fields, "purl");
        let path = self.condition(fields, "path");
        let version = self.condition(fields, "version");
        let ecosystem = self.condition(fields, "ecosystem");
        ScopeTexts {
            package: package.and_then(|item| self.pattern(&item, name_pattern)),
            purl: purl.and_then(|item| self.purl_pattern(&item)),
            path: path.and_then(|item| self.path_pattern(&item)),
            version: version.and_then(|item| self.version_pattern(&item)),
            ecosystem: ecosystem.and_then(|item| self.ecosystem(&item)),
        }
    }

    fn version_pattern(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.pattern(item, exact_pattern)?;
        if text.starts_with(['!', '~', '^']) || text.contains("||") {
            let help = "write a range as `<1.2.3` or `>=1.0, <2.0`";
            let message = format!("`{text}` is neither a pattern nor a range of versions");
            self.problem(&item.place, message, Some(help.to_owned()));
        } else if let Err(why) = VersionPattern::parse(&text) {
            let help = "a range looks like `<1.2.3` or `>=1.0, <2.0`";
            let message = format!("not a range of versions: {why}");
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        Some(text)
    }

    pub(super) fn rule_set(&mut self, item: &Item<'_>) -> RuleSet {
        let mut fields = self.fields(item);
        let argument = self.required(
            &mut fields,
            "argument",
            "say why such findings do not count, and where that ends",
        );
        let justification = fields.take("justification");
        let unless_installed = self.condition(&mut fields, "unless-installed");
        let ignore = fields.take("ignore");
        let label = fields.take("label");
        self.finish(&fields);
        if ignore.is_none() && label.is_none() {
            let message = "the set does nothing: expected `ignore`, `label` or both";
            self.problem(&item.place, message, None);
        }
        RuleSet {
            argument: argument
                .and_then(|item| self.text(&item))
                .unwrap_or_default(),
            justification: justification.and_then(|item| self.justification(&item)),
            unless_installed: self
                .list(unless_installed, |reader, item| {
                    reader.pattern(item, name_pattern)
                })
                .into_iter()
                .flatten()
                .collect(),
            ignore: self.list(ignore, |reader, item| reader.set_entry(item, true)),
            label: label.map(|item| self.set_label(&item)),
        }
    }

    fn set_label(&mut self, item: &Item<'_>) -> SetLabel {
        let mut fields = self.fields(item);
        let name = self.required(&mut fields, "name", "name the label: `name: disputed`");
        let on = self.required(
            &mut fields,
            "for",
            "say what gets it: `for: [{state: disputed}]`",
        );
        self.finish(&fields);
        let name = name.and_then(|item| {
            let name = self.text(&item)?;
            self.plain_name("label", &name, &item.place);
            Some(name)
        });
        SetLabel {
            name: name.unwrap_or_default(),
            on: self.list(on, |reader, item| reader.set_entry(item, false)),
        }
    }

    /// `ignores` says that what the entry names is left out of account: then it has to name something.
    fn set_entry(&mut self, item: &Item<'_>, ignores: bool) -> SetEntry {
        let mut fields = self.fields(item);
        let id = self.condition(&mut fields, "id");
        let state = self.condition(&mut fields, "state");
        let scope = self.scope(&mut fields);
        self.finish(&fields);
        if fields.entries.is_empty() {
            self.problem(&item.place, "expected at least one condition", None);
        }
        let names_packages = [&scope.package, &scope.path].into_iter().flatten();
        let names_packages = names_packages
            .map(String::as_str)
            .chain(scope.purl.as_deref().and_then(after_type))
            .any(names_something);
        if ignores && id.is_none() && !names_packages && !fields.entries.is_empty() {
            let message =
                "the entry leaves out every vulnerability of packages that it does not name";
            let help = "add `id`, or a `package`, `purl` or `path` that is more than stars";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        SetEntry {
            id: id.and_then(|item| self.plain_id(&item)),
            state: state.and_then(|item| self.advisory_state(&item)),
            package: scope.package,
            purl: scope.purl,
            path: scope.path,
            version: scope.version,
            ecosystem: scope.ecosystem,
        }
    }

    pub(super) fn used_rule_set(&mut self, item: &Item<'_>, known: &[&str]) -> UsedRuleSet {
        let mut fields = self.fields(item);
        let name = self.required(&mut fields, "name", "name the rule set");
        let owner = self.required(
            &mut fields,
            "owner",
            "name who answers for its argument here: a person or a team",
        );
        let created = fields.take("created");
        let expires = self.required(&mut fields, "expires", "add `expires: YYYY-MM-DD`");
        self.finish(&fields);
        let name = name.and_then(|item| {
            let name = self.text(&item)?;
            if !known.contains(&name.as_str()) {
                let message = format!(
                    "there is no rule set `{name}`; there are {}",
                    known.join(", ")
                );
                self.problem(
                    &item.place,
                    message,
                    did_you_mean(&name, known.iter().copied()),
                );
            }
            Some(name)
        });
        UsedRuleSet {
            name: name.unwrap_or_default(),
            owner: owner.and_then(|item| self.text(&item)).unwrap_or_default(),
            created: created.and_then(|item| self.day(&item)),
            expires: expires
                .and_then(|item| self.day(&item))
                .unwrap_or(Day(Date::MIN)),
        }
    }

    pub(super) fn acknowledged(&mut self, item: &Item<'_>) -> Acknowledged {
        let mut fields = self.fields(item);
        let package = self.required(
            &mut fields,
            "package",
            "name the packages: `package: libcudnn*`",
        );
        let ecosystem = fields.take("ecosystem");
        let reason = self.required(&mut fields, "reason", "say what was done instead of a scan");
        let owner = self.required(
            &mut fields,
            "owner",
            "name who answers for it: a person or a team",
        );
        let expires = self.required(&mut fields, "expires", "add `expires: YYYY-MM-DD`");
        self.finish(&fields);
        let package = package.and_then(|item| {
            let pattern = self.pattern(&item, name_pattern)?;
            if !names_something(&pattern) {
                let message = "the pattern acknowledges everything, also what is not installed yet";
                let help = "name the packages: `package: libcudnn*`";
                self.problem(&item.place, message, Some(help.to_owned()));
            }
            Some(pattern)
        });
        Acknowledged {
            package: package.unwrap_or_default(),
            ecosystem: ecosystem.and_then(|item| self.ecosystem(&item)),
            reason: reason.and_then(|item| self.text(&item)).unwrap_or_default(),
            owner: owner.and_then(|item| self.text(&item)).unwrap_or_default(),
            expires: expires
                .and_then(|item| self.day(&item))
                .unwrap_or(Day(Date::MIN)),
        }
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

    pub(super) fn pattern(
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
        // The library lets such a class match `/`, and so leave the directory.
        if text.contains("[!") || text.contains("[^") {
            let message = "a negated class would also match `/`";
            let help = "list the characters that are meant, or use `*`";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        if !text.starts_with('/') && !text.starts_with("**") {
            let message = format!("`{text}` can never match: paths in an image start with `/`");
            let help = format!("write `/{text}`, or `**/{text}` for any directory");
            self.problem(&item.place, message, Some(help));
        }
        Some(text)
    }
}

/// True when a pattern is more than wildcards.
fn names_something(pattern: &str) -> bool {
    let mut outside = pattern.split('[');
    let first = outside.next().unwrap_or_default();
    let rest = outside.map(|part| part.split_once(']').map_or("", |(_, after)| after));
    std::iter::once(first)
        .chain(rest)
        .any(|part| part.contains(char::is_alphanumeric))
}

/// What a pattern over package URLs says after the type: `pkg:deb/*` names a type and no package.
fn after_type(purl: &str) -> Option<&str> {
    purl.split_once('/').map(|(_, rest)| rest)
}
