//! What is said of a comparison, before it is laid out. No text here is escaped yet.

use crate::model::ScannerId;
use crate::model::comparison::{Comparison, Interval, Share};
use crate::report::Options;
use crate::report::phrases;

/// A comparison for a person.
pub(super) struct Document {
    /// What was compared.
    pub(super) title: String,
    /// What stands in the way of trusting the rest.
    pub(super) problems: Vec<Problem>,
    /// Names and values.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The parts that have something to say.
    pub(super) sections: Vec<Section>,
    /// Who wrote it, and where the rest is.
    pub(super) footer: String,
}

/// A scanner that cannot be trusted on every image.
pub(super) struct Problem {
    /// True where there is no result, false where a result lacks a part.
    pub(super) failed: bool,
    /// One sentence.
    pub(super) sentence: String,
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
    /// A table.
    Table(Table),
}

/// Rows and columns. Where a page is too narrow for them, each row becomes a label with a sentence:
/// the names of the columns and what stands in them.
#[derive(Default)]
pub(super) struct Table {
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// Number of leading columns that say what a row is about.
    pub(super) labels: usize,
    /// Column that may be wrapped to keep the table a table.
    pub(super) wraps: Option<usize>,
    /// True when a sentence leaves out what is 0.
    pub(super) sparse: bool,
    /// The rows, each with a value for each column.
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// A table of which the first `labels` columns say what a row is about.
    pub(super) fn new(labels: usize, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            labels,
            ..Self::default()
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, values: impl IntoIterator<Item = Value>) {
        self.rows.push(Row {
            values: values.into_iter().collect(),
            sentence: None,
        });
    }

    /// Adds a row with its own label and lines for narrow pages; each line is made of parts.
    pub(super) fn row_or(
        &mut self,
        values: impl IntoIterator<Item = Value>,
        label: impl Into<String>,
        lines: Vec<Vec<String>>,
    ) {
        self.rows.push(Row {
            values: values.into_iter().collect(),
            sentence: Some((label.into(), lines)),
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
            .filter(kept)
            .map(|wraps| (0..wraps).filter(kept).count());
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
    /// Label and lines of parts for narrow pages, where the usual sentence would not do.
    pub(super) sentence: Option<(String, Vec<Vec<String>>)>,
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

    /// Number or text; nothing for the others.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Count(count) => Some(count.to_string()),
            Self::Text(text) => Some(text.clone()),
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

impl From<&Share> for Value {
    fn from(share: &Share) -> Self {
        match share.value {
            Some(_) => Self::Text(percent(share)),
            None => Self::Missing,
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// What the sections are written from.
pub(super) struct Writer<'a> {
    /// The comparison.
    pub(super) comparison: &'a Comparison,
    /// How much is shown.
    pub(super) options: &'a Options,
}

impl<'a> Writer<'a> {
    /// True when the comparison is about one image.
    pub(super) fn is_single(&self) -> bool {
        self.comparison.images.len() == 1
    }

    /// The rows of a list that are shown.
    pub(super) fn shown<'b, T>(&self, all: &'b [T]) -> &'b [T] {
        self.options
            .rows
            .and_then(|rows| all.get(..rows))
            .unwrap_or(all)
    }

    /// Says in `section` how many rows of a list are not shown, if any.
    pub(super) fn left_out(&self, section: &mut Section, all: usize, shown: usize) {
        if all > shown {
            section.text(self.more(all - shown, ""));
        }
    }

    /// `and 5 more…`: what is not shown, and where it is. `detail` follows the number.
    pub(super) fn more(&self, number: usize, detail: &str) -> String {
        let place = self.options.json_report.as_deref();
        let place = place.unwrap_or("The JSON form");
        format!("and {number} more{detail}. {place} lists all.")
    }

    /// The scanners that gave a result on at least one image.
    pub(super) fn with_results(&self) -> Vec<&'a ScannerId> {
        let scanners = self.comparison.scanners.iter();
        scanners
            .filter(|scanner| scanner.results.count > 0)
            .map(|scanner| &scanner.scanner)
            .collect()
    }
}

/// A share with its counts and, over several images, its interval: `92 % (460/500; 88 to 95 %)`.
pub(super) fn percent(share: &Share) -> String {
    let text = phrases::share(share.value, share.count, share.of);
    match (share.interval, text.strip_suffix(')')) {
        (Some(interval), Some(open)) => format!("{open}; {})", range(interval, 0)),
        _ => text,
    }
}

/// `88 to 95 %`, with so many decimals.
pub(super) fn range(interval: Interval, decimals: usize) -> String {
    // Adding 0 turns the -0 that rounding may give into 0.
    let scale = if decimals == 0 { 1.0 } else { 10.0 };
    let end = |end: f64| (end * 100.0 * scale).round() / scale + 0.0;
    format!(
        "{:.decimals$} to {:.decimals$} %",
        end(interval.low),
        end(interval.high)
    )
}

/// `docker-scout + grype`.
pub(super) fn together(scanners: &[ScannerId]) -> String {
    let names: Vec<&str> = scanners.iter().map(ScannerId::as_str).collect();
    names.join(" + ")
}

/// `2 critical, 1 high`: the parts that are not 0, in the order given; empty when all are.
pub(super) fn listed<N: std::fmt::Display>(counts: impl IntoIterator<Item = (usize, N)>) -> String {
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    parts.join(", ")
}

/// The first letters of a digest, as container tools show it; any other text as it is.
pub(super) fn short_digest(text: &str) -> &str {
    let is_digest = text.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    text.get(..19).filter(|_| is_digest).unwrap_or(text)
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
    fn a_share_has_its_counts_and_its_interval() {
        let mut share = Share {
            count: 460,
            of: 500,
            value: Some(0.92),
            interval: None,
        };
        assert_eq!(percent(&share), "92 % (460/500)");
        share.interval = Some(Interval {
            low: 0.881,
            high: 0.954,
        });
        assert_eq!(percent(&share), "92 % (460/500; 88 to 95 %)");
    }

    #[test]
    fn the_end_of_a_range_is_never_minus_zero() {
        let interval = Interval {
            low: -0.0004,
            high: 0.052,
        };
        assert_eq!(range(interval, 0), "0 to 5 %");
        assert_eq!(range(interval, 1), "0.0 to 5.2 %");
    }

    #[test]
    fn columns_that_say_nothing_go() {
        let mut table = Table::new(1, [Column::text("a"), Column::text("b"), Column::text("c")]);
        table.wraps = Some(2);
        table.row(["x".into(), Value::Missing, 0.into()]);
        table.row(["y".into(), Value::Missing, Value::Missing]);
        let table = table.without_empty_columns();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(table.wraps, Some(1));
        assert!(table.rows.iter().all(|row| row.values.len() == 2));
    }
}
