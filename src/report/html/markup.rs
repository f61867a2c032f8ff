//! Writes HTML that holds text from reports as text and as nothing else.
//!
//! Names of elements and attributes, scripts and styles are `&'static str`: they come from this
//! program. Everything else passes [`Markup::text`] or an attribute's value, which escape it. There is
//! no third way in. A template engine would give the same for HTML, but not make control and
//! bidirectional characters visible, and not stream 100,000 findings without holding them.

use std::io::{self, Write as _};

use super::text::Texts;

/// Attributes of an element. A value may be empty: `hidden`, `checked`.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Elements after which no line ends: a blank there would be seen.
const INLINE: &[&str] = &[
    "a", "button", "code", "input", "label", "legend", "span", "strong", "summary", "text", "title",
];

/// Elements without content and closing tag (HTML Living Standard §13.1.2).
const VOID: &[&str] = &["input", "link", "meta"];

/// An HTML document on its way out.
pub(super) struct Markup<'a> {
    out: &'a mut dyn io::Write,
    /// Keeps count of what is shortened.
    pub(super) texts: Texts,
}

impl<'a> Markup<'a> {
    /// A document that is written to `out`.
    pub(super) fn new(out: &'a mut dyn io::Write) -> Self {
        Self {
            out,
            texts: Texts::default(),
        }
    }

    /// An element with what `content` writes.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        write!(self.out, "<{name}")?;
        for (attribute, value) in attributes {
            write!(self.out, " {attribute}=\"")?;
            self.text(value)?;
            write!(self.out, "\"")?;
        }
        write!(self.out, ">")?;
        if !VOID.contains(&name) {
            content(self)?;
            write!(self.out, "</{name}>")?;
        }
        if !INLINE.contains(&name) {
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// An element with nothing but text.
    pub(super) fn leaf(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        text: &str,
    ) -> io::Result<()> {
        self.element(name, attributes, |html| html.text(text))
    }

    /// An element with nothing in it.
    pub(super) fn empty(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
    ) -> io::Result<()> {
        self.element(name, attributes, |_| Ok(()))
    }

    /// Text: shown letter by letter, whatever is in it.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        let safe = self.texts.shown(text);
        let mut rest = safe.as_str();
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            self.out.write_all(plain.as_bytes())?;
            let mut special = special.chars();
            let entity = match special.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                _ => "&#39;",
            };
            self.out.write_all(entity.as_bytes())?;
            rest = special.as_str();
        }
        self.out.write_all(rest.as_bytes())
    }

    /// The program's own script, style or declaration, as it is.
    pub(super) fn fixed(&mut self, source: &'static str) -> io::Result<()> {
        self.out.write_all(source.as_bytes())
    }

    /// Bytes in Base64, which has no letter that means something in HTML.
    pub(super) fn base64(&mut self, bytes: &[u8]) -> io::Result<()> {
        use base64::engine::general_purpose::STANDARD;
        let mut encoder = base64::write::EncoderWriter::new(&mut *self.out, &STANDARD);
        encoder.write_all(bytes)?;
        encoder.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Markup<'_>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut Markup::new(&mut bytes)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_and_values_are_escaped() {
        let html = written(|html| html.leaf("p", &[("title", "\"'>")], "<b>&\u{0}\u{202e}"));
        assert_eq!(
            html,
            "<p title=\"&quot;&#39;&gt;\">&lt;b&gt;&amp;\\u{0}\\u{202e}</p>\n"
        );
    }

    #[test]
    fn inline_elements_leave_no_blank_and_void_ones_are_not_closed() {
        let html = written(|html| {
            html.leaf("span", &[], "a")?;
            html.empty("input", &[("checked", "")])
        });
        assert_eq!(html, "<span>a</span><input checked=\"\">");
    }
}
