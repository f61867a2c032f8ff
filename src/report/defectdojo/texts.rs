//! The texts of a finding in DefectDojo, which shows them as Markdown.

use std::collections::BTreeSet;

use super::super::{escape, links, phrases};
use crate::model::{AdvisoryId, Finding, Severity};

/// Characters of one line.
const LINE: usize = 400;
/// Characters of an advisory's own text.
const ADVISORY: usize = 4_000;
/// Installed packages that are listed.
const PACKAGES: usize = 20;

/// `text` as one line that holds no Markdown.
pub(super) fn safe(text: &str) -> String {
    escape::markdown(&escape::limited(text, LINE))
}

/// What it is, where, who says so, what the policy decides, and the advisory's text.
pub(super) fn description(finding: &Finding) -> String {
    let vulnerability = &finding.vulnerability;
    let mut lines = Vec::new();
    if let Some(title) = &vulnerability.title {
        lines.push(safe(title));
        lines.push(String::new());
    }
    let mut fact = |name: &str, text: &str| lines.push(format!("- **{name}:** {}", safe(text)));
    if !vulnerability.aliases.is_empty() {
        let aliases = vulnerability.aliases.iter().map(AdvisoryId::as_str);
        fact("Also known as", &aliases.collect::<Vec<_>>().join(", "));
    }
    fact("Package", &finding.package.to_string());
    fact("Versions", &phrases::versions(finding));
    for instance in finding.instances.iter().take(PACKAGES) {
        let place = instance
            .locations
            .iter()
            .find_map(|place| place.path.as_ref());
        let place = place.map_or_else(String::new, |path| format!(" at {path}"));
        let text = format!("{} {}{place}", instance.name, instance.version);
        fact("Installed", &text);
    }
    if finding.instances.len() > PACKAGES {
        let more = finding.instances.len() - PACKAGES;
        fact(
            "Installed",
            &format!("and {more} more; the JSON report lists all"),
        );
    }
    fact("Reported by", &phrases::seen_by(finding));
    if let Some(decision) = &finding.decision {
        let why = phrases::why(finding).join(" ");
        fact("Policy", &format!("{}: {why}", decision.action.as_str()));
        for (name, text) in [
            ("Owner", &decision.rule.owner),
            ("Expires", &decision.rule.expires),
        ] {
            if let Some(text) = text {
                fact(name, text);
            }
        }
    }
    if let Some(text) = &vulnerability.description {
        lines.push(String::new());
        lines.extend(advisory(text));
    }
    lines.join("\n")
}

/// The advisory's text, line by line and without its markup.
fn advisory(text: &str) -> Vec<String> {
    // A character takes four bytes at most, so this finds the cut without reading all of a long text.
    let is_long = text.chars().nth(ADVISORY).is_some();
    let shown: String = text.chars().take(ADVISORY).collect();
    let mut lines: Vec<String> = shown.lines().map(escape::markdown).collect();
    if is_long {
        let all = text.chars().count();
        lines.push(String::new());
        lines.push(format!("(cut: {ADVISORY} of {all} characters)"));
    }
    lines
}

/// How to mend it.
pub(super) fn mitigation(finding: &Finding) -> String {
    let package = &finding.package.name;
    let text = match (&finding.fix.recommended, phrases::mending(finding)) {
        (Some(version), _) => format!("Upgrade {package} to {version}."),
        (None, Some(versions)) => {
            format!("Upgrade {package} to a version with the fix: {versions}.")
        }
        (None, None) => format!("{package}: {}.", phrases::unmended(finding)),
    };
    safe(&text)
}

/// Pages to read more at, one a line. The addresses hold nothing that Markdown would read.
pub(super) fn references(finding: &Finding) -> String {
    let rule = finding.decision.as_ref().map(|decision| &decision.rule);
    let rule = rule.and_then(|rule| links::web_address(rule.reference.as_deref()?));
    let pages: Vec<String> = links::page(&finding.vulnerability)
        .into_iter()
        .chain(finding.ids().filter_map(links::page_of_id))
        .chain(rule.map(str::to_owned))
        .collect();
    let mut seen = BTreeSet::new();
    let distinct: Vec<String> = pages
        .iter()
        .filter(|page| seen.insert(page.as_str()))
        .map(|page| format!("<{page}>"))
        .collect();
    distinct.join("\n")
}

/// Whose severity it is, how far others differ, and what is known of exploitation.
pub(super) fn severity_justification(finding: &Finding) -> String {
    let severity = &finding.severity;
    let mut parts = vec![match &severity.source {
        Some(source) => format!("{} by {}", severity.level, source.name()),
        None if severity.level == Severity::Unknown => "nobody rated it".to_owned(),
        None => severity.level.to_string(),
    }];
    if let Some(range) = phrases::disputed_range(severity) {
        parts.push(format!("opinions from {range}"));
    }
    parts.extend(phrases::exploitation(finding));
    safe(&parts.join("; "))
}
