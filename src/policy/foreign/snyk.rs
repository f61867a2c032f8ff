//! `.snyk`, version 1: below `ignore` for each of Snyk's ids a list of dependency paths, each with
//! `reason`, `expires`, `created` and `disregardIfFixable`.
//!
//! A path is `*`, or packages with ` > ` between them, the vulnerable one last: `* > axios@0.21.0`.
//! In images Linux packages are named `source/binary`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::document::{Day, IgnoreRule};
use super::super::scalar::{quoted, scalar};
use super::super::values::{Item, Reader};
use super::super::yaml::Node;
use super::covered::Covered;
use super::names::{exact_version, from_snyk_id, literal, purl_with_name};
use super::{Exported, Importer, Note, day_after, is_snyk, last_day_before, optional_text};
use crate::model::{AdvisoryId, Ecosystem, ObservationRecord};

/// Version of the format that is written.
const VERSION: &str = "v1.25.0";

pub(super) fn import(importer: &mut Importer<'_>, reader: &mut Reader, root: &Item<'_>) {
    let mut fields = reader.fields(root);
    let ignore = fields.take("ignore").filter(|item| !is_nothing(item));
    if let Some(ignore) = ignore {
        let Node::Mapping(entries) = ignore.node else {
            let message = format!("expected ids with lists, found {}", ignore.node.describe());
            reader.problem(&ignore.place, message, None);
            return;
        };
        for (ordinal, (id, node)) in entries.iter().enumerate() {
            let item = Item {
                node,
                place: ignore.place.entry(ordinal, id),
            };
            if !is_nothing(&item) {
                paths(importer, reader, id, &item);
            }
        }
    }
    for section in ["patch", "exclude"] {
        if let Some(item) = fields.take(section).filter(|item| !is_nothing(item)) {
            let why = format!("the section {section}; only `ignore` leaves findings out");
            importer.skip(&item.place.key(), &why);
        }
    }
}

/// Snyk writes an empty section as `{}` and reads `[]` and nothing as well.
fn is_nothing(item: &Item<'_>) -> bool {
    match item.node {
        Node::Null => true,
        Node::List(members) => members.is_empty(),
        Node::Mapping(entries) => entries.is_empty(),
        _ => false,
    }
}

fn paths(importer: &mut Importer<'_>, reader: &mut Reader, id: &str, item: &Item<'_>) {
    for member in reader.members(item) {
        let fields = reader.fields(&member);
        for (ordinal, (path, node)) in fields.entries.iter().enumerate() {
            let body = Item {
                node,
                place: member.place.entry(ordinal, path),
            };
            let problems = reader.problems.len();
            let rule = entry(importer, reader, id, &body);
            if reader.problems.len() > problems {
                continue;
            }
            let place = body.place.key();
            match with_path(&rule, path) {
                Ok(rule) => {
                    if path.trim() == "*" && is_bare_name(id) {
                        let name = rule.package.as_deref().unwrap_or_default();
                        let note = format!(
                            "package became {name}, as the id writes it, without punctuation; \
                             correct it where the name has some"
                        );
                        importer.note(&place, note);
                    }
                    importer.take_at(&place, rule);
                }
                Err(why) => importer.skip(&place, &why),
            }
        }
    }
}

fn entry(importer: &Importer<'_>, reader: &mut Reader, id: &str, body: &Item<'_>) -> IgnoreRule {
    if *body.node == Node::Null {
        return importer.rule(id, None, None);
    }
    let mut fields = reader.fields(body);
    let reason = optional_text(reader, &mut fields, "reason");
    let mut day = |key, read: fn(&str) -> Option<Day>| {
        let item = fields.take(key);
        let text = optional_text(reader, &mut fields, key)?;
        let day = read(&text);
        if let (None, Some(item)) = (day, item) {
            let message = format!("expected a day or an RFC 3339 time, found `{text}`");
            reader.problem(&item.place, message, None);
        }
        day
    };
    let expires = day("expires", last_day_before);
    let created = day("created", |text| Day::parse(text.get(..10)?));
    let until_fixed = fields.take("disregardIfFixable");
    let mut rule = importer.rule(id, reason, expires);
    rule.until_fixed = until_fixed.is_some_and(|item| reader.flag(&item));
    rule.created = created.filter(|created| rule.expires.is_none_or(|end| *created <= end));
    rule
}

fn with_path(rule: &IgnoreRule, path: &str) -> Result<IgnoreRule, String> {
    if rule.id.to_ascii_lowercase().starts_with("snyk:lic:") {
        return Err("a licence; a policy is about vulnerabilities".to_owned());
    }
    let parts: Vec<&str> = path.split(" > ").map(str::trim).collect();
    let package = match parts.as_slice() {
        ["*"] => package_in(&rule.id)?,
        ["*", package] if *package != "*" => (*package).to_owned(),
        _ => {
            return Err(format!(
                "`{path}` is a way through dependencies, which a policy does not know; use \
                 `* > package@version`"
            ));
        }
    };
    let ecosystem = from_snyk_id(&rule.id)
        .ok_or_else(|| format!("`{}` does not tell the kind of package", rule.id))?;
    let (name, version) = match package.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, Some(version)),
        _ => (package.as_str(), None),
    };
    let version = version.filter(|version| *version != "*");
    if let Some(version) = version
        && !ecosystem.is_os()
        && (version.contains(['*', '|', ' ']) || version.split('.').any(|part| part == "x"))
    {
        return Err(format!("`{version}` is a range of versions"));
    }
    // Linux packages are `source/binary`.
    let name = match name.rsplit_once('/') {
        Some((_, binary)) if ecosystem.is_os() => binary,
        _ => name,
    };
    // Ids for RPMs name what is installed, others the source package.
    let is_installed = ecosystem.is_os() && (parts.len() > 1 || ecosystem == Ecosystem::Rpm);
    Ok(IgnoreRule {
        package: Some(literal(name)),
        purl: is_installed.then(|| purl_with_name(Some(&ecosystem), &literal(name))),
        version: version.map(exact_version).transpose()?,
        ecosystem: Some(ecosystem.as_str().to_owned()),
        ..rule.clone()
    })
}

/// True for the form of ids in which packages have no punctuation.
fn is_bare_name(id: &str) -> bool {
    id.starts_with("SNYK-")
}

/// The package that an id names: `npm:debug:20170905`, `SNYK-PYTHON-FASTAPI-7933074`. The second
/// form leaves out punctuation, so that a name of several parts cannot be read from it.
fn package_in(id: &str) -> Result<String, String> {
    if let Some(rest) = id.strip_prefix("npm:") {
        let name = rest.rsplit_once(':').map(|(name, _)| name);
        return name
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| format!("`{id}` does not name a package"));
    }
    let name = match id.split('-').collect::<Vec<_>>().as_slice() {
        ["SNYK", "JAVA" | "GOLANG" | "PHP", ..] => None,
        ["SNYK", _, name, _] if !name.is_empty() => Some(name.to_ascii_lowercase()),
        _ => None,
    };
    name.ok_or_else(|| {
        format!(
            "`*` is every package that `{id}` is about, and the id does not tell its name; use \
             `* > package@*`"
        )
    })
}

pub(super) fn export(rules: &[Exported<'_>], notes: &mut Vec<Note>) -> String {
    let mut ignore: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for exported in rules {
        let paths = match exported.covered {
            _ if exported.rule.until_fixed => Err(
                "it holds only until there is a fix, which Snyk cannot tell for system packages",
            ),
            // Another copy of the same version would be ignored with it.
            Some(_) if exported.rule.path.is_some() => {
                Err("Snyk has no condition on paths in the image")
            }
            Some(covered) => Ok(expanded(covered)),
            None => translated(exported.rule),
        };
        match paths {
            Ok(paths) if paths.is_empty() => {
                notes.push(exported.note("not exported: Snyk reports nothing of it in this run"));
            }
            Ok(paths) => {
                for (id, path) in paths {
                    let entry = entry_text(exported, &path);
                    ignore.entry(id).or_default().push(entry);
                }
            }
            Err(why) => notes.push(exported.note(&format!("not exported: {why}"))),
        }
    }
    let mut text = format!("version: {VERSION}\n");
    text.push_str(if ignore.is_empty() {
        "ignore: {}\n"
    } else {
        "ignore:\n"
    });
    for (id, entries) in ignore {
        text.extend(["  ", &scalar(&id), ":\n"]);
        text.extend(entries);
    }
    text.push_str("patch: {}\n");
    text
}

fn entry_text(exported: &Exported<'_>, path: &str) -> String {
    let rule = exported.rule;
    let mut text = format!(
        "    # {}\n    - {}:\n        reason: {}\n",
        exported.origin(),
        quoted(path),
        scalar(&rule.reason)
    );
    if let Some(last) = rule.expires {
        let end = day_after(last);
        let _ = writeln!(text, "        expires: {end}T00:00:00.000Z");
    }
    if let Some(created) = rule.created {
        let _ = writeln!(text, "        created: {created}T00:00:00.000Z");
    }
    text
}

/// The rule as it is, in Snyk's words: id and path.
fn translated(rule: &IgnoreRule) -> Result<BTreeSet<(String, String)>, &'static str> {
    let conditions = [
        &rule.package,
        &rule.purl,
        &rule.path,
        &rule.version,
        &rule.ecosystem,
    ];
    let id = AdvisoryId::new(&rule.id);
    if !is_snyk(&id) {
        return Err("Snyk knows only its own ids; export it with a run");
    }
    if conditions.iter().any(|condition| condition.is_some()) {
        return Err("Snyk names packages in its own way; export it with a run");
    }
    Ok(BTreeSet::from([(id.as_str().to_owned(), "*".to_owned())]))
}

/// What the rule ignores in a run: Snyk's own observations of the packages.
fn expanded(covered: &[Covered<'_>]) -> BTreeSet<(String, String)> {
    let mut paths = BTreeSet::new();
    for covered in covered {
        let ecosystem = &covered.finding.package.ecosystem;
        let mut add = |source: Option<&str>, seen: &ObservationRecord| {
            if is_snyk(&seen.id) {
                let path = path_of(ecosystem, source, seen);
                paths.insert((seen.id.as_str().to_owned(), path));
            }
        };
        for instance in &covered.instances {
            let source = instance.source.as_ref().map(|source| source.name.as_str());
            for seen in covered.seen_by("snyk", instance) {
                add(source, seen);
            }
        }
        // Snyk names Go packages below their module, which only it sees.
        if covered.is_whole() && !ecosystem.is_os() {
            let all = covered.finding.observations.iter();
            for seen in all.filter(|seen| seen.scanner.as_str() == "snyk") {
                add(None, seen);
            }
        }
    }
    paths
}

fn path_of(ecosystem: &Ecosystem, source: Option<&str>, seen: &ObservationRecord) -> String {
    let name = &seen.package;
    // Snyk names rpm packages without their source.
    let source =
        source.filter(|s| matches!(ecosystem, Ecosystem::Deb | Ecosystem::Apk) && s != name);
    match source {
        Some(source) => format!("* > {source}/{name}@{}", seen.version),
        None => format!("* > {name}@{}", seen.version),
    }
}
