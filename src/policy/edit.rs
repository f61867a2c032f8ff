//! Changes the ignore rules in a policy file's text and leaves every other byte as it is: comments,
//! order, quotes, indentation and line ends.
//!
//! The YAML library keeps none of these, so the list is found by its indentation, line by line. That
//! reading is a guess about a rich language; therefore the result is parsed again, and handed out
//! only when it holds exactly the expected rules and an otherwise equal policy.

use std::ops::Range;

use super::document::IgnoreRule;
use super::problem::PolicyErrors;
use super::resolve::parse;
use super::scalar::{quoted, scalar};
use super::yaml::MAX_BYTES;
use crate::model::RuleMatch;

#[cfg(test)]
mod tests;

/// Columns by which a list that is new stands further in than its key.
const INDENT: usize = 2;

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
            if file.lines.last().is_some_and(|line| !is_blank(line)) {
                items.push(end.to_owned());
            }
            items.push(format!("{}ignore:{end}", " ".repeat(file.indent)));
            (lines.len(), file.indent + INDENT, false)
        }
        List::Other { line, what } => return Err(layout(source, line, what)),
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
        List::Other { line, what } => return Err(layout(source, line, what)),
        List::Items { key, .. } | List::Empty { key, .. } => {
            return Err(layout(source, Some(key + 1), "this way of writing rules"));
        }
        List::Missing => return Err(layout(source, None, "the key `ignore`")),
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
        let below = if item.end >= later.0 {
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
        let mut below = below;
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

/// A rule as a policy reads it: blanks dropped, names in their usual spelling.
///
/// # Errors
/// What a policy with this rule would be refused for.
pub(super) fn check(rule: &IgnoreRule) -> Result<IgnoreRule, PolicyErrors> {
    let rules = checked(std::slice::from_ref(rule))?;
    Ok(rules.into_iter().next().unwrap_or_else(|| rule.clone()))
}

/// The rules as a policy reads them, or what is wrong with them.
fn checked(rules: &[IgnoreRule]) -> Result<Vec<IgnoreRule>, PolicyErrors> {
    let mut text = "version: 1\nignore:\n".to_owned();
    for rule in rules {
        for line in item_lines(rule, INDENT) {
            text.extend([&line, "\n"]);
        }
    }
    let single = rules.len() == 1;
    parse(&text, "the new rule")
        .map(|policy| policy.document().ignore.clone())
        .map_err(|mut errors| {
            for problem in &mut errors.problems {
                // Lines of a text that nobody has seen help nobody.
                problem.position = None;
                if single {
                    let path = problem.path.strip_prefix("ignore[0]").unwrap_or_default();
                    problem.path = path.trim_start_matches('.').to_owned();
                }
            }
            errors
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
        // The file has become too large: worth more words than the layout.
        Err(errors) if text.len() > MAX_BYTES => Err(EditError::Policy(errors)),
        _ => Err(layout(source, None, "this way of writing rules")),
    }
}

fn layout(source: &str, line: Option<usize>, what: &'static str) -> EditError {
    EditError::Layout {
        policy: source.to_owned(),
        line,
        what,
    }
}

/// A text by lines, each with its end.
struct File<'t> {
    lines: Vec<&'t str>,
    /// Column at which the keys of the policy stand, from 0.
    indent: usize,
}

/// The ignore rules as they are written. All numbers are indexes of lines.
enum List {
    /// Lines that begin with `- `, at column `dash`.
    Items {
        key: usize,
        dash: usize,
        items: Vec<Range<usize>>,
    },
    /// `ignore: []`, or `ignore:` with nothing. `emptied` is the key's line without a value.
    Empty { key: usize, emptied: String },
    /// There is no such key.
    Missing,
    /// Something else.
    Other {
        line: Option<usize>,
        what: &'static str,
    },
}

impl<'t> File<'t> {
    fn read(text: &'t str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let indent = lines
            .iter()
            .find(|line| is_content(line) && !line.starts_with(['%', '-']))
            .map_or(0, |line| indent_of(line));
        Self { lines, indent }
    }

    /// The end of a line in this file.
    fn line_end(&self) -> &'static str {
        match self.lines.first() {
            Some(line) if line.ends_with("\r\n") => "\r\n",
            _ => "\n",
        }
    }

    fn list(&self) -> List {
        let found = self.lines.iter().enumerate().find_map(|(index, line)| {
            let value = value_of_ignore(line)?;
            (indent_of(line) == self.indent).then_some((index, value))
        });
        let Some((key, value)) = found else {
            return List::Missing;
        };
        let (word, _) = split_comment(value);
        let word: String = word.split_whitespace().collect();
        match word.as_str() {
            "" => self.block(key),
            "[]" | "~" | "null" => List::Empty {
                key,
                emptied: self.without_value(key),
            },
            _ => List::Other {
                line: Some(key + 1),
                what: "a list in `[…]`",
            },
        }
    }

    /// The list below a key that has nothing on its own line.
    fn block(&self, key: usize) -> List {
        let below = self.lines.iter().enumerate().skip(key + 1);
        let first = below.clone().find(|(_, line)| is_content(line));
        let dash = match first {
            Some((_, line)) if is_item(line) && indent_of(line) >= self.indent => indent_of(line),
            Some((at, line)) if indent_of(line) > self.indent => {
                return List::Other {
                    line: Some(at + 1),
                    what: "a list in `[…]`",
                };
            }
            _ => {
                return List::Empty {
                    key,
                    emptied: self.lines.get(key).copied().unwrap_or_default().to_owned(),
                };
            }
        };
        let mut items: Vec<Range<usize>> = Vec::new();
        for (index, line) in below {
            let indent = indent_of(line);
            if is_content(line) && indent <= dash {
                if indent == dash && is_item(line) {
                    items.push(index..index + 1);
                    continue;
                }
                break;
            }
            // Comments that stand further in than the dash are about the rule above them, and lines
            // of a text over several lines may look like comments.
            let inside = is_content(line) || (!is_blank(line) && indent > dash);
            if let Some(item) = items.last_mut().filter(|_| inside) {
                item.end = index + 1;
            }
        }
        List::Items { key, dash, items }
    }

    /// The first of the comment lines right above a rule; its own line when there are none.
    fn comments_above(&self, start: usize, dash: usize, key: usize) -> usize {
        let above = self.lines.get(key + 1..start).unwrap_or_default();
        let comments = above
            .iter()
            .rev()
            .take_while(|line| !is_blank(line) && !is_content(line) && indent_of(line) <= dash);
        start - comments.count()
    }

    /// True when an empty line stands between the last two rules.
    fn is_spaced(&self, items: &[Range<usize>], dash: usize) -> bool {
        let [.., before, last] = items else {
            return false;
        };
        let start = self.comments_above(last.start, dash, before.end.saturating_sub(1));
        start > before.end && self.lines.get(start - 1).is_some_and(|line| is_blank(line))
    }

    /// The line of `ignore` without its value; a comment stays.
    fn without_value(&self, key: usize) -> String {
        let line = self.lines.get(key).copied().unwrap_or_default();
        let Some(value) = value_of_ignore(line) else {
            return line.to_owned();
        };
        let head = line.strip_suffix(value).unwrap_or_default();
        let (_, rest) = split_comment(value);
        let space = if rest.starts_with('#') { " " } else { "" };
        format!("{head}{space}{rest}")
    }
}

/// The line of a key without a value, with an empty list as its value.
fn with_empty_list(line: &str) -> String {
    let value = value_of_ignore(line).unwrap_or_default();
    let head = line.strip_suffix(value).unwrap_or(line);
    format!("{head} []{value}")
}

/// What follows `ignore:` on a line that begins with that key.
fn value_of_ignore(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(' ');
    ["ignore", "\"ignore\"", "'ignore'"]
        .into_iter()
        .find_map(|key| {
            line.strip_prefix(key)?
                .trim_start_matches(' ')
                .strip_prefix(':')
        })
        .filter(|value| value.is_empty() || value.starts_with([' ', '\t', '\r', '\n']))
}

/// What stands before a comment, and the comment with the end of the line (the end alone where
/// there is no comment).
fn split_comment(value: &str) -> (&str, &str) {
    let end = value.trim_end_matches(['\n', '\r']).len();
    let comment = value
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at == 0 || value.get(..*at).is_some_and(|v| v.ends_with([' ', '\t'])));
    value.split_at(comment.unwrap_or(end))
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// True for a line that is neither empty nor a comment.
fn is_content(line: &str) -> bool {
    !matches!(line.trim_start().chars().next(), None | Some('#'))
}

/// True for a line that begins a member of a list.
fn is_item(line: &str) -> bool {
    line.trim_start_matches(' ')
        .strip_prefix('-')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
