//! How far every two scanners agree: on what there is, on severities, on fixes.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::words::{Writer, percent};
use crate::model::comparison::{ComparedPair, MatrixCell};
use crate::model::{FixState, Severity};
use crate::report::document::{Column, Narrow, Section, Table, Value};
use crate::report::phrases::count;

/// Pairs whose matrix is shown unless everything is asked for.
const MATRICES: usize = 3;

/// Agreement on findings, from the coarsest way of counting to the fairest.
pub(super) fn pairs(writer: &Writer<'_>) -> Section {
    let pairs = &writer.comparison.pairs;
    let mut section = Section::open("Agreement of every two scanners");
    let mut table = Table::new(
        2,
        [
            Column::text("first"),
            Column::text("second"),
            Column::number("images"),
            Column::number("both"),
            Column::number("only first"),
            Column::number("only second"),
            Column::number("naive"),
            Column::number("adjusted"),
            Column::number("of the smaller"),
        ],
    );
    let mut ladder = Table::new(
        2,
        [
            Column::text("first"),
            Column::text("second"),
            Column::number("raw id"),
            Column::number("CVE and name"),
            Column::number("finding"),
            Column::number("adjusted"),
        ],
    );
    let shown = writer.cut.shown(pairs);
    for pair in shown {
        let levels = &pair.agreement;
        let (a, b) = (&pair.a, &pair.b);
        let finding = &levels.finding;
        let images = Value::count_if(!writer.is_single(), pair.images);
        let mut counts = vec![
            format!("both {}", finding.both),
            format!("only {a} {}", finding.only_a),
            format!("only {b} {}", finding.only_b),
        ];
        if !writer.is_single() {
            counts.push(format!("on {}", count(pair.images, "image", "images")));
        }
        let shares = vec![
            format!("naive {}", percent(&finding.jaccard)),
            format!("adjusted {}", percent(&levels.adjusted.jaccard)),
            format!("of the smaller {}", percent(&finding.overlap)),
        ];
        table.row_or(
            [
                a.into(),
                b.into(),
                images,
                finding.both.into(),
                finding.only_a.into(),
                finding.only_b.into(),
                (&finding.jaccard).into(),
                (&levels.adjusted.jaccard).into(),
                (&finding.overlap).into(),
            ],
            Narrow::new(format!("{a} + {b}"), vec![counts, shares]),
        );
        ladder.row([
            a.into(),
            b.into(),
            (&levels.raw.jaccard).into(),
            (&levels.by_vulnerability_and_name.jaccard).into(),
            (&finding.jaccard).into(),
            (&levels.adjusted.jaccard).into(),
        ]);
    }
    section.table(table.without_empty_columns());
    writer.cut.left_out(&mut section, pairs.len(), shown.len());
    if section.blocks.is_empty() {
        return section;
    }
    section.text(
        "Naive: findings of both, of those of either. Adjusted: without void ones and those that the \
         silent scanner is excused from. Of the smaller: findings of both, of those of the scanner \
         that has fewer.",
    );
    section.table(ladder.without_empty_columns());
    section.text(
        "The same pairs by what counts as the same, in this order: id, package name and version letter \
         by letter; vulnerability, package name and version; finding; finding, adjusted.",
    );
    section
}

/// Where two scanners show different severities.
pub(super) fn severity(writer: &Writer<'_>) -> Section {
    let bands = |cell: &MatrixCell<Severity>| match (cell.a.comparable(), cell.b.comparable()) {
        (a, b) if a == b => Gap::None,
        (Severity::Unknown, _) | (_, Severity::Unknown) => Gap::Unknown,
        (a, b) => match band(a).abs_diff(band(b)) {
            1 => Gap::One,
            _ => Gap::More,
        },
    };
    Disagreement {
        title: "Severities that every two scanners show",
        gaps: &[
            (Gap::None, "same"),
            (Gap::One, "one band apart"),
            (Gap::More, "two or more"),
            (Gap::Unknown, "rated by one only"),
        ],
        gap: &bands,
        words: Severity::as_str,
        worst_first: &Severity::WORST_FIRST,
        remark: "Of findings that both list. Negligible counts as low.",
    }
    .section(writer, |pair| &pair.severity)
}

/// The place of a band among those that are compared.
fn band(severity: Severity) -> usize {
    let worst_first = Severity::WORST_FIRST;
    let place = worst_first.iter().position(|band| *band == severity);
    place.unwrap_or(worst_first.len())
}

/// Where two scanners say different things on fixes.
pub(super) fn fix(writer: &Writer<'_>) -> Section {
    let states = |cell: &MatrixCell<FixState>| match (cell.a, cell.b) {
        (a, b) if a == b => Gap::None,
        (FixState::Unknown, _) | (_, FixState::Unknown) => Gap::Unknown,
        (FixState::Fixed, _) | (_, FixState::Fixed) => Gap::More,
        _ => Gap::One,
    };
    Disagreement {
        title: "Fix states that every two scanners give",
        gaps: &[
            (Gap::None, "same"),
            (Gap::One, "no fix, other reason"),
            (Gap::More, "fixed or not"),
            (Gap::Unknown, "stated by one only"),
        ],
        gap: &states,
        words: fix_words,
        worst_first: &[
            FixState::Fixed,
            FixState::NotFixed,
            FixState::WontFix,
            FixState::Deferred,
            FixState::EndOfLife,
            FixState::Unknown,
        ],
        remark: "Of findings that both list.",
    }
    .section(writer, |pair| &pair.fix)
}

/// A fix state as the head of a column.
fn fix_words(state: FixState) -> &'static str {
    match state {
        FixState::Fixed => "fixed",
        FixState::NotFixed => "not fixed",
        FixState::WontFix => "will not fix",
        FixState::Deferred => "deferred",
        FixState::EndOfLife => "out of support",
        FixState::Unknown => "unknown",
    }
}

/// How far two words of two scanners are apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    One,
    More,
    Unknown,
}

/// What two scanners say in words of one kind, and how to tell it.
struct Disagreement<'a, T> {
    title: &'static str,
    /// The gaps in the order of their columns.
    gaps: &'a [(Gap, &'static str)],
    gap: &'a dyn Fn(&MatrixCell<T>) -> Gap,
    words: fn(T) -> &'static str,
    /// Every word in the order of a matrix.
    worst_first: &'a [T],
    remark: &'static str,
}

impl<T: Copy + Ord> Disagreement<'_, T> {
    /// A table of all pairs, and a matrix for those that differ most.
    fn section(
        &self,
        writer: &Writer<'_>,
        cells: fn(&ComparedPair) -> &Vec<MatrixCell<T>>,
    ) -> Section {
        let mut section = Section::folded(self.title);
        let pairs: Vec<&ComparedPair> = writer
            .comparison
            .pairs
            .iter()
            .filter(|pair| !cells(pair).is_empty())
            .collect();
        let columns = [
            Column::text("first"),
            Column::text("second"),
            Column::number("compared"),
        ];
        let mut table = Table::new(
            2,
            columns
                .into_iter()
                .chain(self.gaps.iter().map(|(_, name)| Column::number(name))),
        );
        let shown = writer.cut.shown(&pairs);
        for pair in shown {
            let cells = cells(pair);
            let number = |gap| sum(cells.iter().filter(|cell| (self.gap)(cell) == gap));
            let compared = sum(cells);
            table.row(
                [(&pair.a).into(), (&pair.b).into(), compared.into()]
                    .into_iter()
                    .chain(self.gaps.iter().map(|(gap, _)| number(*gap).into())),
            );
        }
        section.table(table);
        if section.blocks.is_empty() {
            return section;
        }
        writer.cut.left_out(&mut section, pairs.len(), shown.len());
        section.text(self.remark);

        let differ = |pair: &ComparedPair| {
            let cells = cells(pair).iter();
            sum(cells.filter(|cell| (self.gap)(cell) != Gap::None))
        };
        let mut matrices: Vec<&ComparedPair> = pairs;
        matrices.retain(|pair| differ(pair) > 0);
        matrices.sort_by_key(|pair| Reverse(differ(pair)));
        let limit = match writer.cut.0.rows {
            Some(rows) => rows.min(MATRICES),
            None => matrices.len(),
        };
        for pair in matrices.iter().take(limit) {
            section.caption(format!("{} down, {} across:", pair.a, pair.b));
            section.table(self.matrix(cells(pair)));
        }
        if matrices.len() > limit {
            section.text(writer.cut.more(matrices.len() - limit, " that differ"));
        }
        section
    }

    /// The first scanner's words down, the second's across.
    fn matrix(&self, cells: &[MatrixCell<T>]) -> Table {
        let down: BTreeSet<T> = cells.iter().map(|cell| cell.a).collect();
        let across: BTreeSet<T> = cells.iter().map(|cell| cell.b).collect();
        let in_order = |present: BTreeSet<T>| {
            let words = self.worst_first.iter().copied();
            words.filter(move |word| present.contains(word))
        };
        let across: Vec<T> = in_order(across).collect();
        let mut table = Table::new(
            1,
            std::iter::once(Column::text("")).chain(
                across
                    .iter()
                    .map(|word| Column::number((self.words)(*word))),
            ),
        );
        for a in in_order(down) {
            let number = |b: T| {
                let at = |cell: &&MatrixCell<T>| (cell.a, cell.b) == (a, b);
                sum(cells.iter().filter(at))
            };
            let words = (self.words)(a);
            let numbers = across.iter().map(|b| number(*b).into());
            // On a narrow page only what differs.
            let others = across.iter().filter(|b| **b != a);
            let others = others
                .map(|b| (number(*b), (self.words)(*b)))
                .filter(|(number, _)| *number > 0)
                .map(|(number, words)| format!("{words} {number}"));
            let line = std::iter::once(format!("same {}", number(a)));
            table.row_or(
                std::iter::once(words.into()).chain(numbers),
                Narrow::new(words, [line.chain(others).collect::<Vec<_>>()]),
            );
        }
        table
    }
}

/// All findings of some cells.
fn sum<'c, T: 'c>(cells: impl IntoIterator<Item = &'c MatrixCell<T>>) -> usize {
    cells.into_iter().map(|cell| cell.count).sum()
}
