//! What is said on a page for a person, before it is laid out: sentences and tables without a layout,
//! and without escapes.
//!
//! [`table`] lays it out for a terminal or a log, [`markdown`] for the summary of a build or the
//! comment on a merge request. Both escape whatever they write.

mod markdown;
mod table;

use std::io::{self, Write as _};

use serde::Serialize;

use super::sheet::Sheet;
use super::theme::Tone;
use super::{Options, TextFormat, write_json};
use crate::model::ScannerId;
use crate::model::report::ToolInfo;

/// Writes `value` in `format`; the page that a person reads is put together by `document`.
pub(super) fn write<T: Serialize>(
    format: TextFormat,
    value: &T,
    document: impl FnOnce() -> Document,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // Writers write in small pieces; the file or pipe behind `out` need not see them.
    let mut out = io::BufWriter::new(out);
    match format {
        TextFormat::Table => table::write(&document(), options, &mut out)?,
        TextFormat::Json => write_json(value, &mut out)?,
        TextFormat::Markdown => markdown::write(&document(), &mut out)?,
    }
    out.flush()
}

/// Writes a page as Markdown.
pub(super) fn write_markdown(document: &Document, out: &mut dyn io::Write) -> io::Result<()> {
    markdown::write(document, out)
}

/// Writes one part on a page that is laid out by somebody else.
pub(super) fn write_section(section: &Section, sheet: &mut Sheet<'_>) -> io::Result<()> {
    table::write_section(section, sheet)
}

/// A page.
pub(super) struct Document {
    /// What matters, in one line.
    pub(super) title: String,
    /// The tone of its first word.
    pub(super) tone: Tone,
    /// What stands in the way of trusting the rest.
    pub(super) notices: Vec<Notice>,
    /// What the page is about.
    pub(super) facts: Vec<Fact>,
    /// The parts that have something to say.
    pub(super) sections: Vec<Section>,
    /// Who wrote it, and where the rest is.
    pub(super) footer: String,
}

/// The program that wrote a page about a `whole` that is also there as JSON.
pub(super) fn footer(tool: &ToolInfo, whole: &str, options: &Options) -> String {
    let place = match options.json_report() {
        Some(path) => format!(". The whole {whole}: {path}"),
        None => String::new(),
    };
    format!("{} {}{place}", tool.name, tool.version)
}

/// A sentence that nobody may overlook.
pub(super) struct Notice {
    /// The word before it, with a capital.
    pub(super) word: &'static str,
    /// The tone of that word.
    pub(super) tone: Tone,
    /// One sentence.
    pub(super) sentence: String,
}

/// A name, and lines about it.
pub(super) struct Fact {
    /// The name.
    pub(super) name: String,
    /// The lines.
    pub(super) lines: Vec<String>,
}

impl Fact {
    /// A name with one line about it.
    pub(super) fn new(name: impl Into<String>, line: impl Into<String>) -> Self {
        Self::lines(name, vec![line.into()])
    }

    /// A name with several lines about it.
    pub(super) fn lines(name: impl Into<String>, lines: Vec<String>) -> Self {
        Self {
            name: name.into(),
            lines,
        }
    }
}

/// A part with a title.
pub(super) struct Section {
    /// The title, as the beginning of a sentence.
    pub(super) title: String,
    /// True for evidence that not every reader wants to see: Markdown folds it.
    pub(super) folded: bool,
    /// The content.
    pub(super) blocks: Vec<Block>,
}

impl Section {
    /// A part that every reader sees.
    pub(super) fn open(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            folded: false,
            blocks: Vec::new(),
        }
    }

    /// A part that Markdown folds.
    pub(super) fn folded(title: impl Into<String>) -> Self {
        Self {
            folded: true,
            ..Self::open(title)
        }
    }

    /// Adds a paragraph.
    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds the title of what follows.
    pub(super) fn caption(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Caption(text.into()));
    }

    /// Adds an item of a list.
    pub(super) fn item(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Item(text.into()));
    }

    /// Adds names with lines about each, unless there are none.
    pub(super) fn facts(&mut self, facts: Vec<Fact>) {
        if !facts.is_empty() {
            self.blocks.push(Block::Facts(facts));
        }
    }

    /// Adds the lines of a difference, each with its sign in front, unless there are none.
    pub(super) fn difference(&mut self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.blocks.push(Block::Difference(lines));
        }
    }

    /// Adds a table, unless it has no rows.
    pub(super) fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }
}

/// A piece of a part.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// The title of what follows.
    Caption(String),
    /// An item of a list.
    Item(String),
    /// Names with lines about each.
    Facts(Vec<Fact>),
    /// Lines of a difference, each with its sign in front.
    Difference(Vec<String>),
    /// A table.
    Table(Table),
}

/// Rows and columns. Where a page is too narrow for them, each row becomes a label with a sentence:
/// the names of the columns and what stands in them.
pub(super) struct Table {
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// Number of leading columns that say what a row is about.
    pub(super) labels: usize,
    /// Column that may be wrapped to keep the table a table, and the width that it needs for that.
    pub(super) wraps: Option<(usize, u16)>,
    /// True when a sentence leaves out what is 0.
    pub(super) sparse: bool,
    /// The tone of a line's first word.
    pub(super) tone: fn(&str) -> Tone,
    /// The rows, each with a value for each column.
    pub(super) rows: Vec<Row>,
}

/// Width that a column of a few words needs.
pub(super) const WORDS: u16 = 26;

impl Table {
    /// A table of which the first `labels` columns say what a row is about.
    pub(super) fn new(labels: usize, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            labels,
            wraps: None,
            sparse: false,
            tone: |_| Tone::Plain,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, values: impl IntoIterator<Item = Value>) {
        self.rows.push(Row {
            values: values.into_iter().collect(),
            narrow: None,
        });
    }

    /// Adds a row with what stands there on a narrow page.
    pub(super) fn row_or(&mut self, values: impl IntoIterator<Item = Value>, narrow: Narrow) {
        self.rows.push(Row {
            values: values.into_iter().collect(),
            narrow: Some(narrow),
        });
    }

    /// Removes the columns that say nothing in any row.
    pub(super) fn without_empty_columns(mut self) -> Self {
        let keep: Vec<bool> = (0..self.columns.len())
            .map(|column| {
                let says = |row: &Row| row.values.get(column).is_some_and(Value::says_something);
                column < self.labels || self.rows.iter().any(says)
            })
            .collect();
        let kept = |column: &usize| keep.get(*column) == Some(&true);
        self.wraps = self
            .wraps
            .filter(|(column, _)| kept(column))
            .map(|(column, width)| ((0..column).filter(kept).count(), width));
        retain(&mut self.columns, &keep);
        for row in &mut self.rows {
            retain(&mut row.values, &keep);
        }
        self
    }
}

/// Keeps the items whose place in `keep` says so.
fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| keep.next().copied().unwrap_or(true));
}

/// A column of a table.
pub(super) struct Column {
    /// Its name, in lower case unless it is the name of something.
    pub(super) name: String,
    /// True for the name of something outside: it stays as it is.
    pub(super) verbatim: bool,
    /// True for numbers: aligned to the right.
    pub(super) number: bool,
    /// True when a sentence goes to a new line here.
    pub(super) breaks: bool,
}

impl Column {
    /// A column of text.
    pub(super) fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            verbatim: false,
            number: false,
            breaks: false,
        }
    }

    /// A column of numbers.
    pub(super) fn number(name: &str) -> Self {
        Self {
            number: true,
            ..Self::text(name)
        }
    }

    /// A column of numbers of one scanner.
    pub(super) fn scanner(id: &ScannerId) -> Self {
        Self {
            verbatim: true,
            ..Self::number(id.as_str())
        }
    }

    /// A column of text on one scanner.
    pub(super) fn name_of(id: &ScannerId) -> Self {
        Self {
            number: false,
            ..Self::scanner(id)
        }
    }

    /// The same column, on a new line of sentences.
    pub(super) fn on_new_line(self) -> Self {
        Self {
            breaks: true,
            ..self
        }
    }
}

/// A row of a table.
pub(super) struct Row {
    /// A value for each column.
    pub(super) values: Vec<Value>,
    /// What stands there on a narrow page, where the usual sentence would not do.
    pub(super) narrow: Option<Narrow>,
}

/// A row on a narrow page.
#[derive(Clone)]
pub(super) struct Narrow {
    /// What it is about: columns, each with its lines.
    pub(super) labels: Vec<Vec<String>>,
    /// What there is to say.
    pub(super) lines: Vec<Line>,
}

impl Narrow {
    /// A label with lines.
    pub(super) fn new<L: Into<Line>>(
        label: impl Into<String>,
        lines: impl IntoIterator<Item = L>,
    ) -> Self {
        Self {
            labels: vec![vec![label.into()]],
            lines: lines.into_iter().map(Into::into).collect(),
        }
    }
}

/// Parts that share a line where there is room. None is torn where it need not be.
#[derive(Clone)]
pub(super) struct Line {
    /// The parts.
    pub(super) parts: Vec<String>,
    /// What stands between two of them, without the blank.
    pub(super) mark: &'static str,
}

impl From<String> for Line {
    fn from(part: String) -> Self {
        vec![part].into()
    }
}

impl From<Vec<String>> for Line {
    /// A list, with commas.
    fn from(parts: Vec<String>) -> Self {
        Self { parts, mark: "," }
    }
}

/// What stands in a cell.
#[derive(Clone)]
pub(super) enum Value {
    /// Nothing can be said: a failed scanner has no counts.
    Missing,
    /// A number of things.
    Count(usize),
    /// Text.
    Text(String),
    /// Lines of text.
    Lines(Vec<String>),
    /// Names or versions of things outside, letter by letter: Markdown shows them as code.
    Name(String),
    /// In the set or not.
    Member(bool),
    /// A bar of this length among bars of that length at most.
    Bar(usize, usize),
}

impl Value {
    /// The number, or nothing where `known` is false.
    pub(super) fn count_if(known: bool, count: usize) -> Self {
        if known {
            Self::Count(count)
        } else {
            Self::Missing
        }
    }

    /// Names of things outside.
    pub(super) fn name(name: impl Into<String>) -> Self {
        Self::Name(name.into())
    }

    /// Number or text; nothing for the others.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Count(count) => Some(count.to_string()),
            Self::Text(text) | Self::Name(text) => Some(text.clone()),
            Self::Lines(lines) => Some(lines.join("; ")),
            Self::Missing | Self::Member(_) | Self::Bar(..) => None,
        }
    }

    fn says_something(&self) -> bool {
        !matches!(self, Self::Missing)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&ScannerId> for Value {
    fn from(id: &ScannerId) -> Self {
        Self::Text(id.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// Cuts long lists, and says what was left out.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a>(pub(super) &'a Options);

impl<'a> Cut<'a> {
    /// The rows of a list that are shown.
    pub(super) fn shown<T>(self, all: &[T]) -> &[T] {
        let rows = self.0.rows;
        rows.and_then(|rows| all.get(..rows)).unwrap_or(all)
    }

    /// Says in `section` how many rows of a list are not shown, if any.
    pub(super) fn left_out(self, section: &mut Section, all: usize, shown: usize) {
        if all > shown {
            section.text(self.more(all - shown, ""));
        }
    }

    /// `and 5 more…`: what is not shown, and where it is. `detail` follows the number.
    pub(super) fn more(self, number: usize, detail: &str) -> String {
        format!("and {number} more{detail}. {} lists all.", self.place())
    }

    /// Where everything is listed, to begin a sentence with.
    pub(super) fn place(self) -> &'a str {
        self.0.json_report().unwrap_or("The option --all")
    }
}

/// The length of a bar where the longest, for `most`, is `longest`. Nothing but 0 has no length.
pub(super) fn scaled(number: usize, most: usize, longest: usize) -> usize {
    if number == 0 {
        return 0;
    }
    let length = number.saturating_mul(longest) / most.max(1);
    length.clamp(1, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_say_nothing_go() {
        let mut table = Table::new(1, [Column::text("a"), Column::text("b"), Column::text("c")]);
        table.wraps = Some((2, WORDS));
        table.row(["x".into(), Value::Missing, 0.into()]);
        table.row(["y".into(), Value::Missing, Value::Missing]);
        let table = table.without_empty_columns();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(table.wraps, Some((1, WORDS)));
        assert!(table.rows.iter().all(|row| row.values.len() == 2));
    }
}
