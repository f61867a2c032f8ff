//! The agreement of every two scanners as a matrix in SVG. Every cell holds its numbers; the square
//! behind them grows with the share, so that shades are not needed.

use std::collections::BTreeSet;
use std::io;

use super::markup::Markup;
use super::upset::frame;
use crate::model::ScannerId;
use crate::model::report::PairAgreement;
use crate::report::phrases;

const CELL: usize = 104;
const LABELS: usize = 130;
const HEAD: usize = 30;

/// Writes the matrix.
pub(super) fn write(html: &mut Markup<'_>, pairs: &[PairAgreement]) -> io::Result<()> {
    let scanners: BTreeSet<&ScannerId> = pairs.iter().flat_map(|pair| [&pair.a, &pair.b]).collect();
    let scanners: Vec<&ScannerId> = scanners.into_iter().collect();
    let width = LABELS + CELL * scanners.len();
    let height = HEAD + CELL / 2 * scanners.len() + 2;
    let view = format!("0 0 {width} {height}");
    let (width, height) = (width.to_string(), height.to_string());
    let attributes = [
        ("viewBox", view.as_str()),
        ("width", &width),
        ("height", &height),
        ("role", "img"),
        ("aria-labelledby", "matrix-title"),
    ];
    frame(html, "Matrix of adjusted agreement", |html| {
        html.element("svg", &attributes, |html| {
            html.leaf(
                "title",
                &[("id", "matrix-title")],
                "Adjusted agreement of every two scanners; the table below has the same numbers.",
            )?;
            for (place, scanner) in scanners.iter().enumerate() {
                labels(html, place, scanner)?;
            }
            for (row, a) in scanners.iter().enumerate() {
                for (column, b) in scanners.iter().enumerate() {
                    let pair = pairs
                        .iter()
                        .find(|pair| (&pair.a, &pair.b) == (a, b) || (&pair.a, &pair.b) == (b, a));
                    cell(html, row, column, pair)?;
                }
            }
            Ok(())
        })
    })
}

fn labels(html: &mut Markup<'_>, place: usize, scanner: &ScannerId) -> io::Result<()> {
    let x = (LABELS - 10).to_string();
    let y = (HEAD + CELL / 2 * place + CELL / 4 + 5).to_string();
    html.leaf(
        "text",
        &[("x", &x), ("y", &y), ("text-anchor", "end")],
        scanner.as_str(),
    )?;
    let x = (LABELS + CELL * place + CELL / 2).to_string();
    html.leaf(
        "text",
        &[("x", &x), ("y", "20"), ("text-anchor", "middle")],
        scanner.as_str(),
    )
}

fn cell(
    html: &mut Markup<'_>,
    row: usize,
    column: usize,
    pair: Option<&PairAgreement>,
) -> io::Result<()> {
    let (left, top) = (LABELS + CELL * column, HEAD + CELL / 2 * row);
    let rectangle = |html: &mut Markup<'_>, class, width: usize| {
        let (x, y) = ((left + 1).to_string(), (top + 1).to_string());
        let (width, height) = (width.to_string(), (CELL / 2 - 2).to_string());
        html.empty(
            "rect",
            &[
                ("class", class),
                ("x", &x),
                ("y", &y),
                ("width", &width),
                ("height", &height),
            ],
        )
    };
    rectangle(html, "cell", CELL - 2)?;
    let Some(pair) = pair else {
        return Ok(());
    };
    let either = pair.adjusted_both + pair.adjusted_only_a + pair.adjusted_only_b;
    rectangle(
        html,
        "level",
        (CELL - 2) * pair.adjusted_both / either.max(1),
    )?;
    let x = (left + CELL / 2).to_string();
    let words = phrases::adjusted(pair);
    let (share, counts) = words.split_once(" (").unwrap_or((&words, ""));
    let mut lines = vec![(top + CELL / 4 - 2, share)];
    if !counts.is_empty() {
        lines.push((top + CELL / 4 + 15, counts.trim_end_matches(')')));
    }
    for (y, line) in lines {
        let y = y.to_string();
        html.leaf(
            "text",
            &[("x", &x), ("y", &y), ("text-anchor", "middle")],
            line,
        )?;
    }
    Ok(())
}
