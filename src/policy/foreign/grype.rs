//! The `ignore` list in `.grype.yaml`: an entry takes a match when all its conditions hold, and has
//! no end.
//!
//! `package.name` and `upstream-name` are regular expressions as soon as they hold one of
//! `^$*+?[](){}|\`; then they have to match the whole name. `version` is compared as it is,
//! `location` is a pattern that has to match one of the paths. `fix-state` is one of `fixed`,
//! `not-fixed`, `wont-fix` and `unknown`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::document::IgnoreRule;
use super::super::scalar::{quoted, scalar};
use super::super::values::{Item, Reader};
use super::names::{
    as_literal, as_version, exact_version, from_grype_type, grype_type, is_whole_in_purl, literal,
    purl_with_name,
};
use super::{Exported, Importer, Note, is_snyk, optional_list, optional_text, public_ids};
use crate::model::{AdvisoryId, Ecosystem, Package};

/// The characters by which Grype tells an expression from a name.
const EXPRESSION: [char; 13] = [
    '^', '$', '*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '\\',
];
/// All states but `fixed`.
const UNFIXED: [&str; 3] = ["not-fixed", "wont-fix", "unknown"];

pub(super) fn import(importer: &mut Importer<'_>, reader: &mut Reader, root: &Item<'_>) {
    let mut fields = reader.fields(root);
    for item in optional_list(reader, &mut fields, "ignore") {
        let problems = reader.problems.len();
        let entry = Entry::read(reader, &item);
        if reader.problems.len() > problems {
            continue;
        }
        match entry.rule(importer) {
            Ok(rule) => {
                if entry.upstream.is_some() && entry.name.is_none() {
                    let note = "upstream-name became package, which also means what is installed \
                                under that name";
                    importer.note(&item.place, note.to_owned());
                }
                importer.take_at(&item.place, rule);
            }
            Err(why) => importer.skip(&item.place, &why),
        }
    }
}

/// An entry of the list, as it is written.
#[derive(Default)]
struct Entry {
    vulnerability: Option<String>,
    reason: Option<String>,
    fix_state: Option<String>,
    name: Option<String>,
    upstream: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    language: Option<String>,
    location: Option<String>,
    /// Conditions of which a policy knows nothing.
    foreign: Vec<&'static str>,
}

impl Entry {
    fn read(reader: &mut Reader, item: &Item<'_>) -> Self {
        let mut fields = reader.fields(item);
        let mut entry = Self {
            vulnerability: optional_text(reader, &mut fields, "vulnerability"),
            reason: optional_text(reader, &mut fields, "reason"),
            fix_state: optional_text(reader, &mut fields, "fix-state"),
            ..Self::default()
        };
        for key in ["namespace", "match-type", "vex-status", "vex-justification"] {
            if optional_text(reader, &mut fields, key).is_some() {
                entry.foreign.push(key);
            }
        }
        if let Some(package) = fields.take("package") {
            let mut fields = reader.fields(&package);
            entry.name = optional_text(reader, &mut fields, "name");
            entry.upstream = optional_text(reader, &mut fields, "upstream-name");
            entry.version = optional_text(reader, &mut fields, "version");
            entry.kind = optional_text(reader, &mut fields, "type");
            entry.language = optional_text(reader, &mut fields, "language");
            entry.location = optional_text(reader, &mut fields, "location");
        }
        entry
    }

    fn rule(&self, importer: &Importer<'_>) -> Result<IgnoreRule, String> {
        if !self.foreign.is_empty() {
            let keys = self.foreign.join(", ");
            return Err(format!("a policy has no condition like {keys}"));
        }
        let ecosystem = self.ecosystem()?;
        let id = self.vulnerability.as_deref().unwrap_or("*");
        let mut rule = importer.rule(id, self.reason.clone(), None);
        rule.ecosystem = ecosystem.as_ref().map(|e| e.as_str().to_owned());
        rule.version = self.version.as_deref().map(exact_version).transpose()?;
        match self.fix_state.as_deref() {
            None => {}
            // What `until-fixed` means is more, and the other scanners' say counts.
            Some("not-fixed") => {
                return Err(
                    "fix-state not-fixed; by hand, a rule with `until-fixed: true` says nearly \
                     that: it also holds while the vendor will not fix it or nobody knows of a fix"
                        .to_owned(),
                );
            }
            Some(state) => return Err(format!("a policy has no condition like fix-state {state}")),
        }
        if let Some(name) = &self.name {
            let pattern = pattern_of(name)?;
            let is_language = ecosystem.as_ref().is_some_and(|e| !e.is_os());
            if !is_language {
                // Grype means the installed package, `package` also what is built from a source of
                // that name.
                rule.purl = Some(purl_with_name(ecosystem.as_ref(), &pattern));
            }
            if ecosystem == Some(Ecosystem::Maven) {
                // Grype knows the artifact alone, a policy the group before it.
                rule.purl = Some(format!("pkg:maven/*/{pattern}@*"));
            } else {
                rule.package = Some(pattern);
            }
        }
        if let Some(upstream) = &self.upstream {
            if !ecosystem.as_ref().is_some_and(Ecosystem::is_os) {
                return Err(
                    "upstream-name needs the type deb, rpm or apk: a policy has source packages \
                     for operating systems alone"
                        .to_owned(),
                );
            }
            let upstream = pattern_of(upstream)?;
            if let Some(name) = &rule.package
                && (!is_whole_in_purl(name) || *name == upstream)
            {
                return Err("a policy cannot tell this name beside this upstream-name".to_owned());
            }
            rule.package = Some(upstream);
        }
        if let Some(location) = &self.location {
            if !location.starts_with('/') && !location.starts_with("**") {
                return Err(format!(
                    "`{location}` matches nothing: paths begin with `/`"
                ));
            }
            rule.path = Some(location.clone());
        }
        Ok(rule)
    }

    /// The kind of package; type and language both say it.
    fn ecosystem(&self) -> Result<Option<Ecosystem>, String> {
        let unknown = |word: &str| format!("a policy has no kind of package like `{word}`");
        let kind = match &self.kind {
            Some(word) => Some(from_grype_type(word).ok_or_else(|| unknown(word))?),
            None => None,
        };
        let language = match &self.language {
            Some(word) => match Ecosystem::from_name(word) {
                Ecosystem::Other(_) | Ecosystem::Generic => return Err(unknown(word)),
                system if system.is_os() => return Err(unknown(word)),
                known => Some(known),
            },
            None => None,
        };
        match (kind, language) {
            (Some(kind), Some(language)) if kind != language => Err(
                "type and language contradict each other, so that it matches nothing".to_owned(),
            ),
            (kind, language) => Ok(kind.or(language)),
        }
    }
}

/// The pattern that matches the same names as Grype's name or expression. Of expressions only the
/// simple ones have one: `.`, `.*`, `.+` and escaped characters.
fn pattern_of(name: &str) -> Result<String, String> {
    if !name.contains(EXPRESSION) {
        return Ok(literal(name));
    }
    // Upper and lower case are the same in a policy's patterns.
    let body = name.strip_prefix("(?i)").unwrap_or(name);
    let body = body.strip_prefix('^').unwrap_or(body);
    let body = body.strip_suffix('$').unwrap_or(body);
    let refused = || format!("the expression `{name}` has no pattern that means the same");
    let mut pattern = String::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' => pattern.push_str(match chars.peek() {
                Some('*') => {
                    chars.next();
                    "*"
                }
                Some('+') => {
                    chars.next();
                    "?*"
                }
                _ => "?",
            }),
            '\\' => match chars.next() {
                Some(c) if !c.is_alphanumeric() => pattern.push_str(&literal(&c.to_string())),
                _ => return Err(refused()),
            },
            c if EXPRESSION.contains(&c) => return Err(refused()),
            c => pattern.push_str(&literal(&c.to_string())),
        }
        // What follows would repeat the character.
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
            return Err(refused());
        }
    }
    Ok(pattern)
}

/// A name or pattern in Grype's words.
fn expression_of(pattern: &str) -> Option<String> {
    if let Some(name) = as_literal(pattern) {
        return Some(escaped(&name));
    }
    let mut expression = "(?i)".to_owned();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '\\' => expression.push_str(&escaped_in_expression(chars.next()?)),
            '[' | '{' => return None,
            c => expression.push_str(&escaped_in_expression(c)),
        }
    }
    Some(expression)
}

/// A name that Grype must not take for an expression, or an expression for this name alone.
fn escaped(name: &str) -> String {
    if name.contains(EXPRESSION) {
        name.chars().map(escaped_in_expression).collect()
    } else {
        name.to_owned()
    }
}

fn escaped_in_expression(c: char) -> String {
    if c == '.' || EXPRESSION.contains(&c) {
        format!("\\{c}")
    } else {
        c.to_string()
    }
}

/// An entry that is written. Ordered, so that equal ones can be dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    id: Option<String>,
    aliases: bool,
    name: Option<String>,
    upstream: Option<String>,
    version: Option<String>,
    kind: Option<&'static str>,
    location: Option<String>,
    fix_state: Option<&'static str>,
}

pub(super) fn export(rules: &[Exported<'_>], notes: &mut Vec<Note>) -> String {
    let mut text = String::new();
    for exported in rules {
        let entries = match exported.covered {
            Some(_) => Some(expanded(exported))
                .filter(|entries| !entries.is_empty())
                .ok_or("Grype needs the place of a Java package, and nobody tells it"),
            None if exported.rule.until_fixed => {
                Err("it holds only until any scanner knows of a fix; export it with a run")
            }
            None => translated(exported.rule),
        };
        match entries {
            Ok(entries) => {
                for entry in &entries {
                    write(&mut text, exported, entry);
                }
                if let Some(last) = exported.rule.expires {
                    let message = format!("it ends on {last}; Grype knows no end, so export again");
                    notes.push(exported.note(&message));
                }
            }
            Err(why) => notes.push(exported.note(&format!("not exported: {why}"))),
        }
    }
    if text.is_empty() {
        return "ignore: []\n".to_owned();
    }
    format!("ignore:\n{text}")
}

fn write(text: &mut String, exported: &Exported<'_>, entry: &Written) {
    let rule = exported.rule;
    let end = rule.expires.map(|last| format!(", until {last}"));
    let _ = writeln!(text, "  # {}{}", exported.origin(), end.unwrap_or_default());
    let mut mark = "- ";
    let mut line = |text: &mut String, key: &str, value: &str| {
        text.extend(["  ", mark, key, ": ", value, "\n"]);
        mark = "  ";
    };
    if let Some(id) = &entry.id {
        line(text, "vulnerability", &scalar(id));
    }
    line(text, "reason", &scalar(&rule.reason));
    if entry.aliases {
        line(text, "include-aliases", "true");
    }
    if let Some(state) = entry.fix_state {
        line(text, "fix-state", state);
    }
    let package = [
        ("name", entry.name.as_deref()),
        ("upstream-name", entry.upstream.as_deref()),
        ("version", entry.version.as_deref()),
        ("type", entry.kind),
        ("location", entry.location.as_deref()),
    ];
    if package.iter().any(|(_, value)| value.is_some()) {
        text.push_str("    package:\n");
    }
    for (key, value) in package {
        if let Some(value) = value {
            text.extend(["      ", key, ": ", &quoted(value), "\n"]);
        }
    }
}

/// One entry for each state in which the rule holds.
fn by_state(rule: &IgnoreRule, entry: &Written) -> Vec<Written> {
    if !rule.until_fixed {
        return vec![entry.clone()];
    }
    let with_state = |state| Written {
        fix_state: Some(state),
        ..entry.clone()
    };
    UNFIXED.into_iter().map(with_state).collect()
}

/// The rule as it is, in Grype's words.
fn translated(rule: &IgnoreRule) -> Result<BTreeSet<Written>, &'static str> {
    let mut entry = Written::default();
    let mut ecosystem = rule.ecosystem.as_deref().map(Ecosystem::from_name);
    let mut package = rule.package.clone();
    if let Some(version) = &rule.version {
        let version = as_version(version)
            .ok_or("Grype has no patterns for versions; export it with a run")?;
        entry.version = Some(version);
    }
    if let Some(pattern) = &rule.purl {
        if package.is_some() || entry.version.is_some() || ecosystem.is_some() {
            return Err("Grype cannot combine these conditions; export it with a run");
        }
        let (name, any_version) = match pattern.strip_suffix("@*") {
            Some(name) => (as_literal(name), true),
            None => (as_literal(pattern), false),
        };
        let purl = name
            .filter(|purl| !purl.contains(['?', '#']))
            .and_then(|purl| Package::from_purl(&purl))
            .ok_or("Grype has no patterns for package URLs; export it with a run")?;
        if purl.version.is_empty() != any_version {
            return Err("Grype has no patterns for package URLs; export it with a run");
        }
        entry.version = Some(purl.version).filter(|version| !version.is_empty());
        package = Some(literal(&purl.name));
        ecosystem = Some(purl.ecosystem);
    }
    match &ecosystem {
        Some(Ecosystem::Maven) if package.is_some() => {
            return Err("Grype does not know the group of a Java package; export it with a run");
        }
        Some(known) if known.is_os() && rule.purl.is_some() => {
            return Err("Grype does not know the distribution; export it with a run");
        }
        Some(known) => {
            entry.kind = Some(grype_type(known).ok_or("Grype has no word for its ecosystem")?);
        }
        None if package.is_some() || rule.path.is_some() || entry.version.is_some() => {
            return Err(
                "without an ecosystem the conditions mean more in Grype; export it with a run",
            );
        }
        None => {}
    }
    let is_os = ecosystem.as_ref().is_some_and(Ecosystem::is_os);
    if let Some(path) = &rule.path {
        if is_os {
            return Err(
                "Grype needs one path of a package to match, a policy all; export it with a run",
            );
        }
        entry.location = Some(path.clone());
    }
    if rule.id != "*" {
        let id = AdvisoryId::new(&rule.id).unwrapped();
        if is_snyk(&id) {
            return Err("Grype does not know Snyk's ids; export it with a run");
        }
        entry.id = Some(id.as_str().to_owned());
        // Distributions' notices list several vulnerabilities as their aliases.
        entry.aliases = ecosystem.is_some() && !is_os;
    }
    let Some(pattern) = package else {
        return Ok(BTreeSet::from([entry]));
    };
    let mut entries = BTreeSet::new();
    let name = expression_of(&pattern)
        .ok_or("the pattern of the package has no expression; export it with a run")?;
    if is_os {
        entries.insert(Written {
            upstream: Some(name.clone()),
            ..entry.clone()
        });
    }
    entry.name = Some(name);
    entries.insert(entry);
    Ok(entries)
}

/// What the rule ignores in a run.
fn expanded(exported: &Exported<'_>) -> BTreeSet<Written> {
    let mut entries = BTreeSet::new();
    for covered in exported.covered.unwrap_or_default() {
        let finding = covered.finding;
        let ecosystem = &finding.package.ecosystem;
        let is_java = *ecosystem == Ecosystem::Maven;
        for instance in &covered.instances {
            // As Grype itself reports the package, if it does.
            let own = covered.seen_by("grype", instance).next();
            let (name, version) = own.map_or((&instance.name, &instance.version), |own| {
                (&own.package, &own.version)
            });
            let name = name.as_str();
            // Grype knows no group of a Java package; the place tells two of one name apart.
            let name = match name.rsplit_once(':') {
                Some((_, artifact)) if is_java => artifact,
                _ => name,
            };
            let mut places: Vec<Option<String>> = vec![None];
            if exported.rule.path.is_some() || is_java {
                let paths = instance.locations.iter().filter_map(|p| p.path.as_deref());
                places = paths.map(|path| Some(literal(path))).collect();
            }
            for id in public_ids(finding) {
                for location in &places {
                    let entry = Written {
                        id: Some(id.clone()),
                        name: Some(escaped(name)),
                        version: Some(version.clone()),
                        kind: grype_type(ecosystem),
                        location: location.clone(),
                        ..Written::default()
                    };
                    entries.extend(by_state(exported.rule, &entry));
                }
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_expressions_have_patterns_and_others_are_refused() {
        for (name, expected) in [
            ("openssl", Some("openssl")),
            ("python3.11", Some("python3.11")),
            ("linux-.*-headers", Some("linux-*-headers")),
            ("^libstdc\\+\\+.$", Some("libstdc++?")),
            ("(?i)nvidia-.+", Some("nvidia-?*")),
            ("a|b", None),
            ("ab*", None),
            ("(a)", None),
            ("a\\d", None),
            ("x{2}", None),
        ] {
            assert_eq!(pattern_of(name).ok().as_deref(), expected, "{name}");
        }
        assert_eq!(expression_of("libstdc++6").unwrap(), "libstdc\\+\\+6");
        assert_eq!(expression_of("nvidia-*").unwrap(), "(?i)nvidia-.*");
        assert_eq!(expression_of("python3.11").unwrap(), "python3.11");
        assert_eq!(expression_of("a[bc]"), None);
    }
}
