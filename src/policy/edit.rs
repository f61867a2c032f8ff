//! Changes the ignore rules in a policy file's text and leaves every other byte as it is: comments,
//! order, quotes, indentation and line ends.
//!
//! The YAML library keeps none of these, so the list is found by its indentation, line by line. That
//! reading is a guess about a rich language; therefore the result is parsed again, and handed out
//! only when it holds exactly the expected rules and an otherwise equal policy.

use std::collections::BTreeMap;

use self::layout::{File, List, is_blank, with_empty_list};
use super::document::IgnoreRule;
use super::problem::{PolicyErrors, Problem};
use super::resolve::parse;
use super::scalar::{quoted, scalar};
use super::yaml::{MAX_BYTES, MAX_NODES};
use crate::model::RuleMatch;

mod layout;
#[cfg(test)]
mod tests;

/// Columns by which a list that is new stands further in than its key.
const INDENT: usize = 2;
/// What some editors write before the first line.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a policy file cannot be changed. Nothing has been changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file as it is has problems.
    #[error("{0}")]
    Policy(PolicyErrors),
    /// A rule that shall be added is not valid.
    #[error("{0}")]
    Rule(PolicyErrors),
    /// A rule that shall go is not there.
    #[error("{policy} has no rule ignore[{number}]; it has {count}, counted from 0")]
    NoSuchRule {
        /// Name of the policy file.
        policy: String,
        /// The number asked for, from 0.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// With the new rules it would be larger than a policy may be.
    #[error(
        "{policy} with {count} ignore rules would have {bytes} bytes, and no policy may be as large; \
         leave out rules, or write one with a pattern for many"
    )]
    TooLarge {
        /// Name of the policy file.
        policy: String,
        /// Its size with the new rules.
        bytes: usize,
        /// Its ignore rules with the new ones.
        count: usize,
    },
    /// The file is written in a way that cannot be changed line by line.
    #[error(
        "{policy}{}: {what} cannot be changed in place; write the list as lines that begin with \
         `- `, below `ignore:`",
        line.map(|line| format!(":{line}")).unwrap_or_default()
    )]
    Layout {
        /// Name of the policy file.
        policy: String,
        /// Line of the list, counted from one, where it is known.
        line: Option<usize>,
        /// What it is about.
        what: &'static str,
    },
}

/// A policy's text with `rules` behind those that it has.
///
/// `source` is the file's name for messages. Surrounding blanks of texts in the rules are dropped,
/// as they are when a policy is read.
///
/// # Errors
/// [`EditError`]; the text is not changed in part.
pub fn add(text: &str, source: &str, rules: &[IgnoreRule]) -> Result<String, EditError> {
    if let Some(bare) = text.strip_prefix(BYTE_ORDER_MARK) {
        return add(bare, source, rules).map(|text| format!("{BYTE_ORDER_MARK}{text}"));
    }
    let mut expected = document(text, source)?;
    if rules.is_empty() {
        return Ok(text.to_owned());
    }
    expected
        .ignore
        .extend(checked(rules).map_err(EditError::Rule)?);
    let file = File::read(text);
    let end = file.line_end();
    let mut items = Vec::new();
    let mut lines: Vec<String> = file.lines.iter().map(|line| (*line).to_owned()).collect();
    let (at, indent, spaced) = match file.list() {
        List::Items { dash, items, .. } => {
            let spaced = file.is_spaced(&items, dash);
            let last = items.last().map_or(file.lines.len(), |item| item.end);
            (last, dash, spaced)
        }
        List::Empty { key, emptied } => {
            if let Some(line) = lines.get_mut(key) {
                *line = emptied;
            }
            (key + 1, file.indent + INDENT, false)
        }
        List::Missing => {
            let at = file.content_end();
            let above = at.checked_sub(1).and_then(|above| file.lines.get(above));
            if above.is_some_and(|line| !is_blank(line)) {
                items.push(end.to_owned());
            }
            items.push(format!("{}ignore:{end}", " ".repeat(file.indent)));
            (at, file.indent + INDENT, false)
        }
        List::Other { line, what } => return Err(unsuited(source, line, what)),
    };
    for rule in rules {
        if spaced {
            items.push(end.to_owned());
        }
        items.extend(item_lines(rule, indent).map(|line| line + end));
    }
    // A file whose last line has no end keeps that habit.
    if let Some(line) = at.checked_sub(1).and_then(|last| lines.get_mut(last))
        && !line.ends_with('\n')
    {
        line.push_str(end);
        if let Some(line) = items.last_mut() {
            line.truncate(line.len() - end.len());
        }
    }
    lines.splice(at..at, items);
    verified(lines.concat(), source, &expected)
}

/// A policy's text without the rules of these numbers, counted from 0. Comments directly above a
/// rule go with it.
///
/// # Errors
/// [`EditError`]; the text is not changed in part.
pub fn remove(text: &str, source: &str, numbers: &[usize]) -> Result<String, EditError> {
    if let Some(bare) = text.strip_prefix(BYTE_ORDER_MARK) {
        return remove(bare, source, numbers).map(|text| format!("{BYTE_ORDER_MARK}{text}"));
    }
    let mut expected = document(text, source)?;
    let count = expected.ignore.len();
    if let Some(&number) = numbers.iter().find(|number| **number >= count) {
        return Err(EditError::NoSuchRule {
            policy: source.to_owned(),
            number,
            count,
        });
    }
    let mut gone = vec![false; count];
    for number in numbers {
        if let Some(flag) = gone.get_mut(*number) {
            *flag = true;
        }
    }
    if !gone.contains(&true) {
        return Ok(text.to_owned());
    }
    let mut flags = gone.iter();
    expected.ignore.retain(|_| flags.next() == Some(&false));
    let file = File::read(text);
    let (key, dash, items) = match file.list() {
        List::Items { key, dash, items } if items.len() == count => (key, dash, items),
        List::Other { line, what } => return Err(unsuited(source, line, what)),
        List::Items { key, .. } | List::Empty { key, .. } => {
            return Err(unsuited(source, Some(key + 1), "this way of writing rules"));
        }
        List::Missing => return Err(unsuited(source, None, "the key `ignore`")),
    };
    let mut keep = vec![true; file.lines.len()];
    // From the last to the first. `later` is where the rule behind was cut off, and the first line
    // that stays below it.
    let mut later = (keep.len(), keep.len());
    let mut is_last = true;
    for (item, gone) in items.iter().zip(&gone).rev() {
        if !gone {
            is_last = false;
            continue;
        }
        let mut below = if item.end >= later.0 {
            later.1
        } else {
            item.end
        };
        let is_blank_at = |at: usize| file.lines.get(at).is_none_or(|line| is_blank(line));
        let mut start = file.comments_above(item.start, dash, key);
        // Of the empty lines around a rule one is left, and none at the ends of the list.
        if start > key + 1 && is_blank_at(start - 1) && (is_last || is_blank_at(below)) {
            start -= 1;
        }
        if let Some(flags) = keep.get_mut(start..item.end) {
            flags.fill(false);
        }
        if start == key + 1
            && !is_last
            && is_blank_at(below)
            && let Some(flag) = keep.get_mut(below)
        {
            *flag = false;
            below += 1;
        }
        later = (start, below);
    }
    let emptied = expected.ignore.is_empty().then(|| {
        let line = file.lines.get(key).copied().unwrap_or_default();
        with_empty_list(line)
    });
    let mut result: String = file
        .lines
        .iter()
        .zip(&keep)
        .enumerate()
        .filter(|(_, (_, keep))| **keep)
        .map(|(at, (line, _))| match &emptied {
            Some(emptied) if at == key => emptied,
            _ => *line,
        })
        .collect();
    // A file whose last line had no end keeps that habit.
    if !text.ends_with('\n') && keep.last() == Some(&false) {
        let end = result
            .strip_suffix(file.line_end())
            .unwrap_or(&result)
            .len();
        result.truncate(end);
    }
    verified(result, source, &expected)
}

/// The number, from 0, of the ignore rule that a finding's decision names; `None` for other rules.
pub fn number_of(rule: &RuleMatch) -> Option<usize> {
    let number = rule.rule.strip_prefix("ignore[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// A rule as it stands in a policy file, without the `- ` and indentation of a list: one `key:
/// value` a line.
pub fn rule_text(rule: &IgnoreRule) -> String {
    let mut text = String::new();
    for (key, value) in fields(rule) {
        text.extend([key, ": ", &value, "\n"]);
    }
    text
}

fn item_lines(rule: &IgnoreRule, indent: usize) -> impl Iterator<Item = String> {
    fields(rule)
        .into_iter()
        .enumerate()
        .map(move |(index, (key, value))| {
            let mark = if index == 0 { "- " } else { "  " };
            format!("{}{mark}{key}: {value}", " ".repeat(indent))
        })
}

fn fields(rule: &IgnoreRule) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.as_deref().map(|text| scalar(text.trim()));
    let flag = |value: bool| value.then(|| "true".to_owned());
    [
        ("id", Some(scalar(rule.id.trim()))),
        ("package", text(&rule.package)),
        ("purl", text(&rule.purl)),
        ("path", text(&rule.path)),
        // Always in quotes: 1.10 would be a number.
        ("version", rule.version.as_deref().map(|v| quoted(v.trim()))),
        ("ecosystem", text(&rule.ecosystem)),
        ("acknowledge-broad", flag(rule.acknowledge_broad)),
        ("reason", Some(scalar(rule.reason.trim()))),
        ("owner", Some(scalar(rule.owner.trim()))),
        ("reference", text(&rule.reference)),
        (
            "justification",
            rule.justification.map(|j| j.as_str().to_owned()),
        ),
        ("created", rule.created.map(|day| day.to_string())),
        ("expires", rule.expires.map(|day| day.to_string())),
        ("until-fixed", flag(rule.until_fixed)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

/// Rules that are read together, at most.
const BATCH: usize = 1000;
/// Bytes of rules from which on they are not read together with further ones.
const BATCH_BYTES: usize = MAX_BYTES / 4;

/// Each rule as a policy reads it (blanks dropped, names in their usual spelling), or what a policy
/// with it would be refused for. Paths of the problems are within the rule.
pub(super) fn check_each(rules: &[IgnoreRule]) -> Vec<Result<IgnoreRule, Vec<Problem>>> {
    let mut checked = Vec::with_capacity(rules.len());
    let mut batch: Vec<String> = Vec::new();
    let mut bytes = 0;
    for rule in rules {
        let text: String = item_lines(rule, INDENT).map(|line| line + "\n").collect();
        if batch.len() == BATCH || bytes + text.len() > BATCH_BYTES {
            check_batch(&batch, &mut checked);
            batch.clear();
            bytes = 0;
        }
        bytes += text.len();
        batch.push(text);
    }
    check_batch(&batch, &mut checked);
    checked
}

fn check_batch(batch: &[String], checked: &mut Vec<Result<IgnoreRule, Vec<Problem>>>) {
    if let [only] = batch
        && only.len() > MAX_BYTES
    {
        checked.push(Err(vec![Problem {
            position: None,
            path: String::new(),
            message: format!(
                "its texts have {} bytes; a policy may have {MAX_BYTES}",
                only.len()
            ),
            help: Some("shorten its reason, and link to what is longer as reference".to_owned()),
        }]));
        return;
    }
    let mut bad: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    // Some problems are looked for only where there are no others.
    let good = loop {
        let kept: Vec<usize> = (0..batch.len()).filter(|n| !bad.contains_key(n)).collect();
        let mut text = "version: 1\nignore:\n".to_owned();
        text.extend(
            kept.iter()
                .filter_map(|n| batch.get(*n))
                .map(String::as_str),
        );
        let errors = match parse(&text, "") {
            Ok(policy) => break policy.document().ignore.clone(),
            Err(errors) => errors,
        };
        let known = bad.len();
        for problem in &errors.problems {
            let (ordinal, problem) = within_rule(problem);
            if let Some(number) = ordinal.and_then(|ordinal| kept.get(ordinal)) {
                bad.entry(*number).or_default().push(problem);
            }
        }
        if bad.len() == known {
            bad.extend(kept.iter().map(|number| (*number, errors.problems.clone())));
        }
    };
    let mut good = good.into_iter();
    for number in 0..batch.len() {
        checked.extend(match bad.remove(&number) {
            Some(problems) => Some(Err(problems)),
            None => good.next().map(Ok),
        });
    }
}

/// The ordinal of the rule that a problem is about, where it is about one, and the problem as one
/// within the rule. Lines of a text that nobody has seen help nobody.
fn within_rule(problem: &Problem) -> (Option<usize>, Problem) {
    let rest = problem.path.strip_prefix("ignore[");
    let (ordinal, path) = match rest.and_then(|rest| rest.split_once(']')) {
        Some((ordinal, path)) => (ordinal.parse().ok(), path.trim_start_matches('.')),
        None => (None, problem.path.as_str()),
    };
    let problem = Problem {
        position: None,
        path: path.to_owned(),
        ..problem.clone()
    };
    (ordinal, problem)
}

/// The rules as a policy reads them, or everything that is wrong with them.
fn checked(rules: &[IgnoreRule]) -> Result<Vec<IgnoreRule>, PolicyErrors> {
    let mut good = Vec::with_capacity(rules.len());
    let mut problems = Vec::new();
    for (number, result) in check_each(rules).into_iter().enumerate() {
        match result {
            Ok(rule) => good.push(rule),
            Err(found) => problems.extend(found.into_iter().map(|mut problem| {
                if rules.len() > 1 {
                    let dot = if problem.path.is_empty() { "" } else { "." };
                    problem.path = format!("[{number}]{dot}{}", problem.path);
                }
                problem
            })),
        }
    }
    if problems.is_empty() {
        return Ok(good);
    }
    let source = if rules.len() == 1 {
        "the new rule"
    } else {
        "the new rules"
    };
    Err(PolicyErrors {
        source: source.to_owned(),
        problems,
    })
}

fn document(text: &str, source: &str) -> Result<super::Document, EditError> {
    parse(text, source)
        .map(|policy| policy.document().clone())
        .map_err(EditError::Policy)
}

/// The result, if it says what it has to.
fn verified(text: String, source: &str, expected: &super::Document) -> Result<String, EditError> {
    match parse(&text, source) {
        Ok(policy) if policy.document() == expected => Ok(text),
        // Worth more words than the layout.
        Err(_) if text.len() > MAX_BYTES || values(&expected.ignore) > MAX_NODES => {
            Err(EditError::TooLarge {
                policy: source.to_owned(),
                bytes: text.len(),
                count: expected.ignore.len(),
            })
        }
        _ => Err(unsuited(source, None, "this way of writing rules")),
    }
}

/// The values that rules are made of, as the reader of YAML counts them.
fn values(rules: &[IgnoreRule]) -> usize {
    rules.iter().map(|rule| 1 + 2 * fields(rule).len()).sum()
}

fn unsuited(source: &str, line: Option<usize>, what: &'static str) -> EditError {
    EditError::Layout {
        policy: source.to_owned(),
        line,
        what,
    }
}
