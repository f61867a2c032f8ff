//! What was compared, whom to trust, and why scanners do not report what others do.

use std::collections::{BTreeMap, BTreeSet};

use super::words::Writer;
use crate::model::comparison::{
    ComparedImage, ComparedScanner, PartStatus, ScannerPart, UnreadInput,
};
use crate::model::{Cause, FailureKind};
use crate::report::document::{Column, Fact, Notice, Section, Table, Value, WORDS};
use crate::report::phrases::{self, count};
use crate::report::theme::Tone;

/// What was compared.
pub(super) fn title(writer: &Writer<'_>) -> String {
    let comparison = writer.comparison;
    let scanners = count(comparison.scanners.len(), "scanner", "scanners");
    let images = count(comparison.images.len(), "image", "images");
    let distinct = comparison.universe.distinct_images;
    let distinct = if distinct == comparison.images.len() {
        String::new()
    } else {
        format!(", {distinct} of them distinct")
    };
    format!("{scanners} compared on {images}{distinct}")
}

/// Failures, then what could not be read, then results that lack a part.
pub(super) fn notices(writer: &Writer<'_>) -> Vec<Notice> {
    let comparison = writer.comparison;
    let failed = comparison
        .scanners
        .iter()
        .filter_map(|scanner| failure(writer, scanner));
    let partial = comparison
        .scanners
        .iter()
        .filter_map(|scanner| partial(writer, scanner));
    failed.chain(unread(writer)).chain(partial).collect()
}

/// What was asked for and is in none of the counts.
fn unread(writer: &Writer<'_>) -> Vec<Notice> {
    let unread = &writer.comparison.unread;
    let shown = writer.cut.shown(unread);
    let mut sentences: Vec<String> = shown.iter().map(unread_input).collect();
    if unread.len() > shown.len() {
        sentences.push(writer.cut.more(unread.len() - shown.len(), ""));
    }
    let notice = |sentence| Notice {
        word: "Unread",
        tone: Tone::Bad,
        sentence,
    };
    sentences.into_iter().map(notice).collect()
}

/// The problem; its path in front unless the problem names it.
fn unread_input(input: &UnreadInput) -> String {
    let UnreadInput { source, problem } = input;
    if problem.contains(source.as_str()) {
        problem.clone()
    } else {
        format!("{source}: {problem}")
    }
}

fn failure(writer: &Writer<'_>, scanner: &ComparedScanner) -> Option<Notice> {
    let asked = scanner.results.of;
    let failed = asked.saturating_sub(scanner.results.count);
    if failed == 0 {
        return None;
    }
    let title = &scanner.title;
    let only_part = match writer.comparison.images.as_slice() {
        [image] => image.scanners.get(&scanner.scanner),
        _ => None,
    };
    let sentence = if let Some(part) = only_part {
        format!("{title} gave no result: {}", problem(part))
    } else {
        let kinds: Vec<String> = scanner
            .failures
            .iter()
            .map(|(kind, number)| format!("{kind} {number}"))
            .collect();
        let others = match writer.comparison.images.len().saturating_sub(asked) {
            0 => String::new(),
            others => format!(" (and was not asked about {others} more)"),
        };
        format!(
            "{title} gave no result on {failed} of {}{others}: {}",
            count(asked, "image", "images"),
            kinds.join(", ")
        )
    };
    Some(Notice {
        word: "Failed",
        tone: Tone::Bad,
        sentence,
    })
}

fn partial(writer: &Writer<'_>, scanner: &ComparedScanner) -> Option<Notice> {
    let parts: Vec<&ScannerPart> = writer
        .comparison
        .images
        .iter()
        .filter_map(|image| image.scanners.get(&scanner.scanner))
        .filter(|part| part.status == PartStatus::Partial)
        .collect();
    let title = &scanner.title;
    let sentence = match parts.as_slice() {
        [] => return None,
        [part] if writer.is_single() => {
            let lacks = part.problem.as_deref().unwrap_or("a part");
            format!("the result of {title} lacks {lacks}")
        }
        parts => format!(
            "the result of {title} lacks a part on {} of {}",
            parts.len(),
            count(scanner.results.of, "image", "images")
        ),
    };
    Some(Notice {
        word: "Partial",
        tone: Tone::Attention,
        sentence,
    })
}

/// Why a part has no result or lacks something: its class first.
pub(super) fn problem(part: &ScannerPart) -> String {
    let text = part.problem.as_deref();
    match part.status {
        PartStatus::Failed(kind) => match text {
            Some(text) if kind == FailureKind::Other => text.to_owned(),
            Some(text) => format!("{kind}: {text}"),
            None => kind.to_string(),
        },
        PartStatus::Completed | PartStatus::Partial => text.unwrap_or("not stated").to_owned(),
    }
}

/// The images and the number of findings.
pub(super) fn facts(writer: &Writer<'_>) -> Vec<Fact> {
    let comparison = writer.comparison;
    let universe = &comparison.universe;
    let mut facts = Vec::new();
    match comparison.images.as_slice() {
        [] => {}
        [image] => {
            facts.push(Fact::new("Image", image.reference.as_str()));
            let digest = image.digest.as_deref();
            facts.extend(digest.map(|digest| Fact::new("Digest", digest)));
            facts.push(Fact::new("Read from", image.source.as_str()));
        }
        images => {
            let names = images.iter().map(|image| image.reference.as_str());
            facts.push(Fact::new("Images", phrases::names(names)));
        }
    }
    facts.push(Fact::new(
        "Findings",
        format!(
            "{}, of {}; {} reported by every scanner with a result, {} by one only",
            universe.findings,
            count(universe.vulnerabilities, "vulnerability", "vulnerabilities"),
            universe.shared_by_all,
            universe.by_one_only,
        ),
    ));
    if universe.void > 0 {
        facts.push(Fact::new(
            "Void",
            format!(
                "{} of these, since the vulnerability was rejected or withdrawn: in the naive \
                 agreement only",
                universe.void
            ),
        ));
    }
    facts
}

/// Each scanner's result, what it covers and what it costs.
pub(super) fn scanners(writer: &Writer<'_>) -> Section {
    let comparison = writer.comparison;
    let with_result = writer.with_results().len();
    let mut section = Section::open(format!(
        "Scanners ({with_result} of {} gave a result)",
        comparison.scanners.len()
    ));
    let mut table = Table::new(
        1,
        [
            Column::text("scanner"),
            Column::text(if writer.is_single() {
                "result"
            } else {
                "results"
            }),
            Column::number("reported"),
            Column::number("alone"),
            Column::number("coverage"),
            Column::number("time").on_new_line(),
            Column::number("peak memory"),
            Column::number("time per finding it adds"),
        ],
    );
    for scanner in &comparison.scanners {
        let id = &scanner.scanner;
        let known = scanner.results.count > 0;
        let result = match comparison.images.as_slice() {
            [image] => image.scanners.get(id).map(status),
            _ => Some(format!(
                "{} of {}",
                scanner.results.count, scanner.results.of
            )),
        };
        let contribution = comparison.contributions.iter().find(|c| c.scanner == *id);
        let coverage = if known {
            Value::from(&scanner.coverage)
        } else {
            Value::Missing
        };
        table.row([
            id.into(),
            result.into(),
            Value::count_if(known, scanner.reported),
            Value::count_if(known, scanner.alone),
            coverage,
            scanner.duration_ms.map(phrases::duration).into(),
            scanner.peak_memory_bytes.map(phrases::memory).into(),
            contribution
                .and_then(|c| c.duration_ms_per_marginal)
                .map(phrases::duration)
                .into(),
        ]);
    }
    section.table(table.without_empty_columns());
    if section.blocks.is_empty() {
        return section;
    }
    let versions = versions(&comparison.images);
    if !versions.is_empty() {
        section.text(versions);
    }
    section.text(
        "Coverage: findings that it reports, of those that it could have reported; it is excused \
         from packages that it does not assess and findings that it withholds.",
    );
    if comparison
        .scanners
        .iter()
        .any(|scanner| scanner.coverage.interval.is_some())
    {
        section.text(
            "After a semicolon: where the share lies over images like these, with 95 % confidence.",
        );
    }
    section
}

/// How a scanner ended, in one word or two.
fn status(part: &ScannerPart) -> String {
    match part.status {
        PartStatus::Completed => "ok".to_owned(),
        PartStatus::Partial => "partial".to_owned(),
        PartStatus::Failed(kind) => format!("failed: {kind}"),
    }
}

/// The versions of the scanners and the days of their databases.
fn versions(images: &[ComparedImage]) -> String {
    let mut stated: BTreeMap<_, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for (id, part) in images.iter().flat_map(|image| &image.scanners) {
        let (versions, databases) = stated.entry(id).or_default();
        versions.extend(part.version.as_deref());
        // The day of a moment in RFC 3339.
        databases.extend(
            part.database_built
                .as_deref()
                .map(|built| built.get(..10).unwrap_or(built)),
        );
    }
    let parts: Vec<String> = stated
        .into_iter()
        .filter(|(_, (versions, databases))| !versions.is_empty() || !databases.is_empty())
        .map(|(id, (versions, databases))| {
            let versions = if versions.is_empty() {
                "version not stated".to_owned()
            } else {
                phrases::names(versions)
            };
            let databases = match (databases.first(), databases.last()) {
                (Some(first), Some(last)) if first == last => format!(", database of {first}"),
                (Some(first), Some(last)) => format!(", databases of {first} to {last}"),
                _ => String::new(),
            };
            format!("{id} {versions}{databases}")
        })
        .collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!("Versions: {}", parts.join("; ")),
    }
}

/// Why scanners do not report what others do.
pub(super) fn missed(writer: &Writer<'_>) -> Section {
    let scanners = &writer.comparison.scanners;
    let number = |scanner: &ComparedScanner, cause| {
        let missed = scanner.missed.get(&cause);
        missed.copied().unwrap_or_default()
    };
    let mut causes: Vec<(usize, Cause)> = Cause::ALL
        .into_iter()
        .map(|cause| (scanners.iter().map(|s| number(s, cause)).sum(), cause))
        .filter(|(all, _)| *all > 0)
        .collect();
    // Stable: equal counts stay in the order in which the causes are tested.
    causes.sort_by_key(|(all, _)| std::cmp::Reverse(*all));

    let mut section = Section::open("Missed by cause");
    let mut table = Table::new(
        1,
        std::iter::once(Column::text("cause"))
            .chain(scanners.iter().map(|s| Column::scanner(&s.scanner))),
    );
    table.wraps = Some((0, WORDS));
    table.sparse = true;
    for (_, cause) in &causes {
        let numbers = scanners
            .iter()
            .map(|scanner| match number(scanner, *cause) {
                // A scanner without any result missed nothing: it was never heard.
                0 if scanner.results.count == 0 => Value::Missing,
                number => number.into(),
            });
        table.row(std::iter::once(cause.describe().into()).chain(numbers));
    }
    section.table(table);
    if causes.iter().any(|(_, cause)| cause.is_void()) {
        section.text("Not to report a rejected id or a withdrawn advisory is right.");
    }
    section
}
