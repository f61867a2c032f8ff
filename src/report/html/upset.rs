//! An UpSet plot (A. Lex and others, IEEE TVCG 20(12), 2014) as SVG: bars over columns of dots. Filled
//! and hollow dots and a line tell members, numbers stand on the bars: colour says nothing.

use std::io;

use super::markup::Markup;
use crate::model::ScannerId;
use crate::model::comparison::{Base, SetIntersection};

/// Columns; the rest is in the table below.
const MOST_COLUMNS: usize = 24;
const COLUMN: usize = 34;
const ROW: usize = 28;
const BARS: usize = 150;
/// Above the highest bar, for its number.
const TOP: usize = 20;
const LABELS: usize = 130;

/// Writes the plot.
pub(super) fn write(
    html: &mut Markup<'_>,
    base: &Base,
    sets: &[SetIntersection],
) -> io::Result<()> {
    let shown = sets.get(..MOST_COLUMNS).unwrap_or(sets);
    let greatest = shown.iter().map(|set| set.count).max().unwrap_or(1).max(1);
    let width = LABELS + COLUMN * shown.len() + 10;
    let height = TOP + BARS + 12 + ROW * base.scanners.len();
    let view = format!("0 0 {width} {height}");
    let (width, height) = (width.to_string(), height.to_string());
    let attributes = [
        ("viewBox", view.as_str()),
        ("width", &width),
        ("height", &height),
        ("role", "img"),
        ("aria-labelledby", "upset-title"),
    ];
    frame(html, "UpSet plot", |html| {
        html.element("svg", &attributes, |html| {
            html.leaf("title", &[("id", "upset-title")], &summary(shown))?;
            for (row, scanner) in base.scanners.iter().enumerate() {
                stripe(html, row, scanner, &width)?;
            }
            for (column, set) in shown.iter().enumerate() {
                bar(html, column, set.count, greatest)?;
                dots(html, column, set, base)?;
            }
            Ok(())
        })
    })?;
    if sets.len() > shown.len() {
        let text = format!(
            "and {} smaller groups, in the table.",
            sets.len() - shown.len()
        );
        html.leaf("p", &[("class", "remark")], &text)?;
    }
    Ok(())
}

/// A drawing that scrolls on its own where it does not fit.
pub(super) fn frame(
    html: &mut Markup<'_>,
    label: &str,
    content: impl FnOnce(&mut Markup<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let attributes = [
        ("class", "scroll drawing"),
        ("role", "region"),
        ("aria-label", label),
        ("tabindex", "0"),
    ];
    html.element("div", &attributes, content)
}

/// The plot in words, for those who do not see it.
fn summary(sets: &[SetIntersection]) -> String {
    let groups = sets.iter().take(3).map(|set| {
        let names: Vec<&str> = set.scanners.iter().map(ScannerId::as_str).collect();
        format!("{} by exactly {}", set.count, names.join(" and "))
    });
    let groups: Vec<String> = groups.collect();
    format!(
        "UpSet plot of findings by reporting scanners. Largest groups: {}.",
        groups.join("; ")
    )
}

fn row_middle(row: usize) -> usize {
    TOP + BARS + 12 + ROW * row + ROW / 2
}

fn column_middle(column: usize) -> usize {
    LABELS + COLUMN * column + COLUMN / 2
}

fn stripe(html: &mut Markup<'_>, row: usize, scanner: &ScannerId, width: &str) -> io::Result<()> {
    let top = (row_middle(row) - ROW / 2).to_string();
    let class = if row.is_multiple_of(2) {
        "stripe"
    } else {
        "stripe odd"
    };
    let height = ROW.to_string();
    html.empty(
        "rect",
        &[
            ("class", class),
            ("y", &top),
            ("width", width),
            ("height", &height),
        ],
    )?;
    let (x, y) = ((LABELS - 10).to_string(), (row_middle(row) + 5).to_string());
    html.leaf(
        "text",
        &[("x", &x), ("y", &y), ("text-anchor", "end")],
        scanner.as_str(),
    )
}

fn bar(html: &mut Markup<'_>, column: usize, count: usize, greatest: usize) -> io::Result<()> {
    let height = (count * BARS).div_ceil(greatest);
    let middle = column_middle(column).to_string();
    let left = (column_middle(column) - 10).to_string();
    let top = TOP + BARS - height;
    let (y, label) = (top.to_string(), (top - 5).to_string());
    let height = height.to_string();
    html.empty(
        "rect",
        &[
            ("class", "bar"),
            ("x", &left),
            ("y", &y),
            ("width", "20"),
            ("height", &height),
        ],
    )?;
    let place = [
        ("x", middle.as_str()),
        ("y", &label),
        ("text-anchor", "middle"),
    ];
    html.leaf("text", &place, &count.to_string())
}

fn dots(
    html: &mut Markup<'_>,
    column: usize,
    set: &SetIntersection,
    base: &Base,
) -> io::Result<()> {
    let is_member: Vec<bool> = base
        .scanners
        .iter()
        .map(|scanner| set.scanners.contains(scanner))
        .collect();
    let x = column_middle(column).to_string();
    let first = is_member.iter().position(|member| *member);
    let last = is_member.iter().rposition(|member| *member);
    if let (Some(first), Some(last)) = (first, last) {
        let (y1, y2) = (row_middle(first).to_string(), row_middle(last).to_string());
        let ends = [
            ("class", "link"),
            ("x1", x.as_str()),
            ("y1", &y1),
            ("x2", &x),
            ("y2", &y2),
        ];
        html.empty("line", &ends)?;
    }
    for (row, is_member) in is_member.iter().enumerate() {
        let (class, radius) = if *is_member {
            ("dot", "7")
        } else {
            ("dot hollow", "5")
        };
        let y = row_middle(row).to_string();
        html.empty(
            "circle",
            &[("class", class), ("cx", &x), ("cy", &y), ("r", radius)],
        )?;
    }
    Ok(())
}
