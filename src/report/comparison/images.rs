//! The images on which a scanner failed or gave less than a whole result.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::overview::problem;
use super::words::{Writer, short_digest};
use crate::model::ScannerId;
use crate::model::comparison::{ComparedImage, PartStatus, ScannerPart};
use crate::report::document::{Column, Narrow, Section, Table, Value, WORDS};
use crate::report::phrases::count;

/// Image by scanner, and why the scanners failed.
pub(super) fn failures(writer: &Writer<'_>) -> Section {
    let comparison = writer.comparison;
    let images: Vec<&ComparedImage> = comparison
        .images
        .iter()
        .filter(|image| image.scanners.values().any(|part| !is_whole(part)))
        .collect();
    let mut section = Section::folded(format!(
        "Images without a whole result of every scanner ({} of {})",
        images.len(),
        comparison.images.len()
    ));
    // What there is to say on one image is said at the top.
    if writer.is_single() || images.is_empty() {
        return section;
    }
    let twice = references_of_several(&comparison.images);
    let mut table = Table::new(
        1,
        std::iter::once(Column::text("image")).chain(
            comparison
                .scanners
                .iter()
                .map(|scanner| Column::scanner(&scanner.scanner)),
        ),
    );
    table.wraps = Some((0, WORDS));
    let shown = writer.cut.shown(&images);
    for image in shown {
        let parts: Vec<(&ScannerId, Value)> = comparison
            .scanners
            .iter()
            .map(|scanner| {
                let part = image.scanners.get(&scanner.scanner);
                (&scanner.scanner, part.map_or(Value::Missing, cell))
            })
            .collect();
        let name = match &image.digest {
            Some(digest) if twice.contains(image.reference.as_str()) => {
                format!("{} ({})", image.reference, short_digest(digest))
            }
            _ => image.reference.clone(),
        };
        let sentence = parts
            .iter()
            .map(|(scanner, value)| match value.words() {
                Some(words) => format!("{scanner} {words}"),
                None => format!("{scanner} not asked"),
            })
            .collect();
        table.row_or(
            std::iter::once(name.as_str().into()).chain(parts.into_iter().map(|(_, value)| value)),
            Narrow::new(standing(image), vec![vec![name], sentence]),
        );
    }
    section.table(table);
    writer.cut.left_out(&mut section, images.len(), shown.len());
    section.text("Findings reported, or why there are none. -: not asked.");
    reasons(writer, &images, &mut section);
    section
}

/// The worst that happened on an image: `2 failed`, `partial`.
fn standing(image: &ComparedImage) -> String {
    let failed = image
        .scanners
        .values()
        .filter(|part| matches!(part.status, PartStatus::Failed(_)));
    match failed.count() {
        0 => "partial".to_owned(),
        failed => format!("{failed} failed"),
    }
}

fn is_whole(part: &ScannerPart) -> bool {
    part.status == PartStatus::Completed
}

/// The number of findings, or what there is instead.
fn cell(part: &ScannerPart) -> Value {
    match part.status {
        PartStatus::Completed => part.reported.into(),
        PartStatus::Partial => format!("{} (partial)", part.reported).into(),
        PartStatus::Failed(kind) => kind.as_str().into(),
    }
}

/// References that more than one image has.
fn references_of_several(images: &[ComparedImage]) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let references = images.iter().map(|image| image.reference.as_str());
    references
        .filter(|reference| !seen.insert(*reference))
        .collect()
}

/// Why, by scanner; the same reason once with its number of images.
fn reasons(writer: &Writer<'_>, images: &[&ComparedImage], section: &mut Section) {
    let mut reasons: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for image in images {
        for (scanner, part) in &image.scanners {
            if !is_whole(part) {
                *reasons
                    .entry((scanner.as_str(), problem(part)))
                    .or_default() += 1;
            }
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, number)| Reverse(*number));
    let shown = writer.cut.shown(&reasons);
    let mut table = Table::new(
        1,
        [
            Column::text("scanner"),
            Column::text("images"),
            Column::text("why"),
        ],
    );
    table.wraps = Some((2, WORDS));
    for ((scanner, reason), number) in shown {
        table.row_or(
            [(*scanner).into(), (*number).into(), reason.as_str().into()],
            Narrow::new(
                *scanner,
                vec![vec![format!(
                    "{}: {reason}",
                    count(*number, "image", "images")
                )]],
            ),
        );
    }
    section.table(table);
    writer.cut.left_out(section, reasons.len(), shown.len());
}
