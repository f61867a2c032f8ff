//! Text from reports, made visible and shortened, with a count of what was shortened.

use crate::report::escape;

/// Most characters of one text. Titles of a megabyte would not be read, and would make the page slow.
const LONGEST: usize = 4_000;

/// Most characters of a title in a row; it is whole in the details of its finding.
const LONGEST_IN_ROW: usize = 300;

/// Most characters of a description.
const LONGEST_DESCRIPTION: usize = 20_000;

/// Shortens, and counts how often.
#[derive(Default)]
pub(super) struct Texts {
    /// Texts that were shortened.
    pub(super) shortened: usize,
}

impl Texts {
    /// One line, with control, bidirectional and invisible characters made visible.
    pub(super) fn shown(&mut self, text: &str) -> String {
        self.limited(text, LONGEST)
    }

    /// The beginning of a text that stands elsewhere too: not counted.
    pub(super) fn row(text: &str) -> String {
        escape::limited(text, LONGEST_IN_ROW).into_owned()
    }

    /// Several lines; line ends stay.
    pub(super) fn description(&mut self, text: &str) -> String {
        let mut room = LONGEST_DESCRIPTION;
        let mut shown = String::new();
        let before = self.shortened;
        for line in text.trim().lines() {
            if room == 0 || self.shortened > before {
                self.shortened = before + 1;
                shown.push('…');
                break;
            }
            let line = self.limited(line, room);
            room = room.saturating_sub(line.chars().count() + 1);
            shown.push_str(&line);
            shown.push('\n');
        }
        shown.truncate(shown.trim_end().len());
        shown
    }

    fn limited(&mut self, text: &str, limit: usize) -> String {
        let safe = escape::terminal(text);
        if safe.len() <= limit || safe.chars().count() <= limit {
            return safe.into_owned();
        }
        self.shortened += 1;
        escape::limited(text, limit).into_owned()
    }
}

/// Text as part of an address, by RFC 3986 §2.1: everything but letters, digits and `-._~` becomes
/// `%` and two digits for each byte of UTF-8.
pub(super) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shortened_is_counted() {
        let mut texts = Texts::default();
        assert_eq!(texts.shown("a\nb\u{0}"), "a\\nb\\u{0}");
        assert_eq!(texts.description(" a\nb\u{202e}\n"), "a\nb\\u{202e}");
        assert_eq!(texts.shortened, 0);
        assert_eq!(texts.shown(&"x".repeat(5_000)).chars().count(), LONGEST);
        assert_eq!(texts.shortened, 1);
        let long = texts.description(&"line\n".repeat(10_000));
        assert!(
            long.chars().count() <= LONGEST_DESCRIPTION + 1,
            "{}",
            long.len()
        );
        assert!(long.ends_with('…'));
        assert_eq!(texts.shortened, 2);
    }

    #[test]
    fn an_address_holds_nothing_but_plain_letters() {
        assert_eq!(percent_encoded("a@deb/é+&"), "a%40deb%2F%C3%A9%2B%26");
    }
}
