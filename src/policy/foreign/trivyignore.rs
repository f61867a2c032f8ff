//! `.trivyignore`: an id a line, `exp:YYYY-MM-DD` after it, `#` before a comment.
//!
//! Trivy reads the ids for all that it scans for: vulnerabilities, misconfigurations, secrets and
//! licences.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::document::{Day, IgnoreRule};
use super::super::problem::{PolicyErrors, Problem};
use super::super::yaml::MAX_BYTES;
use super::{
    At, Exported, Importer, Note, day_after, is_snyk, last_day_before, one_line, public_ids,
};
use crate::model::AdvisoryId;

/// Beginnings of Trivy's ids for misconfigurations.
const MISCONFIGURATIONS: [&str; 7] = ["AVD-", "AWS-", "AZU-", "DS-", "GCP-", "KCV-", "KSV-"];

pub(super) fn import(importer: &mut Importer<'_>, text: &str) -> Result<(), PolicyErrors> {
    if text.len() > MAX_BYTES {
        return Err(importer.failed(vec![Problem {
            position: None,
            path: String::new(),
            message: format!(
                "the file has {} bytes; at most {MAX_BYTES} are read",
                text.len()
            ),
            help: None,
        }]));
    }
    // Comments stand above the lines that they are about, up to an empty line or the next comment.
    let mut above: Vec<&str> = Vec::new();
    let mut above_is_open = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if !above_is_open {
                above.clear();
            }
            above_is_open = true;
            above.push(comment.trim_start_matches('#').trim());
            continue;
        }
        above_is_open = false;
        if line.is_empty() {
            above.clear();
            continue;
        }
        match entry(importer, line, &above) {
            Ok(rule) => importer.take(At::Line(index + 1), rule),
            Err(why) => importer.skip_line(index + 1, &why),
        }
        if importer.is_full() {
            break;
        }
    }
    Ok(())
}

fn entry(importer: &Importer<'_>, line: &str, above: &[&str]) -> Result<IgnoreRule, String> {
    // Trivy takes the first word and any later one with `exp:`.
    let (entry, comment) = match line.split_once(" #") {
        Some((entry, comment)) => (entry, Some(comment.trim_start_matches('#').trim())),
        None => (line, None),
    };
    let id = entry.split_whitespace().next().unwrap_or_default();
    let expires =
        match line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("exp:"))
        {
            Some(text) => Some(expiry(text).ok_or_else(|| {
                format!("`exp:{text}` is no day; Trivy leaves such a line out too")
            })?),
            None => None,
        };
    if MISCONFIGURATIONS.iter().any(|start| id.starts_with(start)) || !names_a_flaw(id) {
        return Err(format!("`{id}` does not name a vulnerability"));
    }
    let reason = comment.map_or_else(|| above.join(" "), str::to_owned);
    let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    Ok(importer.rule(id, reason, expires))
}

fn expiry(text: &str) -> Option<Day> {
    Day::parse(text)?;
    last_day_before(text)
}

/// Ids of flaws hold a number; the names of secrets and licences rarely do.
fn names_a_flaw(id: &str) -> bool {
    AdvisoryId::new(id).is_plausible()
        && !id.starts_with("exp:")
        && id.contains(|c: char| c.is_ascii_digit())
}

pub(super) fn export(rules: &[Exported<'_>], notes: &mut Vec<Note>) -> String {
    let mut text = String::new();
    for exported in rules {
        match block(exported) {
            Ok(block) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&block);
            }
            Err(why) => notes.push(exported.note(&format!("not exported: {why}"))),
        }
    }
    text
}

fn block(exported: &Exported<'_>) -> Result<String, &'static str> {
    let rule = exported.rule;
    let conditions = [
        &rule.package,
        &rule.purl,
        &rule.path,
        &rule.version,
        &rule.ecosystem,
    ];
    if conditions.iter().any(|condition| condition.is_some()) {
        return Err(
            "`.trivyignore` ignores an id in all packages; trivyignore-yaml has conditions",
        );
    }
    if rule.until_fixed {
        return Err("it holds only until there is a fix, which Trivy cannot express");
    }
    let mut ids = BTreeSet::from([AdvisoryId::new(&rule.id).unwrapped().as_str().to_owned()]);
    for covered in exported.covered.unwrap_or_default() {
        ids.extend(public_ids(covered.finding));
    }
    ids.retain(|id| !is_snyk(&AdvisoryId::new(id)));
    if ids.is_empty() {
        return Err("Trivy does not know Snyk's ids");
    }
    let mut text = format!("# {} ({})\n", one_line(&rule.reason), exported.origin());
    for id in ids {
        text.push_str(&id);
        if let Some(last) = rule.expires {
            let _ = write!(text, " exp:{}", day_after(last));
        }
        text.push('\n');
    }
    Ok(text)
}
