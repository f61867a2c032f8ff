//! What goes wrong before there is a verdict, and how it is told.

use std::fmt::Display;

use super::exit;
use crate::report::escape;

/// An error for the person at the terminal: one or more lines, each naming file, place and remedy.
#[derive(Debug)]
pub(super) struct Error {
    /// The lines. Escaped when printed, not before.
    lines: Vec<String>,
    /// The exit code.
    code: u8,
}

impl Error {
    /// A wrong command line, input or configuration.
    pub(super) fn usage(line: impl Display) -> Self {
        Self {
            lines: vec![line.to_string()],
            code: exit::USAGE,
        }
    }

    /// Several of them at once.
    pub(super) fn usages(lines: Vec<String>) -> Self {
        Self {
            lines,
            code: exit::USAGE,
        }
    }

    /// The run was interrupted.
    pub(super) fn interrupted(line: impl Display) -> Self {
        Self {
            lines: vec![line.to_string()],
            code: exit::INTERRUPTED,
        }
    }

    /// The lines, not escaped.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        self.code
    }

    /// The text for standard error. Whatever came from a file is made harmless for terminals.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let mut parts = line.split('\n');
            text.push_str("error: ");
            text.push_str(&escape::terminal(parts.next().unwrap_or_default()));
            text.push('\n');
            for part in parts {
                text.push_str("       ");
                text.push_str(&escape::terminal(part));
                text.push('\n');
            }
        }
        text
    }
}
