//! Makes text from outside safe to show.
//!
//! Package names, versions, reasons and messages come from reports, and reports come from images
//! that anybody can build. Written to a terminal as they are, they could move the cursor, change
//! colours, forge a line of a log or reorder what a person reads (CVE-2021-42574). Everything that
//! reaches a terminal passes through here first.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that must not reach a terminal or a log as it is: control characters (C0,
/// delete, C1), bidirectional controls, invisible characters that make two different texts look
/// alike, and characters that end a line in some programs and not in others.
///
/// The sets are those of the Unicode Standard, chapter 23 (control codes, layout and format
/// controls, deprecated format characters, tags) and the invisible fillers of
/// `Default_Ignorable_Code_Point`.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul fillers, Khmer
            // inherent vowels, Mongolian selectors.
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                // Zero width, direction marks.
                | '\u{200b}'..='\u{200f}'
                // Line and paragraph separator, embeddings and overrides.
                | '\u{2028}'..='\u{202e}'
                // Word joiner, invisible operators, isolates, deprecated controls.
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                // Variation selectors, byte order mark, half-width filler, annotation controls.
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                // Shorthand and musical controls, tags, further variation selectors.
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// `text` as one line that is safe on a terminal. Unsafe characters become visible escapes in the
/// notation of Rust and JavaScript: `\n`, `\t`, `\u{1b}`.
///
/// A backslash that is there already stays alone, so the result is for reading, not for parsing
/// back.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push(&mut escaped, c);
    }
    Cow::Owned(escaped)
}

/// Like [`terminal`], and at most `limit` characters long: what is left out is marked with `…`.
pub fn limited(text: &str, limit: usize) -> Cow<'_, str> {
    // Bytes are an upper bound of characters, so that the common short text is not counted.
    if (text.len() <= limit || text.chars().count() <= limit) && !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut result = String::new();
    let mut length = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let mut piece = String::new();
        push(&mut piece, c);
        let piece_length = piece.chars().count();
        let is_last = rest.as_str().is_empty();
        if length + piece_length + usize::from(!is_last) > limit {
            if limit > 0 {
                result.push('…');
            }
            break;
        }
        result.push_str(&piece);
        length += piece_length;
    }
    Cow::Owned(result)
}

/// A text of several lines as one of at most `limit` characters: blanks and ends of lines become one
/// blank each, other unsafe characters visible as by [`limited`].
pub fn line(text: &str, limit: usize) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        // A long text need not be read whole: no character has more than four bytes.
        if words.len() > limit.saturating_mul(4) {
            break;
        }
    }
    limited(&words, limit).into_owned()
}

/// `text` as one line of GitHub-flavoured Markdown that shows it letter by letter: in a paragraph, a
/// list item or a cell of a table, at the start of a line or within.
///
/// Unsafe characters are made visible as by [`terminal`]. What has a meaning in Markdown or HTML
/// (<https://github.github.com/gfm/>) gets a backslash or becomes an entity. Addresses, mentions and
/// references to issues, which GitHub turns into links wherever they stand, are parted by a space of
/// no width.
pub fn markdown(text: &str) -> String {
    let text = terminal(text.trim());
    let mut escaped = String::with_capacity(text.len() + 16);
    // Only digits so far: a dot or bracket after them would begin a list.
    let mut is_number = true;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_start = escaped.is_empty();
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A backslash does not keep GitHub from reading two of them as mathematics.
            '$' => escaped.push_str("<span>$</span>"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => escaped.extend(['\\', c]),
            '-' | '+' | '=' if is_start => escaped.extend(['\\', c]),
            '.' | ')' if is_number && !is_start && ends_word(rest.as_str()) => {
                escaped.extend(['\\', c]);
            }
            '#' => escaped.push_str("\\#&#8203;"),
            '@' => escaped.push_str("@&#8203;"),
            ':' if rest.as_str().starts_with("//") => escaped.push_str(":&#8203;"),
            '.' if ends_with_www(&escaped) => escaped.push_str("&#8203;."),
            c => escaped.push(c),
        }
        is_number &= c.is_ascii_digit();
    }
    escaped
}

/// True where a mark that begins an item of a list is followed by what such a mark needs.
fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// True before the dot of `www.`.
fn ends_with_www(text: &str) -> bool {
    let bytes = text.as_bytes();
    let end = bytes.get(bytes.len().saturating_sub(3)..);
    end.is_some_and(|end| end.eq_ignore_ascii_case(b"www"))
}

/// `text` as code inside a cell of a Markdown table. Programs that show Markdown look for no names or
/// addresses in code: nobody is notified because a package is called `@team/library`.
pub fn markdown_code(text: &str) -> String {
    let safe = terminal(text).replace('|', "\\|");
    let longest = longest_run(&safe, '`');
    let fence = "`".repeat(longest + 1);
    if safe.trim().is_empty() {
        String::new()
    } else if longest > 0 {
        // The blanks keep a backquote at the end from joining the fence; they are not shown.
        format!("{fence} {safe} {fence}")
    } else {
        format!("{fence}{safe}{fence}")
    }
}

/// The most times that `c` stands beside itself.
pub(super) fn longest_run(text: &str, c: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for other in text.chars() {
        run = if other == c { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Appends `c` or its escape.
fn push(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if is_unsafe(c) => {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        }
        c => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed_unchanged() {
        for text in ["", "libssl3 3.0.15-1~deb12u1", "Größe, 版本, C:\\temp"] {
            assert!(
                matches!(terminal(text), Cow::Borrowed(t) if t == text),
                "{text}"
            );
        }
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(
            terminal("\u{1b}[2Jok\r\nPASS\t\u{9b}31m\u{7f}"),
            "\\u{1b}[2Jok\\r\\nPASS\\t\\u{9b}31m\\u{7f}"
        );
    }

    #[test]
    fn text_that_reads_differently_from_its_bytes_becomes_visible() {
        assert_eq!(
            terminal("user\u{202e}nimda\u{2066}"),
            "user\\u{202e}nimda\\u{2066}"
        );
        assert_eq!(
            terminal("open\u{200b}ssl\u{feff}"),
            "open\\u{200b}ssl\\u{feff}"
        );
        assert_eq!(terminal("a\u{2028}b\u{e0041}"), "a\\u{2028}b\\u{e0041}");
    }

    #[test]
    fn a_limit_counts_what_is_shown_and_never_cuts_an_escape() {
        assert_eq!(limited("abcdef", 6), "abcdef");
        assert_eq!(limited("abcdefg", 6), "abcde…");
        assert_eq!(limited("ab\u{1b}cd", 6), "ab…");
        assert_eq!(limited("ab\u{1b}", 8), "ab\\u{1b}");
        assert_eq!(limited("größer", 6), "größer");
        assert_eq!(limited("abc", 0), "");
    }

    #[test]
    fn a_text_of_several_lines_becomes_one() {
        assert_eq!(line(" a\r\n\tb\u{1b} ", 20), "a b\\u{1b}");
        assert_eq!(line(&"word ".repeat(100_000), 9), "word wor…");
        assert_eq!(line("\u{2028}\n", 9), "");
    }

    #[test]
    fn markdown_shows_the_text_and_nothing_else() {
        for (text, expected) in [
            ("libssl3 3.0.15-1~deb12u1", "libssl3 3.0.15-1\\~deb12u1"),
            ("a|b\nc", "a\\|b\\\\nc"),
            ("<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"),
            ("`*_[x](y)", "\\`\\*\\_\\[x\\](y)"),
            ("\\|", "\\\\\\|"),
            ("- item", "\\- item"),
            ("a - b", "a - b"),
            ("12. item", "12\\. item"),
            ("12)", "12\\)"),
            ("12.4 s", "12.4 s"),
            ("# title #7", "\\#&#8203; title \\#&#8203;7"),
            ("@babel/core", "@&#8203;babel/core"),
            ("https://x.example", "https:&#8203;//x.example"),
            ("WWW.x.example", "WWW&#8203;.x.example"),
            ("${a} ${b}", "<span>$</span>{a} <span>$</span>{b}"),
            ("\u{1b}[2J", "\\\\u{1b}\\[2J"),
            ("", ""),
        ] {
            assert_eq!(markdown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn code_in_markdown_keeps_its_fence() {
        for (text, code) in [
            ("@babel/traverse", "`@babel/traverse`"),
            ("a|b", "`a\\|b`"),
            ("`", "`` ` ``"),
            ("a``b", "``` a``b ```"),
            ("a\nb", "`a\\nb`"),
            ("", ""),
        ] {
            assert_eq!(markdown_code(text), code, "{text}");
        }
    }

    proptest! {
        #[test]
        fn markdown_has_no_live_delimiters(text in any::<String>()) {
            let written = markdown(&text);
            prop_assert!(!written.contains(is_unsafe));
            prop_assert!(!written.replace("<span>$</span>", "").contains(['<', '>', '$']));
            // Every one of these has a backslash of its own before it.
            let mut is_escaped = false;
            for c in written.replace("&#8203;", "").chars() {
                prop_assert!(!"`*_[]|~#".contains(c) || is_escaped, "{}", written);
                is_escaped = c == '\\' && !is_escaped;
            }
        }

        #[test]
        fn nothing_unsafe_passes(text in any::<String>(), limit in 0_usize..40) {
            prop_assert!(!terminal(&text).contains(is_unsafe));
            let short = limited(&text, limit);
            prop_assert!(!short.contains(is_unsafe));
            prop_assert!(short.chars().count() <= limit);
        }

        #[test]
        fn safe_text_passes_unchanged(text in "[ -~äöü一-龥]{0,40}") {
            prop_assert_eq!(terminal(&text), text.as_str());
            prop_assert_eq!(limited(&text, 40), text.as_str());
        }
    }
}
