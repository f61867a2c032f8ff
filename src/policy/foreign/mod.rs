//! The ignore files of other tools: read into rules of a policy, and written from them, so that one
//! list serves all.
//!
//! Neither direction ever widens a rule. What an entry means is decided by how its tool reads it
//! (Trivy 0.74 `pkg/result/ignore.go`, Grype 0.121 `grype/match/ignore.go`, Snyk's `policy`
//! library), and a condition that the other side cannot express keeps the entry out, with a note.
//! Two things differ on purpose: a policy knows every id of a vulnerability, the tools compare the
//! one that they report; and Grype's `upstream-name` becomes `package`, which installed names match
//! too, so that a note says so.

mod covered;
mod grype;
mod names;
mod snyk;
mod spelling;
mod trivyignore;
mod trivyignore_yaml;

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use self::covered::{Covered, Ignored};
pub use self::spelling::{distribution_words, package_urls};
use super::document::{Day, IgnoreRule};
use super::edit::{check_each, rule_text};
use super::problem::{PolicyErrors, Problem};
use super::scalar::must_escape;
use super::values::{Fields, Item, Place, Reader};
use super::yaml::{self, MAX_BYTES, Node};
use crate::model::{AdvisoryId, Finding};

#[cfg(test)]
mod tests;

/// Notes that get the line of their entry; further ones name its place in the file. Finding a line
/// reads the file once more.
const MAX_LINES_FOUND: usize = 100;
/// Rules that one file may become. A policy of [`MAX_BYTES`] holds hardly more, and one entry with
/// lists of paths and package URLs stands for every combination.
const MAX_RULES: usize = 10_000;
/// What is said of a rule for every id.
const BROAD: &str = "it ignores every vulnerability in what it matches, and acknowledge-broad says \
                     so in the policy";

/// An ignore file of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Trivy's `.trivyignore`: one id a line.
    Trivyignore,
    /// Trivy's `.trivyignore.yaml`.
    TrivyignoreYaml,
    /// The `ignore` list in Grype's `.grype.yaml`.
    Grype,
    /// Snyk's `.snyk`, version 1.
    Snyk,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Trivyignore,
        Self::TrivyignoreYaml,
        Self::Grype,
        Self::Snyk,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trivyignore => "trivyignore",
            Self::TrivyignoreYaml => "trivyignore-yaml",
            Self::Grype => "grype",
            Self::Snyk => "snyk",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that a file's name stands for: `.trivyignore`, `.trivyignore.yaml`, `.grype.yaml`,
    /// `.snyk`, with or without the leading dot, and with something before it (`app.snyk`).
    pub fn of_file_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
        let is = |suffix: &str| {
            name.strip_suffix(suffix)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if is("trivyignore") {
            Some(Self::Trivyignore)
        } else if is("trivyignore.yaml") || is("trivyignore.yml") {
            Some(Self::TrivyignoreYaml)
        } else if is("grype.yaml") || is("grype.yml") {
            Some(Self::Grype)
        } else if is("snyk") {
            Some(Self::Snyk)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What imported rules get where their file says nothing.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Who answers for them.
    pub owner: String,
    /// Their last day.
    pub expires: Day,
    /// Why they are there; `None` says which file gave no reason.
    pub reason: Option<String>,
}

/// Rules out of another tool's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// In file order; each is valid in a policy.
    pub rules: Vec<IgnoreRule>,
    /// What was left out or narrowed, each with its place: `.grype.yaml:12: …`.
    pub notes: Vec<String>,
}

/// Reads another tool's ignore file. `name` is the file's name for messages.
///
/// # Errors
/// Every problem of a file that its own tool could not read either, with line and column.
pub fn import(
    text: &str,
    name: &str,
    format: Format,
    defaults: &Defaults,
) -> Result<Import, PolicyErrors> {
    let mut importer = Importer {
        name,
        defaults,
        found: Vec::new(),
        rules: Vec::new(),
        bytes: 0,
        first_over: None,
    };
    let read = match format {
        Format::Trivyignore => {
            trivyignore::import(&mut importer, text)?;
            return importer.finish(text);
        }
        Format::TrivyignoreYaml => trivyignore_yaml::import,
        Format::Grype => grype::import,
        Format::Snyk => snyk::import,
    };
    let root = yaml::load(text).map_err(|(position, message)| {
        importer.failed(vec![Problem {
            position,
            path: String::new(),
            message: format!("not a file of this kind: {message}"),
            help: None,
        }])
    })?;
    let mut reader = Reader::default();
    // An empty file is one in which everything is commented out.
    if root != Node::Null {
        let place = Place::root();
        read(&mut importer, &mut reader, &Item { node: &root, place });
    }
    if reader.problems.is_empty() {
        return importer.finish(text);
    }
    let problems = reader.problems.into_iter().enumerate();
    let problems = problems.map(|(index, found)| Problem {
        position: (index < MAX_LINES_FOUND)
            .then(|| yaml::locate(text, &found.place.steps, found.place.part))
            .flatten(),
        path: found.place.path,
        message: found.message,
        help: found.help,
    });
    Err(importer.failed(problems.collect()))
}

/// Where something stands in the file.
enum At {
    Place(Place),
    /// A line, counted from one.
    Line(usize),
}

/// What an import works with.
struct Importer<'a> {
    name: &'a str,
    defaults: &'a Defaults,
    /// Notes in file order; `None` where the next of the rules stands.
    found: Vec<(At, Option<String>)>,
    rules: Vec<IgnoreRule>,
    /// Their size in a policy.
    bytes: usize,
    /// Where there were too many rules.
    first_over: Option<At>,
}

impl Importer<'_> {
    fn failed(&self, problems: Vec<Problem>) -> PolicyErrors {
        PolicyErrors {
            source: self.name.to_owned(),
            problems,
        }
    }

    /// A rule for an id, with what the file says besides or else the defaults.
    fn rule(&self, id: &str, reason: Option<String>, expires: Option<Day>) -> IgnoreRule {
        IgnoreRule {
            id: id.to_owned(),
            reason: reason
                .or_else(|| self.defaults.reason.clone())
                .unwrap_or_else(|| format!("imported from {}, which gives no reason", self.name)),
            owner: self.defaults.owner.clone(),
            expires: expires.or(Some(self.defaults.expires)),
            acknowledge_broad: id == "*",
            ..IgnoreRule::default()
        }
    }

    /// Takes a rule, unless there are too many already.
    fn take(&mut self, at: At, rule: IgnoreRule) {
        self.bytes += rule_text(&rule).len();
        if self.rules.len() == MAX_RULES || self.bytes > MAX_BYTES {
            self.first_over.get_or_insert(at);
        } else {
            self.found.push((at, None));
            self.rules.push(rule);
        }
    }

    /// True when there are too many rules, so that nothing more needs to be read.
    fn is_full(&self) -> bool {
        self.first_over.is_some()
    }

    fn take_at(&mut self, place: &Place, rule: IgnoreRule) {
        self.take(At::Place(place.clone()), rule);
    }

    fn skip(&mut self, place: &Place, why: &str) {
        self.note(place, format!("not imported: {why}"));
    }

    fn note(&mut self, place: &Place, message: String) {
        self.found.push((At::Place(place.clone()), Some(message)));
    }

    fn skip_line(&mut self, line: usize, why: &str) {
        let note = format!("not imported: {why}");
        self.found.push((At::Line(line), Some(note)));
    }

    /// The rules that a policy takes, and notes on everything else.
    fn finish(mut self, text: &str) -> Result<Import, PolicyErrors> {
        if let Some(at) = self.first_over.take() {
            let (position, path) = match at {
                At::Place(place) => (yaml::locate(text, &place.steps, place.part), place.path),
                At::Line(line) => (Some((line, 1)), String::new()),
            };
            let message = format!(
                "at most {MAX_RULES} rules of {MAX_BYTES} bytes in all can be taken from a file, \
                 which is what a policy holds; here it is more"
            );
            let help = "leave out entries, or write patterns in place of long lists";
            return Err(self.failed(vec![Problem {
                position,
                path,
                message,
                help: Some(help.to_owned()),
            }]));
        }
        let mut checked = check_each(&self.rules).into_iter();
        let mut import = Import {
            rules: Vec::new(),
            notes: Vec::new(),
        };
        let mut lines_found = 0;
        for (at, note) in self.found {
            let note = match note {
                Some(note) => Some(note),
                None => match checked.next() {
                    Some(Ok(rule)) => {
                        let broad = (rule.id == "*").then(|| BROAD.to_owned());
                        import.rules.push(rule);
                        broad
                    }
                    Some(Err(problems)) => {
                        let why = problems.into_iter().next().map(|problem| problem.message);
                        Some(format!("not imported: {}", why.unwrap_or_default()))
                    }
                    None => None,
                },
            };
            let Some(note) = note else {
                continue;
            };
            let line = match &at {
                At::Line(line) => Some(*line),
                At::Place(place) => (lines_found < MAX_LINES_FOUND)
                    .then(|| yaml::locate(text, &place.steps, place.part))
                    .flatten()
                    .map(|(line, _)| line),
            };
            lines_found += 1;
            import.notes.push(match (line, at) {
                (None, At::Place(place)) => format!("{}: {}: {note}", self.name, place.path),
                (line, _) => format!("{}:{}: {note}", self.name, line.unwrap_or_default()),
            });
        }
        Ok(import)
    }
}

/// The text of a key; `None` when it is missing or blank, which these tools treat alike.
fn optional_text(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    key: &'static str,
) -> Option<String> {
    let item = fields.take(key)?;
    if matches!(item.node, Node::Text(text) if text.trim().is_empty()) {
        return None;
    }
    reader.text(&item)
}

/// The members of a list behind a key; none when the key is missing.
fn optional_list<'n>(
    reader: &mut Reader,
    fields: &mut Fields<'n>,
    key: &'static str,
) -> Vec<Item<'n>> {
    fields
        .take(key)
        .map(|item| reader.members(&item))
        .unwrap_or_default()
}

/// The last whole day (in UTC) before a moment at which an entry of another tool ends. A day
/// without a time is its first moment (Trivy, Snyk), so that the day before is the last. `None`
/// when the text is no moment.
fn last_day_before(text: &str) -> Option<Day> {
    let text = text.trim();
    if let Some(Day(date)) = Day::parse(text) {
        return date.yesterday().ok().map(Day);
    }
    let moment: Timestamp = text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    })?;
    // 23:59:59 is how people write the end of a day.
    let end = moment.checked_add(1.second()).ok()?;
    Day::of(end).0.yesterday().ok().map(Day)
}

/// The day at whose beginning another tool's entry has to end, so that `last` is its last day.
fn day_after(last: Day) -> Date {
    last.0.tomorrow().unwrap_or(last.0)
}

/// Rules as another tool's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The file.
    pub text: String,
    /// What is not in it, and what the format cannot say: one sentence each.
    pub notes: Vec<String>,
}

/// Writes rules as another tool's ignore file.
///
/// Without `findings` a rule is translated as it is, where the format can say the same. With the
/// findings of a run that was decided by the policy with these rules, each rule becomes what it
/// ignores there: every id of the vulnerability, each package by name and version; what is ignored
/// by others than these rules is noted. `now` tells which rules are past their last day.
pub fn export(
    rules: &[IgnoreRule],
    findings: Option<&[Finding]>,
    format: Format,
    now: Timestamp,
) -> Export {
    let ignored = findings.map(|findings| Ignored::of(rules, findings));
    let mut notes = Vec::new();
    let mut kept = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let one = Exported {
            number,
            rule,
            covered: ignored
                .as_ref()
                .map(|all| all.by_rule.get(number).map_or(&[][..], Vec::as_slice)),
        };
        if let Some(last) = rule.expires.filter(|last| last.is_over(now)) {
            notes.push(one.note(&format!("not exported: it expired on {last}")));
        } else if one.covered.is_some_and(<[_]>::is_empty) {
            notes.push(one.note("not exported: it ignores nothing in this run"));
        } else {
            kept.push(one);
        }
    }
    let write = match format {
        Format::Trivyignore => trivyignore::export,
        Format::TrivyignoreYaml => trivyignore_yaml::export,
        Format::Grype => grype::export,
        Format::Snyk => snyk::export,
    };
    let text = write(&kept, &mut notes);
    notes.sort_by_key(|(number, _)| *number);
    let mut notes: Vec<String> = notes.into_iter().map(|(_, note)| note).collect();
    let by_others = ignored.as_ref().map(|ignored| &ignored.by_others);
    notes.extend(by_others.into_iter().flatten().map(|(source, count)| {
        let findings = if *count == 1 { "finding" } else { "findings" };
        format!(
            "{source} ignores {count} {findings} and is not in this file; `--format openvex` of a \
             scan or replay writes it for tools that read VEX"
        )
    }));
    Export { text, notes }
}

/// A note with the number of the rule that it is about.
type Note = (usize, String);

/// A rule on its way into another file.
struct Exported<'a> {
    /// Its place in the policy, from 0.
    number: usize,
    rule: &'a IgnoreRule,
    /// What it ignores in a run; `None` without a run.
    covered: Option<&'a [Covered<'a>]>,
}

impl Exported<'_> {
    fn note(&self, message: &str) -> Note {
        let note = format!("ignore[{}] ({}): {message}", self.number, self.rule.id);
        (self.number, note)
    }

    /// Where the rule comes from, for a comment.
    fn origin(&self) -> String {
        let mut origin = format!("ignore[{}], owner {}", self.number, self.rule.owner);
        if let Some(reference) = &self.rule.reference {
            origin.extend([", ", reference]);
        }
        one_line(&origin)
    }
}

/// The ids by which tools that use the public databases may report a finding. Snyk's own ids are
/// left to Snyk.
fn public_ids(finding: &Finding) -> Vec<String> {
    let mut ids: Vec<String> = finding
        .ids()
        .map(AdvisoryId::unwrapped)
        .filter(|id| !is_snyk(id))
        .map(|id| id.as_str().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// True for an id that only Snyk uses.
fn is_snyk(id: &AdvisoryId) -> bool {
    id.as_str().starts_with("SNYK-") || id.as_str().starts_with("npm:")
}

/// Text for a comment: one line, and nothing in it that reads differently from its bytes.
fn one_line(text: &str) -> String {
    text.split(must_escape)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
