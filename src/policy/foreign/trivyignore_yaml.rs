//! `.trivyignore.yaml`: `vulnerabilities`, each with `id`, and where it likes `paths`, `purls`,
//! `statement` and `expired_at`.
//!
//! Trivy takes an entry when the id is the same, one of the paths matches the name of the result
//! (`Python`, `app:1.0 (debian 12.5)`) or the path of the package, which has no leading `/`, and
//! one of the package URLs agrees in type, namespace and name, and in version and qualifiers where
//! it has them. An entry with `purls` also takes packages that have no package URL.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::document::IgnoreRule;
use super::super::pattern::path_pattern;
use super::super::scalar::{quoted, scalar};
use super::super::values::{Item, Place, Reader};
use super::names::{as_literal, as_version, exact_version, literal, purl_with_name};
use super::spelling::{language_purls, trivy_purls};
use super::{
    Exported, Importer, Note, day_after, is_snyk, last_day_before, optional_list, optional_text,
    public_ids,
};
use crate::model::{AdvisoryId, Ecosystem, Package};

/// Names that results of Trivy have (`pkg/scan/langpkg/scan.go`), and one as that of an image's
/// system packages. A pattern that matches one of them takes whole groups of packages.
const RESULT_NAMES: [&str; 8] = [
    "Python",
    "Conda",
    "Ruby",
    "Node.js",
    "Java",
    "Kubernetes",
    "image:tag (debian 12.5)",
    "registry.example/team/image:tag (alpine 3.20.1)",
];

pub(super) fn import(importer: &mut Importer<'_>, reader: &mut Reader, root: &Item<'_>) {
    let mut fields = reader.fields(root);
    for item in optional_list(reader, &mut fields, "vulnerabilities") {
        entry(importer, reader, &item);
    }
    for section in ["misconfigurations", "secrets", "licenses"] {
        let place = fields.take(section).map(|item| item.place);
        let count = optional_list(reader, &mut fields, section).len();
        if let Some(place) = place.filter(|_| count > 0) {
            let why = format!("{section} ({count} in all); a policy is about vulnerabilities");
            importer.skip(&place.key(), &why);
        }
    }
}

fn entry(importer: &mut Importer<'_>, reader: &mut Reader, item: &Item<'_>) {
    let problems = reader.problems.len();
    let mut fields = reader.fields(item);
    let id = optional_text(reader, &mut fields, "id");
    let statement = optional_text(reader, &mut fields, "statement");
    let end = fields.take("expired_at");
    let end_text = optional_text(reader, &mut fields, "expired_at");
    let mut texts = |key| -> Vec<(Item<'_>, String)> {
        optional_list(reader, &mut fields, key)
            .into_iter()
            .filter_map(|member| {
                let text = reader.text(&member)?;
                Some((member, text))
            })
            .collect()
    };
    let paths = texts("paths");
    let purls = texts("purls");
    let expires = match (end, end_text) {
        (Some(end), Some(text)) => {
            let day = last_day_before(&text);
            if day.is_none() {
                let message = format!("expected a day or an RFC 3339 time, found `{text}`");
                reader.problem(&end.place, message, None);
            }
            day
        }
        _ => None,
    };
    if reader.problems.len() > problems {
        return;
    }
    let Some(id) = id else {
        importer.skip(&item.place, "it has no id");
        return;
    };
    let rule = importer.rule(&id, statement, expires);
    let paths = policy_paths(importer, &paths);
    if purls.is_empty() {
        with_paths(importer, &item.place, &rule, &paths);
    }
    for (member, purl) in &purls {
        match with_purl(&rule, purl) {
            Ok(rule) => with_paths(importer, &member.place, &rule, &paths),
            Err(why) => importer.skip(&member.place, &why),
        }
    }
}

/// Takes the rule for each of the paths.
fn with_paths(
    importer: &mut Importer<'_>,
    place: &Place,
    rule: &IgnoreRule,
    paths: &[Option<String>],
) {
    for path in paths {
        if importer.is_full() {
            return;
        }
        let path = path.clone();
        importer.take_at(
            place,
            IgnoreRule {
                path,
                ..rule.clone()
            },
        );
    }
}

/// Trivy's paths as a policy's; one `None` where every package is meant.
fn policy_paths(importer: &mut Importer<'_>, paths: &[(Item<'_>, String)]) -> Vec<Option<String>> {
    // Matches whatever there is, also where there is no path.
    if paths.is_empty() || paths.iter().any(|(_, path)| path == "**") {
        return vec![None];
    }
    let mut known = Vec::new();
    for (member, path) in paths {
        if path.starts_with('/') {
            let why = "Trivy's paths have no leading `/`, so that this one matches nothing";
            importer.skip(&member.place, why);
        } else if let Some(name) = result_name(path) {
            let why = format!("the path also matches what Trivy calls `{name}`, which is no path");
            importer.skip(&member.place, &why);
        } else {
            known.push(Some(if path.starts_with("**") {
                path.clone()
            } else {
                format!("/{path}")
            }));
        }
    }
    known
}

/// The name of a result that the pattern matches.
fn result_name(pattern: &str) -> Option<&'static str> {
    let Ok(glob) = path_pattern(pattern) else {
        return None;
    };
    let matcher = glob.compile_matcher();
    RESULT_NAMES.into_iter().find(|name| matcher.is_match(name))
}

/// The rule for the packages that one of Trivy's package URLs means.
fn with_purl(rule: &IgnoreRule, purl: &str) -> Result<IgnoreRule, String> {
    let package = Package::from_purl(purl).ok_or_else(|| format!("`{purl}` is no package URL"))?;
    let qualifiers = purl.split_once('?').map_or("", |(_, rest)| rest);
    if !qualifiers
        .split('&')
        .all(|q| q.is_empty() || q.starts_with("epoch="))
        || purl.contains('#')
    {
        return Err(format!(
            "`{purl}` names more than a version; leave out what follows `?` if every one is meant"
        ));
    }
    let mut rule = IgnoreRule {
        version: Some(package.version.as_str())
            .filter(|version| !version.is_empty())
            .map(exact_version)
            .transpose()?,
        ecosystem: Some(package.ecosystem.as_str().to_owned()),
        package: Some(literal(&package.name)),
        ..rule.clone()
    };
    if package.ecosystem.is_os() {
        // The name is that of an installed package, never that of a source package.
        let namespace = package.namespace.as_deref().unwrap_or_default();
        let any = purl_with_name(Some(&package.ecosystem), &literal(&package.name));
        rule.purl = Some(any.replacen("/*/", &format!("/{}/", literal(namespace)), 1));
    }
    Ok(rule)
}

/// An entry that is written: id, paths and package URLs.
type Entry = (String, Vec<String>, Vec<String>);

pub(super) fn export(rules: &[Exported<'_>], notes: &mut Vec<Note>) -> String {
    let mut text = String::new();
    for exported in rules {
        let entries = match exported.covered {
            Some(_) => expanded(exported, notes),
            None => translated(exported).map(|entry| vec![entry]),
        };
        match entries {
            Ok(entries) => {
                for entry in entries {
                    write(&mut text, exported, &entry);
                }
            }
            Err(why) => notes.push(exported.note(&format!("not exported: {why}"))),
        }
    }
    if text.is_empty() {
        return "vulnerabilities: []\n".to_owned();
    }
    format!("vulnerabilities:\n{text}")
}

fn write(text: &mut String, exported: &Exported<'_>, (id, paths, purls): &Entry) {
    let rule = exported.rule;
    let _ = writeln!(text, "  # {}", exported.origin());
    let _ = writeln!(text, "  - id: {}", scalar(id));
    for (key, list) in [("paths", paths), ("purls", purls)] {
        if !list.is_empty() {
            let _ = writeln!(text, "    {key}:");
        }
        for member in list {
            let _ = writeln!(text, "      - {}", quoted(member));
        }
    }
    let _ = writeln!(text, "    statement: {}", scalar(&rule.reason));
    if let Some(last) = rule.expires {
        let _ = writeln!(text, "    expired_at: {}", day_after(last));
    }
}

const UNTIL_FIXED: &str = "it holds only until there is a fix, which Trivy cannot express";

/// The rule as it is, in Trivy's words.
fn translated(exported: &Exported<'_>) -> Result<Entry, &'static str> {
    let rule = exported.rule;
    if rule.until_fixed {
        return Err(UNTIL_FIXED);
    }
    if rule.id == "*" {
        return Err("Trivy needs an id; export it with a run");
    }
    if is_snyk(&AdvisoryId::new(&rule.id)) {
        return Err("Trivy does not know Snyk's ids; export it with a run");
    }
    let version = match rule.version.as_deref().map(as_version) {
        Some(None) => return Err("Trivy has no patterns for versions; export it with a run"),
        Some(version) => version,
        None => None,
    };
    let purls = match (&rule.package, &rule.purl) {
        (None, None) if version.is_some() || rule.ecosystem.is_some() => {
            return Err("Trivy's conditions need a package's name; export it with a run");
        }
        (None, None) => Vec::new(),
        (Some(package), None) => {
            let name = as_literal(package)
                .ok_or("Trivy has no patterns for packages; export it with a run")?;
            let ecosystem = rule.ecosystem.as_deref().map(Ecosystem::from_name);
            ecosystem
                .and_then(|ecosystem| language_purls(&ecosystem, &name, version.as_deref()))
                .ok_or(
                    "Trivy needs the kind and distribution of the package; export it with a run",
                )?
        }
        (None, Some(purl)) if rule.ecosystem.is_none() && version.is_none() => {
            purls_of_pattern(purl)
                .ok_or("Trivy has no patterns for package URLs; export it with a run")?
        }
        _ => return Err("Trivy cannot combine these conditions; export it with a run"),
    };
    let is_language =
        |purl: &String| Package::from_purl(purl).is_some_and(|package| !package.ecosystem.is_os());
    let is_language = !purls.is_empty() && purls.iter().all(is_language);
    let paths = match &rule.path {
        None => Vec::new(),
        Some(path) => vec![trivy_path(path, is_language)?],
    };
    Ok((
        AdvisoryId::new(&rule.id).unwrapped().as_str().to_owned(),
        paths,
        purls,
    ))
}

/// The package URLs behind a pattern: one version, or any version after `@*`.
fn purls_of_pattern(pattern: &str) -> Option<Vec<String>> {
    let purl = match pattern.strip_suffix("@*") {
        Some(any_version) => as_literal(any_version)?,
        None => as_literal(pattern).filter(|purl| purl.contains('@'))?,
    };
    // In Trivy a qualifier is one condition among several; in a pattern it is the whole of them.
    let purls = trivy_purls(&purl);
    (!purls.is_empty() && !purl.contains(['?', '#'])).then_some(purls)
}

/// A pattern over absolute paths in Trivy's form. Trivy compares it with the image's own name too,
/// which stands for all packages of the operating system; beside language packages alone that
/// matters not.
fn trivy_path(path: &str, is_language: bool) -> Result<String, &'static str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let first = path.split('/').next().unwrap_or_default();
    if result_name(path).is_some() || !is_language && as_literal(first).is_none() {
        return Err(
            "its path could match the names that Trivy gives to whole groups of packages; begin it \
             with a folder's name, or export it with a run",
        );
    }
    Ok(path.to_owned())
}

/// What the rule ignores in a run.
fn expanded(exported: &Exported<'_>, notes: &mut Vec<Note>) -> Result<Vec<Entry>, &'static str> {
    if exported.rule.until_fixed {
        return Err(UNTIL_FIXED);
    }
    let mut nameless = 0;
    // By id and paths: the package URLs.
    let mut entries: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
    for covered in exported.covered.unwrap_or_default() {
        for instance in &covered.instances {
            let mut packages = instance.purl.as_deref().map_or_else(Vec::new, trivy_purls);
            // Without a version it would mean every one.
            packages.retain(|purl| purl.contains('@'));
            if packages.is_empty() {
                let ecosystem = &covered.finding.package.ecosystem;
                packages = Some(instance.version.as_str())
                    .filter(|version| !version.is_empty())
                    .and_then(|version| language_purls(ecosystem, &instance.name, Some(version)))
                    .unwrap_or_default();
            }
            if packages.is_empty() {
                nameless += 1;
                continue;
            }
            let paths: Vec<String> = match exported.rule.path {
                None => Vec::new(),
                Some(_) => instance
                    .locations
                    .iter()
                    .filter_map(|place| Some(literal(place.path.as_deref()?.strip_prefix('/')?)))
                    .collect(),
            };
            for id in public_ids(covered.finding) {
                let purls = entries.entry((id, paths.clone())).or_default();
                purls.extend_from_slice(&packages);
            }
        }
    }
    if nameless > 0 {
        let what = if nameless == 1 {
            "1 package is left out; nobody gives its package URL".to_owned()
        } else {
            format!("{nameless} packages are left out; nobody gives their package URLs")
        };
        notes.push(exported.note(&what));
    }
    Ok(entries
        .into_iter()
        .map(|((id, paths), mut purls)| {
            purls.sort_unstable();
            purls.dedup();
            (id, paths, purls)
        })
        .collect())
}
