//! What a person should know of a feed, without end neither in length nor in number.

use crate::model::{Diagnostic, DiagnosticLevel};

/// How many unreadable entries are named one by one.
const NAMED: usize = 10;

/// Diagnostics under construction.
pub(super) struct Notes {
    origin: String,
    warnings: Vec<Diagnostic>,
    unreadable: Vec<Diagnostic>,
    more: usize,
}

impl Notes {
    pub(super) fn new(name: &str) -> Self {
        Self {
            origin: name.to_owned(),
            warnings: Vec::new(),
            unreadable: Vec::new(),
            more: 0,
        }
    }

    fn diagnostic(&self, level: DiagnosticLevel, message: String) -> Diagnostic {
        Diagnostic {
            level,
            origin: self.origin.clone(),
            pointer: None,
            message,
        }
    }

    pub(super) fn warn(&mut self, message: String) {
        let diagnostic = self.diagnostic(DiagnosticLevel::Warning, message);
        self.warnings.push(diagnostic);
    }

    /// An entry that could not be understood, or contradicts another.
    pub(super) fn unreadable(&mut self, pointer: Option<String>, message: String) {
        if self.unreadable.len() < NAMED {
            let diagnostic = self.diagnostic(DiagnosticLevel::Unreadable, message);
            self.unreadable.push(Diagnostic {
                pointer,
                ..diagnostic
            });
        } else {
            self.more += 1;
        }
    }

    /// All of them, warnings about the file as a whole first.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            let message = format!("{} more entries like these are not listed here", self.more);
            let diagnostic = self.diagnostic(DiagnosticLevel::Warning, message);
            self.unreadable.push(diagnostic);
        }
        self.warnings.append(&mut self.unreadable);
        self.warnings
    }
}
