//! A VEX document, read.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    AdvisoryId, Diagnostic, DiagnosticLevel, Justification, VexEvidence, VexStatus,
};

use super::component::Component;

/// The format of a VEX document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VexFormat {
    /// OpenVEX.
    OpenVex,
    /// CycloneDX with analyses.
    CycloneDx,
    /// CSAF.
    Csaf,
}

impl VexFormat {
    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenVex => "OpenVEX",
            Self::CycloneDx => "CycloneDX",
            Self::Csaf => "CSAF",
        }
    }
}

/// What one file says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VexDocument {
    /// File or URL, as the caller gave it.
    pub name: String,
    /// Its format.
    pub format: VexFormat,
    /// The document's own id.
    pub id: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// When it was last changed.
    pub timestamp: Option<Timestamp>,
    /// Its statements, in file order.
    pub statements: Vec<Statement>,
    /// Statements that are not among these because they could not be understood or name no
    /// product; each has a diagnostic.
    pub skipped: usize,
    /// What a person should know about it. The origin is [`VexDocument::name`].
    pub diagnostics: Vec<Diagnostic>,
}

/// One statement: a status of a vulnerability in products.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// The vulnerability under each of its names; at least one.
    pub ids: Vec<AdvisoryId>,
    /// The products; at least one.
    pub products: Vec<ProductReference>,
    /// The status.
    pub status: VexStatus,
    /// Why it is not affected, in VEX's words.
    pub justification: Option<Justification>,
    /// Why it is not affected, in the author's words.
    pub impact_statement: Option<String>,
    /// What else the author says: how the status was found, what to do.
    pub notes: Option<String>,
    /// When it was made or last changed; the document's time where it states none of its own.
    pub timestamp: Option<Timestamp>,
    /// JSON pointer of the statement in the document.
    pub pointer: String,
}

/// A product of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductReference {
    /// The product.
    pub product: Arc<Component>,
    /// The parts of it that are meant; empty for the product as a whole.
    pub parts: Vec<Arc<Component>>,
}

impl VexDocument {
    /// [`VexDocument::diagnostics`], and what is wrong with it at a moment: statements that are
    /// dated later.
    pub fn diagnostics_at(&self, now: Timestamp) -> Vec<Diagnostic> {
        let mut all = self.diagnostics.clone();
        let mut future = self
            .statements
            .iter()
            .filter(|statement| statement.timestamp.is_some_and(|time| time > now));
        if let Some(first) = future.next() {
            let more = match future.count() {
                0 => String::new(),
                count => format!(", and so are {count} more"),
            };
            let time = first.timestamp.map(|time| time.to_string());
            all.push(Diagnostic {
                level: DiagnosticLevel::Warning,
                origin: self.name.clone(),
                pointer: Some(first.pointer.clone()),
                message: format!(
                    "it is dated in the future ({}){more}; a time that has not come counts as none",
                    time.unwrap_or_default()
                ),
            });
        }
        all
    }
}

impl Statement {
    /// True when it takes a finding out of account: `fixed`, and `not_affected` with a reason.
    /// Without justification and impact statement OpenVEX forbids `not_affected`.
    pub fn ignores(&self) -> bool {
        match self.status {
            VexStatus::Fixed => true,
            VexStatus::NotAffected => {
                self.justification.is_some() || self.impact_statement.is_some()
            }
            VexStatus::Affected | VexStatus::UnderInvestigation => false,
        }
    }

    /// Its time, unless that lies in the future.
    pub(super) fn dated(&self, now: Timestamp) -> Option<Timestamp> {
        self.timestamp.filter(|time| *time <= now)
    }

    /// The statement, if it has an id and a product to compare with. What makes it useless is told.
    pub(super) fn checked(self, diagnostics: &mut Diagnostics) -> Option<Self> {
        let comparable = |component: &Arc<Component>| component.is_comparable();
        let usable = self.products.iter().any(|one| {
            comparable(&one.product) && (one.parts.is_empty() || one.parts.iter().any(comparable))
        });
        let wrong = if self.ids.is_empty() {
            Some("it names no vulnerability")
        } else if self.products.is_empty() {
            Some("it names no product, and an id alone ignores nothing")
        } else if usable {
            None
        } else {
            Some(
                "it names its products by nothing that a scan shows; give package URLs, image \
                 references or digests",
            )
        };
        if let Some(wrong) = wrong {
            diagnostics.skip(self.pointer, wrong);
            return None;
        }
        if self.status == VexStatus::NotAffected && !self.ignores() {
            let message = "not_affected without a justification or an impact statement does not \
                           ignore; add one";
            diagnostics.warn(self.pointer.clone(), message);
        }
        Some(self)
    }

    /// The statement as a decision's evidence.
    pub(super) fn evidence(&self, document: &VexDocument) -> VexEvidence {
        VexEvidence {
            document: document.name.clone(),
            author: document.author.clone(),
            timestamp: self.timestamp.map(|time| time.to_string()),
            status: self.status,
            pointer: self.pointer.clone(),
        }
    }
}

/// Collects a document's diagnostics.
pub(super) struct Diagnostics {
    origin: String,
    pub(super) list: Vec<Diagnostic>,
    pub(super) skipped: usize,
}

impl Diagnostics {
    pub(super) fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            list: Vec::new(),
            skipped: 0,
        }
    }

    pub(super) fn note(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.push(DiagnosticLevel::Note, pointer.into(), message.into());
    }

    pub(super) fn warn(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.push(DiagnosticLevel::Warning, pointer.into(), message.into());
    }

    /// A statement that is left out.
    pub(super) fn skip(&mut self, pointer: impl Into<String>, why: impl std::fmt::Display) {
        self.skipped += 1;
        let message = format!("{why}; the statement is left out");
        self.push(DiagnosticLevel::Warning, pointer.into(), message);
    }

    fn push(&mut self, level: DiagnosticLevel, pointer: String, message: String) {
        self.list.push(Diagnostic {
            level,
            origin: self.origin.clone(),
            pointer: Some(pointer).filter(|pointer| !pointer.is_empty()),
            message,
        });
    }
}
