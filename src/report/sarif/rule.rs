//! A vulnerability as a rule.

use std::collections::BTreeSet;

use super::document::{Configuration, Help, Level, Message, Rule, RuleProperties};
use super::limits::{DESCRIPTION, Detail, HELP_PACKAGES, TAGS, TEXT};
use super::result::level;
use super::score;
use super::text::{line_or, message};
use crate::model::{AdvisoryId, Finding};
use crate::report::escape::{line, markdown, markdown_code};
use crate::report::{links, phrases};

/// The id of a finding's rule.
pub(super) fn id(finding: &Finding) -> String {
    const LONGEST: usize = 255;
    let id = finding.vulnerability.id.as_str();
    line_or(id, LONGEST, "unnamed vulnerability")
}

/// The rule of findings that have the id; `None` without findings.
pub(super) fn rule(id: &str, findings: &[&Finding], detail: Detail) -> Option<Rule> {
    let first = *findings.first()?;
    let vulnerability = &first.vulnerability;
    let level = findings
        .iter()
        .map(|finding| level(finding))
        .max()
        .unwrap_or(Level::Note);
    let score = findings.iter().copied().filter_map(score::score);
    let title = vulnerability.title.as_deref().unwrap_or_default();
    let title = line(&format!("{id} {}", title.trim()), DESCRIPTION);
    let description = match detail {
        Detail::Full | Detail::WithoutHelp => {
            let description = vulnerability.description.as_deref().unwrap_or_default();
            line_or(description, DESCRIPTION, &title)
        }
        Detail::WithoutDescriptions => id.to_owned(),
    };
    Some(Rule {
        id: id.to_owned(),
        deprecated_ids: former_ids(id, first),
        short_description: Message {
            text: match detail {
                Detail::WithoutDescriptions => id.to_owned(),
                _ => message(&title),
            },
        },
        full_description: Message {
            text: message(&description),
        },
        help_uri: links::page(vulnerability),
        help: match detail {
            Detail::Full => help(&title, &description, findings),
            _ => Help {
                text: id.to_owned(),
                markdown: None,
            },
        },
        default_configuration: Configuration { level },
        properties: RuleProperties {
            security_severity: score.max_by(f64::total_cmp).map(score::text),
            // Scanners match names and versions: what they report is there, be it reachable or not.
            precision: "very-high",
            problem_severity: match level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "recommendation",
            },
            tags: tags(first, findings),
        },
    })
}

/// Other names of the vulnerability. One of them was the rule's id if an earlier run knew no CVE
/// (§3.49.4).
fn former_ids(id: &str, finding: &Finding) -> Vec<String> {
    const MOST: usize = 20;
    let aliases = finding.vulnerability.aliases.iter();
    let mut ids: BTreeSet<String> = aliases
        .take(MOST)
        .map(|alias| line(alias.as_str(), TEXT))
        .collect();
    ids.remove("");
    ids.remove(id);
    ids.into_iter().collect()
}

/// `security` makes a result one of GitHub's security alerts; weaknesses have the form that its own
/// queries give them.
fn tags(first: &Finding, findings: &[&Finding]) -> Vec<String> {
    let ecosystems: BTreeSet<String> = findings
        .iter()
        .map(|finding| line(finding.package.ecosystem.as_str(), TEXT))
        .filter(|ecosystem| !ecosystem.is_empty())
        .collect();
    let cwes = first.vulnerability.cwes.iter();
    let numbers: BTreeSet<u32> = cwes.filter_map(|cwe| links::weakness(cwe)).collect();
    let mut tags = vec!["security".to_owned(), "vulnerability".to_owned()];
    for tag in ecosystems.into_iter().take(4).chain(
        numbers
            .into_iter()
            .map(|cwe| format!("external/cwe/cwe-{cwe}")),
    ) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.truncate(TAGS);
    tags
}

/// What the vulnerability is, where it is, what mends it, and where to read more.
fn help(title: &str, description: &str, findings: &[&Finding]) -> Help {
    let mut text = vec![title.to_owned()];
    let mut page = vec![format!("**{}**", markdown(title))];
    if description != title {
        text.push(description.to_owned());
        page.push(markdown(description));
    }
    let mut list = Vec::new();
    let mut table = vec![
        "| Package | Installed and fixed | Seen by |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for finding in findings.iter().take(HELP_PACKAGES) {
        let package = line(&phrases::package(finding), TEXT);
        let versions = line(&phrases::versions(finding), TEXT);
        let seen_by = line(&phrases::seen_by(finding), TEXT);
        list.push(format!("- {package}: {versions}; seen by {seen_by}"));
        table.push(format!(
            "| {} | {} | {} |",
            markdown_code(&package),
            markdown(&versions),
            markdown(&seen_by)
        ));
    }
    text.push(list.join("\n"));
    page.push(table.join("\n"));
    let more = findings.len().saturating_sub(HELP_PACKAGES);
    if more > 0 {
        let more = format!(
            "and {}",
            phrases::count(more, "more package", "more packages")
        );
        text.push(more.clone());
        page.push(more);
    }
    let vulnerability = findings.first().map(|finding| &finding.vulnerability);
    let aliases = vulnerability.into_iter().flat_map(|one| &one.aliases);
    let names = line(&phrases::names(aliases.map(AdvisoryId::as_str)), TEXT);
    if !names.is_empty() {
        text.push(format!("Also known as {names}"));
        page.push(format!("Also known as {}", markdown(&names)));
    }
    if let Some(link) = vulnerability.and_then(links::page) {
        text.push(format!("More: {link}"));
        page.push(format!("More: <{link}>"));
    }
    Help {
        text: message(&text.join("\n\n")),
        markdown: Some(page.join("\n\n")),
    }
}
