//! Where the ignore rules stand in a policy's text.

use std::ops::Range;

/// A text by lines, each with its end.
pub(super) struct File<'t> {
    pub(super) lines: Vec<&'t str>,
    /// Column at which the keys of the policy stand, from 0.
    pub(super) indent: usize,
}

/// The ignore rules as they are written. All numbers are indexes of lines.
pub(super) enum List {
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
    pub(super) fn read(text: &'t str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let indent = lines
            .iter()
            .find(|line| is_content(line) && !is_mark(line))
            .map_or(0, |line| indent_of(line));
        Self { lines, indent }
    }

    /// The end of a line in this file.
    pub(super) fn line_end(&self) -> &'static str {
        match self.lines.first() {
            Some(line) if line.ends_with("\r\n") => "\r\n",
            _ => "\n",
        }
    }

    /// Where the text ends: at the mark `...`, or behind its last line.
    pub(super) fn content_end(&self) -> usize {
        let end = self.lines.iter().position(|line| line.trim_end() == "...");
        end.unwrap_or(self.lines.len())
    }

    pub(super) fn list(&self) -> List {
        let found = self.lines.iter().enumerate().find_map(|(index, line)| {
            let value = value_of_ignore(line)?;
            (indent_of(line) == self.indent).then_some((index, value))
        });
        let Some((key, value)) = found else {
            let first = self
                .lines
                .iter()
                .position(|line| is_content(line) && !is_mark(line));
            return match first {
                Some(at)
                    if self
                        .lines
                        .get(at)
                        .is_some_and(|line| line.trim_start().starts_with('{')) =>
                {
                    List::Other {
                        line: Some(at + 1),
                        what: "a policy in `{…}`",
                    }
                }
                _ => List::Missing,
            };
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
    pub(super) fn comments_above(&self, start: usize, dash: usize, key: usize) -> usize {
        let above = self.lines.get(key + 1..start).unwrap_or_default();
        let comments = above
            .iter()
            .rev()
            .take_while(|line| !is_blank(line) && !is_content(line) && indent_of(line) <= dash);
        start - comments.count()
    }

    /// True when an empty line stands between the last two rules.
    pub(super) fn is_spaced(&self, items: &[Range<usize>], dash: usize) -> bool {
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
pub(super) fn with_empty_list(line: &str) -> String {
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

pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// True for a line that is neither empty nor a comment.
fn is_content(line: &str) -> bool {
    !matches!(line.trim_start().chars().next(), None | Some('#'))
}

/// True for a directive and for what begins or ends a document.
fn is_mark(line: &str) -> bool {
    line.starts_with('%') || line.starts_with("---") || line.trim_end() == "..."
}

/// True for a line that begins a member of a list.
fn is_item(line: &str) -> bool {
    line.trim_start_matches(' ')
        .strip_prefix('-')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
