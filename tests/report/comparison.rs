//! The comparison of scanners for a person.

use crosscheck::model::comparison::{Comparison, SetIntersection, UnreadInput};
use crosscheck::model::{FailureKind, ScannerId};
use crosscheck::report::{Options, TextFormat, escape, write_comparison};
use proptest::prelude::*;
use serde_json::Value;

use crate::comparison_sample::{fleet, one_image};

fn render(format: TextFormat, comparison: &Comparison, options: &Options) -> String {
    let mut bytes = Vec::new();
    write_comparison(format, comparison, options, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn at(width: u16) -> Options {
    Options {
        width,
        files: vec![crate::json_file("reports/comparison.json")],
        ..Options::default()
    }
}

fn table(comparison: &Comparison, width: u16) -> String {
    render(TextFormat::Table, comparison, &at(width))
}

fn markdown(comparison: &Comparison) -> String {
    render(TextFormat::Markdown, comparison, &at(80))
}

#[test]
fn one_image_at_60_columns() {
    insta::assert_snapshot!(table(&one_image(), 60));
}

#[test]
fn one_image_at_80_columns() {
    insta::assert_snapshot!(table(&one_image(), 80));
}

#[test]
fn one_image_at_120_columns() {
    insta::assert_snapshot!(table(&one_image(), 120));
}

#[test]
fn one_image_at_200_columns() {
    insta::assert_snapshot!(table(&one_image(), 200));
}

#[test]
fn fleet_at_60_columns() {
    insta::assert_snapshot!(table(&fleet(), 60));
}

#[test]
fn fleet_at_80_columns() {
    insta::assert_snapshot!(table(&fleet(), 80));
}

#[test]
fn fleet_at_120_columns() {
    insta::assert_snapshot!(table(&fleet(), 120));
}

#[test]
fn fleet_at_200_columns() {
    insta::assert_snapshot!(table(&fleet(), 200));
}

#[test]
fn one_image_as_markdown() {
    insta::assert_snapshot!(markdown(&one_image()));
}

#[test]
fn fleet_as_markdown() {
    insta::assert_snapshot!(markdown(&fleet()));
}

#[test]
fn no_line_is_wider_than_asked_or_ends_in_a_blank() {
    for comparison in [one_image(), fleet()] {
        for width in (Options::MIN_WIDTH..=220).step_by(5) {
            for line in table(&comparison, width).lines() {
                assert!(
                    line.chars().count() <= usize::from(width),
                    "{width} columns: {line:?}"
                );
                assert!(!line.ends_with(' '), "{width} columns: {line:?}");
            }
        }
    }
}

#[test]
fn json_reads_back_as_the_same_comparison() {
    for comparison in [one_image(), fleet()] {
        let text = render(TextFormat::Json, &comparison, &Options::default());
        assert_eq!(
            serde_json::from_str::<Comparison>(&text).unwrap(),
            comparison
        );
    }
}

/// Percentages of `text` that stand without counts. `(n/m` follows each, or it is the end of a
/// range behind such counts.
fn shares_without_counts(text: &str) -> Vec<&str> {
    let counts = |rest: &str| {
        let inside = rest.strip_prefix(" (").unwrap_or_default();
        let (count, of) = inside.split_once('/').unwrap_or_default();
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        count.chars().all(|c| c.is_ascii_digit() || c == '.') && digits(count) && digits(of)
    };
    let behind_counts = |before: &str| {
        let open = before.rsplit('(').next().unwrap_or_default();
        (open.contains('/') && open.contains("; ")) || before.ends_with(" 95")
    };
    // A difference is a range of shares; the counts stand before the bracket.
    let difference = |before: &str| {
        let (counts, range) = before.rsplit_once('(').unwrap_or_default();
        counts.ends_with(" findings ") && range.contains(" to ")
    };
    text.match_indices(" %")
        .filter(|(at, _)| {
            let (before, rest) = (&text[..*at], &text[at + 2..]);
            !counts(rest) && !behind_counts(before) && !difference(before)
        })
        .map(|(at, _)| {
            let line = text[..at].rfind('\n').map_or(0, |start| start + 1);
            &text[line..at + 2]
        })
        .collect()
}

#[test]
fn no_share_stands_without_its_counts() {
    assert_eq!(shares_without_counts("a 50 % of b"), ["a 50 %"]);
    assert_eq!(shares_without_counts("a 50 % (of b)"), ["a 50 %"]);
    for comparison in [one_image(), fleet()] {
        // Wide enough that nothing is wrapped between a share and its counts.
        for text in [table(&comparison, 400), markdown(&comparison)] {
            assert!(text.matches(" %").count() > 20, "{text}");
            assert_eq!(shares_without_counts(&text), Vec::<&str>::new());
        }
    }
}

#[test]
fn a_failed_scanner_comes_first_and_is_never_a_zero() {
    let text = table(&one_image(), 200);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1],
        "FAILED: Snyk Container gave no result: authentication: the service refused the request: no \
         token is set"
    );
    let row = lines
        .iter()
        .find(|line| line.starts_with("  snyk "))
        .unwrap();
    assert!(row.contains("failed: authentication"), "{row}");
    assert!(!row.split_whitespace().any(|word| word == "0"), "{row}");

    let mut comparison = fleet();
    let trivy = &mut comparison.scanners[3];
    trivy.results.count = 1;
    trivy.results.of = 12;
    trivy.failures = [(FailureKind::Authentication, 1), (FailureKind::Timeout, 10)].into();
    let text = table(&comparison, 200);
    assert!(
        text.contains(
            "FAILED: Trivy gave no result on 11 of 12 images: authentication 1, timeout 10"
        ),
        "{text}"
    );
}

#[test]
fn the_head_line_tells_how_many_images_are_distinct() {
    let mut comparison = fleet();
    comparison.universe.distinct_images = 3;
    let table = table(&comparison, 80);
    let head = table.lines().next().unwrap();
    assert!(
        head.contains("compared on 4 images, 3 of them distinct"),
        "{head}"
    );
}

#[test]
fn where_there_is_no_choice_the_reason_stands() {
    let mut comparison = fleet();
    comparison.best.clear();
    let text = |comparison: &Comparison| table(comparison, 200);
    assert!(
        text(&comparison).contains("The images with a result of every scanner have no findings")
    );
    comparison.base.scanners.truncate(1);
    assert!(text(&comparison).contains("Too few images have a result of two scanners or more"));
    for scanner in comparison.scanners.iter_mut().skip(1) {
        scanner.results.count = 0;
    }
    assert!(text(&comparison).contains("Only one scanner gave a result"));
}

#[test]
fn what_could_not_be_read_is_said_after_the_failures() {
    let mut comparison = fleet();
    comparison.unread = (1..=4)
        .map(|number| UnreadInput {
            source: format!("runs/{number}"),
            problem: "no report".to_owned(),
        })
        .chain([UnreadInput {
            source: "runs/5".to_owned(),
            problem: "runs/5/run.json: no such file".to_owned(),
        }])
        .collect();
    let options = |rows| Options { rows, ..at(100) };
    let some = render(TextFormat::Table, &comparison, &options(Some(2)));
    assert!(
        some.contains(
            "FAILED: Trivy gave no result on 1 of 4 images: timeout 1\n\
             UNREAD: runs/1: no report\n\
             UNREAD: runs/2: no report\n\
             UNREAD: and 3 more. reports/comparison.json lists all.\n\
             PARTIAL: "
        ),
        "{some}"
    );
    let all = render(TextFormat::Markdown, &comparison, &options(None));
    assert!(all.contains("\n**Unread:** runs/4: no report\n"), "{all}");
    // The path once.
    assert!(
        all.contains("\n**Unread:** runs/5/run.json: no such file\n"),
        "{all}"
    );
}

#[test]
fn scanners_that_are_not_compared_are_named() {
    let mut comparison = fleet();
    assert!(!table(&comparison, 120).contains("Left out"));
    comparison.base.left_out = vec![ScannerId::new("osv-scanner")];
    let text = table(&comparison, 120);
    assert!(
        text.contains("\n  Left out, with results on too few images: osv-scanner\n"),
        "{text}"
    );
}

#[test]
fn a_fleet_says_how_many_packages_have_versions_that_differ() {
    let said = "1 package in versions that differ";
    assert!(table(&one_image(), 120).contains(&format!("{said}:\n")));
    let mut comparison = fleet();
    assert!(table(&comparison, 120).contains(&format!("{said}\n")));
    comparison.inventories.as_mut().unwrap().disagreements = 0;
    assert!(!table(&comparison, 120).contains("versions that differ"));
}

#[test]
fn images_that_do_not_tell_are_said_not_to() {
    let mut comparison = fleet();
    let lead = |comparison: &mut Comparison, low| {
        let best = &mut comparison.best[0];
        best.runner_up.as_mut().unwrap().lead.as_mut().unwrap().low = low;
        best.scanners.len()
    };
    lead(&mut comparison, -0.01);
    let open = "8 of 354 findings (-1.0 to 6.1 %): these images do not tell which is better";
    assert!(table(&comparison, 400).contains(open));
    lead(&mut comparison, 0.01);
    let told = "8 of 354 findings (1.0 to 6.1 %): better on images like these";
    assert!(table(&comparison, 400).contains(told));
}

#[test]
fn long_lists_are_cut_and_what_is_left_out_is_counted() {
    let mut comparison = fleet();
    comparison.sets = (1..=60)
        .map(|count| SetIntersection {
            scanners: vec![ScannerId::new("grype")],
            count,
        })
        .collect();
    let options = |rows| Options { rows, ..at(100) };
    let some = render(TextFormat::Table, &comparison, &options(Some(10)));
    // The least of them, 1 to 50.
    assert!(
        some.contains("and 50 more with 1275 findings. reports/comparison.json lists all.\n"),
        "{some}"
    );
    let all = render(TextFormat::Table, &comparison, &options(None));
    assert!(!all.contains(" lists all."), "{all}");
    assert!(
        some.contains("cuda-compat-12-4, libcublas-12-4, libcudnn8 +1"),
        "{some}"
    );
    assert!(all.contains("deb/libnccl2"), "{all}");
}

#[test]
fn what_has_no_content_has_no_heading() {
    let mut comparison = one_image();
    comparison.inventories = None;
    comparison.unchecked.clear();
    comparison.pairs.clear();
    let text = table(&comparison, 100);
    for heading in [
        "PACKAGE LISTS",
        "NOT CHECKED",
        "AGREEMENT",
        "SEVERITIES",
        "FIX STATES",
    ] {
        assert!(table(&one_image(), 100).contains(heading), "{heading}");
        assert!(!text.contains(heading), "{heading}");
    }
}

#[test]
fn colour_adds_escape_codes_and_nothing_else() {
    for width in [60, 200] {
        let options = Options {
            color: true,
            ..at(width)
        };
        let coloured = render(TextFormat::Table, &fleet(), &options);
        assert!(coloured.contains("\u{1b}[31mFAILED:\u{1b}[0m"));
        let mut pieces = coloured.split("\u{1b}[");
        let mut plain = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
        }
        assert_eq!(plain, table(&fleet(), width));
    }
}

#[test]
fn the_same_comparison_gives_the_same_bytes() {
    for format in TextFormat::ALL {
        let once = render(format, &fleet(), &at(80));
        assert_eq!(once, render(format, &fleet(), &at(80)));
        // What Markdown and JSON say does not hang on the terminal.
        let wide = render(format, &fleet(), &at(200));
        assert_eq!(format == TextFormat::Table, once != wide);
    }
}

/// JSON pointers of the texts of `comparison` that an outsider can set: found by trying, so that
/// members which are added later are covered without a change here. Scanners stay who they are, so
/// that their rows are found.
fn open_texts(comparison: &Comparison) -> Vec<String> {
    let document = serde_json::to_value(comparison).unwrap();
    let mut pointers = Vec::new();
    text_pointers(&document, String::new(), &mut pointers);
    let scanners: Vec<&str> = comparison
        .scanners
        .iter()
        .map(|scanner| scanner.scanner.as_str())
        .collect();
    pointers.retain(|pointer| {
        let mut changed = document.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        let is_scanner = place.as_str().is_some_and(|word| scanners.contains(&word));
        *place = "anything at all".into();
        !is_scanner && serde_json::from_value::<Comparison>(changed).is_ok()
    });
    assert!(pointers.len() > 20, "{}", pointers.len());
    pointers
}

/// `comparison` with `text` in the place of everything that an outsider can set, and as the name of
/// a scanner.
fn hostile(comparison: &Comparison, open: &[String], text: &str) -> Comparison {
    let mut document = serde_json::to_value(comparison).unwrap();
    for pointer in open {
        *document.pointer_mut(pointer).unwrap() = text.into();
    }
    renamed(&serde_json::from_value(document).unwrap(), "trivy", text)
}

/// `comparison` with another text wherever exactly this one stands.
fn renamed(comparison: &Comparison, from: &str, to: &str) -> Comparison {
    let from = serde_json::to_string(from).unwrap();
    let to = serde_json::to_string(to).unwrap();
    let document = serde_json::to_string(comparison).unwrap();
    serde_json::from_str(&document.replace(&from, &to)).unwrap()
}

fn text_pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                text_pointers(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                text_pointers(member, format!("{pointer}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

const PROBES: [&str; 6] = [
    "x\u{1b}[2J\u{9b}31m\u{202e}\u{200b}",
    "a|b\n| c | d |\r\n\n# e",
    "`x` ``` **y** <script>z</script> </details> [a](javascript:b) <!-- @team #1",
    "\nFAILED: nothing",
    "\\",
    "",
];

#[test]
fn hostile_text_reaches_no_terminal_and_forges_no_line() {
    for sample in [one_image(), fleet()] {
        let open = open_texts(&sample);
        for text in PROBES {
            let comparison = hostile(&sample, &open, text);
            for width in [40, 80, 200] {
                let written = table(&comparison, width);
                let unsafe_character = written
                    .chars()
                    .find(|c| *c != '\n' && escape::is_unsafe(*c));
                assert_eq!(unsafe_character, None, "{written}");
                assert!(!written.contains("\nFAILED: nothing"), "{written}");
            }
        }
    }
}

/// The cells of a line of a Markdown table: parted by bars without a backslash before them.
fn cells(line: &str) -> usize {
    let mut bars = 0;
    let mut is_escaped = false;
    for c in line.chars() {
        bars += usize::from(c == '|' && !is_escaped);
        is_escaped = c == '\\' && !is_escaped;
    }
    bars.saturating_sub(1)
}

/// `text` without its spans of code: what a run of backquotes opens, the next run of as many closes.
/// Backslashes have no meaning in code, and keep a backquote from opening some.
fn without_code(text: &str) -> String {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let mut bare = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (before, opened) = rest.split_at(at);
        bare.push_str(before);
        let backslashes = before.bytes().rev().take_while(|b| *b == b'\\').count();
        if backslashes % 2 == 1 {
            bare.push('`');
            rest = &opened[1..];
            continue;
        }
        let fence = run(opened);
        let mut inside = &opened[fence..];
        rest = loop {
            let end = inside.find('`').unwrap();
            inside = &inside[end..];
            let length = run(inside);
            inside = &inside[length..];
            if length == fence {
                break inside;
            }
        };
    }
    bare + rest
}

/// Fails unless every table has rows of one length and everything that is opened is closed.
fn check_markdown(written: &str) {
    let lines: Vec<&str> = written.lines().collect();
    let mut tables = 0;
    for (index, line) in lines.iter().enumerate() {
        if !line.starts_with("| --") {
            continue;
        }
        tables += 1;
        // A table needs an empty line before its head, else it is a part of the paragraph there.
        assert_eq!(lines.get(index - 2), Some(&""), "{written}");
        let rows = lines
            .get(index - 1..)
            .unwrap()
            .iter()
            .take_while(|line| line.starts_with('|'));
        for row in rows {
            assert_eq!(cells(row), cells(line), "{row}\n{written}");
        }
    }
    assert!(tables > 5, "{written}");
    let mut bare = without_code(written);
    let opened = bare.matches("<details>").count();
    assert_eq!(opened, bare.matches("</details>").count());
    assert!(opened > 2);
    // Nothing but the tags that the writer knows.
    for tag in [
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<span>$</span>",
    ] {
        bare = bare.replace(tag, "");
    }
    assert!(!bare.contains(['<', '>', '$']), "{bare}");
    // Without what stands behind a backslash, nothing is left that marks text up.
    let mut is_escaped = false;
    bare.retain(|c| {
        let was_escaped = is_escaped;
        is_escaped = c == '\\' && !was_escaped;
        !was_escaped
    });
    assert!(!bare.contains(['`', '[', ']', '_', '~']), "{bare}");
    assert!(written.chars().all(|c| c == '\n' || !escape::is_unsafe(c)));
}

#[test]
fn markdown_stays_whole_with_hostile_text() {
    for sample in [one_image(), fleet()] {
        check_markdown(&markdown(&sample));
        let open = open_texts(&sample);
        for text in PROBES {
            check_markdown(&markdown(&hostile(&sample, &open, text)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_text_breaks_a_page(
        text in prop_oneof![
            any::<String>(),
            "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{202e} |`<>*_\\[\\]#a]{1,60}",
            "\\PC{1000,2000}",
        ],
        width in 40_u16..220,
    ) {
        let comparison = renamed(&renamed(&fleet(), "grype", &text), "registry.example/web:7", &text);
        let written = table(&comparison, width);
        prop_assert!(written.chars().all(|c| c == '\n' || !escape::is_unsafe(c)));
        check_markdown(&markdown(&comparison));
    }
}
