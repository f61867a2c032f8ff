//! Texts of a SARIF file: short, of one line, never empty, and nothing but text.

use crate::report::escape;

/// [`escape::line`], and `otherwise` for a text that has nothing in it: to GitHub an empty text is a
/// missing one.
pub(super) fn line_or(text: &str, limit: usize, otherwise: &str) -> String {
    let line = escape::line(text, limit);
    if line.is_empty() {
        otherwise.to_owned()
    } else {
        line
    }
}

/// A message's text. In square brackets before round ones a reader would see a link (SARIF §3.11.6):
/// a backslash keeps it from that, unless another one takes away its meaning.
pub(super) fn message(text: &str) -> String {
    if text.contains("](") {
        let text = text.replace('\\', "\\\\");
        text.replace('[', "\\[").replace(']', "\\]")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_empty() {
        assert_eq!(line_or("\u{2028}\n", 9, "none"), "none");
        assert_eq!(line_or("some", 9, "none"), "some");
    }

    #[test]
    fn a_message_has_no_links_but_its_own() {
        assert_eq!(message("a[0] (b)"), "a[0] (b)");
        assert_eq!(message("[x](http://e)"), "\\[x\\](http://e)");
        assert_eq!(message(r"\[x\](http://e)"), r"\\\[x\\\](http://e)");
        assert_eq!(message(r"C:\x"), r"C:\x");
    }
}
