use proptest::prelude::*;

use super::super::document::Day;
use super::*;
use crate::model::Justification;

const POLICY: &str = "\
# Our policy.
version: 1 # the only one

ignore: # reviewed each quarter
  # Kernel headers.
  - id: 'CVE-2024-0001'   # odd   spacing stays
    reason: \"headers: only\"
    owner: sec
    expires: 2026-12-31
    # see ticket 5

  # A stale copy.
  # It goes with 1.1.
  - {id: CVE-2024-0002, package: jinja2, reason: stale, owner: ml,
     expires: 2026-12-31}

  - id: CVE-2024-0003
    reason: |
      over
      # two lines
    owner: ml
    until-fixed: true
  # Nothing below this line.

default-profile: research
";

fn rule(id: &str) -> IgnoreRule {
    IgnoreRule {
        id: id.to_owned(),
        reason: "not reachable".to_owned(),
        owner: "ml".to_owned(),
        expires: Day::parse("2026-12-31"),
        ..IgnoreRule::default()
    }
}

fn added(text: &str, rules: &[IgnoreRule]) -> String {
    add(text, "p.yaml", rules).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn removed(text: &str, numbers: &[usize]) -> String {
    remove(text, "p.yaml", numbers).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn ids(text: &str) -> Vec<String> {
    let policy = parse(text, "p.yaml").unwrap();
    let rules = &policy.document().ignore;
    rules.iter().map(|rule| rule.id.clone()).collect()
}

#[test]
fn a_new_rule_stands_behind_the_last_one_in_the_style_of_the_list() {
    let new = "
  - id: CVE-2024-0009
    reason: not reachable
    owner: ml
    expires: 2026-12-31
";
    let (before, after) = POLICY.split_once("  # Nothing below").unwrap();
    let expected = format!("{before}{new}  # Nothing below{after}");
    assert_eq!(added(POLICY, &[rule("CVE-2024-0009")]), expected);
}

#[test]
fn a_rule_goes_with_the_comments_directly_above_it() {
    let text = removed(POLICY, &[1]);
    assert_eq!(ids(&text), ["CVE-2024-0001", "CVE-2024-0003"]);
    let (before, rest) = POLICY.split_once("  # A stale copy.").unwrap();
    let (_, after) = rest.split_once("31}\n\n").unwrap();
    assert_eq!(text, format!("{before}{after}"));

    let text = removed(POLICY, &[0]);
    assert!(!text.contains("Kernel headers") && !text.contains("ticket 5"));
    assert!(
        text.contains("ignore: # reviewed each quarter\n  # A stale copy.\n"),
        "{text}"
    );

    let text = removed(POLICY, &[0, 2, 1, 2]);
    assert!(
        text.contains("ignore: [] # reviewed each quarter\n"),
        "{text}"
    );
    assert!(
        text.contains("  # Nothing below this line.\n\ndefault-profile"),
        "{text}"
    );
    assert_eq!(ids(&text), [""; 0]);
}

#[test]
fn lists_that_are_empty_or_missing_begin_to_be_one() {
    for (text, expected) in [
        (
            "version: 1\nignore: []\n",
            "version: 1\nignore:\n  - id: CVE-1-1\n",
        ),
        (
            "version: 1\nignore:   [ ]   # none\nprofiles: {}\n",
            "version: 1\nignore: # none\n  - id: CVE-1-1\n",
        ),
        (
            "version: 1\nignore:\n#  - id: example\n",
            "version: 1\nignore:\n  - id: CVE-1-1\n",
        ),
        (
            "version: 1\n\"ignore\": ~",
            "version: 1\n\"ignore\":\n  - id: CVE-1-1\n",
        ),
        ("version: 1", "version: 1\n\nignore:\n  - id: CVE-1-1\n"),
        (
            "  version: 1\n",
            "  version: 1\n\n  ignore:\n    - id: CVE-1-1\n",
        ),
        (
            "version: 1\r\nignore: []\r\n",
            "version: 1\r\nignore:\r\n  - id: CVE-1-1\r\n",
        ),
    ] {
        let result = added(text, &[rule("CVE-1-1")]);
        assert!(result.starts_with(expected), "{text:?} became\n{result}");
        assert_eq!(result.ends_with('\n'), text.ends_with('\n'), "{text:?}");
    }
    let emptied = removed(
        "version: 1\nignore:\n- {id: CVE-1-1, reason: a, owner: b, until-fixed: true}\n",
        &[0],
    );
    assert_eq!(emptied, "version: 1\nignore: []\n");
}

#[test]
fn line_ends_and_indentation_are_the_files_own() {
    let text = "version: 1\r\nignore:\r\n-   id: CVE-1-1\r\n    reason: a\r\n    owner: b\r\n    until-fixed: true\r\nprofiles: {}\r\n";
    let result = added(text, &[rule("CVE-1-2")]);
    assert!(
        result.contains("true\r\n- id: CVE-1-2\r\n  reason: not reachable\r\n"),
        "{result:?}"
    );
    assert_eq!(result.matches('\n').count(), result.matches("\r\n").count());
    assert_eq!(removed(&result, &[1]), text);
}

#[test]
fn a_rule_is_written_in_full_and_read_back_the_same() {
    let full = IgnoreRule {
        package: Some("nvidia-*".to_owned()),
        purl: Some("pkg:pypi/nvidia@*".to_owned()),
        path: Some("/opt/**".to_owned()),
        version: Some("1.10".to_owned()),
        ecosystem: Some("pypi".to_owned()),
        reason: "a: b # c\n\"d\"\u{1b}[2J - e".to_owned(),
        reference: Some("https://example.com/#1".to_owned()),
        justification: Some(Justification::ComponentNotPresent),
        created: Day::parse("2026-01-01"),
        until_fixed: true,
        acknowledge_broad: true,
        ..rule("*")
    };
    let text = added("version: 1\n", std::slice::from_ref(&full));
    assert_eq!(parse(&text, "p.yaml").unwrap().document().ignore, [full]);
}

#[test]
fn what_cannot_be_changed_is_refused_with_a_remedy() {
    let new = [rule("CVE-1-9")];
    let one = "id: CVE-1-1, reason: a, owner: b, until-fixed: true";
    for (text, part) in [
        (
            format!("version: 1\nignore: [{{{one}}}]\n"),
            "p.yaml:2: a list in `[…]`",
        ),
        (
            format!("version: 1\nignore:\n  [{{{one}}}]\n"),
            "p.yaml:3: a list in `[…]`",
        ),
        ("{version: 1}\n".to_owned(), "cannot be changed in place"),
        // Looks like a rule and is text.
        (
            format!("version: 1\nignore:\n- {{{one}, reference: 'a\n- id: b'}}\n"),
            "cannot be changed",
        ),
        (
            "version: 2\n".to_owned(),
            "p.yaml:1:10: version: expected `1`",
        ),
    ] {
        let error = match add(&text, "p.yaml", &new) {
            Ok(result) if text.contains("reference") => {
                assert_eq!(ids(&result), ["CVE-1-1", "CVE-1-9"]);
                continue;
            }
            result => result.unwrap_err().to_string(),
        };
        assert!(error.contains(part), "{text}\n{error}");
    }
    let error = remove(POLICY, "p.yaml", &[3]).unwrap_err().to_string();
    assert_eq!(
        error,
        "p.yaml has no rule ignore[3]; it has 3, counted from 0"
    );
}

#[test]
fn a_rule_that_is_not_valid_is_told_like_one_in_a_file() {
    let endless = IgnoreRule {
        expires: None,
        ..rule("CVE-1-1")
    };
    let error = add("version: 1\n", "p.yaml", &[endless])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the new rule: the rule has no end"),
        "{error}"
    );
    let mut relative = rule("CVE-1-1");
    relative.path = Some("opt/x".to_owned());
    let error = add("version: 1\n", "p.yaml", &[relative])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the new rule: path: `opt/x` can never match"),
        "{error}"
    );
}

#[test]
fn a_policy_with_a_byte_order_mark_keeps_it() {
    for text in ["\u{feff}version: 1\n", "\u{feff}ignore: []\nversion: 1\n"] {
        let longer = added(text, &[rule("CVE-1-1")]);
        assert!(longer.starts_with('\u{feff}'), "{longer:?}");
        assert_eq!(ids(&longer), ["CVE-1-1"]);
        assert_eq!(ids(&removed(&longer, &[0])), [""; 0]);
    }
}

#[test]
fn a_policy_with_an_end_mark_is_continued_before_it() {
    let text = "---\nversion: 1\n...\n# after\n";
    let longer = added(text, &[rule("CVE-1-1")]);
    assert_eq!(ids(&longer), ["CVE-1-1"]);
    assert!(longer.ends_with("\n...\n# after\n"), "{longer}");
}

#[test]
fn what_cannot_be_changed_is_told_by_its_cause() {
    let json = "{\"version\": 1}\n";
    let error = add(json, "p.yaml", &[rule("CVE-1-1")])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("p.yaml:1: a policy in `{…}`"), "{error}");
    for (count, size) in [(300, 4000), (12_000, 1)] {
        let rules: Vec<_> = (0..count)
            .map(|n| IgnoreRule {
                reason: "x".repeat(size),
                owner: "o".to_owned(),
                ..rule(&format!("CVE-1-{n}"))
            })
            .collect();
        let error = add("version: 1\n", "p.yaml", &rules)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("p.yaml with {count} ignore rules would have"))
                && error.contains("no policy may be as large"),
            "{error}"
        );
    }
    let huge = IgnoreRule {
        reason: "x".repeat(2 << 20),
        ..rule("CVE-1-1")
    };
    let error = add("version: 1\n", "p.yaml", &[huge])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the new rule: its texts have"), "{error}");
}

#[test]
fn a_thousand_rules_are_no_effort() {
    let rules: Vec<_> = (0..2000)
        .map(|n| rule(&format!("CVE-2024-{n:04}")))
        .collect();
    let text = added(POLICY, &rules);
    let odd: Vec<usize> = (0..2000).map(|n| n + 3).collect();
    assert_eq!(removed(&text, &odd), POLICY);
}

fn comment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\n".to_owned()),
        "( {2})?# [ -~]{0,12}\n",
    ]
}

/// A policy with at least one rule in block style, whose lines end in `end`.
fn policy(dash: usize, gaps: &[String], tail: &str) -> String {
    let indent = " ".repeat(dash);
    let mut text = "# head\nversion: 1\nignore:\n".to_owned();
    for (number, gap) in gaps.iter().enumerate() {
        text.push_str(gap);
        text += &[
            &format!("- id: CVE-2024-{number:04}\n"),
            "  reason: 'x # y'\n",
            "  owner: a\n",
            "  until-fixed: true\n",
        ]
        .map(|line| format!("{indent}{line}"))
        .concat();
    }
    text.push_str(tail);
    text
}

proptest! {
    #[test]
    fn adding_and_removing_gives_the_original_bytes(
        dash in 0_usize..5,
        gaps in prop::collection::vec(comment(), 1..5),
        tail in prop_oneof![comment(), Just("profiles: {}\n".to_owned())],
        crlf in any::<bool>(),
        unended in any::<bool>(),
        reason in "[ -~\n]{0,20}[a-z]",
        count in 1_usize..4,
    ) {
        let mut text = policy(dash, &gaps, &tail);
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if unended && tail.is_empty() {
            text.truncate(text.trim_end().len());
        }
        let new = IgnoreRule { reason, ..rule("CVE-2025-0001") };
        let longer = added(&text, &vec![new; count]);
        let numbers: Vec<usize> = (gaps.len()..gaps.len() + count).collect();
        prop_assert_eq!(removed(&longer, &numbers), text);
    }

    #[test]
    fn other_lines_stay_as_they_are(
        dash in 0_usize..5,
        gaps in prop::collection::vec(comment(), 1..6),
        gone in any::<prop::sample::Index>(),
    ) {
        let text = policy(dash, &gaps, "");
        let gone = gone.index(gaps.len());
        let shorter = removed(&text, &[gone]);
        let mut expected = ids(&text);
        expected.remove(gone);
        prop_assert_eq!(ids(&shorter), expected);
        // What is left is the text without one run of lines (and the mark of an empty list).
        let common = |a: &str, b: &str| a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
        let reverse = |text: &str| text.lines().rev().collect::<Vec<_>>().join("\n");
        let head = common(&text, &shorter);
        let tail = common(&reverse(&text), &reverse(&shorter));
        prop_assert!(gaps.len() == 1 || head + tail >= shorter.lines().count());
    }

    #[test]
    fn no_text_makes_it_panic(text in "(version: 1\n)?[-ignore: #\\[\\]{}\n\r'\"|~&*]{0,60}") {
        let _ = add(&text, "p", &[rule("CVE-1-1")]);
        let _ = remove(&text, "p", &[0]);
    }
}
