//! The run: who looked, whether they can be trusted, and the verdict.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::document::{
    AutomationDetails, Component, Document, Invocation, Level, Message, Notification, Run,
    RunProperties, Tool,
};
use super::limits::{Cut, Detail, EXTENSIONS, Listed, NOTIFICATIONS, TEXT};
use super::place::reference;
use super::result::Results;
use super::rule;
use super::text::{line_or, message};
use crate::model::report::{Report, RunOutcome, ScannerSummary};
use crate::model::{Finding, Outcome};
use crate::report::escape::line;
use crate::report::{Options, identity, phrases, sentence};

/// The document of those findings.
pub(super) fn document(
    report: &Report,
    options: &Options,
    listed: &[Listed<'_>],
    detail: Detail,
    cut: &Cut,
) -> Document {
    let mut by_rule: IndexMap<String, Vec<&Finding>> = IndexMap::new();
    let writer = Results::new(report, options.include_ignored);
    let mut results = Vec::with_capacity(listed.len());
    for listed in listed {
        let id = rule::id(listed.finding);
        let entry = by_rule.entry(id.clone());
        results.push(writer.result(listed, &id, entry.index()));
        entry.or_default().push(listed.finding);
    }
    let rules = by_rule
        .iter()
        .filter_map(|(id, findings)| rule::rule(id, findings, detail))
        .collect();
    Document {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(report, rules),
            automation_details: AutomationDetails {
                id: category(report),
            },
            invocations: [invocation(report, cut)],
            column_kind: "unicodeCodePoints",
            results,
            properties: properties(report, cut),
        }],
    }
}

fn tool(report: &Report, rules: Vec<super::document::Rule>) -> Tool {
    let tool = &report.tool;
    let version = line(&tool.version, TEXT);
    Tool {
        driver: Component {
            name: line_or(&tool.name, TEXT, "crosscheck"),
            semantic_version: semantic(&version),
            version: Some(version).filter(|version| !version.is_empty()),
            rules: Some(rules),
            properties: BTreeMap::new(),
        },
        extensions: report
            .scanners
            .iter()
            .take(EXTENSIONS)
            .map(extension)
            .collect(),
    }
}

fn extension(scanner: &ScannerSummary) -> Component {
    let version = scanner
        .version
        .as_deref()
        .map(|version| line(version, TEXT));
    let version = version.filter(|version| !version.is_empty());
    let mut properties = BTreeMap::from([("status", scanner.outcome.as_str().to_owned())]);
    if let Some(built) = &scanner.database_built {
        properties.insert("databaseBuilt", line(built, TEXT));
    }
    Component {
        name: title(scanner),
        semantic_version: version.as_deref().and_then(semantic),
        version,
        rules: None,
        properties,
    }
}

fn title(scanner: &ScannerSummary) -> String {
    let id = line_or(scanner.id.as_str(), TEXT, "unnamed scanner");
    line_or(&scanner.title, TEXT, &id)
}

/// A version that follows Semantic Versioning 2.0.0.
fn semantic(version: &str) -> Option<String> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = semver::Version::parse(version).ok()?;
    Some(version.to_string())
}

/// Up to its last `/` this is GitHub's category; what would stand behind it names a single run.
fn category(report: &Report) -> String {
    let repository = identity::repository(&report.target);
    let repository = reference(&repository).unwrap_or_else(|| "image".to_owned());
    let platform = report.target.platform.as_deref().unwrap_or_default();
    match reference(&platform.replace('/', "-")) {
        Some(platform) => format!("crosscheck/{repository}/{platform}/"),
        None => format!("crosscheck/{repository}/"),
    }
}

fn invocation(report: &Report, cut: &Cut) -> Invocation {
    let verdict = &report.verdict;
    let is_enough = verdict.outcome != RunOutcome::Insufficient && verdict.insufficient.is_empty();
    let time = &report.evaluated_at;
    Invocation {
        execution_successful: is_enough,
        exit_code: verdict.exit_code,
        exit_code_description: line_or(&sentence(report), TEXT, "no verdict"),
        end_time_utc: time.parse::<Timestamp>().ok().map(|time| time.to_string()),
        tool_execution_notifications: notifications(report, cut),
    }
}

/// What a reader of the results has to know: what they lack, and whose they are not.
fn notifications(report: &Report, cut: &Cut) -> Vec<Notification> {
    let insufficient = report.verdict.insufficient.iter();
    let insufficient = insufficient.map(|why| (Level::Error, why.clone()));
    let scanners = report.scanners.iter().filter_map(|scanner| {
        let level = match &scanner.outcome {
            Outcome::Failed(_) => Level::Error,
            Outcome::Completed | Outcome::Partial { .. } => Level::Warning,
        };
        let text = phrases::shortcoming(&title(scanner), &scanner.outcome)?;
        Some((level, text))
    });
    let cut = cut.sentences().into_iter();
    let cut = cut.map(|sentence| (Level::Warning, sentence));
    cut.chain(insufficient)
        .chain(scanners)
        .take(NOTIFICATIONS)
        .map(|(level, text)| Notification {
            level,
            message: Message {
                text: message(&line_or(&text, TEXT, "no reason is given")),
            },
        })
        .collect()
}

fn properties(report: &Report, cut: &Cut) -> RunProperties {
    let verdict = &report.verdict;
    RunProperties {
        verdict: verdict.outcome.as_str().to_owned(),
        blocking: verdict.blocking,
        insufficient: verdict
            .insufficient
            .iter()
            .take(NOTIFICATIONS)
            .map(|why| line(why, TEXT))
            .collect(),
        evaluated_at: line(&report.evaluated_at, TEXT),
        image: line(&report.target.reference, TEXT),
        platform: report
            .target
            .platform
            .as_deref()
            .map(|text| line(text, TEXT)),
        policy: line(&report.policy.source, TEXT),
        profile: line(&report.policy.profile, TEXT),
        findings: report.findings.len(),
        ignored_left_out: cut.ignored,
        results_left_out: cut.results,
        texts_left_out: cut.texts(),
    }
}
