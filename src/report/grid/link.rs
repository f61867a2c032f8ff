//! Links of a terminal: a text that leads to an address (OSC 8, by
//! <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>).
//!
//! The layout measures and wraps texts and must not see the sequences. So the text goes through it
//! between two marks without a width, which become sequences afterwards. No text from outside can
//! hold the marks: they are among what is escaped.

/// Stands before the text of a link: U+2061, which takes no columns.
const START: char = '\u{2061}';

/// Stands after it.
const END: char = '\u{2062}';

/// Marks the text of a link, which is escaped already.
pub(super) fn mark(text: &str) -> String {
    format!("{START}{text}{END}")
}

/// A line of the page with links in place of marks. A link that does not end in its line is none.
pub(super) fn lead(line: &str, addresses: &mut impl Iterator<Item = String>) -> String {
    let mut pieces = line.split(START);
    let mut led = pieces.next().unwrap_or_default().replace(END, "");
    for piece in pieces {
        match (addresses.next(), piece.split_once(END)) {
            (Some(address), Some((text, rest))) => {
                let open = format!("\u{1b}]8;;{address}\u{1b}\\");
                led.extend([&open, text, "\u{1b}]8;;\u{1b}\\", rest]);
            }
            _ => led.push_str(&piece.replace(END, "")),
        }
    }
    led
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::escape;

    #[test]
    fn no_text_from_outside_holds_a_mark() {
        assert!(escape::is_unsafe(START) && escape::is_unsafe(END));
    }

    #[test]
    fn what_was_torn_is_no_link() {
        let mut addresses = ["a", "b"].map(str::to_owned).into_iter();
        assert_eq!(lead("x \u{2061}CVE-", &mut addresses), "x CVE-");
        assert_eq!(lead("1\u{2062} x", &mut addresses), "1 x");
        assert!(lead(&mark("CVE-2"), &mut addresses).contains(";;b\u{1b}"));
    }
}
