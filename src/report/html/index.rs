//! What the table of findings needs of all findings at once: to show, search, filter and sort rows.
//!
//! Every text is stored once and named by its number. Of 100,000 findings the index has some
//! megabytes; everything else of a finding is in [`super::detail`].

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::facet::Facet;
use super::text::Texts;
use crate::model::report::Report;
use crate::model::{Action, AdvisoryId, Cause, Finding, ScannerId, Severity};
use crate::report::phrases;

/// A column of the table.
pub(super) struct Column {
    /// Its name in addresses and in the script.
    pub(super) name: &'static str,
    /// Its head.
    pub(super) title: &'static str,
    /// Whether it is shown unless asked otherwise.
    pub(super) is_shown: bool,
}

const fn column(name: &'static str, title: &'static str, is_shown: bool) -> Column {
    Column {
        name,
        title,
        is_shown,
    }
}

/// The columns, in their order on the page.
pub(super) const COLUMNS: &[Column] = &[
    column("decision", "Decision", true),
    column("severity", "Severity", true),
    column("id", "Vulnerability", true),
    column("package", "Package", true),
    column("installed", "Installed", true),
    column("fix", "Fix", true),
    column("seen", "Seen by", true),
    column("title", "Title", true),
    column("exploited", "Exploited", false),
    column("why", "Decided because", false),
];

/// All findings, column by column.
#[derive(Default, Serialize)]
pub(super) struct Index {
    /// Every text once.
    strings: IndexSet<String>,
    /// By name of a column, the number of each finding's text in `strings`. Besides [`COLUMNS`] there
    /// are `key`, which names a finding in addresses, and `aliases`, which is searched only.
    columns: BTreeMap<&'static str, Vec<usize>>,
    /// What rows can be filtered by.
    pub(super) facets: Vec<Facet>,
    /// Names of a column's texts from best to worst, where text order is not the order.
    orders: BTreeMap<&'static str, Vec<&'static str>>,
    /// Findings in one block of details.
    block: usize,
}

impl Index {
    /// The index of all findings of a report, in its order.
    pub(super) fn new(report: &Report, block: usize, texts: &mut Texts) -> Self {
        let actions = [Action::Ignore, Action::Track, Action::Warn, Action::Block];
        let mut severities = Severity::WORST_FIRST.map(Severity::as_str).to_vec();
        severities.reverse();
        let mut index = Self {
            facets: facets(report),
            orders: BTreeMap::from([
                ("decision", actions.map(Action::as_str).to_vec()),
                ("severity", severities),
            ]),
            block,
            ..Self::default()
        };
        for finding in &report.findings {
            index.add(finding, texts);
        }
        index
    }

    fn add(&mut self, finding: &Finding, texts: &mut Texts) {
        let aliases = finding.vulnerability.aliases.iter();
        let aliases: Vec<&str> = aliases.map(AdvisoryId::as_str).collect();
        let exploited = phrases::exploited(finding);
        let rows = [
            ("key", finding.key.clone()),
            ("decision", decision(finding).to_owned()),
            ("severity", finding.severity.level.to_string()),
            ("id", finding.vulnerability.id.to_string()),
            ("aliases", aliases.join(" ")),
            ("package", phrases::package(finding)),
            ("installed", phrases::installed(finding)),
            ("fix", fix(finding)),
            ("seen", phrases::agreement(finding)),
            (
                "title",
                finding.vulnerability.title.clone().unwrap_or_default(),
            ),
            ("exploited", exploited.trim_end_matches("; ").to_owned()),
            ("why", phrases::why(finding).join(" ")),
        ];
        for (name, text) in rows {
            // The key must be the same as in links to it.
            let text = if name == "title" {
                Texts::row(&text)
            } else {
                texts.shown(&text)
            };
            let number = match self.strings.get_index_of(&text) {
                Some(number) => number,
                None => self.strings.insert_full(text).0,
            };
            self.columns.entry(name).or_default().push(number);
        }
    }
}

/// The name of the policy's decision.
pub(super) fn decision(finding: &Finding) -> &'static str {
    let decision = finding.decision.as_ref();
    decision.map_or("undecided", |decision| decision.action.as_str())
}

/// The version that mends it, or why there is none.
pub(super) fn fix(finding: &Finding) -> String {
    phrases::mending(finding).unwrap_or_else(|| phrases::unmended(finding))
}

/// What findings can be filtered by.
fn facets(report: &Report) -> Vec<Facet> {
    let findings = &report.findings;
    let named = |name, title, of: fn(&Finding) -> (&str, &str)| {
        Facet::new(
            name,
            title,
            findings.iter().map(|finding| vec![of(finding)]),
        )
    };
    let mut scanners: IndexMap<&str, &str> = IndexMap::new();
    for scanner in &report.scanners {
        scanners.insert(scanner.id.as_str(), &scanner.title);
    }
    let reporters = findings.iter().map(|finding| {
        let reporters = finding.reporters().map(ScannerId::as_str);
        reporters
            .map(|id| (id, scanners.get(id).copied().unwrap_or(id)))
            .collect()
    });
    let causes = findings.iter().map(|finding| {
        let mut causes: Vec<Cause> = finding
            .verdicts
            .values()
            .filter(|verdict| !verdict.verdict.sees())
            .map(|verdict| verdict.cause)
            .collect();
        causes.sort_unstable();
        causes.dedup();
        let named = causes.into_iter();
        named
            .map(|cause| (cause.as_str(), cause.describe()))
            .collect()
    });
    vec![
        named("decision", "Decision", |finding| {
            (decision(finding), decision(finding))
        })
        .in_order(&["block", "warn", "track", "ignore", "undecided"]),
        named("severity", "Severity", |finding| {
            let level = finding.severity.level.as_str();
            (level, level)
        })
        .in_order(&Severity::WORST_FIRST.map(Severity::as_str)),
        named("fix", "Fix", |finding| {
            if phrases::is_fixable(finding) {
                ("available", "available")
            } else {
                ("none", "none known")
            }
        }),
        named("exploited", "Known to be exploited", |finding| {
            if finding.vulnerability.known_exploited {
                ("yes", "yes")
            } else {
                ("no", "not known")
            }
        }),
        named("opinions", "Severity opinions", |finding| {
            if finding.severity.disputed {
                ("apart", "far apart")
            } else {
                ("close", "close")
            }
        }),
        Facet::new("scanner", "Reported by", reporters),
        named("ecosystem", "Ecosystem", |finding| {
            let name = finding.package.ecosystem.as_str();
            (name, name)
        }),
        Facet::new("missed", "Missed by a scanner, because", causes),
    ]
}
