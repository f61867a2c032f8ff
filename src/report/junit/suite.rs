//! Test suites as JUnit XML, whatever the tests are about.

use std::collections::HashMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::super::escape;
use super::super::phrases::seconds;

/// Characters of one line.
pub(super) const LINE: usize = 400;

/// How a test ended.
pub(super) enum Outcome {
    /// Well, perhaps with something to say.
    Passed(Option<Vec<String>>),
    /// Not well.
    Failed(Details),
    /// It could not be told.
    Error(Details),
    /// It does not count.
    Skipped(Details),
}

/// Why a test ended as it did.
pub(super) struct Details {
    kind: String,
    message: String,
    /// What stands under the message.
    pub(super) lines: Vec<String>,
}

impl Details {
    /// A kind, in a word, and a message in one line.
    pub(super) fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            lines: Vec::new(),
        }
    }

    /// The message and what stands under it.
    pub(super) fn into_lines(self) -> Vec<String> {
        std::iter::once(self.message).chain(self.lines).collect()
    }
}

/// Tests that belong together. They are written as they come, because their number stands before them.
pub(super) struct Suite {
    name: &'static str,
    content: Writer<Vec<u8>>,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    milliseconds: u64,
    /// How many tests asked for a class and name.
    names: HashMap<(String, String), usize>,
}

impl Suite {
    /// A suite without tests.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            content: Writer::new(Vec::new()),
            tests: 0,
            failures: 0,
            errors: 0,
            skipped: 0,
            milliseconds: 0,
            names: HashMap::new(),
        }
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> usize {
        self.content.get_ref().len()
    }

    /// Adds a test. One whose class and name are there already gets a number behind its name.
    pub(super) fn case(
        &mut self,
        class: &str,
        name: &str,
        milliseconds: Option<u64>,
        outcome: Outcome,
    ) -> io::Result<()> {
        let class = line(class);
        let name = self.distinct(&class, line(name));
        let mut element = BytesStart::new("testcase");
        element.push_attribute(("classname", &*class));
        element.push_attribute(("name", &*name));
        if let Some(milliseconds) = milliseconds {
            // Three decimals and no more, as the schema has it.
            element.push_attribute(("time", &*seconds(milliseconds)));
            self.milliseconds = self.milliseconds.saturating_add(milliseconds);
        }
        self.tests += 1;
        let (tag, details) = match outcome {
            Outcome::Passed(None) => {
                self.content.write_event(Event::Empty(element))?;
                self.end_line();
                return Ok(());
            }
            Outcome::Passed(Some(output)) => {
                self.content.write_event(Event::Start(element))?;
                self.text(BytesStart::new("system-out"), &output)?;
                return self.end("testcase");
            }
            Outcome::Failed(details) => {
                self.failures += 1;
                ("failure", details)
            }
            Outcome::Error(details) => {
                self.errors += 1;
                ("error", details)
            }
            Outcome::Skipped(details) => {
                self.skipped += 1;
                ("skipped", details)
            }
        };
        self.content.write_event(Event::Start(element))?;
        let mut result = BytesStart::new(tag);
        result.push_attribute(("type", &*line(&details.kind)));
        result.push_attribute(("message", &*line(&details.message)));
        self.text(result, &details.into_lines())?;
        self.end("testcase")
    }

    /// Adds output of the suite as a whole; after the last test.
    pub(super) fn remark(&mut self, text: &str) -> io::Result<()> {
        self.text(BytesStart::new("system-out"), &[text.to_owned()])?;
        self.end_line();
        Ok(())
    }

    fn distinct(&mut self, class: &str, name: String) -> String {
        let mut key = (class.to_owned(), name.clone());
        let Some(mut number) = self.names.get(&key).copied() else {
            self.names.insert(key, 1);
            return name;
        };
        loop {
            number += 1;
            let candidate = format!("{name} ({number})");
            let taken = (class.to_owned(), candidate.clone());
            if !self.names.contains_key(&taken) {
                self.names.insert(taken, 1);
                key.1 = name;
                self.names.insert(key, number);
                return candidate;
            }
        }
    }

    /// An element with lines of text in it.
    fn text(&mut self, element: BytesStart<'_>, lines: &[String]) -> io::Result<()> {
        let end = element.to_end().into_owned();
        let lines: Vec<String> = lines.iter().map(|text| line(text)).collect();
        self.content.write_event(Event::Start(element))?;
        let text = lines.join("\n");
        self.content
            .write_event(Event::Text(BytesText::new(&text)))?;
        self.content.write_event(Event::End(end))
    }

    fn end(&mut self, tag: &str) -> io::Result<()> {
        self.content.write_event(Event::End(BytesEnd::new(tag)))?;
        self.end_line();
        Ok(())
    }

    fn end_line(&mut self) {
        self.content.get_mut().push(b'\n');
    }
}

/// Writes a file of suites about one thing. Suites without tests are left out. `moment` may be empty.
pub(super) fn write_suites(
    about: &str,
    moment: &str,
    suites: &[Suite],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let about = line(about);
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    let mut out = Writer::new(out);
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", &*about));
    root.push_attribute(("tests", &*sum(|suite| suite.tests)));
    root.push_attribute(("failures", &*sum(|suite| suite.failures)));
    root.push_attribute(("errors", &*sum(|suite| suite.errors)));
    let times = suites.iter().map(|suite| suite.milliseconds);
    let milliseconds = times.fold(0, u64::saturating_add);
    root.push_attribute(("time", &*seconds(milliseconds)));
    out.get_mut().write_all(b"\n")?;
    out.write_event(Event::Start(root))?;
    for suite in suites.iter().filter(|suite| suite.size() > 0) {
        let mut element = BytesStart::new("testsuite");
        // Servers show the suites of several files in one list.
        element.push_attribute(("name", &*format!("{about}: {}", suite.name)));
        for (name, count) in [
            ("tests", suite.tests),
            ("failures", suite.failures),
            ("errors", suite.errors),
            ("skipped", suite.skipped),
        ] {
            element.push_attribute((name, &*count.to_string()));
        }
        element.push_attribute(("time", &*seconds(suite.milliseconds)));
        if !moment.is_empty() {
            element.push_attribute(("timestamp", moment));
        }
        out.get_mut().write_all(b"\n")?;
        out.write_event(Event::Start(element))?;
        out.get_mut().write_all(b"\n")?;
        out.get_mut().write_all(suite.content.get_ref())?;
        out.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    out.get_mut().write_all(b"\n")?;
    out.write_event(Event::End(BytesEnd::new("testsuites")))?;
    out.get_mut().write_all(b"\n")
}

/// `text` as one line of at most [`LINE`] characters that XML 1.0 can hold. Of those that it cannot
/// (section 2.2) two are left where control characters are visible already.
fn line(text: &str) -> String {
    escape::limited(text, LINE)
        .replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tests_have_one_name() {
        let mut suite = Suite::new("a");
        let names = ["x", "x (2)", "x", "x", "y"];
        let distinct = names.map(|name| suite.distinct("class", name.to_owned()));
        assert_eq!(distinct, ["x", "x (2)", "x (3)", "x (4)", "y"]);
        assert_eq!(suite.distinct("other", "x".to_owned()), "x");
    }

    #[test]
    fn text_is_what_xml_can_hold() {
        assert_eq!(
            line("a\u{0}b\n\u{fffe}\u{ffff}"),
            "a\\u{0}b\\n\\u{fffe}\\u{ffff}"
        );
    }
}
