//! SARIF 2.1.0 of any tool.
//!
//! SARIF has no place for packages, so every scanner writes them into texts of its own. Each
//! [`Dialect`] reads one scanner's texts; the generic one takes what any tool may give. What comes
//! out is marked [`IdentityQuality::Reduced`].

mod document;
mod generic;
mod grype;
mod scout;
mod snyk;
mod trivy;

use std::collections::HashMap;

use crate::model::{
    Advisory, AdvisoryId, AdvisorySource, Diagnostic, DiagnosticLevel, Distro, Ecosystem, Epss,
    FixClaim, IdLink, IdentityQuality, Observation, Package, Rating, RatingSource, ScannerId,
    ScannerReport, Severity,
};

use self::document::{Document, Finding, Message, Rule, Run};
use super::Format;
use super::builder::{ReportBuilder, timestamp};
use super::entries::Text;
use super::infer::OsSpelling;

/// Whose texts these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Trivy,
    Grype,
    Snyk,
    Scout,
    Generic,
}

impl Dialect {
    fn of(scanner: &ScannerId) -> Self {
        match scanner.as_str() {
            ScannerId::TRIVY => Self::Trivy,
            ScannerId::GRYPE => Self::Grype,
            ScannerId::SNYK => Self::Snyk,
            ScannerId::DOCKER_SCOUT => Self::Scout,
            _ => Self::Generic,
        }
    }

    fn read(self, entry: &Entry<'_, '_>) -> Result<Vec<Reading>, Rejected> {
        match self {
            Self::Trivy => trivy::read(entry),
            Self::Grype => grype::read(entry),
            Self::Snyk => snyk::read(entry),
            Self::Scout => scout::read(entry),
            Self::Generic => generic::read(entry),
        }
    }
}

/// One result with what stands around it.
struct Entry<'r, 'a> {
    rule: Option<&'r Rule<'a>>,
    result: &'r Finding<'a>,
    /// The rule's id, from wherever the result states it.
    rule_id: &'r str,
    scanner: &'r ScannerId,
    /// The operating system's package manager, as far as the run's versions show it.
    os: Option<Ecosystem>,
}

/// What a dialect reads out of a result: one package with one vulnerability.
struct Reading {
    id: AdvisoryId,
    links: Vec<IdLink>,
    package: Package,
    severity: Severity,
    ratings: Vec<Rating>,
    fix: FixClaim,
    advisory_source: Option<AdvisorySource>,
    epss: Option<Epss>,
    distro: Option<Distro>,
}

impl Reading {
    fn new(id: AdvisoryId, package: Package) -> Self {
        Self {
            id,
            links: Vec::new(),
            package,
            severity: Severity::Unknown,
            ratings: Vec::new(),
            fix: FixClaim::default(),
            advisory_source: None,
            epss: None,
            distro: None,
        }
    }

    /// Sets the shown severity and records it as `source`'s rating.
    fn rated(mut self, label: Option<&str>, source: RatingSource) -> Self {
        if let Some(label) = label {
            self.severity = Severity::from_label(label).unwrap_or_default();
            self.ratings.push(Rating {
                source,
                severity: self.severity,
                label: Some(label.to_owned()),
                cvss: None,
            });
        }
        self
    }
}

/// Why a result is no finding.
enum Rejected {
    /// It is about something else: a lint, a secret, a licence.
    NotAVulnerability,
    /// It should be one, but cannot be understood.
    Unreadable(String),
}

impl From<&str> for Rejected {
    fn from(why: &str) -> Self {
        Self::Unreadable(why.to_owned())
    }
}

pub(super) fn read(text: &str) -> Result<ScannerReport, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    let mut builder = ReportBuilder::new(scanner(&document), Format::Sarif.title());
    builder.report().identity = IdentityQuality::Reduced;
    let is_array = document.runs.is_array();
    for (index, run) in document.runs.into_iter() {
        let pointer = if is_array {
            format!("/runs/{index}")
        } else {
            "/runs".to_owned()
        };
        match run {
            Ok(run) => read_run(&mut builder, run, &pointer),
            Err(why) => builder.unreadable(pointer, why),
        }
    }
    Ok(builder.finish())
}

fn run_scanner(run: &Run<'_>) -> Option<ScannerId> {
    let name = run.tool.get()?.driver.get()?.name.get()?;
    let id = ScannerId::new(name);
    // Grype has called itself `Grype`, `grype` and `Anchore Grype Scan`.
    if id.as_str().split('-').any(|word| word == ScannerId::GRYPE) {
        return Some(ScannerId::new(ScannerId::GRYPE));
    }
    Some(id)
}

/// The tool of the file: that of the first run with results, else of the first run.
fn scanner(document: &Document<'_>) -> ScannerId {
    let mut runs = document.runs.iter_ok();
    let with_results = document.runs.iter_ok().find(|run| run.results.len() > 0);
    with_results
        .or_else(|| runs.next())
        .and_then(run_scanner)
        .unwrap_or_else(|| ScannerId::new(""))
}

fn read_run(builder: &mut ReportBuilder, run: Run<'_>, pointer: &str) {
    let scanner = builder.report().scanner.clone();
    builder.entries(run.results.len());
    let is_array = run.results.is_array();
    let pointer_of = |index: usize| {
        if is_array {
            format!("{pointer}/results/{index}")
        } else {
            format!("{pointer}/results")
        }
    };
    if let Some(other) = run_scanner(&run).filter(|other| *other != scanner) {
        for (index, _) in run.results.into_iter() {
            builder.unreadable(
                pointer_of(index),
                format!(
                    "this run is {other}'s in a file of {scanner}; keep one tool a file to have it read"
                ),
            );
        }
        return;
    }
    let dialect = Dialect::of(&scanner);
    head(builder, &run, dialect);

    let rules: Vec<Option<&Rule<'_>>> = run
        .tool
        .get()
        .and_then(|tool| tool.driver.get())
        .map(|driver| driver.rules.iter().map(|(_, rule)| rule.ok()).collect())
        .unwrap_or_default();
    let mut by_id: HashMap<&str, &Rule<'_>> = HashMap::new();
    for rule in rules.iter().copied().flatten() {
        by_id.entry(rule.id.as_str()).or_insert(rule);
    }
    let os = if dialect == Dialect::Trivy {
        let mut spelling = OsSpelling::default();
        for (_, result) in run.results.iter() {
            if let Ok(result) = result {
                trivy::see_os_version(result, find_rule(result, &rules, &by_id).0, &mut spelling);
            }
        }
        spelling.ecosystem()
    } else {
        None
    };
    for (index, result) in run.results.iter() {
        let pointer = pointer_of(index);
        let result = match result {
            Ok(result) => result,
            Err(why) => {
                builder.unreadable(pointer, why.clone());
                continue;
            }
        };
        let (rule, rule_id) = find_rule(result, &rules, &by_id);
        let entry = Entry {
            rule,
            result,
            rule_id,
            scanner: &scanner,
            os: os.clone(),
        };
        read_result(builder, &entry, dialect, &pointer);
    }
}

/// The rule of a result: by index when that rule bears the result's id, else by id (SARIF
/// §3.27.7: the index is optional, and files cut by hand have wrong ones).
fn find_rule<'r, 'a>(
    result: &'r Finding<'a>,
    rules: &[Option<&'r Rule<'a>>],
    by_id: &HashMap<&str, &'r Rule<'a>>,
) -> (Option<&'r Rule<'a>>, &'r str) {
    let reference = result.rule.get();
    let id = result
        .rule_id
        .get()
        .or_else(|| reference.and_then(|reference| reference.id.get()));
    let index = result
        .rule_index
        .get()
        .or_else(|| reference.and_then(|reference| reference.index.get()))
        .and_then(|number| number.0)
        .filter(|index| *index >= 0.0);
    // A float beyond the list's length saturates and finds nothing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let indexed = index.and_then(|index| rules.get(index as usize).copied().flatten());
    match (id, indexed) {
        (Some(id), Some(rule)) if rule.id.as_str() == id => (Some(rule), id),
        (Some(id), _) => (by_id.get(id).copied(), id),
        (None, Some(rule)) => (Some(rule), rule.id.as_str()),
        (None, None) => (None, ""),
    }
}

fn head(builder: &mut ReportBuilder, run: &Run<'_>, dialect: Dialect) {
    let report = builder.report();
    if let Some(driver) = run.tool.get().and_then(|tool| tool.driver.get())
        && report.scanner_version.is_none()
    {
        let version = driver
            .version
            .get()
            .or_else(|| driver.semantic_version.get());
        report.scanner_version = version.and_then(Text::to_option);
    }
    for invocation in run.invocations.iter_ok() {
        if let Some(time) = invocation.end_time_utc.get() {
            report.created = report.created.max(timestamp(time.as_str()));
        }
        if invocation.execution_successful.get() == Some(&false) {
            let message = "the tool states that its run did not succeed";
            if run.results.len() == 0 {
                report.failure = Some(message.to_owned());
            }
            report.diagnostics.push(Diagnostic {
                level: DiagnosticLevel::Warning,
                origin: String::new(),
                pointer: None,
                message: message.to_owned(),
            });
        }
    }
    match dialect {
        Dialect::Trivy => trivy::target(run, &mut report.target),
        Dialect::Grype => grype::target(run, &mut report.target),
        Dialect::Snyk => snyk::target(run, &mut report.target),
        Dialect::Scout | Dialect::Generic => {}
    }
}

fn read_result(
    builder: &mut ReportBuilder,
    entry: &Entry<'_, '_>,
    dialect: Dialect,
    pointer: &str,
) {
    // `kind` says whether there is anything to fix (SARIF §3.27.9); `absent` marks what was in a
    // baseline and is gone (§3.27.24).
    let kind = entry.result.kind.get().map_or("fail", Text::as_str);
    let baseline = entry.result.baseline_state.get().map_or("", Text::as_str);
    if matches!(kind, "pass" | "notApplicable" | "informational") || baseline == "absent" {
        return builder.not_a_vulnerability();
    }
    let readings = match dialect.read(entry) {
        Ok(readings) if readings.is_empty() => {
            return builder.unreadable(pointer, "the result names no package");
        }
        Ok(readings) => readings,
        Err(Rejected::NotAVulnerability) => return builder.not_a_vulnerability(),
        Err(Rejected::Unreadable(why)) => return builder.unreadable(pointer, why),
    };
    for reading in readings {
        if let Some(distro) = reading.distro {
            builder.report().target.distro.get_or_insert(distro);
        }
        if !builder.knows(&reading.id) {
            builder.advisory(&reading.id, advisory(entry, dialect));
        }
        if let Some(epss) = reading.epss {
            builder.epss(&reading.id, epss);
        }
        if reading.package.version.is_empty() && dialect == Dialect::Generic {
            builder.warn(
                pointer,
                "the result does not say which package it is about, or not in which version",
            );
        }
        let package = builder.package(reading.package);
        let observation = Observation {
            id: reading.id,
            links: reading.links,
            package,
            severity: reading.severity,
            ratings: reading.ratings,
            fix: reading.fix,
            advisory_source: reading.advisory_source,
            pointer: pointer.to_owned(),
        };
        match suppression(entry.result) {
            Some(reason) => builder.suppress(observation, reason, false),
            None => builder.observe(observation),
        }
    }
}

/// Why a result is suppressed: a suppression without status or with `accepted` counts
/// (SARIF §3.35.3).
fn suppression(result: &Finding<'_>) -> Option<String> {
    let in_force = |status: &str| matches!(status, "" | "accepted");
    let suppression = result
        .suppressions
        .iter_ok()
        .find(|suppression| in_force(suppression.status.as_str()))?;
    let justification = suppression.justification.get().and_then(Text::to_option);
    Some(justification.unwrap_or_else(|| "suppressed in the report, no reason given".to_owned()))
}

fn advisory(entry: &Entry<'_, '_>, dialect: Dialect) -> Advisory {
    let Some(rule) = entry.rule else {
        return Advisory::default();
    };
    let text = |message: Option<&Message<'_>>| {
        message
            .map(Message::any)
            .filter(|text| !text.is_empty())
            .map(unescaped)
    };
    let short = text(rule.short_description.get());
    let (title, description) = match dialect {
        Dialect::Snyk => (
            short.map(|short| snyk::title(&short).to_owned()),
            text(rule.help.get()),
        ),
        Dialect::Scout => (short, text(rule.help.get())),
        // Grype's short description only repeats id and package.
        Dialect::Grype => (None, text(rule.full_description.get())),
        Dialect::Trivy | Dialect::Generic => (short, text(rule.full_description.get())),
    };
    let url = match dialect {
        Dialect::Grype => rule.help.get().and_then(|help| grype::link(help.any())),
        Dialect::Snyk => Some(format!("https://security.snyk.io/vuln/{}", entry.rule_id)),
        _ => rule.help_uri.get().and_then(Text::to_option),
    };
    Advisory {
        title,
        description,
        url,
        cwes: rule
            .tags()
            .filter(|tag| tag.starts_with("CWE-"))
            .map(str::to_owned)
            .collect(),
        ..Advisory::default()
    }
}

/// Undoes the HTML escapes that Trivy puts into its texts; they would show as such.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests;
