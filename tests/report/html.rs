//! The HTML page: one file that asks for nothing, in which text from reports stays text, and whose data
//! blocks hold every finding.
#![expect(
    clippy::indexing_slicing,
    reason = "a member that is not there is null, which no assertion takes"
)]

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crosscheck::model::report::{Report, RunOutcome};
use crosscheck::report::{Format, Options, escape};
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{example, hostile, json_file, render, sample};

fn page(report: &Report) -> String {
    render(Format::HTML, report, &Options::default())
}

/// A tag of the page with its attributes, as a browser reads them: every `<` outside of scripts and
/// style begins one, since text has none.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The page's tags, and the contents of its style and scripts in their order.
fn parse(page: &str) -> (Vec<Tag<'_>>, Vec<&str>) {
    let mut tags = Vec::new();
    let mut raw = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>\n").unwrap();
    while let Some((_, after)) = rest.split_once('<') {
        let end = after.find([' ', '>']).unwrap();
        let (name, mut tail) = after.split_at(end);
        let mut attributes = Vec::new();
        while let Some(attribute) = tail.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"").unwrap();
            let (value, after) = value.split_once('"').unwrap();
            attributes.push((name, value));
            tail = after;
        }
        rest = tail.strip_prefix('>').unwrap();
        tags.push(Tag { name, attributes });
        if name == "script" || name == "style" {
            let (content, after) = rest.split_once(&format!("</{name}>")).unwrap();
            raw.push(content);
            rest = after;
        }
    }
    (tags, raw)
}

/// The value in the data block with that id.
fn block(page: &str, id: &str) -> Value {
    let (_, after) = page.split_once(&format!("id=\"{id}\">")).unwrap();
    let (text, _) = after.split_once('<').unwrap();
    let bytes = STANDARD.decode(text).unwrap();
    let mut json = String::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut json)
        .unwrap();
    serde_json::from_str(&json).unwrap()
}

/// All details, block after block.
fn details(page: &str) -> Vec<Value> {
    (0..usize::MAX)
        .map(|number| format!("data-details-{number}"))
        .take_while(|id| page.contains(&format!("id=\"{id}\"")))
        .flat_map(|id| block(page, &id).as_array().unwrap().clone())
        .collect()
}

/// A column of the index, as texts.
fn column<'a>(index: &'a Value, name: &str) -> Vec<&'a str> {
    let numbers = index["columns"][name].as_array().unwrap();
    let strings = index["strings"].as_array().unwrap();
    let texts = numbers.iter().map(|number| {
        let number = usize::try_from(number.as_u64().unwrap()).unwrap();
        strings.get(number).unwrap().as_str().unwrap()
    });
    texts.collect()
}

/// What is on the page without scripts, for a person who reads the test's snapshot: without the style,
/// the scripts and the data.
fn static_part(page: &str) -> String {
    let mut text = page.to_owned();
    for content in parse(page).1 {
        text = text.replace(content, "");
    }
    text
}

#[test]
fn the_bundled_example_is_shown() {
    let page = static_part(&example("html"));
    let (first_screen, rest) = page.split_once("<section id=\"findings\">").unwrap();
    let (_, first_screen) = first_screen.split_once("<body>").unwrap();
    insta::assert_snapshot!("first_screen_of_the_example", first_screen);
    let outline: Vec<&str> = rest
        .lines()
        .filter(|line| {
            ["<h2", "<h3", "<caption", "<p"]
                .iter()
                .any(|tag| line.contains(tag))
        })
        .collect();
    insta::assert_snapshot!("outline_of_the_example", outline.join("\n"));
}

#[test]
fn hostile_text_stays_text() {
    let page = page(&hostile::report());
    let shown = |c: char| c != '\n' && escape::is_unsafe(c);
    assert_eq!(page.find(shown), None);
    let (tags, raw) = parse(&page);
    // Two scripts of the program, and data that no browser runs.
    let scripts = tags.iter().filter(|tag| tag.name == "script");
    let data = scripts
        .clone()
        .filter(|tag| tag.attributes.contains(&("type", "application/gzip")));
    assert_eq!(
        scripts
            .clone()
            .filter(|tag| tag.attributes.is_empty())
            .count(),
        2
    );
    assert_eq!(scripts.count(), 2 + data.count());
    assert_eq!(
        raw.iter()
            .filter(|content| content.contains("alert"))
            .count(),
        0
    );
    for Tag { name, attributes } in &tags {
        let known = "html head meta link title style script body a header div h1 p button nav ul li main \
                     section h2 dl dt dd ol strong span table caption thead tr th tbody td label input \
                     details summary fieldset legend svg text rect line circle h3 footer";
        let name = name.trim_start_matches('/');
        assert!(known.split(' ').any(|known| known == name), "<{name}>");
        for (attribute, value) in attributes {
            assert!(
                !attribute.starts_with("on") && *attribute != "style",
                "{attribute}"
            );
            assert!(
                attribute
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            );
            if *attribute == "href" {
                assert!(value.starts_with('#') || *value == "data:,", "{value}");
            }
            assert_ne!(*attribute, "src");
        }
    }
    // Addresses in the data open only what is an address on the web.
    for detail in details(&page) {
        for_each_link(&detail, &mut |address| {
            let is_web = address.starts_with("https://") || address.starts_with("http://");
            assert!(is_web && !address.contains(['"', '<', ' ']), "{address}");
        });
    }
}

fn for_each_link(value: &Value, act: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| for_each_link(item, act)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(address) if name == "page" => act(address),
                    member => for_each_link(member, act),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_runs_but_the_scripts_and_style_that_the_policy_names() {
    let page = page(&sample::report());
    let (tags, raw) = parse(&page);
    let policy = tags
        .iter()
        .find(|tag| tag.attributes.first() == Some(&("http-equiv", "Content-Security-Policy")))
        .map(|tag| tag.attributes.last().unwrap().1.replace("&#39;", "'"))
        .unwrap();
    let contents = raw.iter().filter(|content| content.contains('\n'));
    assert_eq!(contents.clone().count(), 3);
    for content in contents {
        let hash = STANDARD.encode(Sha256::digest(content));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{hash}");
        for request in ["@import", "url(", "fetch(", "XMLHttpRequest", "https://"] {
            assert!(!content.contains(request), "{request}");
        }
    }
    assert!(policy.starts_with("default-src 'none'; "));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    let at_policy = page.find("Content-Security-Policy").unwrap();
    assert!(at_policy < page.find("<style").unwrap() && at_policy < page.find("<script").unwrap());
}

#[test]
fn the_data_hold_every_finding_and_every_package() {
    let mut report = sample::report();
    // More than two blocks of details.
    let finding = report.findings.first().unwrap().clone();
    for number in 0..600 {
        let mut finding = finding.clone();
        finding.key = format!("CVE-2026-{number}@deb/openssl");
        report.findings.push(finding);
    }
    let page = page(&report);
    let index = block(&page, "data-findings");
    let keys: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.key.as_str())
        .collect();
    assert_eq!(column(&index, "key"), keys);
    let details = details(&page);
    let of_details: Vec<&str> = details
        .iter()
        .map(|detail| detail["key"].as_str().unwrap())
        .collect();
    assert_eq!(of_details, keys);
    for facet in index["facets"].as_array().unwrap() {
        assert_eq!(
            facet["rows"].as_array().unwrap().len(),
            keys.len(),
            "{}",
            facet["name"]
        );
    }
    let inventory = block(&page, "data-inventory");
    let names: Vec<&str> = report
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(column(&inventory, "name"), names);
}

#[test]
fn a_finding_is_told_with_all_evidence() {
    let page = page(&sample::report());
    let details = details(&page);
    let detail = details.get(1).unwrap();
    insta::assert_json_snapshot!("details_of_a_finding", detail);
}

#[test]
fn the_same_report_gives_the_same_page() {
    let report = sample::report();
    assert_eq!(page(&report), page(&report));
    let beside = Options {
        files: vec![json_file("out/report.json")],
        ..Options::default()
    };
    assert!(render(Format::HTML, &report, &beside).contains("out/report.json"));
}

#[test]
fn an_insufficient_run_does_not_look_like_a_pass() {
    let mut report = sample::report();
    report.verdict.outcome = RunOutcome::Insufficient;
    report.verdict.exit_code = 3;
    let page = static_part(&page(&report));
    assert!(page.contains("class=\"outcome insufficient\""));
    assert!(page.contains("<title>Insufficient: "));
    assert!(page.contains("Not enough: snyk is required"));
    assert!(!page.contains("Pass"));
}

#[test]
fn a_scanner_that_failed_is_not_one_that_found_nothing() {
    let page = static_part(&page(&sample::report()));
    let (_, gaps) = page.split_once("<section id=\"gaps\">").unwrap();
    let (_, snyk) = gaps.split_once("<h3>Snyk").unwrap();
    let (snyk, _) = snyk.split_once("<h3>").unwrap();
    assert!(snyk.contains("No result: authentication"), "{snyk}");
    assert!(!snyk.contains("reported,"), "{snyk}");
}

#[test]
fn a_passing_run_without_findings_is_a_whole_page() {
    let page = page(&sample::passing());
    assert!(page.contains("class=\"outcome pass\""));
    assert!(page.contains("No finding blocks."));
    assert_eq!(
        block(&page, "data-findings")["strings"],
        Value::Array(Vec::new())
    );
    assert!(details(&page).is_empty());
}

#[test]
fn what_is_cut_is_counted_on_the_page() {
    let is_told = |report: &Report| page(report).contains("a text is too long to be shown");
    assert!(!is_told(&sample::report()));
    assert!(is_told(&hostile::report()));
}

/// The section with that id, without scripts.
fn section(report: &Report, id: &str) -> String {
    let page = static_part(&page(report));
    let (_, section) = page.split_once(&format!("<section id=\"{id}\"")).unwrap();
    section.split_once("</section>").unwrap().0.to_owned()
}

#[test]
fn what_is_missing_is_the_first_thing_to_do() {
    let mut report = sample::passing();
    assert!(section(&report, "todo").contains("Nothing: "));
    report.verdict.outcome = RunOutcome::Insufficient;
    report.verdict.insufficient = vec!["grype is required and was not part of the run".to_owned()];
    for id in ["todo", "scanners"] {
        assert!(section(&report, id).contains("grype is required"), "{id}");
    }
    assert!(!section(&report, "todo").contains("Nothing"));
}

#[test]
fn what_blocks_and_has_no_fix_is_something_to_do() {
    let mut report = sample::report();
    for finding in &mut report.findings {
        finding.fix.recommended = None;
    }
    report.verdict.insufficient.clear();
    let todo = section(&report, "todo");
    assert!(
        todo.contains("2 of 2 blocking findings have no version to upgrade to"),
        "{todo}"
    );
    assert!(!todo.contains("Nothing"));
}

#[test]
fn lists_of_any_length_are_cut_and_counted() {
    let mut report = sample::report();
    let finding = report.findings.first().unwrap().clone();
    report.findings = vec![finding; 10_000];
    for finding in &mut report.findings {
        finding.severity.disputed = true;
    }
    let page = static_part(&page(&report));
    assert!(page.matches("<tr>").count() < 1_000);
    assert!(page.contains("and 9800 more. The JSON report lists all."));
}
