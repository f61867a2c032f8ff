//! A report whose every text from outside tries to be something else than text.

use crosscheck::model::report::Report;
use crosscheck::report::escape;
use serde_json::Value;

use crate::sample;

/// Texts that break out of HTML, scripts, Markdown, spreadsheets, XML, terminals, lines and what else
/// writers write.
pub(crate) const TEXTS: &[&str] = &[
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;&amp;",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "`; rm -rf /`",
    "| a | b |",
    "[x](javascript:alert(1))",
    "javascript:alert(1)",
    "https://x.example/\"onmouseover=\"alert(1)",
    "\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}x",
    "user\u{202e}nimda",
    "a\u{0}b\u{8}\u{b}\u{fffe}",
    "line\r\n::error::forged\nBLOCKED",
    "a\"b\\c\n# TYPE forged gauge",
    "${{ secrets.TOKEN }} {{constructor}} {%x%}",
    "\u{2028}\u{feff}\u{e0041}",
    "",
    "🦀 größer 版本",
];

/// Keys whose values are names of kinds and states, dates and digests: no text from outside.
const CLOSED: &[&str] = &[
    "schema_version",
    "evaluated_at",
    "outcome",
    "action",
    "level",
    "kind",
    "state",
    "status",
    "fix_state",
    "relation",
    "attachment",
    "package_rule",
    "verdict",
    "cause",
    "strength",
    "severity",
    "lowest",
    "highest",
    "ecosystem",
    "scanner",
    "scanners",
    "listed_by",
    "a",
    "b",
    "identity",
    "inventory",
    "vector",
    "version_of_cvss",
    "config_digest",
    "manifest_digest",
    "exit_code",
];

/// The sample report with a hostile text in place of every text that could come from outside, and one
/// of a megabyte.
pub(crate) fn report() -> Report {
    let mut value = serde_json::to_value(sample::report()).unwrap();
    let mut next = 0;
    infest(&mut value, "", &mut next);
    assert!(next > 3 * TEXTS.len(), "only {next} texts were replaced");
    let mut report: Report = serde_json::from_value(value).unwrap();
    let long = report.findings.last_mut().unwrap();
    long.vulnerability.title = Some("<b>A</b>".repeat(131_072));
    // Every text also stands where all formats show one.
    let model = report.findings.first().unwrap().clone();
    for (number, text) in TEXTS.iter().enumerate() {
        let mut finding = model.clone();
        finding.key = format!("{number}{text}");
        (*text).clone_into(&mut finding.package.name);
        finding.vulnerability.title = Some((*text).to_owned());
        for instance in &mut finding.instances {
            (*text).clone_into(&mut instance.name);
            (*text).clone_into(&mut instance.version);
        }
        report.findings.push(finding);
    }
    report
}

fn infest(value: &mut Value, key: &str, next: &mut usize) {
    match value {
        Value::String(text) if !CLOSED.contains(&key) => {
            // Enumerations of the model that stand under keys of free texts do not parse otherwise.
            if let Some(hostile) = TEXTS.get(*next % TEXTS.len()) {
                (*hostile).clone_into(text);
            }
            *next += 1;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| infest(item, key, next)),
        Value::Object(members) => {
            // What dissenters say of a fix is a name of the model under the name of a scanner.
            for (name, member) in members.iter_mut().filter(|(name, _)| *name != "dissent") {
                infest(member, name, next);
            }
        }
        _ => {}
    }
}

/// The texts of a document, as a reader gets them, that hold a character which is not made visible.
/// The members named in `multiline` may have ends of lines and tabs.
pub(crate) fn unsafe_texts<'d>(document: &'d Value, multiline: &[&str]) -> Vec<&'d str> {
    fn collect<'d>(value: &'d Value, is_multiline: bool, names: &[&str], found: &mut Vec<&'d str>) {
        match value {
            Value::String(text) => {
                let is_kept = |c| is_multiline && matches!(c, '\n' | '\t');
                if text.contains(|c| escape::is_unsafe(c) && !is_kept(c)) {
                    found.push(text);
                }
            }
            Value::Array(items) => {
                for item in items {
                    collect(item, false, names, found);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    collect(member, names.contains(&name.as_str()), names, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(document, false, multiline, &mut found);
    found
}

#[test]
fn the_hostile_report_is_what_it_says() {
    let text = serde_json::to_string(&report()).unwrap();
    for hostile in ["<script>", "HYPERLINK", "\\u001b", "\u{202e}", "\\u0000"] {
        assert!(text.contains(hostile), "{hostile:?}");
    }
}
