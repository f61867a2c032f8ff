//! Text written as a YAML scalar that every YAML reader gives back unchanged.

use std::fmt::Write as _;

/// Words that some version of YAML reads as something other than text. Compared without regard to
/// case (YAML 1.1, *Boolean* and *Null* types; YAML 1.2, core schema).
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// `text` as it can stand after `key: ` or `- ` in block style, on one line: plain where that is
/// beyond doubt, else in double quotes. Characters that YAML does not allow, and those that make a
/// text read differently from its bytes, are escaped.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Narrower than YAML's own rules, so that no reader can take it for a number, a date, a comment
/// or a nested mapping.
fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let harmless = |c: char| c.is_alphanumeric() || " -_./@+;,()'~=:*?".contains(c);
    starts_well
        && text.chars().all(harmless)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Always in double quotes: where a plain scalar of this shape would be a date or a number.
pub(super) fn quoted(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for c in text.chars() {
        match c {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            c if must_escape(c) => {
                let code = u32::from(c);
                // Writing to a `String` cannot fail.
                let _ = match code {
                    0..=0xff => write!(result, "\\x{code:02x}"),
                    0x100..=0xffff => write!(result, "\\u{code:04x}"),
                    _ => write!(result, "\\U{code:08x}"),
                };
            }
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

/// Control characters, line ends of Unicode, marks that reorder or hide text (CVE-2021-42574), and
/// what lies outside YAML's `c-printable`.
pub(super) fn must_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::yaml::{Node, load};
    use super::*;

    fn read_back(text: &str) -> Option<String> {
        let Node::Mapping(entries) = load(&format!("key: {}\n", scalar(text))).ok()? else {
            return None;
        };
        match entries.as_slice() {
            [(_, Node::Text(text))] => Some(text.clone()),
            _ => None,
        }
    }

    #[test]
    fn only_what_is_beyond_doubt_stays_plain() {
        for text in [
            "CVE-2024-6345",
            "pkg:pypi/x@1",
            "/usr/lib/**",
            "see the host's kernel",
        ] {
            assert_eq!(scalar(text), text);
        }
        for text in [
            "1.10",
            "2026-01-01",
            "yes",
            "a: b",
            "a #b",
            "*",
            "",
            "- x",
            "a ",
            "[a]",
        ] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        assert_eq!(scalar("a\nb\u{1b}\u{202e}"), "\"a\\nb\\x1b\\u202e\"");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), Some(text));
        }

        #[test]
        fn yaml_in_a_text_is_only_text(text in "[-a:#'\"&*!|>%@`{}\\[\\], \\\\~\n0-9]{0,12}") {
            prop_assert_eq!(read_back(&text), Some(text));
        }
    }
}
